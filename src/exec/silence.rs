//! An engine that does not answer is told of, so that nobody sits before a screen that stands still.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::StepState;
use crate::plan::StepId;

/// How long a call may take before people are told that it goes on.
const SILENCE: Duration = Duration::from_secs(8);

/// No grace is longer here.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Awaits a call of a step, and says from time to time that there is no answer yet.
pub(super) async fn told<T>(
    step: StepId,
    progress: &mpsc::Sender<(StepId, StepState)>,
    call: impl Future<Output = T>,
) -> T {
    told_after(std::future::ready(Duration::ZERO), step, progress, call).await
}

/// As [`told`], for a call that may take `grace` before its silence counts; that is asked for only when the call lasts.
pub(super) async fn told_after<T>(
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
        () = tokio::time::sleep(SILENCE) => {}
    }
    tokio::select! {
        biased;
        result = &mut call => return result,
        // An engine that does not answer this either is silent.
        grace = tokio::time::timeout(SILENCE, grace) => begun += grace.unwrap_or_default().min(LONG),
    }
    let mut next = begun + SILENCE;
    loop {
        tokio::select! {
            biased;
            result = &mut call => return result,
            () = tokio::time::sleep_until(next) => {
                let words = format!("no answer from the engine for {} s", begun.elapsed().as_secs());
                // The owner has gone only when the run is over.
                let _ = progress.send((step, StepState::Output(words))).await;
                next = Instant::now() + SILENCE;
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
        told_after(grace, StepId(0), &sender, tokio::time::sleep(Duration::from_secs(lasts))).await;
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
