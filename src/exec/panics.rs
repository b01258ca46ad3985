//! A task that panics reports like any other: its slot is freed, and the undo of its replacement runs.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Awaits the work of a task. A panic becomes a text that asks for a report.
pub(super) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    // After a panic only values behind locks are used again.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| words(&*panic))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = crate::text::one_line(text.unwrap_or("without a message"));
    format!("a step panicked ({text}); this is a fault of this program, please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_words_that_ask_for_a_report() {
        let told = caught(async { std::hint::black_box(Err::<(), _>("boom")).expect("a\nfault") }).await;
        assert!(
            told.as_ref().is_err_and(|words| words.contains("boom") && words.contains("please report it")),
            "{told:?}"
        );
        assert_eq!(caught(async { 1 }).await, Ok(1));
    }
}
