//! The output of a container that was started before anybody attached: by its restart policy, by another run, by hand.
//!
//! Compat: an engine refuses to attach to a container that is about to be restarted, and ends each session with its run of
//! the container. So the first output of such a run is in the log alone. What was written before the session began is read
//! from there: the session is opened first, and holds the container back before it can write so much more that its log is
//! rotated. How the two become one output is in `catch_up`.

mod catch_up;
pub(super) mod moments;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::followed::is_over;
use crate::engine::{
    AttachOptions, ContainerDetails, EngineError, EngineEvent, EngineHandle, EngineResult, EngineStream, ErrorKind,
    LogOptions, OutputChunk,
};
use crate::model::{ContainerId, ContainerState};
use catch_up::{Midst, Opened};
use moments::{began, end_of, moment, now};

/// How often a session is opened where each time the container was started again meanwhile.
const TRIES: usize = 5;

/// What of a container's output may have been written before the session began.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// The moment at which the output in question begins, as a log is asked for it.
    pub since: Option<String>,
    /// The moment of the start by the engine's clock (nanoseconds since 1970), and when this program heard of it; `None`
    /// where that is not known.
    pub started: Option<(i64, Instant)>,
}

impl Gap {
    /// Returns since when a log tells of a container's last start. The container may have written before the engine notes
    /// its start.
    pub(super) fn since_start(details: &ContainerDetails) -> Option<String> {
        let started: Option<jiff::Timestamp> = details.started_at.parse().ok();
        started.map(|time| (time - jiff::SignedDuration::from_secs(1)).to_string())
    }

    /// Returns the moment before a start, as a log is asked for it.
    pub(super) fn just_before(start: &EngineEvent) -> String {
        moment(start.time_nanos.saturating_sub(1_000_000_000))
    }
}

/// The output of a container.
pub(super) struct Joined {
    pub output: EngineStream<OutputChunk>,
    /// The container as it was once the session was open.
    pub details: ContainerDetails,
}

/// Attaches to a container and returns its output: what the log tells of the gap, then what comes.
pub(super) async fn rejoin(
    engine: &EngineHandle,
    id: &ContainerId,
    is_tty: bool,
    gap: Option<Gap>,
) -> EngineResult<Joined> {
    let options = AttachOptions { is_tty, ..AttachOptions::default() };
    let asked = gap.as_ref().map(|gap| LogOptions {
        follow: true,
        since: gap.since.clone(),
        is_tty,
        timestamps: true,
        ..LogOptions::default()
    });
    // The run whose session is wanted began at this moment at the latest.
    let mut latest = gap.as_ref().and_then(|gap| gap.started).map_or(i64::MAX, |(nanos, _)| nanos);
    let mut tries = 0;
    let (session, log, details, opened) = loop {
        let before = now();
        // The log is followed from the first moment: it may be rotated soon.
        let (session, log) = tokio::join!(engine.attach(id, &options), log_of(engine, id, asked.as_ref()));
        let opened = opened(engine, gap.as_ref(), before).await;
        let details = engine.inspect_container(id.as_str()).await?;
        tries += 1;
        // Where the container was started again by now, nobody can tell which of its runs the session is of.
        let began = began(&details).unwrap_or(i64::MIN);
        if began <= latest || tries >= TRIES {
            break (session, log, details, opened);
        }
        latest = began;
    };
    let is_conflict = |error: &EngineError| error.kind == ErrorKind::Conflict;
    let output = match session {
        // A session with a container that has ended goes on to its next start.
        Ok(_) if is_over(details.state) => ended(engine, &details, gap).await?,
        Ok(session) => match log.zip(asked) {
            None => session.output,
            Some((log, options)) => {
                let (engine, id, session) = (engine.clone(), id.clone(), session.output);
                let started_at = details.started_at.clone();
                catch_up::output(Midst { engine, id, started_at, opened, options, log, session })
            }
        },
        // Compat: an engine lets nobody attach to a container that is paused, or about to be restarted.
        Err(error) if is_conflict(&error) && details.state == ContainerState::Paused => {
            let (tail, since) = gap.map_or((Some(0), None), |gap| (None, gap.since));
            engine.logs(id, LogOptions { follow: true, tail, since, is_tty, ..LogOptions::default() }).await?
        }
        Err(error) if is_conflict(&error) => ended(engine, &details, gap).await?,
        Err(error) => return Err(error),
    };
    Ok(Joined { output, details })
}

/// Begins to read the log of the gap; `None` where there is no gap, and where the log cannot be read.
async fn log_of(
    engine: &EngineHandle,
    id: &ContainerId,
    asked: Option<&LogOptions>,
) -> Option<EngineStream<OutputChunk>> {
    engine.logs(id, asked?.clone()).await.ok()
}

/// Returns when a session was opened that was asked for at `before` and that has just been opened, by the engine's clock:
/// that is the clock of this machine, or the clock of the event of the start.
async fn opened(engine: &EngineHandle, gap: Option<&Gap>, before: i64) -> Opened {
    let Some((nanos, seen)) = gap.and_then(|gap| gap.started) else { return Opened::UNKNOWN };
    let told = nanos.saturating_add(i64::try_from(seen.elapsed().as_nanos()).unwrap_or_default());
    match engine.is_local().await {
        true => Opened { earliest: before, latest: told.max(now()) },
        false => Opened { earliest: nanos, latest: told },
    }
}

/// Returns the output of a run that has ended by now.
async fn ended(
    engine: &EngineHandle,
    details: &ContainerDetails,
    gap: Option<Gap>,
) -> EngineResult<EngineStream<OutputChunk>> {
    let Some(gap) = gap else { return Ok(stream::empty().boxed()) };
    let (until, is_tty) = (end_of(details), details.is_tty);
    engine.logs(&details.id, LogOptions { since: gap.since, until, is_tty, ..LogOptions::default() }).await
}
