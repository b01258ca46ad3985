//! `down`, `stop`, `start`, `restart`, `kill`, `rm`, `pause`, `unpause`: containers that exist.
//!
//! Without a compose file the project is what the labels say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::consent;
use super::session::{self, Loading, Places, Session};
use crate::exec::Interrupt;
use crate::failure::{Exit, Failure};
use crate::model::{
    Condition, Dependency, Observed, ObservedVolume, Project, ProjectName, Service, ServiceName, Sources, Volume,
    VolumeKey, labels,
};
use crate::plan::{self, DownOptions, Lifecycle, Plan};
use crate::settings::Context;
use crate::ui;

/// Runs `down`. Volumes that go are named first; on a terminal the user is asked, unless `is_agreed`.
pub fn down(context: &Context, services: &[String], options: &DownOptions, is_agreed: bool) -> Result<Exit, Failure> {
    let mut options = options.clone();
    options.services = services.iter().map(|name| name.as_str().into()).collect();
    options.separator = context.settings.separator();
    let make = |project: &Project, observed: &Observed| plan::down(project, observed, &options);
    let agree = async |plan: &Plan, interrupt: &Interrupt| consent::data(context, plan, is_agreed, interrupt).await;
    change(context, services, "down", make, agree)
}

/// Runs one of the others.
pub fn lifecycle(
    context: &Context,
    services: &[String],
    word: &'static str,
    command: &Lifecycle,
) -> Result<Exit, Failure> {
    let named = services.iter().map(|name| name.as_str().into()).collect();
    let make = |project: &Project, observed: &Observed| plan::lifecycle(project, observed, &named, command);
    change(context, services, word, make, async |_, _| Ok(()))
}

/// Runs `rm`: tells what goes and asks first, where there is somebody to ask.
pub fn remove(context: &Context, services: &[String], is_forced: bool, command: &Lifecycle) -> Result<Exit, Failure> {
    let named = services.iter().map(|name| name.as_str().into()).collect();
    let make = |project: &Project, observed: &Observed| plan::lifecycle(project, observed, &named, command);
    let agree =
        async |plan: &Plan, interrupt: &Interrupt| consent::containers(context, plan, is_forced, interrupt).await;
    change(context, services, "rm", make, agree)
}

fn change(
    context: &Context,
    services: &[String],
    word: &'static str,
    make: impl Fn(&Project, &Observed) -> Plan,
    agree: impl AsyncFn(&Plan, &Interrupt) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let loading = project(context, services)?;
    session::block_on(async {
        let name = loading.name().to_owned();
        let session = Session::begin(context, &name, word).await?;
        let is_repeatable = session.is_after_crash() && matches!(word, "down" | "stop" | "start");
        let mut is_again = false;
        loop {
            let observed = session::answer(&session.interrupt, look(context, &session, &loading)).await?;
            let project = loading.resolve(&observed);
            let plan = make(&project, &observed);
            session::heed(context, plan.diagnostics.clone(), loading.sources())?;
            if plan.is_empty() && !is_again {
                ui::progress::nothing(context, &format!("project `{name}`: nothing to do"));
            }
            agree(&plan, &session.interrupt).await?;
            let outcome = session.carry_out(context, &plan, &session.interrupt).await?;
            // A call of a run that died may have ended only now.
            let may_be_more = outcome.has_world_moved() || (outcome.is_success() && !plan.is_empty());
            if is_again || !is_repeatable || !may_be_more {
                if word == "down" {
                    session.finished(&outcome);
                }
                session::report(context, &outcome, Places { project: &project, sources: loading.sources() })?;
                return Ok(Exit::SUCCESS);
            }
            if !outcome.is_success() {
                session::look_again();
            }
            is_again = true;
        }
    })
}

async fn look(context: &Context, session: &Session, loading: &Found) -> Result<Observed, Failure> {
    match loading {
        Found::File(loading) => session::snapshot(context, &session.engine, &loading.project).await,
        Found::Name(..) => Ok(crate::observe::observe(&*session.engine, &Default::default()).await?),
    }
}

