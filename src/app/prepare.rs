//! What `up`, `create`, `plan`, `build` and `pull` have in common: the request, and how it becomes plans.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use super::diagnosis::check::summary;
use super::project::{self, Loading, Reading};
use super::run::console::Console;
use super::run::report;
use super::run::rounds::{Aim, Look, Stage};
use super::run::session;
use crate::diag::{Diagnostic, Severity};
use crate::engine::ReadEngine;
use crate::failure::Failure;
use crate::graph::Graph;
use crate::model::{self, Contents, Known, Observed, Project, Service, ServiceName};
use crate::observe::{self, binds, builds, clients, files};
use crate::plan::{self, Action, ImageOptions, OneOff, Plan, Target, UpOptions};
use crate::settings::{Context, is_on};

mod effects;
mod request;

pub use request::UpRequest;

/// How long a project with errors waits for further faults: longer than reading an image may take.
const PATIENCE: Duration = Duration::from_secs(12);

/// Loads the project of a request, with the content of seccomp profiles, and checks the services that options name.
pub(super) fn load(context: &Context, console: &dyn Console, request: &UpRequest) -> Result<Loading, Failure> {
    let Reading { project, mut list, sources, hands_over } = project::read(context, &request.services);
    let Some((mut project, doubts)) = project else {
        return Err(Failure::Diagnostics { list, sources: Box::new(sources) });
    };
    list.extend(files::inline_profiles(&mut project));
    list.extend(host_access(&hands_over, request));
    list.extend(effects::faults(&project, request, &options(context, request)));
    if list.iter().any(Diagnostic::is_error) {
        let later = faults_of_plan(context, &project, request);
        list.extend(later.into_iter().filter(|one| !doubts.cover(one)));
    }
    report::heed(console, list, &sources)?;
    Ok(Loading { project, sources })
}

/// Returns the line about services that hand over this machine; an error with `--strict`.
fn host_access(found: &[(String, &'static str)], request: &UpRequest) -> Option<Diagnostic> {
    let told = summary(found).filter(|_| matches!(request.command, "up" | "create"))?;
    Some(if request.strict { Diagnostic { severity: Severity::Error, ..told } } else { told })
}

/// Returns the faults that a first observation shows for a project that will not be run, so that one run reports all
/// faults. An engine that does not answer is no fault here.
fn faults_of_plan(context: &Context, project: &Project, request: &UpRequest) -> Vec<Diagnostic> {
    let look = session::block_on(async {
        let work = async {
            let engine = session::connect(context).await?;
            UpAim::new(context, project, request).look(&*engine, Stage::First, &Known::default()).await
        };
        Ok(tokio::time::timeout(PATIENCE, work).await)
    });
    match look {
        Ok(Ok(Ok(look))) => look.faults.into_iter().chain(look.plan.diagnostics).collect(),
        _ => Vec::new(),
    }
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
pub(super) fn built<'a>(project: &'a Project, plan: &Plan, separator: char) -> BTreeSet<&'a str> {
    let tags: BTreeSet<&String> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::BuildImage(request) => Some(&request.tags),
            _ => None,
        })
        .flatten()
        .collect();
    // One build may be that of several services.
    let is_built = |service: &&Service| {
        service.build.is_some() && tags.contains(&plan::image_of(project, service, separator).to_string())
    };
    project.services.values().filter(is_built).map(|service| service.name.as_str()).collect()
}

/// Returns whether a plan pulls or builds an image.
fn is_brought(images: &Plan, image: &str) -> bool {
    let is_it = |brought: &str| model::familiar(brought) == model::familiar(image);
    images.steps.iter().any(|step| match (&step.action, &step.target) {
        (Action::BuildImage(request), _) => request.tags.iter().any(|tag| is_it(tag)),
        (_, Target::Image { image, .. }) => is_it(image.as_str()),
        _ => false,
    })
}

/// The aim of `up`: observes and plans, in each round.
pub(super) struct UpAim<'a> {
    context: &'a Context,
    project: &'a Project,
    images: &'a ImageOptions,
    pub options: UpOptions,
    /// The one-off container that `run` makes; `None` brings replicas up.
    one_off: Option<&'a OneOff>,
    /// The content of configs and secrets, read at the first observation.
    contents: Contents,
}

impl<'a> UpAim<'a> {
    /// Makes the aim for a loaded project and a request.
    pub(super) fn new(context: &'a Context, project: &'a Project, request: &'a UpRequest) -> Self {
        let options = options(context, request);
        Self { context, project, images: &request.images, options, one_off: None, contents: Contents::default() }
    }

