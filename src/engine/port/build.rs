//! Builds of images.

use async_trait::async_trait;

use crate::engine::{EngineResult, EngineStream};
use crate::model::{BuildRequest, ImageId};

/// The call that builds an image.
#[async_trait]
pub trait BuildEngine: Send + Sync {
    /// Builds an image (`POST /build`). The stream ends with [`BuildEvent::Built`] or with an error item.
    async fn build_image(&self, request: BuildRequest) -> EngineResult<EngineStream<BuildEvent>>;
}

/// An item of a build's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// The build context is being sent.
    Context {
        /// Bytes sent so far.
        sent: u64,
    },
    /// A build step begins.
    Step {
        /// Number of the step, from 1.
        number: u32,
        /// Number of all steps.
        total: u32,
        /// The Dockerfile instruction, on one line.
        instruction: String,
        /// Line of the Dockerfile at which the instruction begins, from 1; 0 where the line is not known.
        line: u32,
    },
    /// The cache holds the result of the running step.
    Cached,
    /// A line of the running step's output.
    Output(String),
    /// The image is built; its id.
    Built(ImageId),
}
