//! `graph`: a picture of the project.

#![expect(clippy::disallowed_methods, reason = "`graph --output` writes the file that the user names")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::replica;
use crate::app::project;
use crate::app::run::session;
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Project, ServiceName, Sources, Span};
use crate::picture::{Chart, Status, dot, mermaid, status, svg, text};
use crate::settings::Context;
use crate::ui;

/// How a picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A tree of dependencies.
    Text,
    /// SVG.
    Svg,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid.
    Mermaid,
}

impl Format {
    /// Returns the format of a file by the end of its name, if that tells.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "svg" => Some(Self::Svg),
            "dot" | "gv" => Some(Self::Dot),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

/// The request of `graph`.
#[derive(Clone, Debug, Default)]
pub struct GraphRequest {
    /// Services to draw, with all that they need; empty means all.
    pub services: Vec<String>,
    /// How to draw. `None`: as the name of the file ends, else text.
    pub format: Option<Format>,
    /// The file to write to; `None` is standard output.
    pub output: Option<PathBuf>,
    /// Whether the engine is not asked.
    pub is_offline: bool,
}

/// Runs `graph`. Without an answer of the engine, the picture shows the file alone, and a warning says so.
pub fn graph(context: &Context, request: &GraphRequest) -> Result<Exit, Failure> {
    let loading = project::load_existing(context, &request.services)?;
    let project = &loading.project;
    let statuses = match request.is_offline {
        true => BTreeMap::new(),
        false => session::block_on(async {
            let interrupt = session::interrupt()?;
            let look = session::answer(&interrupt, async {
                Ok(match containers(context, project).await {
                    Ok(list) => statuses(project, &list),
                    Err(failure) => {
                        ui::diagnostics(context, &[no_states(&failure)], &Sources::default());
                        BTreeMap::new()
                    }
                })
            });
            look.await
        })?,
    };
    let chart = Chart::new(project, &request.services, &statuses);
    let by_name = request.output.as_deref().and_then(Format::of);
    let drawn = match request.format.or(by_name).unwrap_or(Format::Text) {
        Format::Text => text::render(&chart),
        Format::Svg => svg::render(&chart),
        Format::Dot => dot::render(&chart),
        Format::Mermaid => mermaid::render(&chart),
    };
    match &request.output {
        Some(path) => {
            let path = context.environment.current_dir().join(path);
            std::fs::write(&path, drawn).map_err(|error| unwritable(&path, &error))?;
        }
        None => ui::print_owned(drawn),
    }
    Ok(Exit::SUCCESS)
}

async fn containers(context: &Context, project: &Project) -> Result<Vec<ObservedContainer>, Failure> {
    let engine = session::connect(context).await?;
    replica::containers(&*engine, project.name.as_str()).await
}

fn statuses(project: &Project, containers: &[ObservedContainer]) -> BTreeMap<ServiceName, Status> {
    let mut of_services: BTreeMap<&str, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in containers {
        of_services.entry(container.service().unwrap_or_default()).or_default().push(container);
    }
    let status =
        |name: &ServiceName| status::of_containers(of_services.get(name.as_str()).into_iter().flatten().copied());
    project.services.keys().map(|name| (name.clone(), status(name))).collect()
}

fn no_states(failure: &Failure) -> Diagnostic {
    let cause = match failure {
        Failure::Diagnostics { list, .. } => list.first().map(|one| one.message.clone()).unwrap_or_default(),
        Failure::Engine(error) => error.to_string(),
        _ => String::new(),
    };
    Diagnostic::warning("no-states", Span::NONE, "the engine does not answer, so the picture shows the file alone")
        .cause(cause)
        .help("`--offline` does not ask the engine")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    let fault = Diagnostic::error("file-unwritable", Span::NONE, format!("cannot write `{shown}`"));
    Failure::one(fault.cause(error.to_string()))
}
