//! `up`, `create`, `build`, `pull` and `plan`: load, look, plan, run.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::saved::{self, Saved};
use super::session::{self, Loading, Session};
use super::{attached, consent, contents, logs, settle, unstartable};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::engine::docker::DockerEngine;
use crate::failure::{Exit, Failure};
use crate::graph::Graph;
use crate::loader;
use crate::model::{ContainerId, Observed, ObservedContainer, Project, ServiceName, labels};
use crate::observe;
use crate::plan::{self, Action, Contents, ImageOptions, Plan, UpOptions};
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
    /// Data that was given up by name goes without a question (`-y`).
    pub is_agreed: bool,
    /// The plan that was shown before: only that one is run (`--plan`).
    pub saved: Option<Saved>,
}

/// So often is looked again, each time after a longer pause: none at first, then this one, then twice as long.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// Runs `up` or `create`.
pub fn up(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let loading = load(context, request)?;
    session::block_on(async {
        let mut session = Session::begin(context, loading.project.name.as_str(), request.command).await?;
        let prepared = prepare(context, &loading, &session.engine, request, session.is_after_crash());
        let mut prepared = session::answer(&session.interrupt, prepared).await?;
        if let Some(saved) = &request.saved {
            let identity = async { Ok(session.engine.identity().await?) };
            let identity = session::answer(&session.interrupt, identity).await?;
            saved.check(&identity, &prepared.images, &prepared.plan)?;
        }
        consent::data(context, &prepared.plan, request.is_agreed, &session.interrupt).await?;
        if !prepared.images.is_empty() {
            session.run(context, &prepared.images, loading.places()).await?;
            if !context.settings.is_dry_run {
                // Images take their time, and the world has not stood still: containers that ran may have ended.
                prepared.observed = session::snapshot(context, &session.engine, &loading.project).await?;
                prepared.plan_again(&loading, &*session.engine).await;
                if let Some(saved) = &request.saved {
                    saved.check_after(&prepared.images, &prepared.plan)?;
                }
            }
        }
        session::heed(context, prepared.plan.diagnostics.clone(), &loading.sources)?;
        let mut outcome = session.carry_out(context, &prepared.plan, &session.interrupt).await?;
        let mut looks = 0;
        loop {
            let is_new = prepared.give_up(unstartable::look(&session.engine, &mut outcome).await);
            // What the engine cannot start will not mend by itself.
            let most = if is_new || !outcome.is_only_unstartable() { LOOKS } else { 1 };
            let may_have_moved =
                session.is_after_crash() || prepared.finishes_another(&loading.project) || outcome.has_unstartable();
            if !outcome.has_world_moved() || !may_have_moved || looks >= most {
                break;
            }
            session::look_again();
            // What an earlier run has begun may go on: a name is taken before a list tells by whom.
            let name = loading.project.name.as_str();
            if looks > 0 {
                tokio::select! {
                    () = settle::next(&*session.engine, name, PAUSE * looks) => {}
                    _ = session.interrupt.first() => {}
                }
            }
            looks += 1;
            prepared.observed = session::snapshot(context, &session.engine, &loading.project).await?;
            prepared.plan_again(&loading, &*session.engine).await;
            session::heed(context, prepared.plan.diagnostics.clone(), &loading.sources)?;
            outcome = session.carry_out(context, &prepared.plan, &session.interrupt).await?;
        }
        let Prepared { plan, options, .. } = &prepared;
        let is_attached = !(request.detach || context.settings.is_dry_run || !options.start);
        if is_attached {
            attached::forgive_ends(plan, &mut outcome);
        }
        if options.start {
            session.finished(&outcome);
        }
        let result = session::report(context, &outcome, loading.places());
        ui::progress::summary(context, plan, &prepared.observed, result.is_ok());
        if !is_attached {
            return result.map(|()| Exit::SUCCESS);
        }
        match result {
            Ok(()) => {
                session.unlock();
                attached::attached(context, request, &loading, &session, &prepared).await
            }
            Err(failure) => attached::failed(context, request, &loading, &session, failure).await,
        }
    })
}

fn load(context: &Context, request: &UpRequest) -> Result<Loading, Failure> {
    let Loading { mut project, sources } = session::load(context, &request.services)?;
    let mut faults = contents::inline_profiles(&mut project);
    faults.extend(unknown_services(&project, request));
    session::heed(context, faults, &sources)?;
    Ok(Loading { project, sources })
}

/// Checks services that options name: a slip there would follow nothing, or wait for what never comes.
fn unknown_services(project: &Project, request: &UpRequest) -> Vec<Diagnostic> {
    let named = request.follow.attach.iter().chain(&request.follow.exit_code_from).map(String::as_str);
    let scaled = request.options.scale.keys().map(ServiceName::as_str);
    let unknown: BTreeSet<&str> = named.chain(scaled).filter(|name| !project.services.contains_key(*name)).collect();
    let known = || project.services.keys().map(ServiceName::as_str);
    unknown.into_iter().map(|name| loader::no_such_service(name, known(), None)).collect()
}

fn options(context: &Context, request: &UpRequest) -> UpOptions {
    let variable = |name| context.environment.get(name).is_some_and(|word| matches!(word, "1" | "true"));
    let mut options = request.options.clone();
    options.services = request.services.iter().map(|name| name.as_str().into()).collect();
    options.remove_orphans |= variable("COMPOSE_REMOVE_ORPHANS");
    options.ignore_orphans |= variable("COMPOSE_IGNORE_ORPHANS");
    options.separator = context.settings.separator();
    options
}

