//! A first `up` and a recreate, disturbed at each call in turn: the call fails, its reply is lost, or the program dies.

use std::time::Duration;

use crate::common::{containers, observed, plan_up, project, up};
use crate::setup::{FINAL, after, prepared};
use inception::engine::ErrorKind;
use inception::engine::fake::Fault;
use inception::plan::UpOptions;

/// Runs `up` with a fault at call `at`, then without faults. The result must be that of an undisturbed run.
async fn disturbed(has_before: bool, at: usize, fault: &Fault) -> bool {
    let engine = prepared(has_before).await;
    let first = engine.calls().len();
    let (number, kind) = (first + at, fault.clone());
    engine.set_faults(move |call| if call.number == number { kind.clone() } else { Fault::None });
    let wanted = project(&after());
    // A crash never returns: the run is dropped, as if its process had died.
    let outcome = tokio::time::timeout(Duration::from_secs(3600), up(&engine, &wanted)).await;
    let was_hit = engine.calls().len() > number;
    engine.clear_faults();
    let words = format!(
        "call {at} of {} before={has_before} {fault:?} ({:?})",
        engine.calls().len() - first,
        engine.calls().get(number)
    );
    if let Ok(Some(outcome)) = &outcome
        && outcome.is_success()
    {
        assert_eq!(containers(&engine).await, FINAL, "success was claimed: {words}");
    }
    let repaired = up(&engine, &wanted).await.unwrap();
    assert!(repaired.is_success(), "{words}: {:?} {:?}", repaired.failures, repaired.leftovers);
    assert_eq!(containers(&engine).await, FINAL, "{words}");
    let plan = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    assert!(plan.is_empty(), "{words}: a third run would still do something:\n{}", inception::plan::render(&plan));
    assert!(engine.removed_volumes().is_empty(), "{words}");
    was_hit
}

/// Disturbs one run at each call that an undisturbed run makes.
async fn every_call(fault: Fault) {
    for has_before in [false, true] {
        let mut at = 0;
        while disturbed(has_before, at, &fault).await {
            at += 1;
        }
        assert!(at > 10, "an undisturbed run makes more than {at} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_run_repairs_a_call_that_failed() {
    every_call(Fault::Fail(ErrorKind::Engine)).await;
}

#[tokio::test(start_paused = true)]
async fn the_next_run_repairs_a_lost_connection() {
    every_call(Fault::Fail(ErrorKind::Connection)).await;
}

#[tokio::test(start_paused = true)]
async fn the_next_run_repairs_a_lost_reply() {
    every_call(Fault::LoseReply).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_is_repaired_by_the_next_run() {
    every_call(Fault::Crash).await;
}
