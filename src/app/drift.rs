//! `drift`: what was changed on the engine by hand. Looks, and changes nothing.

use std::collections::BTreeSet;

use serde_json::json;

use super::project;
use super::run::session;
use crate::failure::{Exit, Failure};
use crate::model::labels;
use crate::observe;
use crate::plan::{self, Drift};
use crate::settings::Context;
use crate::ui;

/// Runs `drift`. Ends with 0 for nothing, 2 for something, 1 for an error.
pub fn drift(context: &Context, services: &[String], is_json: bool) -> Result<Exit, Failure> {
    let loading = project::load(context, services)?;
    session::block_on(async {
        let engine = session::connect(context).await?;
        let project = &loading.project;
        let mut observed = session::snapshot(context, &*engine, project).await?;
        let ours = observed.containers.iter().filter(|one| one.label(labels::PROJECT) == Some(project.name.as_str()));
        let ids = ours.map(|one| one.id.clone()).collect();
        observed.definitions = observe::definitions(&*engine, ids).await?;
        let named: BTreeSet<&str> = services.iter().map(String::as_str).collect();
        let found = plan::drift(project, &observed, &named, context.settings.separator());
        ui::print(&if is_json { document(&found) } else { text(project.name.as_str(), &found) });
        Ok(if found.is_empty() { Exit::SUCCESS } else { Exit::CHANGES })
    })
}

fn text(project: &str, found: &[Drift]) -> String {
    if found.is_empty() {
        return format!("project `{project}`: nothing was changed by hand\n");
    }
    let row = |one: &Drift| {
        vec![
            format!("{} {}", one.target.kind().to_lowercase(), one.target.name()),
            one.attribute.to_owned(),
            one.expected.clone(),
            one.found.clone(),
            one.help.clone(),
        ]
    };
    ui::table(&["WHAT", "ATTRIBUTE", "EXPECTED", "FOUND", "PUT RIGHT BY"], found.iter().map(row).collect())
}

fn document(found: &[Drift]) -> String {
    let entry = |one: &Drift| {
        json!({
            "kind": one.target.kind().to_lowercase(),
            "name": one.target.name(),
            "service": one.target.service(),
            "attribute": one.attribute,
            "expected": one.expected,
            "found": one.found,
            "help": one.help,
        })
    };
    format!("{:#}\n", serde_json::Value::Array(found.iter().map(entry).collect()))
}
