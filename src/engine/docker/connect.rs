//! Finds the engine as docker's own tools do, and agrees on an API version.
//!
//! The order: `--host`, `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of docker's configuration,
//! the usual socket, the rootless socket, podman's sockets. Start at [`find`].

#![expect(clippy::disallowed_methods, reason = "looks for sockets, contexts and certificates")]

use std::path::{Path, PathBuf};

use super::http::limits::{NEWEST, OLDEST};
use super::http::raw::Raw;
use super::http::transport::{Address, Transport};
use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::env::Environment;
use crate::model::{ApiVersion, BuildKit, Builder, WhyClassic};

/// The options of the command line.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `--host`.
    pub host: Option<String>,
    /// `--context`.
    pub context: Option<String>,
}

/// What the engine tells about itself in the headers of its answer to `GET /_ping`. `GET /version` tells the same, but
/// takes ten times as long.
#[derive(Debug, Default)]
pub(super) struct Version {
    /// From `Server: Docker/20.10.24 (linux)`.
    pub version: String,
    /// The newest version of the API that the engine speaks, such as `1.41`.
    pub api: String,
    /// `linux`, `windows`.
    pub os: String,
    /// Whether Podman answers.
    pub is_podman: bool,
    /// `Builder-Version`: `1` for the classic builder, `2` for BuildKit; blank where the engine does not tell.
    pub builder: String,
}

/// Asks an engine for its version. An answer without an API version does not come from an engine, and is an error.
async fn ask(raw: &Raw) -> EngineResult<Version> {
    const WHAT: &str = "ask the engine for its version";
    let response = raw.head(WHAT, "/_ping").await?;
    let header = |name: &str| response.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let api = header("api-version");
    if ApiVersion::parse(&api).is_none() {
        return Err(EngineError::new(ErrorKind::Garbled, WHAT, "what answers there is no container engine"));
    }
    let server = header("server");
    let version = server.split_once('/').map_or(server.as_str(), |(_, rest)| rest);
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    let is_podman = response.contains_key("libpod-api-version");
    Ok(Version { version, api, os: header("ostype"), is_podman, builder: header("builder-version") })
}

/// An address at which an engine may answer.
struct Place {
    host: String,
    /// Where the address comes from, for the message when no engine answers.
    from: &'static str,
    /// The directory of the certificates of a docker context.
    certificates: Option<PathBuf>,
}

/// Returns a connection to the first engine that answers. An address that the user names is the only address tried.
pub(super) async fn find(wanted: &Wanted, environment: &Environment) -> EngineResult<(Transport, Version)> {
    let places = places(wanted, environment)?;
    let mut tried = Vec::new();
    for place in &places {
        let transport = transport(place, environment)?;
        match ask(&Raw::new(transport.clone())).await {
            Ok(version) => return Ok((transport, version)),
            Err(error) => tried.push(format!("{} ({}): {}", place.host, place.from, error.message)),
        }
    }
    Err(EngineError::new(ErrorKind::Connection, "reach a container engine", format!("tried {}", tried.join("; "))))
}

fn places(wanted: &Wanted, environment: &Environment) -> EngineResult<Vec<Place>> {
    let one = |host: String, from| Ok(vec![Place { host, from, certificates: None }]);
    let of_context = |name: &str, from| {
        let (host, certificates) = context_host(name, environment)?;
        Ok(vec![Place { host, from, certificates }])
    };
    if let Some(host) = &wanted.host {
        return one(host.clone(), "--host");
    }
    if let Some(name) = wanted.context.as_deref().filter(|name| *name != "default") {
        return of_context(name, "--context");
    }
    if wanted.context.is_none() {
        if let Some(host) = environment.get_non_empty("DOCKER_HOST") {
            return one(host.to_owned(), "DOCKER_HOST");
        }
        if let Some(name) = environment.get_non_empty("DOCKER_CONTEXT").filter(|name| *name != "default") {
            return of_context(name, "DOCKER_CONTEXT");
        }
        if let Some(name) = current_context(environment).filter(|name| name != "default") {
            return of_context(&name, "current docker context");
        }
    }
    Ok(sockets(environment))
}

