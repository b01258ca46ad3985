//! The output of a container that was started before anybody attached: by its restart policy, by another run, by hand.
//!
//! Compat: an engine refuses to attach to a container that is about to be restarted, and ends each session with its run of
//! the container. So the first output of such a run is in the log alone. What was written before the session began is read
//! from there: the session is opened first, and holds the container back before it can write so much more that its log is
//! rotated. Some of what the log tells may come by the session, too: the end of the log that is also the beginning of the
//! session's output is left out once. Where several such ends exist (`tick`, `tick`, ...), the times of the lines decide.

#![expect(clippy::disallowed_methods, reason = "compares the time of day with the times of the log's lines")]

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::followed::is_over;
use super::lines::{Line, Lines};
use crate::engine::{
    AttachOptions, ContainerDetails, EngineError, EngineEvent, EngineHandle, EngineResult, EngineStream, ErrorKind,
    LogOptions, OutputChunk, OutputStream,
};
use crate::model::{ContainerId, ContainerState};

/// The log is read up to lines that are this much newer than the session: the engine writes the log a moment late.
const MARGIN: Duration = Duration::from_millis(500);
/// What the engine has written or passed on comes within this time.
const QUIET: Duration = Duration::from_millis(150);
/// As [`QUIET`], for output that is known to come.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than this is not read from the log. An engine holds back a container whose session is not read after about 1 MB.
const MOST: usize = 8 * 1024 * 1024;

