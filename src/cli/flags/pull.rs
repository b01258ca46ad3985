//! When images are pulled.

use clap::ValueEnum;

use crate::plan::PullPolicy;

/// The value of `up --pull` and `pull --policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PullWhen {
    Always,
    Missing,
    Never,
    Build,
}

impl PullWhen {
    /// Returns the planner's word.
    pub fn policy(self) -> PullPolicy {
        match self {
            PullWhen::Always => PullPolicy::Always,
            PullWhen::Missing => PullPolicy::Missing,
            PullWhen::Never => PullPolicy::Never,
            PullWhen::Build => PullPolicy::Build,
        }
    }
}
