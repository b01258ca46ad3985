//! `-y`: consent that is given beforehand.

use clap::Args;

/// Consent that is given beforehand.
#[derive(Args, Debug, Default)]
pub struct ConsentFlags {
    /// Answer yes to every question
    #[arg(short, long = "yes", alias = "y")]
    pub yes: bool,
}
