//! Runs on the fake engine: every call fails once, every reply is lost once, the program dies at every call.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{containers, engine, observed, plan_up, project, up};
use inception::engine::ErrorKind;
use inception::engine::fake::Fault;
use inception::plan::UpOptions;

const BEFORE: &str = "
services:
  web: { image: 'app:1', depends_on: { db: { condition: service_healthy } }, scale: 2 }
  db: { image: 'db:1', volumes: [data:/data] }
volumes: { data: }
";

fn after() -> String {
    BEFORE.replace("app:1", "app:2").replace("db:1", "db:2")
}

/// What a scenario starts from: nothing, or a running project that changes.
async fn prepared(has_before: bool) -> std::sync::Arc<inception::engine::fake::FakeEngine> {
    let engine = engine();
    if has_before {
        assert!(up(&engine, &project(BEFORE)).await.unwrap().is_success());
    }
    engine
}

/// Runs with a fault at call `at`, then again without: the end is that of an undisturbed run.
async fn disturbed(has_before: bool, at: usize, fault: &Fault) -> bool {
    let engine = prepared(has_before).await;
    let first = engine.calls().len();
    let (number, kind) = (first + at, fault.clone());
    engine.set_faults(move |call| if call.number == number { kind.clone() } else { Fault::None });
    let wanted = project(&after());
    // A crash never returns: the run is dropped, as the process would be.
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

const FINAL: [&str; 3] = ["p-db-1 db:2 running", "p-web-1 app:2 running", "p-web-2 app:2 running"];

/// One disturbed run for every call that an undisturbed one makes.
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
async fn a_call_that_fails_is_made_good_by_the_next_run() {
    every_call(Fault::Fail(ErrorKind::Engine)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_made_good() {
    every_call(Fault::Fail(ErrorKind::Connection)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_made_good() {
    every_call(Fault::LoseReply).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_is_repaired_by_the_next_run() {
    every_call(Fault::Crash).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_ends_at_once_gives_the_old_one_back() {
    let engine = prepared(true).await;
    let outcome = up(&engine, &project(&BEFORE.replace("app:1", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.restored.len(), 2);
    assert_eq!(outcome.failures.len(), 2);
    assert!(outcome.failures[0].error.to_string().contains("exited with code 3"), "{}", outcome.failures[0].error);
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running", "p-web-2 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_never_gets_healthy_gives_the_old_one_back_and_its_dependents_are_not_touched() {
    let engine = prepared(true).await;
    let outcome = up(&engine, &project(&BEFORE.replace("db:1", "sick:1").replace("app:1", "app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running", "p-web-2 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_dies_at_once_fails_the_run() {
    let engine = engine();
    let outcome = up(&engine, &project("services: { a: { image: broken:1 }, b: { image: app:1 } }")).await.unwrap();
    assert!(!outcome.is_success());
    assert!(outcome.failures[0].details.iter().any(|line| line.contains("a line of output")));
    assert!(containers(&engine).await.contains(&"p-b-1 app:1 running".to_owned()), "independent services are started");
}

#[tokio::test(start_paused = true)]
async fn after_success_nothing_is_left_to_do_and_nothing_is_written() {
    let engine = prepared(true).await;
    let before = engine.calls().len();
    let outcome = up(&engine, &project(BEFORE)).await.unwrap();
    assert!(outcome.is_success());
    let calls = engine.calls().split_off(before);
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| !call.is_mutating));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_removal_under_way_still_holds_is_waited_for() {
    let engine = prepared(true).await;
    let mut refused = 0;
    engine.set_faults(move |call| {
        refused += usize::from(call.name == "rename_container");
        if call.name == "rename_container" && refused <= 5 { Fault::Fail(ErrorKind::Conflict) } else { Fault::None }
    });
    let outcome = up(&engine, &project(&after())).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, FINAL);
}

/// Runs with a call that takes long, and returns the lines of output of its step.
async fn lines_while(name: &'static str, takes: Duration) -> Vec<String> {
    let engine = prepared(false).await;
    let plan = plan_up(&project(BEFORE), &observed(&engine).await, &UpOptions::default());
    engine.set_faults(move |call| if call.name == name { Fault::Crash } else { Fault::None });
    let mut lines = Vec::new();
    let mut listener = |event: &inception::event::Event| {
        if let inception::event::Event::Step { state: inception::event::StepState::Output(line), .. } = event {
            lines.push(line.clone());
        }
    };
    let settings = inception::exec::ExecSettings::default();
    let interrupt = inception::exec::Interrupt::default();
    let run = inception::exec::run(&plan, engine.clone(), settings, &mut listener, &interrupt);
    let _ = tokio::time::timeout(takes, run).await;
    lines
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_told_of_before_ten_seconds() {
    for name in ["create_network", "create_container", "start_container", "inspect_container"] {
        let lines = lines_while(name, Duration::from_secs(10)).await;
        assert!(lines.iter().any(|line| line == "no answer from the engine for 8 s"), "{name}: {lines:?}");
    }
}