/// Returns the usual sockets of engines, as far as they exist. The first is always included, so that a message can name
/// it.
fn sockets(environment: &Environment) -> Vec<Place> {
    let runtime = environment.get_non_empty("XDG_RUNTIME_DIR").map(PathBuf::from);
    let mut all = vec![(PathBuf::from("/var/run/docker.sock"), "default socket")];
    if let Some(runtime) = &runtime {
        all.push((runtime.join("docker.sock"), "rootless socket"));
        all.push((runtime.join("podman/podman.sock"), "rootless podman socket"));
    }
    all.push((PathBuf::from("/run/podman/podman.sock"), "podman socket"));
    let place = |(path, from): (PathBuf, &'static str)| Place {
        host: format!("unix://{}", path.display()),
        from,
        certificates: None,
    };
    let mut found: Vec<Place> = Vec::new();
    for (index, (path, from)) in all.into_iter().enumerate() {
        if index == 0 || path.exists() {
            found.push(place((path, from)));
        }
    }
    found
}

/// Returns docker's configuration directory.
pub(super) fn config_directory(environment: &Environment) -> Option<PathBuf> {
    match environment.get_non_empty("DOCKER_CONFIG") {
        Some(directory) => Some(PathBuf::from(directory)),
        None => environment.home().map(|home| home.join(".docker")),
    }
}

fn current_context(environment: &Environment) -> Option<String> {
    configured(environment, "currentContext")
}

/// Returns a text of docker's configuration; `None` where there is none, or an empty one.
pub(super) fn configured(environment: &Environment, key: &str) -> Option<String> {
    let text = read_small(&config_directory(environment)?.join("config.json"))?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    value.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns address and certificates of a docker context. Its directory `contexts/meta/DIGEST` holds `meta.json` with
/// the name of the context; its certificates are in `contexts/tls/DIGEST`.
fn context_host(name: &str, environment: &Environment) -> EngineResult<(String, Option<PathBuf>)> {
    let directory = config_directory(environment).map(|directory| directory.join("contexts/meta"));
    let entries =
        directory.as_deref().and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten().flatten();
    for entry in entries {
        let Some(text) = read_small(&entry.path().join("meta.json")) else { continue };
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        if value.get("Name").and_then(|name| name.as_str()) == Some(name)
            && let Some(host) = value.pointer("/Endpoints/docker/Host").and_then(|host| host.as_str())
        {
            let tls = config_directory(environment)
                .map(|directory| directory.join("contexts/tls").join(entry.file_name()).join("docker"));
            return Ok((host.to_owned(), tls.filter(|directory| directory.is_dir())));
        }
    }
    Err(EngineError::new(
        ErrorKind::NotFound,
        "find the docker context",
        format!("there is no context `{name}`; `docker context ls` lists them"),
    ))
}

/// Reads a file of at most 1 MiB; `None` if it is larger or cannot be read.
pub(super) fn read_small(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.len() <= 1 << 20).then(|| std::fs::read_to_string(path).ok())?
}

