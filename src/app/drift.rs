//! `drift`: shows what somebody changed on the engine by hand. It changes nothing.

use std::collections::BTreeSet;

use super::project;
use super::run::session;
use crate::failure::{Exit, Failure};
use crate::model::labels;
use crate::observe;
use crate::plan;
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Change, Format};

/// Runs `drift`. Exit codes: 0 for no changes by hand, 2 for changes, 1 for an error.
pub fn drift(context: &Context, services: &[String], is_json: bool) -> Result<Exit, Failure> {
    let loading = project::load_existing(context, services)?;
    session::block_on(async {
        let engine = session::connect(context).await?;
        let project = &loading.project;
        let mut observed = session::snapshot(context, &*engine, project).await?;
        let ours = observed.containers.iter().filter(|one| one.label(labels::PROJECT) == Some(project.name.as_str()));
        let ids = ours.map(|one| one.id.clone()).collect();
        observed.definitions = observe::definitions(&*engine, ids).await?;
        let named: BTreeSet<&str> = services.iter().map(String::as_str).collect();
        let found = plan::drift(project, &observed, &named, context.settings.separator());
        let format = if is_json { Format::Json } else { Format::Table };
        ui::print_owned(match found.is_empty() && !is_json {
            true => format!("project `{}`: nothing was changed by hand\n", project.name),
            false => listing::render(&format, &found.iter().map(Change).collect::<Vec<_>>())?,
        });
        Ok(if found.is_empty() { Exit::SUCCESS } else { Exit::CHANGES })
    })
}
