//! `plan`: shows what `up` would do, and why.

use std::path::PathBuf;

use super::prepare::{self, UpAim, UpRequest};
use super::run::console::Terminal;
use super::run::report;
use super::run::rounds::{Aim, Stage};
use super::run::saved::{self, Saved};
use super::run::session;
use crate::failure::{Exit, Failure};
use crate::model::Known;
use crate::plan;
use crate::settings::Context;
use crate::ui;

/// What `plan` is asked besides the request of `up`.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// JSON instead of text.
    pub is_json: bool,
    /// File to save the plan to, for `up --plan` (`-o`).
    pub output: Option<PathBuf>,
    /// The command line, beginning with the program's name: `up --plan` runs it again.
    pub arguments: Vec<String>,
}

/// Runs `plan`. Exit codes: 0 for nothing to do, 2 for steps to run, 1 for an error.
pub fn plan(context: &Context, request: &UpRequest, show: &PlanRequest) -> Result<Exit, Failure> {
    let console = Terminal(context);
    let loading = prepare::load(context, &console, request)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let mut aim = UpAim::new(context, &loading.project, request);
        let known = Known::default();
        let look = session::answer(&interrupt, aim.look(&*engine, Stage::First, &known)).await?;
        let mut told = look.faults.clone();
        told.extend(look.plan.diagnostics.iter().cloned());
        report::heed(&console, told, &loading.sources)?;
        let (images, plan) = (&look.images, &look.plan);
        let impacts = plan::impacts(plan, &loading.project, &look.observed, &aim.options);
        if let Some(path) = &show.output {
            saved::check_foreseen(&loading.project, &look.observed, images)?;
            let document = ui::plan::document(images, plan, &impacts);
            let identity = session::answer(&interrupt, async { Ok(engine.identity().await?) }).await?;
            let directory = context.environment.current_dir();
            Saved::new(directory, &show.arguments, identity, &look).write(&directory.join(path), document)?;
        }
        let text = match show.is_json {
            true => format!("{:#}\n", ui::plan::document(images, plan, &impacts)),
            false => ui::plan::text(images, plan, &impacts),
        };
        ui::print(&text);
        Ok(if images.is_empty() && plan.is_empty() { Exit::SUCCESS } else { Exit::CHANGES })
    })
}
