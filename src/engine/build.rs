//! What a build reports.

use crate::model::ImageId;

/// What a build reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// The context is being sent: bytes so far.
    Context {
        /// Bytes so far.
        sent: u64,
    },
    /// A step begins.
    Step {
        /// From 1.
        number: u32,
        /// How many there are.
        total: u32,
        /// The instruction, one line.
        instruction: String,
        /// Line of the Dockerfile it begins at, from 1; 0 where that is not known.
        line: u32,
    },
    /// The running step was found in the cache.
    Cached,
    /// A line of the running step's output.
    Output(String),
    /// The image is there.
    Built(ImageId),
}
