//! An engine that does not answer is told of, so that nobody sits before a screen that stands still.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::StepState;
use crate::plan::StepId;

/// How long a call may take before people are told that it goes on.
const SILENCE: Duration = Duration::from_secs(8);

/// Awaits a call of a step, and says from time to time that there is no answer yet.
pub(super) async fn told<T>(
    step: StepId,
    progress: &mpsc::Sender<(StepId, StepState)>,
    call: impl Future<Output = T>,
) -> T {
    tokio::pin!(call);
    let begun = Instant::now();
    loop {
        tokio::select! {
            biased;
            result = &mut call => return result,
            () = tokio::time::sleep(SILENCE) => {
                let words = format!("no answer from the engine for {} s", begun.elapsed().as_secs());
                // The owner has gone only when the run is over.
                let _ = progress.send((step, StepState::Output(words))).await;
            }
        }
    }
}
