//! `up` and `create`: load, observe, plan, run; then follow the output unless `--detach`.

pub use super::prepare::UpRequest;

use super::output::attached::{self, Attached};
use super::output::follow::Follower;
use super::output::followed::Scope;
use super::prepare::{self, UpAim};
use super::project::Loading;
use super::run::consent;
use super::run::console::{Console, Terminal};
use super::run::report;
use super::run::rounds::{Guard, Repeats, Rounds};
use super::run::saved::AsShown;
use super::run::session::{self, Session};
use super::watch::Watching;
use crate::failure::{Exit, Failure};
use crate::plan::UpOptions;
use crate::settings::Context;
use crate::ui;

/// Runs `up` or `create`.
pub fn up(context: &Context, request: &UpRequest) -> Result<Exit, Failure> {
    let console = Terminal(context);
    let loading = prepare::load(context, &console, request)?;
    session::block_on(async {
        let mut session = Session::begin(context, loading.project.name.as_str(), request.command).await?;
        let mut aim = UpAim::new(context, &loading.project, request);
        let options = aim.options.clone();
        let mut watching = watching(context, request, &loading).await?;
        let mut follower = follower(context, request, &loading, &mut session, &options).await?;
        let mut rounds = Rounds {
            session: &session,
            console: &console,
            origin: loading.origin(),
            guards: guards(context, &console, &session, request),
            repeats: Repeats::Always,
            nothing: None,
        };
        let mut ended = match &mut follower {
            Some(follower) => follower.beside(rounds.run(&mut aim)).await?,
            None => rounds.run(&mut aim).await?,
        };
        drop(rounds);
        if let Some(follower) = &mut follower {
            attached::forgive_ends(&ended.look.plan, &mut ended.outcome);
            // The output of a container before its failure comes before the message about the failure.
            if !ended.outcome.is_success() && ended.outcome.interrupted.is_none() {
                follower.settle_ends().await;
            }
        }
        if options.start {
            session.finished(&ended.outcome);
        }
        let result = report::report(&console, &ended.outcome, loading.origin());
        ui::progress::summary(context, &ended.look.plan, &ended.look.observed, result.is_ok());
        let Some(mut follower) = follower else {
            return result.map(|()| Exit::SUCCESS);
        };
        if result.is_ok() {
            session.unlock();
        }
        let attached = attached(context, request, &loading, &session);
        match result {
            Ok(()) => attached.follow(&mut follower, &ended.look, watching.as_mut()).await,
            Err(failure) => attached.failed(&mut follower, failure).await,
        }
    })
}

/// Returns the follower of an attached `up`, which begins before the run; `None` if output is not followed.
async fn follower<'a>(
    context: &Context,
    request: &'a UpRequest,
    loading: &'a Loading,
    session: &mut Session,
    options: &UpOptions,
) -> Result<Option<Follower<'a>>, Failure> {
    let Some(engine) = session.changing().filter(|_| !request.detach && options.start).cloned() else {
        return Ok(None);
    };
    let scope = Scope::new(&loading.project, &request.services, &request.follow, options);
    let (follower, outputs) = session::answer(&session.interrupt, Follower::begin(context, engine, scope)).await?;
    session.hand_over(outputs);
    Ok(Some(follower))
}

/// Returns the guards of every round: the saved plan, and consent for data.
fn guards<'a>(
    context: &Context,
    console: &'a dyn Console,
    session: &'a Session,
    request: &'a UpRequest,
) -> Vec<Box<dyn Guard + 'a>> {
    let mut guards: Vec<Box<dyn Guard + 'a>> = Vec::new();
    if let Some(saved) = &request.saved {
        guards.push(Box::new(AsShown::new(saved, session.reading(), console)));
    }
    if !context.settings.is_dry_run {
        guards.push(Box::new(consent::Data::new(console, request.is_agreed)));
    }
    guards
}

/// Returns who follows the files of `develop.watch`; `None` where nobody asks for it. What changes from now on counts.
async fn watching<'a>(
    context: &'a Context,
    request: &UpRequest,
    loading: &'a Loading,
) -> Result<Option<Watching<'a>>, Failure> {
    if !request.watch || request.detach {
        return Ok(None);
    }
    let mut watching = Watching::new(context, context, loading, &request.services)?;
    watching.look_first().await?;
    Ok(Some(watching))
}

fn attached<'a>(
    context: &'a Context,
    request: &'a UpRequest,
    loading: &'a Loading,
    session: &'a Session,
) -> Attached<'a> {
    Attached {
        context,
        session,
        project: &loading.project,
        origin: loading.origin(),
        services: &request.services,
        follow: &request.follow,
        grace: request.options.grace,
    }
}