/// A project by its file, or only by its name.
pub(super) enum Found {
    /// By its file.
    File(Box<Loading>),
    /// By `--project-name`; there is no file.
    Name(ProjectName, Sources),
}

impl Found {
    /// Returns the project's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Found::File(loading) => loading.project.name.as_str(),
            Found::Name(name, _) => name.as_str(),
        }
    }

    /// Returns the project: the file's, or what the labels say.
    pub(super) fn resolve(&self, observed: &Observed) -> Cow<'_, Project> {
        match self {
            Found::File(loading) => Cow::Borrowed(&loading.project),
            Found::Name(name, _) => Cow::Owned(of_labels(name.clone(), observed)),
        }
    }

    /// Returns the texts that places are in.
    fn sources(&self) -> &Sources {
        match self {
            Found::File(loading) => &loading.sources,
            Found::Name(_, none) => none,
        }
    }
}

/// Finds the project. A file that is named or found must be sound; without one a given name is enough.
pub(super) fn project(context: &Context, services: &[String]) -> Result<Found, Failure> {
    let settings = &context.settings;
    let name = settings
        .project_name
        .clone()
        .or_else(|| context.environment.get_non_empty("COMPOSE_PROJECT_NAME").map(str::to_owned));
    let has_file = !settings.files.is_empty() || context.environment.get_non_empty("COMPOSE_FILE").is_some();
    match session::load(context, services) {
        Ok(loading) => Ok(Found::File(Box::new(loading))),
        Err(Failure::Diagnostics { list, sources }) => match name {
            Some(name) if !has_file && list.iter().any(|one| one.code == "no-compose-file") => {
                Ok(Found::Name(name.into(), Sources::default()))
            }
            _ => Err(Failure::Diagnostics { list, sources }),
        },
        Err(failure) => Err(failure),
    }
}

/// Builds a project from labels: its services and the edges between them.
fn of_labels(name: ProjectName, observed: &Observed) -> Project {
    let mut services: BTreeMap<ServiceName, Service> = BTreeMap::new();
    for container in
        observed.containers.iter().filter(|container| container.label(labels::PROJECT) == Some(name.as_str()))
    {
        let Some(service) = container.service() else { continue };
        let entry = services.entry(service.into()).or_insert_with(|| Service {
            name: service.into(),
            attach: true,
            replicas: 1,
            ..Service::default()
        });
        for edge in container.label(labels::DEPENDS_ON).unwrap_or_default().split(',').filter(|edge| !edge.is_empty()) {
            let mut parts = edge.split(':');
            let (target, condition, restart) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
            let condition = match condition {
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::CompletedSuccessfully,
                _ => Condition::Started,
            };
            let dependency = Dependency {
                condition,
                required: true,
                restart: restart == Some("true"),
                via: "depends_on",
                ..Dependency::default()
            };
            entry.depends_on.insert(target.into(), dependency);
        }
    }
    Project {
        working_dir: observed
            .containers
            .iter()
            .find_map(|one| one.label(labels::WORKING_DIR))
            .unwrap_or_default()
            .into(),
        config_files: Vec::new(),
        env_files: Vec::new(),
        services,
        disabled_services: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: volumes_of_labels(&name, observed),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        name,
    }
}

/// Volumes that were made for the project: without a file there is nothing else that declares them.
fn volumes_of_labels(name: &ProjectName, observed: &Observed) -> BTreeMap<VolumeKey, Volume> {
    let ours = |one: &&ObservedVolume| one.labels.get(labels::PROJECT).is_some_and(|found| found == name.as_str());
    let declared = |one: &ObservedVolume| {
        // Their names are one of a kind; keys of files that have changed since need not be.
        let key = VolumeKey::from(one.name.as_str());
        (key.clone(), Volume { key, name: one.name.clone(), ..Volume::default() })
    };
    observed.volumes.iter().filter(ours).map(declared).collect()
}
