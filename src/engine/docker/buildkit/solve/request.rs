//! A build as BuildKit's Dockerfile frontend takes it, and what the session must offer for it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;

use super::cache::Caches;
use crate::engine::docker::build::dockerfile::Dockerfile;
use crate::engine::docker::buildkit::names::WHAT;
use crate::engine::docker::buildkit::session::tables::{Directory, Tables, name_of};
use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::model::{BuildContext, BuildRequest};

/// The name of a Dockerfile that is no file.
const INLINE: &str = "Dockerfile";

/// A build that can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub solve: SolveRequest,
    pub tables: Tables,
    pub dockerfile: Dockerfile,
    pub caches: Caches,
}

/// Prepares a build: reads the Dockerfile and names what the engine may ask for. `agent` is the socket of this user's
/// SSH agent.
pub(crate) fn prepare(request: &BuildRequest, agent: Option<&str>) -> EngineResult<Prepared> {
    let caches = Caches::of(&request.cache_from, &request.cache_to);
    let (secrets, stores) = (request.secrets.clone(), caches.stores.clone());
    let mut tables = Tables { secrets, caches: stores, ..Tables::default() };
    for (id, socket) in &request.ssh {
        let path = socket.clone().or_else(|| agent.map(PathBuf::from));
        let missing = || {
            let words = format!("ssh agent `{id}` is wanted, and SSH_AUTH_SOCK names none");
            EngineError::new(ErrorKind::Invalid, WHAT, words)
        };
        tables.agents.insert(id.clone(), path.ok_or_else(missing)?);
    }
    let mut attrs = attributes(request);
    attrs.extend(caches.imports().map(|imports| ("cache-imports".to_owned(), imports)));
    let dockerfile = sources(request, &mut tables, &mut attrs)?;
    let solve = SolveRequest {
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attrs,
        // Newer engines have a list of exporters, and still read the one of older engines.
        exporter_deprecated: "moby".to_owned(),
        exporter_attrs_deprecated: [("name".to_owned(), request.tags.join(","))].into(),
        cache: Some(caches.options.clone()),
        entitlements: entitlements(request),
        ..SolveRequest::default()
    };
    Ok(Prepared { solve, tables, dockerfile, caches })
}

/// Names the context, the additional contexts and the Dockerfile. Returns the Dockerfile; a blank one where the engine
/// fetches it with the context.
fn sources(
    request: &BuildRequest,
    tables: &mut Tables,
    attrs: &mut HashMap<String, String>,
) -> EngineResult<Dockerfile> {
    for (name, context) in &request.contexts {
        let source = match context {
            BuildContext::Remote(address) => address.clone(),
            BuildContext::Directory(path) => {
                let directory = Directory::OnDisk(path.clone());
                let local = name_of("named", path, &purpose(request));
                tables.directories.insert(local.clone(), directory);
                format!("local:{local}")
            }
        };
        attrs.insert(format!("context:{name}"), source);
    }
    let of_dockerfile = |file: &Dockerfile, path: &Path, tables: &mut Tables, attrs: &mut HashMap<String, String>| {
        let name = file.path.as_ref().and_then(|path| path.file_name());
        let name = name.map_or(INLINE.to_owned(), |name| name.to_string_lossy().into_owned());
        let mut files = BTreeMap::from([(name.clone(), file.text.clone())]);
        files.extend(file.beside(".dockerignore").map(|text| (format!("{name}.dockerignore"), text)));
        let directory = Directory::InMemory(Arc::new(files));
        // The text is part of the name, because builds that share a session may differ in it.
        let local = name_of("dockerfile", path, &format!("{}\0{:?}", purpose(request), file.text));
        tables.directories.insert(local.clone(), directory);
        attrs.insert("filename".to_owned(), name);
        attrs.insert("dockerfilekey".to_owned(), local);
    };
    match &request.context {
        BuildContext::Directory(path) => {
            let file = Dockerfile::read(WHAT, path, request)?;
            of_dockerfile(&file, path, tables, attrs);
            // The frontend has one name for all contexts. (`contextkey` names the option that holds an address.)
            tables.directories.insert("context".to_owned(), Directory::OnDisk(path.clone()));
            tables.purpose = name_of("context", path, &purpose(request));
            Ok(file)
        }
        BuildContext::Remote(address) => {
            attrs.insert("context".to_owned(), address.clone());
            let file = Dockerfile::inline(request.dockerfile_inline.as_deref().unwrap_or_default());
            match (&request.dockerfile_inline, &request.dockerfile) {
                (Some(_), _) => of_dockerfile(&file, Path::new(address), tables, attrs),
                (None, Some(name)) => drop(attrs.insert("filename".to_owned(), name.clone())),
                (None, None) => {}
            }
            Ok(file)
        }
    }
}

/// What decides which files of a context are needed, beside the context itself.
fn purpose(request: &BuildRequest) -> String {
    format!("{:?} {:?} {:?}", request.dockerfile, request.dockerfile_inline, request.target)
}

