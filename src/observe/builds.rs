//! Checks builds before anything is changed: whether their files are there, and whether the builder at hand can do what the
//! file asks for. Nothing of `build` is dropped in silence.
//!
//! All faults are reported at once, each with its place. Start at [`check`].

#![expect(clippy::disallowed_methods, reason = "looks for the context and the Dockerfile of a build")]

use std::collections::BTreeSet;
use std::path::Path;

use super::dockerfile_syntax;
use super::ignore_file;
use crate::diag::Diagnostic;
use crate::model::{Build, BuildKit, Builder, ContextSource, FileSource, Observed, Project, Service};
use crate::text::escape_controls;

/// Networks of a build's steps that BuildKit knows.
const NETWORKS: [&str; 4] = ["", "default", "host", "none"];
/// Kinds of caches that every BuildKit reads.
const READ: [&str; 2] = ["registry", "local"];
/// The kind of cache that every BuildKit writes.
const INLINE: &str = "inline";
/// Kinds of caches that BuildKit writes from an image store of containerd.
const WRITTEN: [&str; 3] = [INLINE, "registry", "local"];

/// Returns whether a build depends on the kind of the engine's image store, which the engine must be asked for.
pub fn depend_on_store(project: &Project) -> bool {
    let caches =
        project.services.values().filter_map(|service| service.build.as_ref()).flat_map(|build| &build.cache_to);
    caches.into_iter().any(|cache| kind_of_cache(cache) != INLINE)
}

/// Checks the builds of services.
pub fn check(project: &Project, services: &BTreeSet<&str>, observed: &Observed) -> Vec<Diagnostic> {
    let builder = observed.engine.builder;
    let has_containerd_store = observed.plugins.as_ref().is_some_and(|plugins| plugins.machine.has_containerd_store);
    let mut faults = Vec::new();
    for service in project.services.values().filter(|service| services.contains(service.name.as_str())) {
        let Some(build) = &service.build else { continue };
        let check = Check { project, service, build, builder, has_containerd_store };
        let unsupported = check.unsupported();
        let is_remote = ContextSource::of(&build.context) != ContextSource::Directory;
        if is_remote || !unsupported.is_empty() {
            faults.extend(unsupported);
            continue;
        }
        faults.extend(check.files());
    }
    faults
}

/// The check of one build.
struct Check<'a> {
    project: &'a Project,
    service: &'a Service,
    build: &'a Build,
    builder: Builder,
    has_containerd_store: bool,
}

