//! Goes over from a container's log to a session that was opened while the container ran.
//!
//! Both tell the same bytes: the log tells all of them, a moment late; the session tells what was written since it was
//! opened. Until the two meet, the lines of the log are handed on, and the session's bytes are kept. They have met where the
//! end of the log is also the beginning of the session's bytes: that part is left out of the session, and the log is read no
//! further. Where several such ends exist (`tick`, `tick`, ...), the times of the log's lines decide.
//!
//! Nothing here relies on how fast the engine or this program is. Only where one of the two is silent for [`PATIENCE`],
//! though the other has spoken, the session is taken as it is: a log may be unreadable, and a prompt without a line end is in
//! no log yet.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::followed::is_over;
use super::super::lines::{Line, Lines};
use super::moments::{end_of, moment};
use crate::engine::{EngineHandle, EngineResult, EngineStream, LogOptions, OutputChunk, OutputStream};
use crate::model::{ContainerId, ContainerState};

/// For how long nothing must come from the log and the session before the session is taken as it is.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries to find where the two meet.
const PAUSE: Duration = Duration::from_millis(20);
/// So many nanoseconds after the opening of a session, the log is surely ahead of the session's beginning.
const MARGIN: i64 = 500_000_000;
/// No more bytes of a stream are kept. An engine holds back a container whose session is not read after about 1 MB.
const MOST: usize = 8 * 1024 * 1024;
/// Chunks that may wait for the reader.
const QUEUE: usize = 64;

/// When a session was opened, by the engine's clock: nanoseconds since 1970, between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub earliest: i64,
    pub latest: i64,
}

impl Opened {
    /// Nothing is known of the engine's clock.
    pub(super) const UNKNOWN: Self = Self { earliest: i64::MIN, latest: i64::MAX };
}

/// A run of a container whose session was opened in its midst.
pub(super) struct Midst {
    pub engine: EngineHandle,
    pub id: ContainerId,
    /// The start of the run, as an inspect says it.
    pub started_at: String,
    pub opened: Opened,
    /// What the log was asked for.
    pub options: LogOptions,
    pub log: EngineStream<OutputChunk>,
    pub session: EngineStream<OutputChunk>,
}

/// Returns the whole output of the run, as far as the log has it.
pub(super) fn output(midst: Midst) -> EngineStream<OutputChunk> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let task = tokio::spawn(catch_up(midst, sender));
    let early = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    let late = stream::once(async move { task.await.unwrap_or_else(|_| stream::empty().boxed()) }).flatten();
    early.chain(late).boxed()
}

/// Hands on what comes until log and session have met. Returns what follows.
async fn catch_up(mut midst: Midst, to: mpsc::Sender<EngineResult<OutputChunk>>) -> EngineStream<OutputChunk> {
    let mut meeting = Meeting::new(midst.opened);
    let (mut is_read, mut is_dirty) = (true, false);
    let mut touched = Instant::now();
    loop {
        tokio::select! {
            chunk = midst.log.next(), if is_read && meeting.needs_log() => match chunk {
                Some(Ok(chunk)) => {
                    for bytes in meeting.log(chunk) {
                        // The reader may have gone: nobody wants the rest.
                        if to.send(Ok(bytes)).await.is_err() {
                            return stream::empty().boxed();
                        }
                    }
                }
                _ => is_read = false,
            },
            chunk = midst.session.next(), if meeting.has_room() => match chunk {
                Some(Ok(chunk)) => meeting.session(chunk),
                _ => return midst.rest(meeting).await,
            },
            () = tokio::time::sleep(PAUSE), if is_dirty => {
                is_dirty = false;
                if let Some(skip) = meeting.met() {
                    return meeting.after(skip, midst.session);
                }
                continue;
            }
            () = tokio::time::sleep_until(touched + PATIENCE), if meeting.has_spoken() => {
                let skip = meeting.best();
                return meeting.after(skip, midst.session);
            }
        }
        (is_dirty, touched) = (meeting.has_spoken(), Instant::now());
    }
}

