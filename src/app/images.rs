//! `build`, `pull` and `push`: images only.

use super::prepare::{self, UpRequest};
use super::project;
use super::run::console::Terminal;
use super::run::report;
use super::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::{Builder, Span};
use crate::observe::builds;
use crate::plan::{self, UpOptions};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Runs `build` or `pull`.
pub fn images(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let console = Terminal(context);
    let mut loading = project::load_existing(context, &request.services)?;
    for build in loading.project.services.values_mut().filter_map(|service| service.build.as_mut()) {
        build.ssh.extend(request.images.ssh.clone());
    }
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let options = prepare::options(context, request);
        let look = session::snapshot(context, session.reading(), &loading.project);
        let observed = session::answer(&session.interrupt, look).await?;
        let plan = plan::images(&loading.project, &observed, &options, &request.images);
        let mut faults = plan.diagnostics.clone();
        let built = prepare::built(&loading.project, &plan, options.separator);
        faults.extend(builds::check(&loading.project, &built, &observed));
        faults.extend(no_memory_limit(request, observed.engine.builder));
        report::heed(&console, faults, &loading.sources)?;
        session.run(&console, &plan, loading.origin()).await?;
        if request.images.push {
            // Services without `image` or `build` are none of what was to be built and pushed.
            let (plan, _) = plan::pushes(&loading.project, &options, false);
            session.run(&console, &plan, loading.origin()).await?;
        }
        Ok(Exit::SUCCESS)
    })
}

/// Refuses `build --memory` where BuildKit builds, which limits the memory of no instruction.
fn no_memory_limit(request: &UpRequest, builder: Builder) -> Option<Diagnostic> {
    let fault = || {
        Diagnostic::error("build-unsupported", Span::NONE, "`build --memory`: BuildKit does not limit memory")
            .help("leave it out, or ask for the classic builder with DOCKER_BUILDKIT=0")
    };
    (request.images.memory > 0 && matches!(builder, Builder::BuildKit(_))).then(fault)
}

/// The request of `push`.
#[derive(Clone, Debug, Default)]
pub struct PushRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--ignore-push-failures`.
    pub ignores_failures: bool,
    /// `--include-deps`.
    pub with_dependencies: bool,
}

/// Runs `push`.
pub fn push(context: &Context, request: &PushRequest) -> Result<Exit, Failure> {
    let loading = project::load_existing(context, &request.services)?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let options = UpOptions {
            services: request.services.iter().map(|name| name.as_str().into()).collect(),
            no_dependencies: !request.with_dependencies,
            ..UpOptions::default()
        };
        let (plan, left_out) = plan::pushes(&loading.project, &options, request.ignores_failures);
        for name in left_out {
            ui::progress::say(context, &format!(" {} Skipped", escape_controls(name.as_str())));
        }
        session.run(&Terminal(context), &plan, loading.origin()).await?;
        Ok(Exit::SUCCESS)
    })
}
