//! Builds of images.

use std::time::Duration;

use async_trait::async_trait;

use crate::engine::{EngineResult, EngineStream};
use crate::model::{BuildRequest, ImageId};

/// The call that builds an image.
#[async_trait]
pub trait BuildEngine: Send + Sync {
    /// Builds an image, by BuildKit or by the classic builder (`POST /build`): see `EngineFacts::builder`. The stream ends with [`BuildEvent::Built`] or with an error item.
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
    /// The build context has more than 50 MB.
    LargeContext {
        /// Its size in bytes.
        total: u64,
        /// The largest entries of its root, with their sizes in bytes; the largest first.
        largest: Vec<(String, u64)>,
    },
    /// A step begins. BuildKit runs several at a time.
    Step(BuildStep),
    /// A step has ended.
    Ended {
        /// Which step.
        step: u32,
        /// How the step ended.
        end: StepEnd,
        /// How long the step took; `None` where the builder does not tell.
        elapsed: Option<Duration>,
    },
    /// A line of a step's output.
    Output {
        /// Which step.
        step: u32,
        /// The line.
        line: String,
    },
    /// The part of the Dockerfile at which the build fails. An error follows.
    Broken(BuildPlace),
    /// Nothing has changed since the image was built, so the builder is not asked.
    Unchanged,
    /// The image is built; its id.
    Built(ImageId),
}

/// A step of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildStep {
    /// Number of the step in this build, from 1, in the order of beginning.
    pub id: u32,
    /// Its place among the steps, such as `2/3`, or `build 2/3` in a stage with a name; blank for work that is no
    /// instruction of the Dockerfile.
    pub counter: String,
    /// The Dockerfile instruction, or the builder's own words; on one line.
    pub instruction: String,
    /// Line of the Dockerfile at which the instruction begins, from 1; 0 where the line is not known.
    pub line: u32,
}

/// How a step of a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// Its result was in the cache.
    Cached,
    /// It was carried out.
    Done,
    /// It failed.
    Failed,
}

/// A part of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildPlace {
    /// The Dockerfile: its path, or a word for a text inside the compose file.
    pub file: String,
    /// The first line, from 1.
    pub line: u32,
    /// The lines.
    pub text: Vec<String>,
}
