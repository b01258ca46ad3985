//! Pulls and builds: streams of the engine turned into progress.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::engine::{BuildEvent, EngineError, EngineHandle, ErrorKind};
use crate::event::StepState;
use crate::model::BuildRequest;
use crate::model::ImageRef;
use crate::plan::StepId;
use crate::text::{escape_controls, one_line, without_colours};

/// How many lines of a failed step are kept.
const KEPT_LINES: usize = 20;

type Progress = mpsc::Sender<(StepId, StepState)>;

/// Pulls an image; progress is the sum over its layers.
pub(super) async fn pull(
    engine: &EngineHandle,
    image: &ImageRef,
    platform: Option<&str>,
    step: StepId,
    progress: &Progress,
) -> Result<(), EngineError> {
    let mut stream = engine.pull_image(image.as_str(), platform).await?;
    let mut layers: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    while let Some(event) = stream.next().await {
        let event = event?;
        if let (Some(current), Some(total)) = (event.current, event.total) {
            layers.insert(event.layer.clone(), (current, total));
        }
        let (current, total) = layers.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        let text = one_line(&event.status);
        send(progress, step, StepState::Progress { text, current: Some(current), total: (total > 0).then_some(total) })
            .await;
    }
    Ok(())
}

/// Builds an image. On failure the error says which instruction failed; its last lines of output come beside it.
pub(super) async fn build(
    engine: &EngineHandle,
    request: &BuildRequest,
    step: StepId,
    progress: &Progress,
) -> Result<bool, (EngineError, Vec<String>)> {
    let bare = |error| (error, Vec::new());
    let mut stream = engine.build_image(request.clone()).await.map_err(bare)?;
    let mut at = Build::default();
    // Each stage reports its image, and names are given after the last one: only the end of the stream is the end.
    let mut is_built = false;
    while let Some(event) = stream.next().await {
        let event = event.map_err(|error| (error, at.failure()))?;
        is_built |= at.take(&event);
        for state in at.states(event) {
            send(progress, step, state).await;
        }
    }
    if is_built {
        return Ok(at.is_all_cached());
    }
    let error = EngineError::new(ErrorKind::Garbled, "build image", "the engine ended the build without an image");
    Err((error, at.failure()))
}

/// Returns a line of a build's output as it is shown: the engine colours some, which is nothing to read.
fn shown(line: &str) -> String {
    escape_controls(&without_colours(line.trim_end())).into_owned()
}

/// Where a build is.
#[derive(Debug, Default)]
struct Build {
    number: u32,
    total: u32,
    line: u32,
    cached: u32,
    instruction: String,
    output: std::collections::VecDeque<String>,
}

impl Build {
    /// Takes note of an event; true for an image.
    fn take(&mut self, event: &BuildEvent) -> bool {
        match event {
            BuildEvent::Step { number, total, instruction, line } => {
                (self.number, self.total, self.line) = (*number, *total, *line);
                self.instruction = one_line(instruction);
                self.output.clear();
            }
            BuildEvent::Cached => self.cached += 1,
            BuildEvent::Output(line) => {
                if self.output.len() == KEPT_LINES {
                    self.output.pop_front();
                }
                self.output.push_back(shown(line).chars().take(500).collect());
            }
            BuildEvent::Context { .. } => {}
            BuildEvent::Built(_) => return true,
        }
        false
    }

    fn states(&self, event: BuildEvent) -> Vec<StepState> {
        let at = |text: String| StepState::Progress {
            text,
            current: Some(u64::from(self.number)),
            total: Some(u64::from(self.total)),
        };
        match event {
            BuildEvent::Context { sent } => {
                vec![StepState::Progress { text: "sending context".to_owned(), current: Some(sent), total: None }]
            }
            BuildEvent::Step { .. } => {
                let text = format!("step {}/{} {}", self.number, self.total, self.instruction);
                vec![at(text.clone()), StepState::Output(text)]
            }
            BuildEvent::Cached => vec![StepState::Output("using cache".to_owned())],
            BuildEvent::Output(line) => vec![StepState::Output(shown(&line))],
            BuildEvent::Built(_) => Vec::new(),
        }
    }

    /// FROM steps are not counted as cached by the engine.
    fn is_all_cached(&self) -> bool {
        self.total > 0 && self.cached + 1 >= self.total
    }

    fn failure(&self) -> Vec<String> {
        if self.instruction.is_empty() {
            return Vec::new();
        }
        let place = if self.line > 0 { format!(", line {} of the Dockerfile", self.line) } else { String::new() };
        let mut lines = vec![format!("in step {}/{}{place}: {}", self.number, self.total, self.instruction)];
        lines.extend(self.output.iter().map(|line| format!("  {line}")));
        lines
    }
}

async fn send(progress: &Progress, step: StepId, state: StepState) {
    // The owner has gone only when the run is over.
    let _ = progress.send((step, state)).await;
}
