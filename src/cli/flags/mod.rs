//! Flags that several commands share. A command flattens the structs that it needs into its own.

mod consent;
mod creation;
mod files;
mod format;
mod global;
mod grace;
mod image_progress;
mod output;
mod pull;
mod quiet;
mod services;
mod wait;

pub use consent::ConsentFlags;
pub use creation::CreationFlags;
pub use files::FileFlags;
pub use format::{FormatFlags, TextOrJson};
pub use global::{GlobalFlags, unknown_words};
pub use grace::GraceFlags;
pub use image_progress::ImageProgressFlags;
pub use output::OutputFlags;
pub use pull::PullWhen;
pub use quiet::QuietFlags;
pub use services::ServiceFlags;
pub use wait::WaitFlags;

/// Returns the ids of all flags of a struct, with those of the structs that are flattened into it. With
/// `conflicts_with_all`, one flag can so forbid a whole struct of flags.
///
/// A conflict with clap's group of a struct would be shorter, but its message lists all flags of the group. A conflict with
/// the ids lists the flags that were typed.
pub fn ids<T: clap::Args>() -> Vec<clap::Id> {
    T::augment_args(clap::Command::new("")).get_arguments().map(|argument| argument.get_id().clone()).collect()
}
