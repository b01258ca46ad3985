//! The two lists of hooks that a service has.

use std::fmt;

/// Which list of a service a hook stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookPhase {
    /// `post_start`: runs after the start of the container.
    PostStart,
    /// `pre_stop`: runs before the stop of the container.
    PreStop,
}

impl fmt::Display for HookPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HookPhase::PostStart => "post_start",
            HookPhase::PreStop => "pre_stop",
        })
    }
}