/// What a run is made from, and its plans.
pub(super) struct Prepared {
    pub observed: Observed,
    contents: Contents,
    pub options: UpOptions,
    /// What happens to images, before everything else.
    images: Plan,
    /// What happens then, as far as it is known before the images are there.
    pub plan: Plan,
}

impl Prepared {
    /// Whether an earlier run has left something half done. The lock does not tell of one from another machine, or by
    /// another way to the engine.
    fn finishes_another(&self, project: &Project) -> bool {
        let ours = || {
            let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(project.name.as_str());
            self.observed.containers.iter().filter(is_ours)
        };
        let is_there = |id: &str| self.observed.containers.by_id(id).is_some();
        self.plan.finishes_another() || ours().filter_map(|one| one.label(labels::REPLACES)).any(is_there)
    }

    /// Notes which containers are to be made anew as the engine cannot start them; returns whether some are new to it.
    fn give_up(&mut self, unstartable: BTreeSet<ContainerId>) -> bool {
        let known = self.options.unstartable.len();
        self.options.unstartable.extend(unstartable);
        self.options.unstartable.len() > known
    }

    /// Plans anew from what is known; containers that give way are looked at, so that reasons tell their old values.
    async fn plan_again(&mut self, loading: &Loading, engine: &dyn ReadEngine) {
        self.plan = plan::up(&loading.project, &self.observed, &self.contents, &self.options);
        let redefined = self.plan.redefined();
        if redefined.is_empty() {
            return;
        }
        match observe::definitions(engine, redefined).await {
            Ok(definitions) => self.observed.definitions = definitions,
            // Only words depend on it.
            Err(error) => tracing::warn!(cause = error.message, "old values are not known"),
        }
        self.plan = plan::up(&loading.project, &self.observed, &self.contents, &self.options);
    }
}

/// Looks, plans, and checks everything that can be checked before the first change: all faults are told at once.
async fn prepare(
    context: &Context,
    loading: &Loading,
    engine: &DockerEngine,
    request: &UpRequest,
    is_after_crash: bool,
) -> Result<Prepared, Failure> {
    let mut options = options(context, request);
    options.is_after_crash = is_after_crash;
    let observed = session::snapshot(context, engine, &loading.project).await?;
    let graph = Graph::new(&loading.project.services);
    let selected = plan::selected(&graph, &loading.project, &options);
    let (contents, mut faults) = contents::read(&loading.project, &selected);
    // Only what is missing here raises the question whether the engine is here, too.
    let missing = contents::check_host_paths(&loading.project, &selected);
    if !missing.is_empty() && engine.is_local().await {
        faults.extend(missing);
    }
    let images = plan::images(&loading.project, &observed, &options, &request.images);
    faults.extend(images.diagnostics.iter().cloned());
    faults.extend(contents::check_builds(&loading.project, &built(&images)));
    let mut prepared = Prepared { observed, contents, options, images, plan: Plan::default() };
    prepared.plan_again(loading, engine).await;
    if faults.iter().chain(&prepared.plan.diagnostics).any(Diagnostic::is_error) {
        faults.extend(prepared.plan.diagnostics.iter().cloned());
    }
    session::heed(context, faults, &loading.sources)?;
    Ok(prepared)
}

/// Returns the services whose images a plan builds.
fn built(plan: &Plan) -> BTreeSet<&str> {
    let steps = plan.steps.iter().filter(|step| matches!(step.action, Action::BuildImage(_)));
    steps.filter_map(|step| step.target.service()).map(|service| service.as_str()).collect()
}

/// Runs `build` or `pull`: only the images.
pub fn images(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let loading = session::load(context, &request.services)?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let options = options(context, request);
        let look = session::snapshot(context, &session.engine, &loading.project);
        let observed = session::answer(&session.interrupt, look).await?;
        let plan = plan::images(&loading.project, &observed, &options, &request.images);
        let mut faults = plan.diagnostics.clone();
        faults.extend(contents::check_builds(&loading.project, &built(&plan)));
        session::heed(context, faults, &loading.sources)?;
        session.run(context, &plan, loading.places()).await?;
        Ok(Exit::SUCCESS)
    })
}

/// What `plan` is asked, beside what `up` is.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// JSON instead of text.
    pub is_json: bool,
    /// Where to keep the plan for `up --plan` (`-o`).
    pub output: Option<PathBuf>,
    /// The command line, the program's name first: what `up --plan` runs again.
    pub arguments: Vec<String>,
}

/// Runs `plan`: shows what `up` would do, and why. Ends with 0 for nothing, 2 for something, 1 for an error.
pub fn plan(context: &Context, request: &UpRequest, show: &PlanRequest) -> Result<Exit, Failure> {
    let loading = load(context, request)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let prepared = session::answer(&interrupt, prepare(context, &loading, &engine, request, false)).await?;
        let Prepared { images, plan, observed, options, .. } = &prepared;
        session::heed(context, plan.diagnostics.clone(), &loading.sources)?;
        let impacts = plan::impacts(plan, &loading.project, observed, options);
        if let Some(path) = &show.output {
            saved::check_foreseen(&loading.project, observed, images)?;
            let document = ui::plan::document(images, plan, &impacts);
            let identity = session::answer(&interrupt, async { Ok(engine.identity().await?) }).await?;
            Saved::new(context, &show.arguments, identity, images, plan)
                .write(&context.environment.current_dir().join(path), document)?;
        }
        let text = match show.is_json {
            true => format!("{:#}\n", ui::plan::document(images, plan, &impacts)),
            false => ui::plan::text(images, plan, &impacts),
        };
        ui::print(&text);
        Ok(if images.is_empty() && plan.is_empty() { Exit::SUCCESS } else { Exit::CHANGES })
    })
}