    /// Makes a one-off container instead of replicas. The options are to name its service alone.
    pub(super) fn making(self, one_off: &'a OneOff) -> Self {
        Self { one_off: Some(one_off), ..self }
    }

    fn planned(&self, observed: &Observed) -> Plan {
        match self.one_off {
            Some(one_off) => plan::run(self.project, observed, &self.contents, &self.options, one_off),
            None => plan::up(self.project, observed, &self.contents, &self.options),
        }
    }

    /// Reads the files that the selected services need, and reports missing ones.
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
        // A missing path matters only if the engine is here, too, so that is asked only now.
        for (path, fault) in files::check_host_paths(self.project, &selected) {
            if engine.shares_path(&path).await {
                faults.push(fault);
            }
        }
        faults
    }

    /// Plans from an observation. Inspects containers that will be replaced, so that reasons can show old values.
    /// Inspects images if a check depends on them, or if their user decides whether a file can be mounted.
    async fn plan(&self, engine: &dyn ReadEngine, look: &mut Look) {
        look.plan = self.planned(&look.observed);
        let redefined = look.plan.redefined();
        let mut images = plan::images_in_doubt(self.project, &look.plan, self.options.separator);
        images.retain(|image| look.observed.image(image).is_some() && !is_brought(&look.images, image));
        let users = plan::images_with_unknown_user(self.project, &look.plan, &self.contents, &look.observed);
        images.extend(users.iter().map(ToString::to_string));
        if redefined.is_empty() && images.is_empty() {
            return;
        }
        match observe::definitions(engine, redefined).await {
            Ok(definitions) => look.observed.definitions = definitions,
            // Only messages depend on the old values.
            Err(error) => tracing::warn!(cause = error.message, "old values are not known"),
        }
        match observe::image_facts(engine, images).await {
            Ok(facts) => look.observed.image_facts = facts,
            // The engine will refuse later what could have been refused before. Users count as root, which may read
            // every file.
            Err(error) => tracing::warn!(cause = error.message, "images are not known"),
        }
        look.plan = self.planned(&look.observed);
    }

    /// Checks the builds that are planned.
    fn check_builds(&self, look: &Look) -> Vec<Diagnostic> {
        let built = built(self.project, &look.images, self.options.separator);
        builds::check(self.project, &built, &look.observed)
    }

    /// Reports binds of starting containers whose source does not exist on this machine. An image that is pulled or
    /// built first is checked after that.
    async fn check_binds(&self, engine: &dyn ReadEngine, stage: Stage, look: &Look) -> Vec<Diagnostic> {
        let is_start =
            |action: &Action| matches!(action, Action::CreateContainer { .. } | Action::StartContainer { .. });
        let started = look.plan.steps.iter().filter(|step| is_start(&step.action));
        let services = started.filter_map(|step| step.target.service()).map(ServiceName::as_str).collect();
        let missing = binds::missing(self.project, &services);
        if missing.is_empty() || !engine.is_local().await {
            return Vec::new();
        }
        let image = |service: &Service| {
            let image = plan::image_of(self.project, service, self.options.separator).to_string();
            (look.observed.image(&image).is_some() && !is_brought(&look.images, &image)).then_some(image)
        };
        let mut told = binds::check(engine, &missing, &image).await;
        told.retain(|one| stage == Stage::First || one.is_error());
        told
    }
}

#[async_trait(?Send)]
impl Aim for UpAim<'_> {
    /// The first observation also plans the images, and checks everything that can be checked before the first change,
    /// so that all faults are reported at once.
    async fn look(&mut self, engine: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure> {
        let observed = session::snapshot(self.context, engine, self.project).await?;
        let mut look = Look { observed, ..Look::default() };
        look.observed.known = known.clone();
        if stage == Stage::First {
            // The mark of a process names its machine, so the engine need not be asked whether it is here.
            if !self.options.ignore_orphans {
                look.faults.extend(clients::left_behind(&look.observed, self.project.name.as_str()));
            }
            let missing = self.read_files(engine).await;
            look.faults.extend(missing);
            look.images = plan::images(self.project, &look.observed, &self.options, self.images);
            look.faults.extend(look.images.diagnostics.iter().cloned());
            look.faults.extend(self.check_builds(&look));
        }
        self.plan(engine, &mut look).await;
        if stage != Stage::Again {
            let binds = self.check_binds(engine, stage, &look).await;
            look.faults.extend(binds);
        }
        Ok(look)
    }
}