/// A restart policy waits at least this long before it starts a container again, and a log is complete by then.
const BEFORE_RESTART: Duration = Duration::from_millis(100);

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
        let seconds = start.time_nanos.div_euclid(1_000_000_000).saturating_sub(1);
        format!("{seconds}.{:09}", start.time_nanos.rem_euclid(1_000_000_000))
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
    // The log is followed from the first moment: it may be rotated soon.
    let (session, log) = tokio::join!(engine.attach(id, &options), log_of(engine, id, is_tty, gap.as_ref()));
    let opened = opened(engine, gap.as_ref()).await;
    let details = engine.inspect_container(id.as_str()).await?;
    let is_conflict = |error: &EngineError| error.kind == ErrorKind::Conflict;
    let output = match session {
        // A session with a container that has ended goes on to its next start.
        Ok(_) if is_over(details.state) => ended(engine, &details, gap).await?,
        Ok(session) => match log {
            None => session.output,
            Some(log) => stream::once(fill(log, opened, session.output)).flatten().boxed(),
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
    is_tty: bool,
    gap: Option<&Gap>,
) -> Option<EngineStream<OutputChunk>> {
    let options =
        LogOptions { follow: true, since: gap?.since.clone(), is_tty, timestamps: true, ..LogOptions::default() };
    engine.logs(id, options).await.ok()
}

/// Returns about when a session was opened that has just been opened, by the engine's clock: that is the clock of this
/// machine, or the clock of the event of the start.
async fn opened(engine: &EngineHandle, gap: Option<&Gap>) -> Option<i64> {
    let (nanos, seen) = gap?.started?;
    let told = nanos.saturating_add(i64::try_from(seen.elapsed().as_nanos()).unwrap_or_default());
    let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default();
    Some(if engine.is_local().await { told.max(now) } else { told })
}

/// Returns the output of a run that has ended by now.
async fn ended(
    engine: &EngineHandle,
    details: &ContainerDetails,
    gap: Option<Gap>,
) -> EngineResult<EngineStream<OutputChunk>> {
    let Some(gap) = gap else { return Ok(stream::empty().boxed()) };
    let finished: Option<jiff::Timestamp> = details.finished_at.parse().ok();
    let until = finished.and_then(|time| jiff::SignedDuration::try_from(BEFORE_RESTART).ok().map(|pause| time + pause));
    let (until, is_tty) = (until.map(|time| time.to_string()), details.is_tty);
    engine.logs(&details.id, LogOptions { since: gap.since, until, is_tty, ..LogOptions::default() }).await
}

/// A line of the log: its stream, its moment, its bytes.
type Written = (OutputStream, i64, bytes::Bytes);

/// Puts what the log tells of the gap before the output of a session that was opened at about `opened`.
async fn fill(
    log: EngineStream<OutputChunk>,
    opened: Option<i64>,
    mut attached: EngineStream<OutputChunk>,
) -> EngineStream<OutputChunk> {
    let written = written(log, opened).await;
    if written.is_empty() {
        return attached;
    }
    let early = early(&mut attached, &written, opened).await;
    let mut skip = [OutputStream::Stdout, OutputStream::Stderr].map(|stream| {
        let here = early.iter().flatten().filter(|chunk| chunk.stream == stream);
        let begin: Vec<u8> = here.flat_map(|chunk| chunk.bytes.iter().copied()).collect();
        (stream, overlap(&written, stream, &begin, opened))
    });
    let early: Vec<EngineResult<OutputChunk>> = early
        .into_iter()
        .map(|item| {
            item.map(|mut chunk| {
                for (_, left) in skip.iter_mut().filter(|(stream, _)| *stream == chunk.stream) {
                    let cut = (*left).min(chunk.bytes.len());
                    chunk.bytes = chunk.bytes.slice(cut..);
                    *left -= cut;
                }
                chunk
            })
        })
        .collect();
    let first = written.into_iter().map(|(stream, _, bytes)| Ok(OutputChunk { stream, bytes }));
    stream::iter(first.collect::<Vec<_>>()).chain(stream::iter(early)).chain(attached).boxed()
}

/// Reads a log until it tells of the time after a session was opened.
async fn written(mut log: EngineStream<OutputChunk>, opened: Option<i64>) -> Vec<Written> {
    let (mut found, mut size): (Vec<Written>, usize) = (Vec::new(), 0);
    let mut cutters = [OutputStream::Stdout, OutputStream::Stderr].map(|stream| (stream, Lines::new(true), i64::MIN));
    let margin = i64::try_from(MARGIN.as_nanos()).unwrap_or_default();
    let enough = opened.map_or(i64::MAX, |opened| opened.saturating_add(margin));
    while let Ok(Some(Ok(chunk))) = tokio::time::timeout(QUIET, log.next()).await {
        size += chunk.bytes.len();
        for (stream, lines, time) in cutters.iter_mut().filter(|(stream, ..)| *stream == chunk.stream) {
            lines.push(chunk.bytes.clone());
            found.extend(std::iter::from_fn(|| lines.next()).map(|line| stamped(*stream, line, time)));
        }
        if size > MOST || cutters.iter().any(|(.., time)| *time >= enough) {
            break;
        }
    }
    for (stream, lines, time) in &mut cutters {
        found.extend(lines.end().map(|line| stamped(*stream, line, time)));
    }
    found
}

/// A piece of a long line has the time of its line.
fn stamped(stream: OutputStream, line: Line, last: &mut i64) -> Written {
    if let Ok(time) = line.time.parse::<jiff::Timestamp>() {
        *last = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
    }
    (stream, *last, line.bytes)
}

/// Reads what the session has passed on by now, as far as the log may tell of it.
async fn early(
    attached: &mut EngineStream<OutputChunk>,
    written: &[Written],
    opened: Option<i64>,
) -> Vec<EngineResult<OutputChunk>> {
    let mut wanted =
        [OutputStream::Stdout, OutputStream::Stderr].map(|stream| (stream, Wanted::of(written, stream, opened)));
    let mut found = Vec::new();
    while wanted.iter().any(|(_, wanted)| wanted.most > 0) {
        let is_due = wanted.iter().any(|(_, wanted)| wanted.least > 0);
        let patience = if is_due { PATIENCE } else { QUIET };
        let Ok(Some(item)) = tokio::time::timeout(patience, attached.next()).await else { break };
        if let Ok(chunk) = &item {
            for (_, wanted) in wanted.iter_mut().filter(|(stream, _)| *stream == chunk.stream) {
                wanted.least = wanted.least.saturating_sub(chunk.bytes.len());
                wanted.most = wanted.most.saturating_sub(chunk.bytes.len());
            }
        }
        found.push(item);
    }
    found
}

/// How many bytes of a stream the log tells of and the session may have passed on.
struct Wanted {
    /// By the times of their lines.
    least: usize,
    most: usize,
}

impl Wanted {
    fn of(written: &[Written], stream: OutputStream, opened: Option<i64>) -> Self {
        let of_stream = written.iter().filter(|(of, ..)| *of == stream);
        let since = opened.unwrap_or(i64::MAX);
        of_stream.fold(Self { least: 0, most: 0 }, |sum, (_, time, bytes)| Self {
            least: sum.least + if *time >= since { bytes.len() } else { 0 },
            most: sum.most + bytes.len(),
        })
    }
}

/// Returns how many bytes at the end of a stream's log are also the beginning of what the session has passed on.
fn overlap(written: &[Written], stream: OutputStream, begin: &[u8], opened: Option<i64>) -> usize {
    let of_stream = || written.iter().filter(|(of, ..)| *of == stream);
    // By their times, the lines since then come by the session.
    let opened = opened.unwrap_or(i64::MIN);
    let expected: usize = of_stream().filter(|(_, time, _)| *time >= opened).map(|(.., bytes)| bytes.len()).sum();
    let log: Vec<u8> = of_stream().flat_map(|(.., bytes)| bytes.iter().copied()).collect();
    let ends = common_ends(&log, begin);
    ends.into_iter().min_by_key(|length| length.abs_diff(expected)).unwrap_or(0)
}

/// Returns the lengths of all ends of `text` with which `pattern` begins, the empty one among them (Knuth, Morris, Pratt).
fn common_ends(text: &[u8], pattern: &[u8]) -> Vec<usize> {
    let pattern = &pattern[..pattern.len().min(text.len())];
    let mut shorter = vec![0; pattern.len() + 1];
    let mut length = 0;
    for index in 1..pattern.len() {
        while length > 0 && pattern[length] != pattern[index] {
            length = shorter[length];
        }
        length += usize::from(pattern[length] == pattern[index]);
        shorter[index + 1] = length;
    }
    length = 0;
    for byte in &text[text.len() - pattern.len()..] {
        while length > 0 && (length == pattern.len() || pattern[length] != *byte) {
            length = shorter[length];
        }
        length += usize::from(pattern.get(length) == Some(byte));
    }
    let mut found = vec![length];
    while length > 0 {
        length = shorter[length];
        found.push(length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[(i64, &str)]) -> Vec<Written> {
        let line = |(time, text): &(i64, &str)| (OutputStream::Stdout, *time, text.to_string().into());
        lines.iter().map(line).collect()
    }

    fn overlap_of(lines: &[(i64, &str)], begin: &str, opened: Option<i64>) -> usize {
        overlap(&log(lines), OutputStream::Stdout, begin.as_bytes(), opened)
    }

    #[test]
    fn what_comes_twice_is_found() {
        let lines = [(1, "one\n"), (2, "two\n"), (3, "three\n")];
        assert_eq!(overlap_of(&lines, "two\nthree\nfour\n", None), 10);
        assert_eq!(overlap_of(&lines, "three\n", None), 6);
        assert_eq!(overlap_of(&lines, "ee\nfour\n", None), 3, "a session may begin within a line");
        assert_eq!(overlap_of(&lines, "four\n", None), 0);
        assert_eq!(overlap_of(&lines, "", None), 0);
        assert_eq!(overlap_of(&[], "one\n", None), 0);
        assert_eq!(overlap(&log(&lines), OutputStream::Stderr, b"three\n", None), 0);
    }

    #[test]
    fn of_equal_lines_the_times_tell_which_come_twice() {
        let lines = [(1, "tick\n"), (2, "tick\n"), (3, "tick\n"), (4, "tick\n")];
        assert_eq!(overlap_of(&lines, "tick\ntick\ntick\ntick\n", Some(3)), 10);
        assert_eq!(overlap_of(&lines, "tick\n", Some(5)), 0);
        assert_eq!(overlap_of(&lines, "tick\n", Some(4)), 5);
        assert_eq!(overlap_of(&lines, "tick\ntick\n", None), 10);
    }

    #[test]
    fn all_common_ends_are_found() {
        assert_eq!(common_ends(b"xabab", b"ababc"), [4, 2, 0]);
        assert_eq!(common_ends(b"aaa", b"aaaa"), [3, 2, 1, 0]);
        assert_eq!(common_ends(b"abc", b"abc"), [3, 0]);
        assert_eq!(common_ends(b"abcab", b"b"), [1, 0]);
        assert_eq!(common_ends(b"", b"b"), [0]);
        assert_eq!(common_ends(b"a", b""), [0]);
    }
}
