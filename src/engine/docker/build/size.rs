//! How large a build context is, and what makes it large.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::BuildEvent;

/// A context of more bytes is told.
const LARGE: u64 = 50_000_000;
/// How many entries are named.
const NAMED: usize = 3;

/// Adds up a context while it is read. Shared by the thread that reads and the task that tells.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::docker) struct Size(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
struct Sums {
    /// Bytes by the entry of the context's root.
    entries: BTreeMap<String, u64>,
    is_told: bool,
}

impl Size {
    /// Adds a file, whose path is relative to the context.
    pub(in crate::engine::docker) fn add(&self, path: &str, bytes: u64) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = path.split('/').next().unwrap_or_default();
        match sums.entries.get_mut(entry) {
            Some(sum) => *sum += bytes,
            None => drop(sums.entries.insert(entry.to_owned(), bytes)),
        }
    }

    /// Returns the event about a large context, once.
    pub(in crate::engine::docker) fn told(&self) -> Option<BuildEvent> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total = sums.entries.values().sum();
        if total <= LARGE || std::mem::replace(&mut sums.is_told, true) {
            return None;
        }
        let mut largest: Vec<(String, u64)> = sums.entries.iter().map(|(name, sum)| (name.clone(), *sum)).collect();
        largest.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        largest.truncate(NAMED);
        Some(BuildEvent::LargeContext { total, largest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_context_is_told_once_with_its_largest_entries() {
        let size = Size::default();
        for (path, bytes) in [("a", 1), ("data/x", 40_000_000), ("data/y/z", 9_000_000), ("b", 2), ("c", 3)] {
            size.add(path, bytes);
        }
        assert_eq!(size.told(), None);
        size.add("d", 5_000_000);
        let largest = [("data", 49_000_000), ("d", 5_000_000), ("c", 3)].map(|(name, sum)| (name.to_owned(), sum));
        assert_eq!(size.told(), Some(BuildEvent::LargeContext { total: 54_000_006, largest: largest.to_vec() }));
        assert_eq!(size.told(), None);
    }
}
