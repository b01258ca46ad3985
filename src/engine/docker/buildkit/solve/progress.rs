//! Turns what BuildKit tells of its progress into events: its vertexes are the steps of the build.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};

use crate::engine::docker::build::dockerfile::Dockerfile;
use crate::engine::{BuildEvent, BuildPlace, BuildStep, StepEnd};

/// A line longer than this, in bytes, is shown in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// The progress of one build.
pub(super) struct Progress {
    dockerfile: Dockerfile,
    /// The steps that have begun, by the digest of their vertex.
    steps: BTreeMap<String, Step>,
    /// The last bytes of a step's output, until their line ends; by digest and stream.
    partial: BTreeMap<(String, i64), Vec<u8>>,
    /// Bytes of directories that were told.
    sent: u64,
    /// The instruction of the step that failed.
    failed: Option<String>,
}

struct Step {
    id: u32,
    has_ended: bool,
}

impl Progress {
    pub(super) fn new(dockerfile: Dockerfile) -> Self {
        Self { dockerfile, steps: BTreeMap::new(), partial: BTreeMap::new(), sent: 0, failed: None }
    }

    /// Returns the event about the bytes that were sent so far, if there are new ones.
    pub(super) fn sent(&mut self, sent: u64) -> Option<BuildEvent> {
        let is_new = std::mem::replace(&mut self.sent, sent) != sent;
        is_new.then_some(BuildEvent::Context { sent })
    }

    /// Returns the events of a part of the progress.
    pub(super) fn take(&mut self, mut response: StatusResponse) -> Vec<BuildEvent> {
        // BuildKit keeps standard output back longer than standard error, so errors would come before what led to them.
        response.logs.sort_by_key(|log| log.stream);
        let (begun, ended): (Vec<_>, Vec<_>) =
            response.vertexes.into_iter().partition(|vertex| vertex.completed.is_none());
        let mut events = Vec::new();
        // A step that has ended is told after its last lines.
        for vertex in begun.iter().chain(&ended) {
            events.extend(self.begin(vertex));
        }
        events.extend(response.logs.into_iter().flat_map(|log| self.log(log)));
        events.extend(ended.iter().flat_map(|vertex| self.ended(vertex)));
        events
    }

    /// Returns the lines that never ended.
    pub(super) fn end(&mut self) -> Vec<BuildEvent> {
        let partial = std::mem::take(&mut self.partial);
        partial.into_iter().filter_map(|((digest, _), bytes)| self.output(&digest, &bytes)).collect()
    }

    /// Returns the part of the Dockerfile whose step has failed, as far as its words tell that.
    pub(super) fn broken(&self) -> Option<BuildPlace> {
        let line = line_of(&self.dockerfile, self.failed.as_deref()?);
        self.dockerfile.instruction(line)
    }

    fn begin(&mut self, vertex: &Vertex) -> Option<BuildEvent> {
        if vertex.started.is_none() || self.steps.contains_key(&vertex.digest) {
            return None;
        }
        let id = u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.steps.insert(vertex.digest.clone(), Step { id, has_ended: false });
        let (counter, instruction) = words(&vertex.name);
        let line = if counter.is_empty() { 0 } else { line_of(&self.dockerfile, instruction) };
        Some(BuildEvent::Step(BuildStep { id, counter: counter.to_owned(), instruction: instruction.to_owned(), line }))
    }

    fn ended(&mut self, vertex: &Vertex) -> Vec<BuildEvent> {
        let Some(step) = self.steps.get_mut(&vertex.digest).filter(|step| !step.has_ended) else { return Vec::new() };
        step.has_ended = true;
        let id = step.id;
        let is_cancelled = vertex.error.contains("context canceled");
        let end = match (vertex.error.is_empty(), vertex.cached) {
            (false, _) if !is_cancelled => StepEnd::Failed,
            (_, true) => StepEnd::Cached,
            _ => StepEnd::Done,
        };
        if end == StepEnd::Failed {
            self.failed.get_or_insert_with(|| words(&vertex.name).1.to_owned());
        }
        let keys: Vec<_> = self.partial.keys().filter(|(digest, _)| *digest == vertex.digest).cloned().collect();
        let rest: Vec<_> = keys.iter().filter_map(|key| self.partial.remove(key)).collect();
        let mut events: Vec<_> = rest.iter().filter_map(|bytes| self.output(&vertex.digest, bytes)).collect();
        let elapsed = vertex.started.as_ref().zip(vertex.completed.as_ref()).map(|(from, to)| between(from, to));
        events.push(BuildEvent::Ended { step: id, end, elapsed });
        events
    }

