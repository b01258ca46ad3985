//! `up`, `create`, `build`, `pull` and `plan`: load, look, plan, run.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::session::{self, Loading};
use super::{contents, lock, logs};
use crate::engine::docker::DockerEngine;
use crate::exec::Interrupt;
use crate::failure::{Exit, Failure};
use crate::graph::Graph;
use crate::model::Observed;
use crate::observe;
use crate::plan::{self, Action, Contents, ImageOptions, Lifecycle, Plan, UpOptions};
use crate::settings::Context;
use crate::ui;

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
    /// How to follow output; only without `detach`.
    pub follow: logs::FollowRequest,
    /// The command's name, for the lock.
    pub command: &'static str,
}

/// Runs `up` or `create`.
pub fn up(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let Loading { mut project, sources } = session::load(context, &request.services)?;
    session::heed(context, contents::inline_profiles(&mut project), &sources)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let _lock = match context.settings.is_dry_run {
            true => None,
            false => Some(
                lock::take(context, &engine_name(&engine), project.name.as_str(), request.command, &interrupt).await?,
            ),
        };
        let options = options(context, request);
        let loading = Loading { project, sources };
        let mut observed = session::answer(&interrupt, session::snapshot(&engine, &loading.project)).await?;
        let (contents, image_plan) = prepare(context, &loading, &observed, &options, &request.images)?;
        if !image_plan.is_empty() {
            session::run(context, &image_plan, &engine, &interrupt).await?;
            if !context.settings.is_dry_run {
                observed.images = observe::images(&*engine).await?;
            }
        }
        let plan = plan::up(&loading.project, &observed, &contents, &options);
        session::heed(context, plan.diagnostics.clone(), &loading.sources)?;
        let result = session::run(context, &plan, &engine, &interrupt).await;
        ui::progress::summary(context, &plan, result.is_ok());
        result?;
        if request.detach || context.settings.is_dry_run || !options.start {
            return Ok(Exit::SUCCESS);
        }
        drop(_lock);
        attached(context, request, &loading, &engine, &interrupt).await
    })
}

fn engine_name(engine: &DockerEngine) -> String {
    use crate::engine::ReadEngine;
    engine.facts().endpoint.clone()
}

fn options(context: &Context, request: &UpRequest) -> UpOptions {
    let variable = |name| context.environment.get(name).is_some_and(|word| matches!(word, "1" | "true"));
    let mut options = request.options.clone();
    options.services = request.services.iter().map(|name| name.as_str().into()).collect();
    options.remove_orphans |= variable("COMPOSE_REMOVE_ORPHANS");
    options.ignore_orphans |= variable("COMPOSE_IGNORE_ORPHANS");
    options.separator = if context.settings.compatibility { '_' } else { '-' };
    options
}

/// Checks everything that can be checked before the first change, and plans the images.
fn prepare(
    context: &Context,
    loading: &Loading,
    observed: &Observed,
    options: &UpOptions,
    wish: &ImageOptions,
) -> Result<(Contents, Plan), Failure> {
    let graph = Graph::new(&loading.project.services);
    let selected = plan::selected(&graph, &loading.project, options);
    let (contents, mut faults) = contents::read(&loading.project, &selected);
    let image_plan = plan::images(&loading.project, observed, options, wish);
    faults.extend(image_plan.diagnostics.iter().cloned());
    faults.extend(contents::check_builds(&loading.project, &built(&image_plan)));
    let preview = plan::up(&loading.project, observed, &contents, options);
    if faults.iter().chain(&preview.diagnostics).any(crate::diag::Diagnostic::is_error) {
        faults.extend(preview.diagnostics);
    }
    session::heed(context, faults, &loading.sources)?;
    Ok((contents, image_plan))
}

/// Returns the services whose images a plan builds.
fn built(plan: &Plan) -> BTreeSet<&str> {
    let steps = plan.steps.iter().filter(|step| matches!(step.action, Action::BuildImage(_)));
    steps.filter_map(|step| step.target.service()).map(|service| service.as_str()).collect()
}

/// Follows the output until everything has ended or a signal comes; then what was started is stopped.
async fn attached(
    context: &Context,
    request: &UpRequest,
    loading: &Loading,
    engine: &Arc<DockerEngine>,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let code =
        logs::follow_up(context, engine, &loading.project, &request.services, &request.follow, interrupt).await?;
    let must_stop = interrupt.received().is_some() || request.follow.stops_all();
    if must_stop {
        ui::tell("Gracefully stopping... (press Ctrl+C again to force)\n");
        let observed = session::snapshot(engine, &loading.project).await?;
        let services = request.services.iter().map(|name| name.as_str().into()).collect();
        let stop =
            plan::lifecycle(&loading.project, &observed, &services, &Lifecycle::Stop { grace: request.options.grace });
        let second = Interrupt::listen().unwrap_or_default();
        session::run(context, &stop, engine, &second).await?;
    }
    match interrupt.received() {
        Some(signal) => Err(super::interrupted(signal)),
        None => Ok(Exit(code)),
    }
}

/// Runs `build` or `pull`: only the images.
pub fn images(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let loading = session::load(context, &request.services)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let mut options = options(context, request);
        options.no_dependencies = request.options.no_dependencies;
        let observed = session::answer(&interrupt, session::snapshot(&engine, &loading.project)).await?;
        let plan = plan::images(&loading.project, &observed, &options, &request.images);
        let mut faults = plan.diagnostics.clone();
        faults.extend(contents::check_builds(&loading.project, &built(&plan)));
        session::heed(context, faults, &loading.sources)?;
        session::run(context, &plan, &engine, &interrupt).await?;
        Ok(Exit::SUCCESS)
    })
}

/// Runs `plan`: shows what `up` would do, and why. Ends with 0 for nothing, 2 for something, 1 for an error.
pub fn plan(context: &Context, request: &UpRequest, is_json: bool) -> Result<Exit, Failure> {
    let Loading { mut project, sources } = session::load(context, &request.services)?;
    session::heed(context, contents::inline_profiles(&mut project), &sources)?;
    let loading = Loading { project, sources };
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let options = options(context, request);
        let observed = session::answer(&interrupt, session::snapshot(&engine, &loading.project)).await?;
        let (contents, images) = prepare(context, &loading, &observed, &options, &request.images)?;
        let plan = plan::up(&loading.project, &observed, &contents, &options);
        session::heed(context, plan.diagnostics.clone(), &loading.sources)?;
        ui::print(&if is_json { ui::plan::json(&images, &plan) } else { ui::plan::text(&images, &plan) });
        Ok(if images.is_empty() && plan.is_empty() { Exit::SUCCESS } else { Exit::CHANGES })
    })
}
