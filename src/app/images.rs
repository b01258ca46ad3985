//! `build` and `pull`: images only.

use super::prepare::{self, UpRequest};
use super::project;
use super::run::console::Terminal;
use super::run::report;
use super::run::session::{self, Session};
use crate::failure::{Exit, Failure};
use crate::observe::files;
use crate::plan;
use crate::settings::Context;

/// Runs `build` or `pull`.
pub fn images(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let console = Terminal(context);
    let loading = project::load_existing(context, &request.services)?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let options = prepare::options(context, request);
        let look = session::snapshot(context, session.reading(), &loading.project);
        let observed = session::answer(&session.interrupt, look).await?;
        let plan = plan::images(&loading.project, &observed, &options, &request.images);
        let mut faults = plan.diagnostics.clone();
        faults.extend(files::check_builds(&loading.project, &prepare::built(&plan)));
        report::heed(&console, faults, &loading.sources)?;
        session.run(&console, &plan, loading.origin()).await?;
        Ok(Exit::SUCCESS)
    })
}