    /// Returns the lines of a piece of output. A line may come in several pieces.
    fn log(&mut self, log: VertexLog) -> Vec<BuildEvent> {
        let key = (log.vertex, log.stream);
        let mut bytes = self.partial.remove(&key).unwrap_or_default();
        bytes.extend_from_slice(&log.msg);
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let rest = lines.pop().unwrap_or_default().to_vec();
        let mut events: Vec<_> = lines.into_iter().filter_map(|line| self.output(&key.0, line)).collect();
        if rest.len() > LONGEST_LINE {
            events.extend(self.output(&key.0, &rest));
        } else if !rest.is_empty() {
            self.partial.insert(key, rest);
        }
        events
    }

    fn output(&self, digest: &str, line: &[u8]) -> Option<BuildEvent> {
        let step = self.steps.get(digest).map_or(0, |step| step.id);
        let line = String::from_utf8_lossy(line);
        // A program that draws over its line leaves the last state of it.
        let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        (!line.trim().is_empty()).then(|| BuildEvent::Output { step, line: line.to_owned() })
    }
}

/// Splits the name of a vertex: `[build 2/3] RUN make` is `build 2/3` and `RUN make`; `[internal] load metadata` has no
/// counter.
fn words(name: &str) -> (&str, &str) {
    let Some((head, rest)) = name.strip_prefix('[').and_then(|name| name.split_once("] ")) else { return ("", name) };
    if head.contains('/') { (head, rest) } else { ("", rest) }
}

/// Returns the line at which an instruction begins, if one line alone begins like it; 0 otherwise. BuildKit writes an
/// instruction on one line, and with its variables replaced.
fn line_of(dockerfile: &Dockerfile, instruction: &str) -> u32 {
    let text = String::from_utf8_lossy(&dockerfile.text);
    let lines: Vec<&str> = text.lines().collect();
    let plain = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let wanted = plain(instruction);
    let is_meant = |number: &u32| {
        let line = lines.get(*number as usize - 1).copied().unwrap_or_default();
        let words = plain(line.trim_end().trim_end_matches('\\'));
        let same = |(index, (word, other)): (usize, (&String, &String))| match index {
            0 => word.eq_ignore_ascii_case(other),
            _ => word == other,
        };
        !words.is_empty() && words.len() <= wanted.len() && words.iter().zip(&wanted).enumerate().all(same)
    };
    let mut found = dockerfile.instruction_lines().into_iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(line), None) => line,
        _ => 0,
    }
}

fn between(from: &Timestamp, to: &Timestamp) -> Duration {
    let nanos = |time: &Timestamp| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    Duration::from_nanos(u64::try_from(nanos(to) - nanos(from)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(name: &str, completed: bool, cached: bool, error: &str) -> Vertex {
        let time = |seconds| Some(Timestamp { seconds, nanos: 0 });
        Vertex {
            digest: name.to_owned(),
            name: name.to_owned(),
            started: time(1),
            completed: if completed { time(3) } else { None },
            cached,
            error: error.to_owned(),
            ..Vertex::default()
        }
    }

    #[test]
    fn vertexes_become_steps_with_whole_lines() {
        let mut progress = Progress::new(Dockerfile::inline("FROM a AS build\nRUN b  \\\n  c\nRUN d\n"));
        let name = "[build 2/3] RUN b    c";
        let log = |msg: &str| VertexLog { vertex: name.to_owned(), stream: 1, msg: msg.into(), ..VertexLog::default() };
        let told = progress.take(StatusResponse {
            vertexes: vec![vertex(name, false, false, "")],
            logs: vec![log("one\ntw"), log("o\nthr")],
            ..StatusResponse::default()
        });
        let step = BuildStep { id: 1, counter: "build 2/3".into(), instruction: "RUN b    c".into(), line: 2 };
        let output = |line: &str| BuildEvent::Output { step: 1, line: line.to_owned() };
        assert_eq!(told, [BuildEvent::Step(step), output("one"), output("two")]);
        let failed = StatusResponse { vertexes: vec![vertex(name, true, false, "exit code: 1")], ..Default::default() };
        let end = BuildEvent::Ended { step: 1, end: StepEnd::Failed, elapsed: Some(Duration::from_secs(2)) };
        assert_eq!(progress.take(failed.clone()), [output("thr"), end]);
        assert_eq!(progress.take(failed), []);
        assert_eq!(progress.broken().map(|place| (place.line, place.text.len())), Some((2, 2)));
    }

    #[test]
    fn a_counter_tells_instructions_from_other_work() {
        assert_eq!(words("[2/3] RUN x"), ("2/3", "RUN x"));
        assert_eq!(words("[internal] load build context"), ("", "load build context"));
        assert_eq!(words("exporting to image"), ("", "exporting to image"));
    }
}