/// Returns the directory of the certificates for an engine on tcp; `None` without TLS. TLS is requested by the context,
/// by `https://`, or by a `DOCKER_TLS_VERIFY` that is not empty.
fn certificates(place: &Place, environment: &Environment) -> Option<PathBuf> {
    let is_asked = environment.get_non_empty("DOCKER_TLS_VERIFY").is_some() || place.host.starts_with("https://");
    let own =
        || environment.get_non_empty("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| config_directory(environment));
    place.certificates.clone().or_else(|| if is_asked { own() } else { None })
}

fn transport(place: &Place, environment: &Environment) -> EngineResult<Transport> {
    let host = place.host.as_str();
    let refuse = |message: String| Err(EngineError::new(ErrorKind::Unsupported, "reach the engine", message));
    let address = match host.split_once("://") {
        Some(("unix", path)) => Address::Unix(PathBuf::from(path)),
        Some(("tcp" | "http" | "https", address)) => {
            let address = address.trim_end_matches('/');
            match certificates(place, environment) {
                Some(certificates) => Address::Tls(with_port(address, 2376), certificates),
                None => Address::Tcp(with_port(address, 2375)),
            }
        }
        Some(("ssh", target)) => Address::Ssh(ssh_arguments(target)),
        Some((scheme, _)) => return refuse(format!("`{scheme}://` is not supported; use unix://, tcp:// or ssh://")),
        None if host.starts_with('/') => Address::Unix(PathBuf::from(host)),
        None => {
            return refuse(format!(
                "`{}` is no engine address; use unix://, tcp:// or ssh://",
                crate::text::escape_controls(host)
            ));
        }
    };
    Ok(Transport::new(address, host))
}

fn with_port(address: &str, default: u16) -> String {
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { address.to_owned() } else { format!("{address}:{default}") }
}

/// Turns `[user@]host[:port]` into the arguments of `ssh`. The `--` before the host prevents that a host such as
/// `-oProxyCommand=…` is taken for an option.
fn ssh_arguments(target: &str) -> Vec<String> {
    let target = target.split('/').next().unwrap_or(target);
    let (host, port) = match target.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, Some(port)),
        _ => (target, None),
    };
    let mut arguments = vec!["-o".to_owned(), "ConnectTimeout=30".to_owned(), "-T".to_owned()];
    if let Some(port) = port {
        arguments.extend(["-p".to_owned(), port.to_owned()]);
    }
    arguments.extend(["--", host, "docker", "system", "dial-stdio"].map(str::to_owned));
    arguments
}

/// Returns the API version to use: `DOCKER_API_VERSION`, else the newest version that both sides know.
pub(super) fn negotiate(version: &Version, environment: &Environment) -> EngineResult<ApiVersion> {
    let refuse = |message: String| Err(EngineError::new(ErrorKind::Unsupported, "agree on an API version", message));
    let newest = ApiVersion::parse(&version.api).unwrap_or(OLDEST);
    let wanted = environment.get_non_empty("DOCKER_API_VERSION").and_then(ApiVersion::parse);
    if let Some(wanted) = wanted {
        return Ok(wanted);
    }
    if newest < OLDEST {
        return refuse(format!(
            "engine {} speaks API {newest}; at least {OLDEST} is needed (Engine 19.03)",
            version.version
        ));
    }
    Ok(newest.min(NEWEST))
}

/// Chooses the builder.
///
/// Compat: `DOCKER_BUILDKIT=0` asks for the classic builder. Otherwise BuildKit builds wherever the engine has it.
/// Engine 20.10 has BuildKit, and does not tell that.
pub(super) fn builder(version: &Version, environment: &Environment) -> Builder {
    /// The first version of the API whose engine has BuildKit 0.10.
    const CURRENT: ApiVersion = ApiVersion::new(1, 42);
    let is_current = ApiVersion::parse(&version.api).is_some_and(|api| api >= CURRENT);
    let is_refused = environment
        .get_non_empty("DOCKER_BUILDKIT")
        .is_some_and(|word| ["0", "f", "false", "F", "FALSE", "False"].contains(&word));
    if is_refused {
        return Builder::Classic(WhyClassic::Asked);
    }
    // Engine 20.10 names no builder.
    if version.is_podman || version.os == "windows" || (is_current && version.builder != "2") {
        return Builder::Classic(WhyClassic::Engine);
    }
    match cfg!(feature = "buildkit") {
        false => Builder::Classic(WhyClassic::Program),
        true => Builder::BuildKit(if is_current { BuildKit::Current } else { BuildKit::Old }),
    }
}

