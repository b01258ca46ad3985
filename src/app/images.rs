//! `build`, `pull` and `push`: images only.

use super::prepare::{self, UpRequest};
use super::project::{self, Loading};
use super::run::console::Terminal;
use super::run::report;
use super::run::session::{self, Session};
use crate::failure::{Exit, Failure};
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
        faults.extend(builds::check(&loading.project, &built, observed.engine.builder));
        report::heed(&console, faults, &loading.sources)?;
        session.run(&console, &plan, loading.origin()).await?;
        if request.images.push {
            push_images(context, &session, &loading, &options, false).await?;
        }
        Ok(Exit::SUCCESS)
    })
}

/// Pushes the images of the selected services.
async fn push_images(
    context: &Context,
    session: &Session,
    loading: &Loading,
    options: &UpOptions,
    ignores_failures: bool,
) -> Result<(), Failure> {
    let (plan, left_out) = plan::pushes(&loading.project, options, ignores_failures);
    for name in left_out {
        ui::progress::say(context, &format!(" {} Skipped", escape_controls(name.as_str())));
    }
    session.run(&Terminal(context), &plan, loading.origin()).await?;
    Ok(())
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
        push_images(context, &session, &loading, &options, request.ignores_failures).await?;
        Ok(Exit::SUCCESS)
    })
}
