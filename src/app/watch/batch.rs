//! When a batch of changes is over. A branch switch writes thousands of files; they are looked at once, when it is done.

use std::time::Duration;

use tokio::time::Instant;

/// A batch ends once nothing has changed for this long,
const QUIET: Duration = Duration::from_millis(200);
/// and after this long in any case.
const LONGEST: Duration = Duration::from_secs(5);

/// Changes that have not been looked at.
#[derive(Debug, Default)]
pub(super) struct Batch {
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Batch {
    /// Notes that something has changed.
    pub(super) fn touch(&mut self) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// Returns when the batch is over; `None` while there is none.
    pub(super) fn due(&self) -> Option<Instant> {
        Some((self.last? + QUIET).min(self.first? + LONGEST))
    }

    /// Ends the batch.
    pub(super) fn take(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_batch_ends_when_it_is_quiet_and_after_its_longest_time() {
        let mut batch = Batch::default();
        assert_eq!(batch.due(), None);
        let begun = Instant::now();
        batch.touch();
        assert_eq!(batch.due(), Some(begun + QUIET));
        tokio::time::advance(QUIET / 2).await;
        batch.touch();
        assert_eq!(batch.due(), Some(begun + QUIET / 2 + QUIET));
        while Instant::now() < begun + LONGEST {
            tokio::time::advance(QUIET / 2).await;
            batch.touch();
        }
        assert_eq!(batch.due(), Some(begun + LONGEST));
        batch.take();
        assert_eq!(batch.due(), None);
    }
}