/// Returns what the Dockerfile frontend is told.
fn attributes(request: &BuildRequest) -> HashMap<String, String> {
    let mut attrs = HashMap::new();
    let mut set = |name: &str, value: String| drop(attrs.insert(name.to_owned(), value));
    for (name, value) in request.args.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        set(&format!("build-arg:{name}"), value.clone());
    }
    for (name, value) in &request.labels {
        set(&format!("label:{name}"), value.clone());
    }
    if let Some(target) = &request.target {
        set("target", target.clone());
    }
    if let Some(platform) = &request.platform {
        set("platform", platform.clone());
    }
    if request.no_cache {
        // Blank means every stage.
        set("no-cache", String::new());
    } else if !request.no_cache_filter.is_empty() {
        set("no-cache", request.no_cache_filter.join(","));
    }
    if request.pull {
        set("image-resolve-mode", "pull".to_owned());
    }
    if let Some(network @ ("host" | "none")) = request.network.as_deref() {
        set("force-network-mode", network.to_owned());
    }
    if !request.extra_hosts.is_empty() {
        let hosts = request.extra_hosts.iter().map(|host| host.replacen(':', "=", 1));
        set("add-hosts", hosts.collect::<Vec<_>>().join(","));
    }
    if request.shm_size > 0 {
        set("shm-size", request.shm_size.to_string());
    }
    if !request.ulimits.is_empty() {
        let limits = request.ulimits.iter().map(|(name, limit)| format!("{name}={}:{}", limit.soft, limit.hard));
        set("ulimit", limits.collect::<Vec<_>>().join(","));
    }
    attrs
}

/// Returns what the steps may do beyond the usual. The engine refuses what its own configuration does not allow.
fn entitlements(request: &BuildRequest) -> Vec<String> {
    let host = (request.network.as_deref() == Some("host")).then(|| "network.host".to_owned());
    request.entitlements.iter().cloned().chain(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(change: impl FnOnce(&mut BuildRequest)) -> Prepared {
        let folder = tempfile::tempdir().unwrap();
        let mut request = BuildRequest {
            context: BuildContext::Directory(folder.path().into()),
            dockerfile_inline: Some("FROM scratch".to_owned()),
            tags: vec!["a".to_owned(), "b:c".to_owned()],
            ..BuildRequest::default()
        };
        change(&mut request);
        prepare(&request, Some("/agent")).unwrap()
    }

    #[test]
    fn keys_become_attributes_of_the_frontend() {
        let attrs =
            |change: fn(&mut BuildRequest), name: &str| prepared(change).solve.frontend_attrs.get(name).cloned();
        assert_eq!(attrs(|request| request.no_cache = true, "no-cache").as_deref(), Some(""));
        let filter: fn(&mut BuildRequest) = |request| request.no_cache_filter = vec!["a".into(), "b".into()];
        assert_eq!(attrs(filter, "no-cache").as_deref(), Some("a,b"));
        let hosts: fn(&mut BuildRequest) = |request| request.extra_hosts = vec!["a:1.2.3.4".into(), "b:::1".into()];
        assert_eq!(attrs(hosts, "add-hosts").as_deref(), Some("a=1.2.3.4,b=::1"));
        assert_eq!(
            attrs(|request| request.network = Some("none".into()), "force-network-mode").as_deref(),
            Some("none")
        );
        assert_eq!(attrs(|request| request.network = Some("default".into()), "force-network-mode"), None);
        let args: fn(&mut BuildRequest) = |request| {
            request.args = [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), None)].into();
        };
        assert_eq!(attrs(args, "build-arg:A").as_deref(), Some("1"));
        assert_eq!(attrs(args, "build-arg:B"), None);
        let solve = prepared(|request| request.network = Some("host".into())).solve;
        assert_eq!(solve.entitlements, ["network.host"]);
        assert_eq!(solve.exporter_attrs_deprecated.get("name").map(String::as_str), Some("a,b:c"));
    }

    #[test]
    fn the_session_offers_what_the_build_names() {
        let prepared = prepared(|request| {
            request.ssh = [("default".to_owned(), None), ("own".to_owned(), Some("/own".into()))].into();
            request.contexts = [
                ("base".to_owned(), BuildContext::Remote("docker-image://x".into())),
                ("data".to_owned(), BuildContext::Directory("/data".into())),
            ]
            .into();
        });
        let agents: Vec<_> = prepared.tables.agents.iter().map(|(id, path)| (id.as_str(), path.as_path())).collect();
        assert_eq!(agents, [("default", Path::new("/agent")), ("own", Path::new("/own"))]);
        let attr = |name: &str| prepared.solve.frontend_attrs.get(name).cloned().unwrap_or_default();
        assert_eq!(attr("context:base"), "docker-image://x");
        let local = attr("context:data").strip_prefix("local:").map(str::to_owned).unwrap();
        assert_eq!(prepared.tables.directories.get(&local), Some(&Directory::OnDisk("/data".into())));
        assert!(prepared.tables.directories.contains_key("context"));
        assert!(matches!(prepared.tables.directories.get(&attr("dockerfilekey")), Some(Directory::InMemory(_))));
    }
}
