//! Which work on images shows its progress.

use clap::Args;

use crate::settings::Context;

/// Flags of the commands that pull and build images before they make containers.
#[derive(Args, Debug, Default)]
pub struct ImageProgressFlags {
    /// Pull images without showing how far they are
    #[arg(long)]
    quiet_pull: bool,
    /// Build images without showing their steps
    #[arg(long)]
    quiet_build: bool,
}

impl ImageProgressFlags {
    /// Returns the context to run in: pulls and builds that are to be quiet tell their start and their end in it.
    pub fn context(&self, context: &Context) -> Context {
        let mut context = context.clone();
        context.settings.quiet_pull |= self.quiet_pull;
        context.settings.quiet_build |= self.quiet_build;
        context
    }
}
