//! `down`: removes the project's objects from the engine. Without a compose file the labels tell what belongs to the
//! project.

use super::lifecycle::{self, Existing};
use super::run::consent;
use super::run::console::Terminal;
use super::run::rounds::{Guard, Repeats};
use crate::failure::{Exit, Failure};
use crate::plan::{self, DownOptions};
use crate::settings::Context;

/// Runs `down`. Names the volumes to be removed first. On a terminal the user is asked, unless `is_agreed`.
pub fn down(context: &Context, services: &[String], options: &DownOptions, is_agreed: bool) -> Result<Exit, Failure> {
    let mut options = options.clone();
    options.services = services.iter().map(|name| name.as_str().into()).collect();
    options.separator = context.settings.separator();
    let console = Terminal(context);
    let guard: Box<dyn Guard + '_> = Box::new(consent::Data::new(&console, is_agreed));
    let guards = if context.settings.is_dry_run { Vec::new() } else { vec![guard] };
    let command = Existing { word: "down", repeats: Repeats::AfterCrash, ends_crash: true };
    lifecycle::change(context, services, command, guards, |project, observed| plan::down(project, observed, &options))
}
