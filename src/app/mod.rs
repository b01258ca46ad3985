//! One file per command: the order of the calls and nothing else.
//!
//! A command takes a [`Context`] and a request and gives an [`Exit`] or a [`Failure`]; `cli` prints the failure.

mod attached;
pub mod config;
mod consent;
mod contents;
pub mod down;
pub mod drift;
mod follow;
mod lock;
pub mod logs;
mod newcomers;
mod output;
pub mod ps;
pub mod saved;
mod session;
mod settle;
mod unstartable;
pub mod up;

use crate::failure::{Exit, Failure};
use crate::settings::Context;

/// A signal ended the run: 130 for SIGINT, 143 for SIGTERM.
fn interrupted(signal: crate::exec::Signal) -> Failure {
    Failure::Interrupted(match signal {
        crate::exec::Signal::Interrupt => Exit::INTERRUPTED,
        crate::exec::Signal::Terminate => Exit::TERMINATED,
    })
}

/// Returns how to load the project, by the global options.
fn load_options(context: &Context) -> crate::loader::LoadOptions {
    crate::loader::LoadOptions {
        files: context.settings.files.clone(),
        project_name: context.settings.project_name.clone(),
        project_directory: context.settings.project_directory.clone(),
        profiles: context.settings.profiles.clone(),
        env_files: context.settings.env_files.clone(),
        all_resources: context.settings.all_resources,
        ..crate::loader::LoadOptions::default()
    }
}
