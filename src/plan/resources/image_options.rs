//! What the user asks for about images, and when an image is pulled.

use std::collections::BTreeMap;

/// What the user asks for about images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageOptions {
    /// Build every image whose service has `build` (`--build`, the command `build`).
    pub build: bool,
    /// Never build (`--no-build`).
    pub no_build: bool,
    /// `--pull`, or the command `pull`.
    pub pull: Option<PullPolicy>,
    /// Only build, never pull (the command `build`).
    pub only_build: bool,
    /// Only pull, never build (the command `pull`).
    pub only_pull: bool,
    /// Pull no image whose service has `build` (`--ignore-buildable`).
    pub ignore_buildable: bool,
    /// `build --no-cache`.
    pub no_cache: bool,
    /// `build --pull`: look for newer base images.
    pub pull_base: bool,
    /// `build --build-arg`.
    pub build_args: BTreeMap<String, Option<String>>,
    /// `build --ssh`: agents by id, added to those of every build. A blank path is the agent of this user's environment.
    pub ssh: BTreeMap<String, String>,
    /// `build --push`.
    pub push: bool,
    /// `build --memory`, in bytes; 0 is no limit.
    pub memory: u64,
    /// `pull --ignore-pull-failures`.
    pub ignore_pull_failures: bool,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// In every run.
    Always,
    /// When the engine does not have the image.
    Missing,
    /// Never.
    Never,
    /// Never: the image is built.
    Build,
}

impl PullPolicy {
    /// Parses a pull policy; `None` for an unknown word. Time-based policies (`daily`, `every_12h`, ...) count as
    /// `missing`, because an engine does not tell when an image was last pulled.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "always" => Some(Self::Always),
            "missing" | "if_not_present" | "daily" | "weekly" | "refresh" => Some(Self::Missing),
            "never" => Some(Self::Never),
            "build" => Some(Self::Build),
            word if word.starts_with("every_") => Some(Self::Missing),
            _ => None,
        }
    }
}
