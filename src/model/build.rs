//! The request for a build: complete, resolved, without references to the compose file; and which builder an engine offers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{FileSource, Ulimit};

/// The request to build one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRequest {
    /// Source of the files.
    pub context: BuildContext,
    /// Path of the Dockerfile: relative to the context, or absolute and outside the context. Ignored with
    /// `dockerfile_inline`.
    pub dockerfile: Option<String>,
    /// Text of the Dockerfile.
    pub dockerfile_inline: Option<String>,
    /// Names of the image.
    pub tags: Vec<String>,
    /// `--build-arg`. An argument with `None` is not sent, and the default of the Dockerfile holds.
    pub args: BTreeMap<String, Option<String>>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Last stage to build.
    pub target: Option<String>,
    /// Network of the RUN steps.
    pub network: Option<String>,
    /// Caches to take layers from: names of images, or `type=…,…`.
    pub cache_from: Vec<String>,
    /// Caches to write: names of images, or `type=…,…`.
    pub cache_to: Vec<String>,
    /// Use no cache.
    pub no_cache: bool,
    /// Stages that are built without the cache.
    pub no_cache_filter: Vec<String>,
    /// `additional_contexts`, by the name that the Dockerfile uses.
    pub contexts: BTreeMap<String, BuildContext>,
    /// Secrets of `RUN --mount=type=secret`, by id.
    pub secrets: BTreeMap<String, FileSource>,
    /// Agents of `RUN --mount=type=ssh`, by id: the path of a socket; `None` is the agent of this user's environment.
    pub ssh: BTreeMap<String, Option<PathBuf>>,
    /// What steps may do beyond the usual: `security.insecure`, `network.host`.
    pub entitlements: Vec<String>,
    /// Pull newer versions of the base images.
    pub pull: bool,
    /// Size of `/dev/shm` in bytes; 0 for the engine's default.
    pub shm_size: u64,
    /// Most memory of a RUN step in bytes; 0 is no limit.
    pub memory: u64,
    /// `name:address`.
    pub extra_hosts: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// Ulimits of the RUN steps.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Whether the builder need not be asked where nothing has changed since the image was built.
    pub skips_unchanged: bool,
}

/// What kind of context a text names: `build.context`, or an entry of `additional_contexts`. Only this type tells a
/// path from an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextSource {
    /// A directory of this machine.
    Directory,
    /// A git repository or an archive that the classic builder fetches: `http://…`, `https://…`, `git://…`,
    /// `git@HOST:PATH`, `github.com/…`.
    Fetched,
    /// A git repository by `ssh://…`, with keys of the user.
    Ssh,
    /// The image of `docker-image://NAME`.
    Image,
    /// An image layout: `oci-layout://…`.
    OciLayout,
    /// The image of another service: `service:NAME`.
    Service,
    /// Another address with a scheme, which a builder may or may not know.
    Other,
}

impl ContextSource {
    /// Reads the text of a context.
    ///
    /// Compat: a text with a scheme is no path. A text without a scheme is a path, unless it begins with `git@`,
    /// `github.com/` or `service:` (compose-go, `paths/context.go`). So `user@host:path` and `target:name` are paths.
    pub fn of(text: &str) -> Self {
        const STARTS: [(&str, ContextSource); 9] = [
            ("http://", ContextSource::Fetched),
            ("https://", ContextSource::Fetched),
            ("git://", ContextSource::Fetched),
            ("git@", ContextSource::Fetched),
            ("github.com/", ContextSource::Fetched),
            ("ssh://", ContextSource::Ssh),
            ("docker-image://", ContextSource::Image),
            ("oci-layout://", ContextSource::OciLayout),
            ("service:", ContextSource::Service),
        ];
        match STARTS.iter().find(|(start, _)| text.starts_with(start)) {
            Some((_, source)) => *source,
            None if text.contains("://") => Self::Other,
            None => Self::Directory,
        }
    }
}

/// The source of the files of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildContext {
    /// A directory of this machine, without the files that its `.dockerignore` names.
    Directory(PathBuf),
    /// A URL that the engine fetches: a git repository or a tar archive.
    Remote(String),
}

impl Default for BuildContext {
    fn default() -> Self {
        BuildContext::Directory(PathBuf::new())
    }
}

impl BuildContext {
    /// Returns the context that a text names: a directory only for a path.
    pub fn of(text: &str) -> Self {
        match ContextSource::of(text) {
            ContextSource::Directory => Self::Directory(text.into()),
            _ => Self::Remote(text.to_owned()),
        }
    }
}

/// The builder that builds the images of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// The classic builder (`POST /build`), and why it is used.
    Classic(WhyClassic),
    /// BuildKit, in the engine.
    BuildKit(BuildKit),
}

/// Why the classic builder is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhyClassic {
    /// The engine offers no other builder.
    #[default]
    Engine,
    /// `DOCKER_BUILDKIT=0`.
    Asked,
    /// The program was built without BuildKit.
    Program,
}

/// The generation of an engine's BuildKit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildKit {
    /// 0.8, of Engine 20.10 and older: no named contexts, no here-documents, no sizes and limits of steps.
    Old,
    /// 0.10 and newer, of Engine 23 and newer.
    Current,
}

impl Default for Builder {
    fn default() -> Self {
        Self::Classic(WhyClassic::default())
    }
}

impl Builder {
    /// Returns whether BuildKit builds.
    pub fn is_buildkit(self) -> bool {
        matches!(self, Builder::BuildKit(_))
    }

    /// Returns the builder's name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Builder::Classic(_) => "the classic builder",
            Builder::BuildKit(BuildKit::Old) => "the BuildKit of this engine (0.8)",
            Builder::BuildKit(BuildKit::Current) => "the engine's BuildKit",
        }
    }

    /// Returns what would bring a builder that can do more.
    pub fn help(self) -> &'static str {
        match self {
            Builder::Classic(WhyClassic::Asked) => "leave `DOCKER_BUILDKIT=0` out, so that BuildKit builds",
            Builder::Classic(WhyClassic::Engine) => "use an engine with BuildKit, or leave the key out",
            Builder::Classic(WhyClassic::Program) => "use a program that was built with BuildKit, or leave the key out",
            Builder::BuildKit(_) => "use Engine 23 or newer, or leave the key out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_context_names_is_told_by_its_beginning() {
        use ContextSource::*;
        for (text, expected) in [
            (".", Directory),
            ("/a/b", Directory),
            ("a:b", Directory),
            ("user@host:a/b", Directory),
            ("target:a", Directory),
            ("GitHub.com/a/b", Directory),
            ("./github.com/a", Directory),
            ("git@github.com:a/b.git#main:dir", Fetched),
            ("github.com/a/b", Fetched),
            ("git://host/a", Fetched),
            ("https://host/a.git", Fetched),
            ("http://host/a.tar.gz", Fetched),
            ("ssh://git@host/a.git", Ssh),
            ("docker-image://alpine:3", Image),
            ("oci-layout://./layout", OciLayout),
            ("service:base", Service),
            ("HTTPS://host/a", Other),
            ("s3://bucket/a", Other),
        ] {
            assert_eq!(ContextSource::of(text), expected, "{text}");
            assert_eq!(matches!(BuildContext::of(text), BuildContext::Directory(_)), expected == Directory, "{text}");
        }
    }
}
