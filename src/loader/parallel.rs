//! Spreads work on many items over the processors.

/// With fewer items one thread is faster, because starting a second one takes longer than the work.
pub(super) const FEW: usize = 200;
/// The most threads. More gain nothing, because all wait for the same allocator.
const THREADS: usize = 4;

/// Calls `work` on chunks of the items, and returns the results in the order of the items. The calling thread works on
/// the first chunk.
pub(super) fn by_chunks<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    // `available_parallelism` asks the kernel each time, so the number of items is checked first.
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
        let handles: Vec<_> = others.chunks(size).map(|chunk| scope.spawn(move || work(chunk))).collect();
        let mut results = vec![work(own)];
        for handle in handles {
            match handle.join() {
                Ok(result) => results.push(result),
                // A worker's panic becomes the caller's.
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
            let all: Vec<usize> = super::by_chunks(&items, <[usize]>::to_vec).concat();
            assert_eq!(all, items);
        }
    }
}
