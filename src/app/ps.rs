//! `ps`: lists the project's containers with two requests, whatever their number.

#![expect(clippy::disallowed_methods, reason = "`ps` tells how long ago containers were created")]

use std::collections::BTreeSet;

use super::project::{self, Found};
use super::run::session;
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Sources, Span, labels};
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, ContainerRow, Format};

/// The request of `ps`.
#[derive(Clone, Debug, Default)]
pub struct PsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--all`: also containers that do not run.
    pub all: bool,
    /// `--status`.
    pub statuses: Vec<String>,
    /// `--quiet`: ids only.
    pub quiet: bool,
    /// `--services`: names of services only.
    pub only_services: bool,
    /// `--format`; `None` is that of docker's configuration, else a table.
    pub format: Option<Format>,
    /// `--no-trunc`.
    pub no_truncation: bool,
    /// `--orphans`.
    pub orphans: bool,
}

/// Runs `ps`.
pub fn ps(context: &Context, request: &PsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &request.services)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let filter = [format!("{}={}", labels::PROJECT, found.name())];
        let list = async { Ok(engine.list_containers(&filter).await?) };
        let mut list = session::answer(&interrupt, list).await?;
        let unknown = found.unknown_services(&request.services, &list);
        ui::diagnostics(context, &unknown, &Sources::default());
        list.retain(|container| is_shown(request, &found, container));
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let format = match &request.format {
            Some(format) => format.clone(),
            None => configured(context, engine.facts().ps_format.as_deref()),
        };
        ui::print_owned(text(request, &format, &list)?);
        Ok(Exit::SUCCESS)
    })
}

fn is_shown(request: &PsRequest, found: &Found, container: &ObservedContainer) -> bool {
    let service = container.service().unwrap_or_default();
    let is_orphan = matches!(found, Found::File(loading) if loading.project.service(service).is_none());
    let has_status =
        request.statuses.is_empty() || request.statuses.iter().any(|status| status == container.state.as_str());
    let is_up = request.all
        || !request.statuses.is_empty()
        || matches!(container.state.as_str(), "running" | "paused" | "restarting");
    // Compat: one-off containers, which `run` leaves behind, are shown only with `--all`.
    (request.services.is_empty() || request.services.iter().any(|name| name == service))
        && has_status
        && is_up
        && (request.orphans || !is_orphan)
        && (request.all || !container.is_oneoff())
}

/// Returns the format of docker's configuration. It is made for `docker ps`, so one that does not fit here is no error.
fn configured(context: &Context, text: Option<&str>) -> Format {
    Format::parse::<ContainerRow<'_>>(text.unwrap_or_default()).unwrap_or_else(|cause| {
        let message = "`psFormat` of docker's configuration is not used";
        let warning = Diagnostic::warning("bad-value", Span::NONE, message).cause(cause);
        ui::diagnostics(context, &[warning], &Sources::default());
        Format::Table
    })
}

fn text(request: &PsRequest, format: &Format, list: &[ObservedContainer]) -> Result<String, Failure> {
    if request.quiet {
        return Ok(listing::names(list.iter().map(|one| one.id.as_str())));
    }
    if request.only_services {
        let services: BTreeSet<&str> = list.iter().filter_map(ObservedContainer::service).collect();
        return Ok(listing::shown_names(services));
    }
    let now = jiff::Timestamp::now().as_second();
    let row = |container| ContainerRow { container, is_whole: request.no_truncation, now };
    listing::render(format, &list.iter().map(row).collect::<Vec<_>>())
}
