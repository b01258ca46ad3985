//! `--quiet` of the commands about images.

use clap::Args;

use crate::settings::{Context, ProgressKind};

/// Whether progress is shown.
#[derive(Args, Debug, Default)]
pub struct QuietFlags {
    /// Print nothing
    #[arg(short, long)]
    pub quiet: bool,
}

impl QuietFlags {
    /// Returns the context to run in: with `--quiet`, no progress is shown in it.
    pub fn context(&self, context: &Context) -> Context {
        let mut context = context.clone();
        if self.quiet {
            context.settings.progress = ProgressKind::Quiet;
        }
        context
    }
}
