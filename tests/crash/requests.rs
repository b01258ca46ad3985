//! How many requests a command makes, and that a dry run makes no write.

use crate::bench::{Bench, PAIR, many};
use crate::common::real::{is_ready, say};

#[test]
fn a_run_with_nothing_to_do_asks_as_little_for_fifty_services_as_for_three() {
    if !is_ready() {
        return;
    }
    let mut counts = Vec::new();
    for count in [3, 50] {
        let bench = Bench::new(&many(count), &[]);
        // `create` is enough here: starting fifty containers would take long.
        bench.stack.ok(&["create"]);
        let (requests, writes) = bench.counted(&["create"]);
        assert_eq!(writes, 0);
        let (ps, _) = bench.counted(&["ps", "-a"]);
        counts.push((requests, ps));
    }
    say(&format!("requests with nothing to do, and of ps: {counts:?}"));
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0].0 <= 4 && counts[0].1 <= 2, "{counts:?}");
}

#[test]
fn an_up_with_nothing_to_do_asks_four_times_at_most_and_changes_nothing() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    bench.stack.ok(&["up", "-d"]);
    let (requests, writes) = bench.counted(&["up", "-d"]);
    assert!(requests <= 4 && writes == 0, "{requests} requests, {writes} writes");
}

/// Three requests for each container, one for the image (the file gives no command, so the image must have one), and
/// five more.
#[test]
fn a_first_up_asks_three_times_a_container_five_times_more_and_once_for_the_image() {
    if !is_ready() {
        return;
    }
    for count in [3, 8] {
        let bench = Bench::new(&many(count), &[]);
        let (requests, _) = bench.counted(&["up", "-d"]);
        say(&format!("requests of a first up with {count} containers: {requests}"));
        assert!(requests <= 3 * count + 6, "{count} containers: {requests} requests, not {}", 3 * count + 6);
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    assert_eq!(bench.counted(&["--dry-run", "up", "-d"]).1, 0);
    assert_eq!(bench.stack.count(), 0);
    bench.stack.ok(&["up", "-d"]);
    bench.change(2);
    let before = bench.stack.containers();
    for command in [&["--dry-run", "up", "-d"][..], &["--dry-run", "down", "-v"], &["plan"]] {
        bench.proxy.arm(None);
        let run = bench.stack.go(command);
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
        assert_eq!(bench.proxy.writes(), 0, "{command:?}");
    }
    assert_eq!(bench.stack.containers(), before);
}
