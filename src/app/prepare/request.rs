//! What `up`, `create`, `plan`, `build` and `pull` are asked.

use crate::app::logs::FollowRequest;
use crate::app::run::saved::Saved;
use crate::plan::{ImageOptions, UpOptions};

/// What `up` is asked.
#[derive(Clone, Debug, Default)]
pub struct UpRequest {
    /// Services named by the user.
    pub services: Vec<String>,
    /// For the planner.
    pub options: UpOptions,
    /// For images.
    pub images: ImageOptions,
    /// Go back to the shell once everything is up.
    pub detach: bool,
    /// Follow the files of `develop.watch` beside the output; only without `detach`.
    pub watch: bool,
    /// How to follow output; only without `detach`.
    pub follow: FollowRequest,
    /// The command's name, for the lock.
    pub command: &'static str,
    /// Data that was given up by name goes without a question (`-y`).
    pub is_agreed: bool,
    /// The plan that was shown before: only that plan is run (`--plan`).
    pub saved: Option<Saved>,
}