/// Rewrites the login of a pull in the base64 alphabet for URLs, which the engine reads. bollard 0.21.1 uses the other
/// alphabet: the engine cannot decode that, and asks the registry without a login.
fn url_safe(headers: &mut hyper::HeaderMap) {
    for name in ["x-registry-auth", "x-registry-config"] {
        let Some(text) = headers.get(name).and_then(|value| value.to_str().ok()) else { continue };
        if let Ok(mut value) = hyper::header::HeaderValue::from_str(&text.replace('+', "-").replace('/', "_")) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
}

/// Returns a bollard client that uses our transport.
pub(super) fn bollard(transport: Transport, api: ApiVersion) -> EngineResult<bollard::Docker> {
    use http_body_util::BodyExt;
    let send = move |request: bollard::BollardRequest| {
        let transport = transport.clone();
        let sent: futures_util::future::BoxFuture<'static, _> = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            url_safe(&mut parts.headers);
            let body = body.map_err(std::io::Error::other).boxed_unsync();
            transport.send(hyper::Request::from_parts(parts, body)).await.map_err(bollard::errors::Error::from)
        });
        sent
    };
    let version = bollard::ClientVersion { major_version: api.major.into(), minor_version: api.minor.into() };
    // bollard's own limit would cut off a stop with a long grace period, so it is set to a day. The adapter has its own
    // limits.
    bollard::Docker::connect_with_custom_transport(send, Some("http://docker"), 86_400, &version)
        .map_err(|error| EngineError::new(ErrorKind::Connection, "prepare the connection", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(api: &str) -> Version {
        Version { version: "x".into(), api: api.into(), os: "linux".into(), is_podman: false, builder: String::new() }
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn buildkit_builds_where_the_engine_has_it_and_nobody_refuses() {
        let none = Environment::default();
        let asked = |word: &str| Environment::new([("DOCKER_BUILDKIT".to_owned(), word.to_owned())], "/");
        assert_eq!(builder(&version("1.41"), &none), Builder::BuildKit(BuildKit::Old));
        assert_eq!(builder(&version("1.41"), &asked("0")), Builder::Classic(WhyClassic::Asked));
        assert_eq!(builder(&version("1.41"), &asked("1")), Builder::BuildKit(BuildKit::Old));
        let current = |builder: &str| Version { builder: builder.into(), ..version("1.51") };
        assert_eq!(builder(&current("2"), &none), Builder::BuildKit(BuildKit::Current));
        assert_eq!(builder(&current("1"), &none), Builder::Classic(WhyClassic::Engine));
        assert_eq!(builder(&current(""), &none), Builder::Classic(WhyClassic::Engine));
        let podman = Version { is_podman: true, ..current("2") };
        assert_eq!(builder(&podman, &none), Builder::Classic(WhyClassic::Engine));
    }

    #[test]
    fn the_newest_common_version_is_spoken() {
        let none = Environment::default();
        assert_eq!(negotiate(&version("1.41"), &none).unwrap(), ApiVersion::new(1, 41));
        assert_eq!(negotiate(&version("1.99"), &none).unwrap(), NEWEST);
        assert_eq!(negotiate(&version("1.30"), &none).unwrap_err().kind, ErrorKind::Unsupported);
    }

    #[test]
    fn a_named_host_is_the_only_place_tried() {
        let environment = Environment::new([("DOCKER_HOST".to_owned(), "tcp://a:1".to_owned())], "/");
        let hosts = |wanted: &Wanted| {
            places(wanted, &environment).unwrap().into_iter().map(|place| place.host).collect::<Vec<_>>()
        };
        assert_eq!(hosts(&Wanted::default()), ["tcp://a:1"]);
        assert_eq!(hosts(&Wanted { host: Some("unix:///x".into()), context: None }), ["unix:///x"]);
    }

    #[test]
    fn ssh_hosts_may_have_user_and_port() {
        let arguments = ssh_arguments("me@box:2222");
        assert_eq!(arguments[3..], ["-p", "2222", "--", "me@box", "docker", "system", "dial-stdio"]);
    }
}