impl Check<'_> {
    /// Reports a context or a Dockerfile that is not there, patterns that cannot be understood, and syntax that the builder
    /// does not know.
    fn files(&self) -> Vec<Diagnostic> {
        let Self { service, build, .. } = self;
        let context = Path::new(&build.context);
        let path = format!("services.{}.build", service.name);
        if !context.is_dir() {
            let message = format!(
                "the build context of service `{}` does not exist: `{}`",
                service.name,
                escape_controls(&build.context)
            );
            return vec![
                Diagnostic::error("build-context-missing", build.span, message)
                    .at(path)
                    .help("paths are relative to the directory of the file they stand in"),
            ];
        }
        let mut faults = Vec::new();
        let file = context.join(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
        if build.dockerfile_inline.is_none() && !file.is_file() {
            let message = format!(
                "service `{}` has no Dockerfile: there is no file `{}`",
                service.name,
                escape_controls(&file.to_string_lossy())
            );
            faults.push(
                Diagnostic::error("dockerfile-missing", build.span, message)
                    .at(path.clone())
                    .help("say which with `dockerfile:`"),
            );
        }
        faults.extend(ignore_file::check(service, build).map(|fault| fault.at(path.clone())));
        faults.extend(dockerfile_syntax::check(service, build, self.builder).map(|fault| fault.at(path.clone())));
        faults.extend(self.secrets());
        faults
    }

    /// Reports secrets without a value.
    fn secrets(&self) -> Vec<Diagnostic> {
        let missing = |key: &str| {
            let source = &self.project.secrets.get(key)?.source;
            let why = match source {
                FileSource::File(path) if !path.is_file() => {
                    format!("there is no file `{}`", escape_controls(&path.to_string_lossy()))
                }
                FileSource::Environment { variable, value: None } => {
                    format!("variable `{}` is not set", escape_controls(variable))
                }
                FileSource::External => "its content is in a cluster".to_owned(),
                _ => return None,
            };
            let key = escape_controls(key);
            let message =
                format!("the build of service `{}` has no content for secret `{key}`: {why}", self.service.name);
            Some(
                Diagnostic::error("build-secret-missing", self.build.span, message)
                    .at(format!("services.{}.build.secrets", self.service.name))
                    .help("make the file or set the variable"),
            )
        };
        self.build.secrets.iter().filter_map(|secret| missing(&secret.source)).collect()
    }

    fn refuse(&self, key: &str, message: String, help: &str) -> Diagnostic {
        let is_context =
            ["context", "additional_contexts", "dockerfile_inline"].iter().any(|word| key.starts_with(word));
        let fault = match is_context {
            true => Diagnostic::error("build-context-unsupported", self.build.span, message),
            false => Diagnostic::error("build-unsupported", self.build.span, message),
        };
        fault.at(format!("services.{}.build.{key}", self.service.name)).help(help.to_owned())
    }

    /// Refuses a key that the builder cannot honour.
    fn lacks(&self, key: &str, what: &str) -> Diagnostic {
        let message = format!("service `{}` asks for {what}, and {} has none", self.service.name, self.builder.name());
        self.refuse(key, message, self.builder.help())
    }

    /// Returns the attributes of a build that the builder does not support. They are errors before anything starts: with
    /// `FROM base` and `additional_contexts: {base: …}`, the builder would pull some image named `base` instead.
    fn unsupported(&self) -> Vec<Diagnostic> {
        let mut faults: Vec<Diagnostic> = self.context().into_iter().collect();
        faults.extend(self.additional_contexts());
        faults.extend(self.always_refused());
        match self.builder {
            Builder::Classic(_) => faults.extend(self.beyond_classic()),
            Builder::BuildKit(kit) => faults.extend(self.beyond_buildkit(kit)),
        }
        faults
    }

    /// Judges the context. The message does not repeat an address, which may hold a password.
    fn context(&self) -> Option<Diagnostic> {
        let Self { service, build, builder, .. } = self;
        let source = ContextSource::of(&build.context);
        let named = match source {
            ContextSource::Directory | ContextSource::Fetched => None,
            ContextSource::Ssh if builder.is_buildkit() => None,
            ContextSource::Ssh => Some("a git repository by `ssh://`"),
            ContextSource::Image => Some("an image (`docker-image://`)"),
            ContextSource::OciLayout => Some("an image layout (`oci-layout://`)"),
            ContextSource::Service => Some("the image of another service (`service:`)"),
            ContextSource::Other => Some("an address of an unknown scheme"),
        };
        if let Some(named) = named {
            let message = format!(
                "the build context of service `{}` is {named}, which {} cannot use",
                service.name,
                builder.name()
            );
            let help = "name a directory, or a git repository or archive by `https://`";
            return Some(self.refuse("context", message, help));
        }
        let is_fetched = source != ContextSource::Directory;
        (is_fetched && build.dockerfile_inline.is_some() && !builder.is_buildkit()).then(|| {
            let message = format!(
                "service `{}` has a `dockerfile_inline`, but the classic builder takes the Dockerfile of a context that it \
                 fetches from that context",
                service.name
            );
            self.refuse("dockerfile_inline", message, "fetch the context first and name the local copy")
        })
    }

    fn additional_contexts(&self) -> Vec<Diagnostic> {
        let Self { service, build, builder, .. } = self;
        let fault = |(name, text): (&String, &String)| {
            let shown = escape_controls(name);
            let key = format!("additional_contexts.{shown}");
            if *builder != Builder::BuildKit(BuildKit::Current) {
                let message = format!(
                    "service `{}` has the additional build context `{shown}`, and {} takes one context alone",
                    service.name,
                    builder.name()
                );
                let help = "copy what is needed into the build context, or take it from an image by its name";
                return Some(self.refuse(&key, message, help));
            }
            let named = match ContextSource::of(text) {
                ContextSource::OciLayout => "an image layout (`oci-layout://`), which is not there yet",
                ContextSource::Other => "an address of an unknown scheme",
                ContextSource::Directory if !Path::new(text).is_dir() => "a directory that does not exist",
                _ => return None,
            };
            let message = format!("the additional build context `{shown}` of service `{}` is {named}", service.name);
            Some(self.refuse(&key, message, "name a directory, an image, a service or an address"))
        };
        build.additional_contexts.iter().filter_map(fault).collect()
    }

    /// Returns what no builder of an engine can do here.
    fn always_refused(&self) -> Vec<Diagnostic> {
        let Self { service, build, .. } = self;
        let mut faults = Vec::new();
        let isolation = build.isolation.as_deref().filter(|word| !["", "default"].contains(word));
        if isolation.is_some() {
            let message = format!("service `{}` sets `isolation`, which only Windows has", service.name);
            faults.push(self.refuse("isolation", message, "leave it out"));
        }
        for (key, value) in [("provenance", &build.provenance), ("sbom", &build.sbom)] {
            let is_asked = value.as_deref().is_some_and(|value| !["", "false", "0"].contains(&value));
            if is_asked {
                let message =
                    format!("service `{}` asks for `{key}`, and attestations are not there yet", service.name);
                faults.push(self.refuse(key, message, "leave it out, or set it to false"));
            }
        }
        if build.platforms.len() > 1 && service.platform.is_none() {
            let message =
                format!("service `{}` asks for {} platforms, and a build has one", service.name, build.platforms.len());
            faults.push(self.refuse(
                "platforms",
                message,
                "keep one, or choose one of them with the service's `platform`",
            ));
        }
        faults
    }

    /// Returns the keys that the classic builder does not have.
    fn beyond_classic(&self) -> Vec<Diagnostic> {
        let build = self.build;
        let asked = [
            (!build.secrets.is_empty(), "secrets", "secrets of a build"),
            (!build.ssh.is_empty(), "ssh", "an agent of SSH"),
            (!build.cache_to.is_empty(), "cache_to", "caches to write"),
            (!build.no_cache_filter.is_empty(), "no_cache_filter", "stages without the cache"),
            (build.privileged, "privileged", "privileged steps"),
            (!build.entitlements.is_empty(), "entitlements", "entitlements"),
        ];
        let mut faults: Vec<Diagnostic> =
            asked.iter().filter(|(is_asked, ..)| *is_asked).map(|(_, key, what)| self.lacks(key, what)).collect();
        if build.cache_from.iter().any(|cache| !matches!(kind_of_cache(cache), "registry")) {
            faults.push(self.lacks("cache_from", "a cache that is no image"));
        }
        faults
    }

    /// Refuses a path of `ssh` that is no socket of an agent.
    fn agents(&self) -> Vec<Diagnostic> {
        let is_socket = |path: &str| {
            Path::new(path)
                .metadata()
                .is_ok_and(|metadata| std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()))
        };
        let no_socket = self.build.ssh.iter().filter(|(_, path)| !path.is_empty() && !is_socket(path));
        let fault = |(id, path): (&String, &String)| {
            let (id, path) = (escape_controls(id), escape_controls(path));
            let message = format!(
                "the build of service `{}` takes ssh agent `{id}` from `{path}`, which is no socket of an agent",
                self.service.name
            );
            self.refuse("ssh", message, "add the key to an agent (`ssh-add`) and name the socket, or use `default`")
        };
        no_socket.map(fault).collect()
    }

    /// Returns the keys that BuildKit, or this generation of it, does not have.
    fn beyond_buildkit(&self, kit: BuildKit) -> Vec<Diagnostic> {
        let Self { service, build, .. } = self;
        let mut faults = self.agents();
        if kit == BuildKit::Old && build.shm_size > 0 {
            faults.push(self.lacks("shm_size", "a size of `/dev/shm`"));
        }
        if kit == BuildKit::Old && !build.ulimits.is_empty() {
            faults.push(self.lacks("ulimits", "limits of its steps"));
        }
        if build.network.as_deref().is_some_and(|network| !NETWORKS.contains(&network)) {
            let message = format!(
                "the build of service `{}` asks for a network of its own, and BuildKit knows `default`, `host` and `none`",
                service.name
            );
            faults.push(self.refuse("network", message, "use one of them, or `DOCKER_BUILDKIT=0`"));
        }
        faults.extend(self.caches());
        faults
    }

    /// Refuses caches of kinds that the engine's builder does not read or write, and local ones without a directory.
    fn caches(&self) -> Vec<Diagnostic> {
        let Self { service, build, .. } = self;
        let mut faults = Vec::new();
        let written = if self.has_containerd_store { &WRITTEN[..] } else { &[INLINE][..] };
        for (key, caches, known, place) in
            [("cache_from", &build.cache_from, &READ[..], "src="), ("cache_to", &build.cache_to, written, "dest=")]
        {
            for cache in caches {
                let kind = kind_of_cache(cache);
                let shown = escape_controls(kind);
                let has_place = cache.split(',').any(|field| field.trim().starts_with(place));
                if known.contains(&kind) && (kind != "local" || has_place) {
                    continue;
                }
                let why = match known.contains(&kind) {
                    true => format!("which names no directory (`{place}`)"),
                    false if WRITTEN.contains(&kind) => "which only an image store of containerd writes".to_owned(),
                    false => "which the engine's own builder does not have".to_owned(),
                };
                let message = format!("service `{}` has a `{key}` of type `{shown}`, {why}", service.name);
                let help = match key {
                    _ if known.contains(&kind) => "name the directory of the cache",
                    "cache_to" => "use `type=inline` and push the image, or leave it out",
                    _ => "name an image or a directory (`type=local,src=…`), or leave it out",
                };
                faults.push(self.refuse(key, message, help));
            }
        }
        faults
    }
}

/// Returns the type of a cache; a bare name is one in a registry.
fn kind_of_cache(text: &str) -> &str {
    let kind = text.split(',').find_map(|field| field.trim().strip_prefix("type="));
    kind.unwrap_or("registry")
}
