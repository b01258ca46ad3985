//! What `up`, `create`, `plan`, `build` and `pull` have in common: the request, and the way from it to the plans.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::project::{self, Loading};
use super::run::console::Console;
use super::run::report;
use super::run::rounds::{Aim, Look, Stage};
use super::run::session;
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::failure::Failure;
use crate::graph::Graph;
use crate::model::{Contents, Known, Project};
use crate::observe::{self, files};
use crate::plan::{self, Action, ImageOptions, Plan, UpOptions};
use crate::settings::{Context, is_on};

mod effects;
mod request;

pub use request::UpRequest;

/// Loads the project of a request, with the content of seccomp profiles, and checks the services that its options name.
pub(super) fn load(context: &Context, console: &dyn Console, request: &UpRequest) -> Result<Loading, Failure> {
    let Loading { mut project, sources } = project::load(context, &request.services)?;
    let mut faults = files::inline_profiles(&mut project);
    faults.extend(effects::faults(&project, request, &options(context, request)));
    report::heed(console, faults, &sources)?;
    Ok(Loading { project, sources })
}

/// Returns the planner's options: those of the request, of the environment and of the global flags.
pub(super) fn options(context: &Context, request: &UpRequest) -> UpOptions {
    let variable = |name| is_on(&context.environment, name);
    let mut options = request.options.clone();
    options.services = request.services.iter().map(|name| name.as_str().into()).collect();
    options.remove_orphans |= variable("COMPOSE_REMOVE_ORPHANS");
    options.ignore_orphans |= variable("COMPOSE_IGNORE_ORPHANS");
    options.separator = context.settings.separator();
    options
}

/// Returns the services whose images a plan builds.
pub(super) fn built(plan: &Plan) -> BTreeSet<&str> {
    let steps = plan.steps.iter().filter(|step| matches!(step.action, Action::BuildImage(_)));
    steps.filter_map(|step| step.target.service()).map(|service| service.as_str()).collect()
}

/// Brings a project up as a request says: what `up` looks at and plans, round after round.
pub(super) struct UpAim<'a> {
    context: &'a Context,
    project: &'a Project,
    images: &'a ImageOptions,
    pub options: UpOptions,
    /// The content of configs and secrets, read at the first look.
    contents: Contents,
}

impl<'a> UpAim<'a> {
    /// Takes the request for a project that was loaded.
    pub(super) fn new(context: &'a Context, project: &'a Project, request: &'a UpRequest) -> Self {
        let options = options(context, request);
        Self { context, project, images: &request.images, options, contents: Contents::default() }
    }

    /// Reads the files that the services to be brought up need, and tells which are missing.
    async fn read_files(&mut self, engine: &dyn ReadEngine) -> Vec<Diagnostic> {
        let graph = Graph::new(&self.project.services);
        let selected = plan::selected(&graph, self.project, &self.options);
        let mut elsewhere = BTreeSet::new();
        for path in files::sources(self.project, &selected) {
            if !engine.shares_path(path).await {
                elsewhere.insert(path.to_owned());
            }
        }
        let (contents, mut faults) = files::read(self.project, &selected, &elsewhere);
        self.contents = contents;
        // Only a path that is missing here raises the question whether the engine is here, too.
        for (path, fault) in files::check_host_paths(self.project, &selected) {
            if engine.shares_path(&path).await {
                faults.push(fault);
            }
        }
        faults
    }

    /// Plans from a look. Containers that give way are inspected, so that reasons tell old values, too; and images, where it
    /// depends on their user whether a file can be mounted.
    async fn plan(&self, engine: &dyn ReadEngine, look: &mut Look) {
        look.plan = plan::up(self.project, &look.observed, &self.contents, &self.options);
        let redefined = look.plan.redefined();
        let images = plan::images_with_unknown_user(self.project, &look.plan, &self.contents, &look.observed);
        if redefined.is_empty() && images.is_empty() {
            return;
        }
        match observe::definitions(engine, redefined).await {
            Ok(definitions) => look.observed.definitions = definitions,
            // Only words depend on the old values.
            Err(error) => tracing::warn!(cause = error.message, "old values are not known"),
        }
        match observe::image_users(engine, images).await {
            Ok(users) => look.observed.image_users = users,
            // The users count as root then, which can read every file.
            Err(error) => tracing::warn!(cause = error.message, "users of images are not known"),
        }
        look.plan = plan::up(self.project, &look.observed, &self.contents, &self.options);
    }
}

#[async_trait(?Send)]
impl Aim for UpAim<'_> {
    /// The first look also plans the images and checks everything that can be checked before the first change: all faults
    /// are told at once.
    async fn look(&mut self, engine: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure> {
        let observed = session::snapshot(self.context, engine, self.project).await?;
        let mut look = Look { observed, ..Look::default() };
        look.observed.known = known.clone();
        if stage == Stage::First {
            look.faults = self.read_files(engine).await;
            look.images = plan::images(self.project, &look.observed, &self.options, self.images);
            look.faults.extend(look.images.diagnostics.iter().cloned());
            look.faults.extend(files::check_builds(self.project, &built(&look.images)));
        }
        self.plan(engine, &mut look).await;
        Ok(look)
    }
}
