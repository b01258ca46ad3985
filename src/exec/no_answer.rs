//! Tells the user when the engine does not answer, so that nobody waits in front of a silent screen.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::StepState;
use crate::plan::StepId;

/// How long a call may take before the user is told that there is no answer yet. The message is repeated after each
/// further period.
const PERIOD: Duration = Duration::from_secs(8);

/// The longest grace period that is added, so that no sum overflows.
const LONGEST_GRACE: Duration = Duration::from_secs(24 * 3600);

/// Awaits a call of a step. Each [`PERIOD`] without an answer is reported.
pub(super) async fn reported<T>(
    step: StepId,
    progress: &mpsc::Sender<(StepId, StepState)>,
    call: impl Future<Output = T>,
) -> T {
    reported_after(std::future::ready(Duration::ZERO), step, progress, call).await
}

/// As [`reported`], for a call that normally lasts up to `grace`: a stop waits for its container. `grace` is looked up
/// only when the call lasts longer than [`PERIOD`].
pub(super) async fn reported_after<T>(
    grace: impl Future<Output = Duration>,
    step: StepId,
    progress: &mpsc::Sender<(StepId, StepState)>,
    call: impl Future<Output = T>,
) -> T {
    tokio::pin!(call);
    let mut begun = Instant::now();
    tokio::select! {
        biased;
        result = &mut call => return result,
        () = tokio::time::sleep(PERIOD) => {}
    }
    tokio::select! {
        biased;
        result = &mut call => return result,
        // If the engine does not answer this question either, the silence counts from the beginning.
        grace = tokio::time::timeout(PERIOD, grace) => begun += grace.unwrap_or_default().min(LONGEST_GRACE),
    }
    let mut next = begun + PERIOD;
    loop {
        tokio::select! {
            biased;
            result = &mut call => return result,
            () = tokio::time::sleep_until(next) => {
                let words = format!("no answer from the engine for {} s", begun.elapsed().as_secs());
                // The receiver is closed only when the run is over.
                let _ = progress.send((step, StepState::Output(words))).await;
                next = Instant::now() + PERIOD;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn words(grace: u64, lasts: u64) -> Vec<String> {
        let (sender, mut receiver) = mpsc::channel(10);
        let grace = std::future::ready(Duration::from_secs(grace));
        reported_after(grace, StepId(0), &sender, tokio::time::sleep(Duration::from_secs(lasts))).await;
        drop(sender);
        let mut found = Vec::new();
        while let Some((_, StepState::Output(words))) = receiver.recv().await {
            found.push(words.replace("no answer from the engine for ", ""));
        }
        found
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_silent_only_after_its_grace() {
        assert_eq!(words(0, 17).await, ["8 s", "16 s"]);
        assert_eq!(words(10, 17).await, [""; 0]);
        assert_eq!(words(10, 27).await, ["8 s", "16 s"]);
        assert_eq!(words(u64::MAX, 1000).await, [""; 0]);
    }
}
