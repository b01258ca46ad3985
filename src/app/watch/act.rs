//! What `watch` does with containers by plans: rebuild and restart.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::super::prepare::{UpAim, UpRequest};
use super::super::project::Loading;
use super::super::run::consent;
use super::super::run::console::Terminal;
use super::super::run::report;
use super::super::run::rounds::{Aim, Look, Repeats, Rounds, Stage};
use super::super::run::session::{self, Session};
use crate::engine::{EngineHandle, ReadEngine};
use crate::failure::Failure;
use crate::model::{ImageId, Known, Project, ServiceName, labels};
use crate::plan::{self, ImageOptions, Lifecycle, UpOptions};
use crate::settings::Context;

const WORD: &str = "watch";

/// Returns the filter for the containers of a project.
pub(super) fn filter(project: &Project) -> String {
    format!("{}={}", labels::PROJECT, project.name)
}

/// Brings services up as a request says, with the rounds of `up`.
pub(super) async fn bring_up(context: &Context, loading: &Loading, request: &UpRequest) -> Result<(), Failure> {
    let console = Terminal(context);
    let session = Session::begin(context, loading.project.name.as_str(), WORD).await?;
    let mut aim = UpAim::new(context, &loading.project, request);
    let mut rounds = Rounds {
        session: &session,
        console: &console,
        origin: loading.origin(),
        guards: vec![Box::new(consent::Data::new(&console, request.is_agreed || session.is_dry_run()))],
        repeats: Repeats::Always,
        nothing: None,
    };
    let ended = rounds.run(&mut aim).await?;
    drop(rounds);
    session.finished(&ended.outcome);
    report::report(&console, &ended.outcome, loading.origin())
}

/// Builds the images of services and replaces their containers, as many as there are. Nothing else of the project is
/// touched.
pub(super) async fn rebuild(
    context: &Context,
    engine: &EngineHandle,
    loading: &Loading,
    services: &BTreeSet<ServiceName>,
    prunes: bool,
) -> Result<(), Failure> {
    let before = containers(engine, &loading.project, services).await?;
    let mut options = UpOptions { no_dependencies: true, ..UpOptions::default() };
    for service in services {
        let count = before.iter().filter(|(name, _)| name == service).count();
        if let Some(count) = u32::try_from(count).ok().filter(|count| *count > 0) {
            options.scale.insert(service.clone(), count);
        }
    }
    let request = UpRequest {
        services: services.iter().map(ToString::to_string).collect(),
        options,
        images: ImageOptions { build: true, ..ImageOptions::default() },
        detach: true,
        command: WORD,
        ..UpRequest::default()
    };
    bring_up(context, loading, &request).await?;
    if prunes {
        prune(engine, before.into_iter().map(|(_, image)| image).collect()).await?;
    }
    Ok(())
}

/// Returns the services and images of the containers of services.
async fn containers(
    engine: &EngineHandle,
    project: &Project,
    services: &BTreeSet<ServiceName>,
) -> Result<Vec<(ServiceName, ImageId)>, Failure> {
    let all = engine.list_containers(&[filter(project)]).await?;
    let own = all.into_iter().filter(|one| !one.is_oneoff());
    let named = own.filter_map(|one| Some((services.get(one.service()?)?.clone(), one.image_id)));
    Ok(named.collect())
}

/// Removes those of some images that have no name any more. An image that some container still uses stays.
async fn prune(engine: &EngineHandle, images: BTreeSet<ImageId>) -> Result<(), Failure> {
    let all = engine.list_images().await?;
    for image in all.iter().filter(|one| images.contains(&one.id) && one.tags.is_empty() && one.digests.is_empty()) {
        if let Err(error) = engine.remove_image(image.id.as_str()).await {
            tracing::debug!(cause = error.message, "an image stays");
        }
    }
    Ok(())
}

/// Restarts services that exist, and nothing that depends on them.
struct Restart<'a> {
    context: &'a Context,
    project: &'a Project,
    services: &'a BTreeSet<ServiceName>,
}

#[async_trait(?Send)]
impl Aim for Restart<'_> {
    async fn look(&mut self, engine: &dyn ReadEngine, _: Stage, known: &Known) -> Result<Look, Failure> {
        let mut observed = session::snapshot(self.context, engine, self.project).await?;
        observed.known = known.clone();
        let command = Lifecycle::Restart { grace: None, no_dependencies: true };
        let plan = plan::lifecycle(self.project, &observed, self.services, &command);
        Ok(Look { observed, plan, ..Look::default() })
    }
}

/// Restarts the containers of services.
pub(super) async fn restart(
    context: &Context,
    loading: &Loading,
    services: &BTreeSet<ServiceName>,
) -> Result<(), Failure> {
    let console = Terminal(context);
    let session = Session::begin(context, loading.project.name.as_str(), WORD).await?;
    let origin = loading.origin();
    let mut rounds = Rounds {
        session: &session,
        console: &console,
        origin,
        guards: Vec::new(),
        repeats: Repeats::Never,
        nothing: None,
    };
    let ended = rounds.run(&mut Restart { context, project: &loading.project, services }).await?;
    report::report(&console, &ended.outcome, origin)
}
