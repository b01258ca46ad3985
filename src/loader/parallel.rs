//! Work on many items, spread over the processors.

/// Fewer items are done before a thread has begun.
pub(super) const FEW: usize = 200;
/// More threads than this gain nothing here: the allocator is shared.
const THREADS: usize = 4;

/// Calls `work` on runs of items and returns the results in the order of the items. The first run is this thread's own.
pub(super) fn runs<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    // The number of processors is asked of the kernel each time, so it is asked for only where it matters.
    if items.len() < FEW {
        return vec![work(items)];
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(THREADS);
    if threads < 2 {
        return vec![work(items)];
    }
    let (own, others) = items.split_at(items.len().div_ceil(threads));
    let work = &work;
    std::thread::scope(|scope| {
        let size = others.len().div_ceil(threads - 1).max(1);
        let handles: Vec<_> = others.chunks(size).map(|run| scope.spawn(move || work(run))).collect();
        let mut results = vec![work(own)];
        for handle in handles {
            match handle.join() {
                Ok(result) => results.push(result),
                // A fault of ours in a thread is one here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 199, 200, 201, 1000, 1003] {
            let items: Vec<usize> = (0..count).collect();
            let all: Vec<usize> = super::runs(&items, <[usize]>::to_vec).concat();
            assert_eq!(all, items);
        }
    }
}
