//! The request for a build: complete, resolved, without references to the compose file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Ulimit;

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
    /// Images whose layers may be used as a cache.
    pub cache_from: Vec<String>,
    /// Use no cache.
    pub no_cache: bool,
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