impl Midst {
    /// Returns what is left of a run whose session has ended before log and session have met: the log has it. The log of a
    /// run that has ended is complete.
    async fn rest(self, meeting: Meeting) -> EngineStream<OutputChunk> {
        let until = ended(&self.engine, &self.id, &self.started_at).await;
        let since = match meeting.last {
            i64::MIN => self.options.since.clone(),
            last => Some(moment(last.saturating_add(1))),
        };
        let options = LogOptions { follow: false, timestamps: false, since, until, ..self.options };
        match self.engine.logs(&self.id, options).await {
            Ok(log) => stream::iter(meeting.unended()).chain(log).boxed(),
            Err(_) => meeting.after([0, 0], stream::empty().boxed()),
        }
    }
}

/// Waits until the engine says that the run of a container that began at `started_at` has ended. Returns until when the log
/// tells of the run; `None` where that is not known.
async fn ended(engine: &EngineHandle, id: &ContainerId, started_at: &str) -> Option<String> {
    let begun = Instant::now();
    loop {
        let details = engine.inspect_container(id.as_str()).await.ok()?;
        if details.started_at != started_at {
            return Some(details.started_at);
        }
        if is_over(details.state) || details.state == ContainerState::Restarting {
            return end_of(&details);
        }
        if begun.elapsed() >= PATIENCE {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

const STREAMS: [OutputStream; 2] = [OutputStream::Stdout, OutputStream::Stderr];

/// What log and session have told of one stream.
#[derive(Debug, Default)]
struct Told {
    lines: Lines,
    /// The lines of the log that the session may tell, too.
    log: Vec<u8>,
    /// How many bytes of these the session tells, by the times of their lines.
    least: usize,
    /// What the session has told.
    session: Vec<u8>,
}

/// How far log and session are from meeting.
#[derive(Debug)]
struct Meeting {
    opened: Opened,
    /// The time of the log's last line.
    last: i64,
    told: [Told; 2],
    /// The session's chunks, in their order.
    early: Vec<OutputChunk>,
}

impl Meeting {
    fn new(opened: Opened) -> Self {
        let told = || Told { lines: Lines::new(true), ..Told::default() };
        Self { opened, last: i64::MIN, told: [told(), told()], early: Vec::new() }
    }

    /// Whether the log is to be read on.
    fn needs_log(&self) -> bool {
        self.last < self.opened.latest.saturating_add(MARGIN) && self.told.iter().all(|told| told.log.len() < MOST)
    }

    /// Whether more of the session may be kept.
    fn has_room(&self) -> bool {
        self.told.iter().all(|told| told.session.len() < MOST)
    }

    /// Whether the session has told anything.
    fn has_spoken(&self) -> bool {
        !self.early.is_empty()
    }

    /// Takes a chunk of the log. Returns what is to be handed on.
    fn log(&mut self, chunk: OutputChunk) -> Vec<OutputChunk> {
        let stream = chunk.stream;
        let lines = &mut self.told[index(stream)].lines;
        lines.push(chunk.bytes);
        let lines: Vec<Line> = std::iter::from_fn(|| lines.next()).collect();
        lines.into_iter().map(|line| OutputChunk { stream, bytes: self.line(stream, line) }).collect()
    }

    /// Takes note of a line of the log. A piece of a long line has the time of its line.
    fn line(&mut self, stream: OutputStream, line: Line) -> Bytes {
        if let Ok(time) = line.time.parse::<jiff::Timestamp>() {
            self.last = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        }
        let told = &mut self.told[index(stream)];
        // A line that was logged before the session was opened is older than all that the session tells.
        if self.last >= self.opened.earliest {
            told.log.extend_from_slice(&line.bytes);
        }
        if self.last >= self.opened.latest {
            told.least += line.bytes.len();
        }
        line.bytes
    }

    /// Takes a chunk of the session.
    fn session(&mut self, chunk: OutputChunk) {
        self.told[index(chunk.stream)].session.extend_from_slice(&chunk.bytes);
        self.early.push(chunk);
    }

    /// Returns how many bytes of each stream the log has told of the session's, where the two have met.
    fn met(&self) -> Option<[usize; 2]> {
        if self.last < self.opened.earliest {
            return None;
        }
        let mut skip = [0, 0];
        for (told, skip) in self.told.iter().zip(&mut skip) {
            if told.session.is_empty() && told.least == 0 {
                continue;
            }
            *skip = told.overlap();
            if *skip == 0 || told.session.len() < told.least {
                return None;
            }
        }
        Some(skip)
    }

    /// Returns the same where the two may not have met.
    fn best(&self) -> [usize; 2] {
        [0, 1].map(|index| self.told[index].overlap())
    }

    /// Returns what follows the log: the session without its first bytes of each stream. The end of a log may be a line
    /// without an end.
    fn after(self, mut skip: [usize; 2], session: EngineStream<OutputChunk>) -> EngineStream<OutputChunk> {
        let early = self.early.into_iter().filter_map(move |mut chunk| {
            let left = &mut skip[index(chunk.stream)];
            let cut = (*left).min(chunk.bytes.len());
            *left -= cut;
            chunk.bytes = chunk.bytes.slice(cut..);
            (!chunk.bytes.is_empty()).then_some(Ok(chunk))
        });
        stream::iter(early.collect::<Vec<_>>()).chain(session).boxed()
    }

    /// Returns what the log has told of lines that have no end yet.
    fn unended(mut self) -> Vec<EngineResult<OutputChunk>> {
        let ends = STREAMS.into_iter().filter_map(|stream| {
            let line = self.told[index(stream)].lines.end()?;
            Some(Ok(OutputChunk { stream, bytes: line.bytes }))
        });
        ends.collect()
    }
}

impl Told {
    /// Returns how many bytes at the end of the log are also the beginning of what the session has told.
    fn overlap(&self) -> usize {
        let ends = common_ends(&self.log, &self.session);
        ends.into_iter().filter(|length| *length > 0).min_by_key(|length| length.abs_diff(self.least)).unwrap_or(0)
    }
}

fn index(stream: OutputStream) -> usize {
    usize::from(stream == OutputStream::Stderr)
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

    const OPENED: Opened = Opened { earliest: 2_000_000_000, latest: 3_000_000_000 };

    /// A meeting of a session and a log, whose lines are each of a second.
    fn meeting(log: &[(i64, &str)], session: &[&str]) -> Meeting {
        let mut meeting = Meeting::new(OPENED);
        for (second, text) in log {
            let bytes = format!("1970-01-01T00:00:{second:02}.000000000Z {text}").into();
            meeting.log(OutputChunk { stream: OutputStream::Stdout, bytes });
        }
        for text in session {
            meeting.session(OutputChunk { stream: OutputStream::Stdout, bytes: text.to_string().into() });
        }
        meeting
    }

    async fn after(meeting: Meeting, skip: [usize; 2]) -> String {
        let rest: Vec<_> = meeting.after(skip, stream::empty().boxed()).collect().await;
        rest.into_iter().map(|chunk| String::from_utf8(chunk.unwrap().bytes.to_vec()).unwrap()).collect()
    }

    #[tokio::test]
    async fn the_session_goes_on_where_the_log_has_come_to() {
        let log = [(1, "one\n"), (2, "two\n"), (3, "three\n")];
        let met = |session: &[&str]| meeting(&log, session).met();
        assert_eq!(met(&["two\nth", "ree\nfour\n"]), Some([10, 0]));
        assert_eq!(after(meeting(&log, &["two\nth", "ree\nfour\n"]), [10, 0]).await, "four\n");
        assert_eq!(met(&["ee\nfour\n"]), Some([3, 0]), "a session may begin within a line");
    }

    #[test]
    fn neither_is_taken_before_the_other_has_come_to_it() {
        let log = [(1, "one\n"), (2, "two\n"), (3, "three\n")];
        assert_eq!(meeting(&log[..1], &["two\nthree\n"]).met(), None, "the log is late");
        assert_eq!(meeting(&log[..2], &["three\nfour\n"]).met(), None, "so it is");
        assert_eq!(meeting(&log, &["two\n"]).met(), None, "the session is late");
        assert_eq!(meeting(&log, &[]).met(), None, "the session has told nothing");
        assert!(meeting(&log, &["two\n"]).needs_log() && !meeting(&[(4, "four\n")], &[]).needs_log());
    }

    #[test]
    fn of_equal_lines_the_times_tell_which_come_twice() {
        let ticks = [(1, "tick\n"), (2, "tick\n"), (3, "tick\n"), (3, "tick\n")];
        assert_eq!(meeting(&ticks, &["tick\ntick\ntick\n"]).met(), Some([10, 0]));
        assert_eq!(meeting(&ticks, &["tick\n"]).met(), None, "two are to come");
        assert_eq!(meeting(&ticks, &["tick\n"]).best(), [5, 0]);
        assert_eq!(meeting(&ticks[..2], &["tick\n"]).met(), Some([5, 0]));
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
