//! The request of `up`, `create`, `plan`, `build` and `pull`.

use crate::app::logs::FollowRequest;
use crate::app::run::saved::Saved;
use crate::plan::{ImageOptions, UpOptions};

/// The request of `up`.
#[derive(Clone, Debug, Default)]
pub struct UpRequest {
    /// Services named by the user.
    pub services: Vec<String>,
    /// Options of the planner.
    pub options: UpOptions,
    /// Options for images.
    pub images: ImageOptions,
    /// Return to the shell once everything is up.
    pub detach: bool,
    /// Follow the files of `develop.watch` beside the output; only without `detach`.
    pub watch: bool,
    /// How to follow output; only without `detach`.
    pub follow: FollowRequest,
    /// The command's name, for the lock.
    pub command: &'static str,
    /// A file that hands over this machine is refused.
    pub strict: bool,
    /// Data that was given up by name is removed without a question (`-y`).
    pub is_agreed: bool,
    /// The plan that was shown before; no other plan may run (`--plan`).
    pub saved: Option<Saved>,
}
