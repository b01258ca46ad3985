//! What the service of a `run` depends on: it is brought up, and nothing of it is recreated.

use crate::app::prepare::{UpAim, UpRequest};
use crate::app::project::Loading;
use crate::app::run::consent;
use crate::app::run::console::Console;
use crate::app::run::report;
use crate::app::run::rounds::{Aim, Guard, Repeats, Rounds, Stage};
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::{Known, Observed, Project, ServiceName, Span, labels};
use crate::plan::{Action, ContainerRef, Plan, Reason, Recreate, UpOptions};
use crate::settings::Context;

/// What a `run` knows of its dependencies.
pub(super) struct Dependencies<'a> {
    pub context: &'a Context,
    pub console: &'a dyn Console,
    pub session: &'a Session,
    pub loading: &'a Loading,
    pub service: &'a ServiceName,
    /// `--converge`.
    pub converge: bool,
}

impl Dependencies<'_> {
    /// Brings the dependencies up. A dependency that the service can do without (`required: false`) may fail.
    pub(super) async fn bring_up(&self, project: &Project) -> Result<(), Failure> {
        for is_required in [true, false] {
            let names = self.names(is_required);
            if names.is_empty() {
                continue;
            }
            match self.bring_up_these(project, &names).await {
                Err(Failure::Told(_)) if !is_required => {}
                result => result?,
            }
        }
        Ok(())
    }

    fn names(&self, is_required: bool) -> Vec<String> {
        let project = &self.loading.project;
        let Some(service) = project.services.get(self.service) else { return Vec::new() };
        let edges = service.depends_on.iter().filter(|(_, edge)| edge.required == is_required);
        let names = edges.map(|(name, _)| name).filter(|name| project.services.contains_key(*name));
        names.map(ToString::to_string).collect()
    }

    async fn bring_up_these(&self, project: &Project, names: &[String]) -> Result<(), Failure> {
        let wish = request(names, Recreate::Diverged);
        let (request, project) = match self.converge {
            true => (wish, &self.loading.project),
            false => {
                let mut aim = UpAim::new(self.context, &self.loading.project, &wish);
                let known = Known::default();
                let look = aim.look(self.session.reading(), Stage::First, &known);
                let look = session::answer(&self.session.interrupt, look).await?;
                self.console.diagnostics(&differing(&look.plan), self.loading.origin().sources);
                (request(names, Recreate::Never), project)
            }
        };
        let guard: Box<dyn Guard + '_> = Box::new(consent::Data::new(self.console, false));
        let mut rounds = Rounds {
            session: self.session,
            console: self.console,
            origin: self.loading.origin(),
            guards: if self.session.is_dry_run() { Vec::new() } else { vec![guard] },
            repeats: Repeats::Always,
            nothing: None,
        };
        let ended = rounds.run(&mut UpAim::new(self.context, project, &request)).await?;
        report::report(self.console, &ended.outcome, self.loading.origin())
    }
}

fn request(names: &[String], recreate: Recreate) -> UpRequest {
    // Orphans are told of with the one-off container.
    let options = UpOptions { recreate, recreate_dependencies: recreate, ignore_orphans: true, ..UpOptions::default() };
    UpRequest { services: names.to_vec(), options, detach: true, command: "run", ..UpRequest::default() }
}

/// Warns of running containers that `up` would replace.
fn differing(plan: &Plan) -> Vec<Diagnostic> {
    let reason = |container: &ContainerRef| -> Option<&Reason> {
        let ContainerRef::Planned(step) = container else { return None };
        let step = plan.steps.get(step.index())?;
        matches!(step.action, Action::CreateContainer { .. }).then_some(&step.reason)
    };
    let warning = |replacement: &crate::plan::Replacement| {
        let message = format!("{} is not as the file says, and is left as it is", replacement.target);
        let warning = Diagnostic::warning("differs", Span::NONE, message)
            .help(format!("recreate it: `inception up -d {}`, or `run --converge`", replacement.group));
        match reason(&replacement.new) {
            Some(reason) => warning.cause(reason.to_string()),
            None => warning,
        }
    };
    plan.replacements.iter().map(warning).collect()
}

/// Returns the project with its networks and volumes that exist as external ones: a `run` uses them as they are.
pub(super) fn as_found(project: &Project, observed: &Observed) -> Project {
    let mut project = project.clone();
    for network in project.networks.values_mut() {
        let found =
            observed.networks.iter().any(|one| one.name == network.name && labels::are_of(&one.labels, &project.name));
        network.is_external |= found;
    }
    for volume in project.volumes.values_mut() {
        let found =
            observed.volumes.iter().any(|one| one.name == volume.name && labels::are_of(&one.labels, &project.name));
        volume.is_external |= found;
    }
    project
}
