//! Steps on images: pulls and builds, whose streams become progress, and removals.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;

use super::building::Building;
use crate::engine::{BuildEvent, EngineError, EngineResult, ErrorKind, PullEvent, PushEvent};
use crate::event::StepState;
use crate::exec::runner::{Refusal, Runner, Success};
use crate::model::{BuildRequest, ImageRef};
use crate::plan::StepId;
use crate::text::one_line;

/// How often an image is asked for where its registry is busy.
const TRIES: usize = PAUSES.len() + 1;
/// The pauses between.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(6)];

impl Runner {
    /// Pulls an image. A registry that is busy is asked again after a pause, [`TRIES`] times in all.
    pub(super) async fn pull(&self, step: StepId, image: &ImageRef, platform: Option<&str>) -> EngineResult<()> {
        for (number, pause) in (2..).zip(PAUSES) {
            match self.pull_once(step, image, platform).await {
                Err(error) if error.kind == ErrorKind::RegistryBusy => {
                    let words = format!("{}; try {number} of {TRIES} in {} s", error.message, pause.as_secs());
                    self.tell(step, StepState::Delayed(words)).await;
                    tokio::time::sleep(pause).await;
                }
                result => return result,
            }
        }
        self.pull_once(step, image, platform).await
    }

    /// The progress is the sum over the layers of the image, in bytes.
    async fn pull_once(&self, step: StepId, image: &ImageRef, platform: Option<&str>) -> EngineResult<()> {
        let mut stream = self.engine.pull_image(image.as_str(), platform).await?;
        let mut layers = Layers::default();
        while let Some(event) = stream.next().await {
            self.tell(step, layers.take(&event?)).await;
        }
        Ok(())
    }

    /// Pushes an image, with progress as that of a pull.
    pub(super) async fn push(&self, step: StepId, image: &ImageRef) -> EngineResult<()> {
        let mut stream = self.engine.push_image(image.as_str()).await?;
        let mut layers = Layers::default();
        let mut is_pushed = false;
        while let Some(event) = stream.next().await {
            match event? {
                PushEvent::Progress(event) => self.tell(step, layers.take(&event)).await,
                PushEvent::Pushed { .. } => is_pushed = true,
            }
        }
        let words = "the engine ended the push without a digest";
        if is_pushed { Ok(()) } else { Err(EngineError::new(ErrorKind::Garbled, format!("push image {image}"), words)) }
    }

    /// Builds an image. If the build fails, the lines beside the error name the failed instruction and show its last
    /// output.
    pub(super) async fn build(&self, step: StepId, request: &BuildRequest) -> Result<Success, Refusal> {
        let mut stream = self.engine.build_image(request.clone()).await?;
        let mut at = Building::default();
        // Each stage of a build reports an image, and the names are given after the last stage. So the build has ended
        // only when the stream has.
        let mut is_built = false;
        while let Some(event) = stream.next().await {
            let event = event.map_err(|error| Refusal::Engine(error, at.failure()))?;
            is_built |= matches!(event, BuildEvent::Built(_));
            for state in at.take(event) {
                self.tell(step, state).await;
            }
        }
        if is_built {
            return Ok(Success { note: at.note(), ..Success::default() });
        }
        let error = EngineError::new(ErrorKind::Garbled, "build image", "the engine ended the build without an image");
        Err(Refusal::Engine(error, at.failure()))
    }

    /// Removes an image. After a refusal the image is looked up: engines also complain about layers that were removed
    /// with another image, although this image is gone.
    pub(super) async fn remove_image(&self, image: &ImageRef) -> EngineResult<()> {
        match self.certain(|| self.engine.remove_image(image.as_str())).await {
            Err(error) if !error.is_uncertain() => match self.engine.inspect_image(image.as_str()).await {
                Ok(None) => Ok(()),
                _ => Err(error),
            },
            result => result,
        }
    }

    async fn tell(&self, step: StepId, state: StepState) {
        // The receiver is closed only when the run is over.
        let _ = self.progress.send((step, state)).await;
    }
}

/// How far the layers of an image are, in bytes.
#[derive(Debug, Default)]
struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    /// Takes note of an event; returns the progress of the whole image.
    fn take(&mut self, event: &PullEvent) -> StepState {
        if let (Some(current), Some(total)) = (event.current, event.total) {
            self.0.insert(event.layer.clone(), (current, total));
        }
        let (current, total) = self.0.values().fold((0, 0), |sum, layer| (sum.0 + layer.0, sum.1 + layer.1));
        let total = (total > 0).then_some(total);
        StepState::Progress { text: one_line(&event.status), current: Some(current), total }
    }
}
