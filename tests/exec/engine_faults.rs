//! Engines that restart, are slow, do not answer, or carry out a call late.

use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, up};
use crate::setup::{BEFORE, FINAL, after, networks, on_network, prepared};
use inception::engine::ErrorKind;
use inception::engine::fake::{Fault, Mishap};
use inception::plan::UpOptions;

#[tokio::test(start_paused = true)]
async fn an_engine_that_restarts_is_waited_for() {
    let engine = engine();
    engine.set_script({
        let mut is_first = true;
        move |call| {
            let mut turn = inception::engine::fake::Turn::from(Fault::None);
            if call.name == "create_container" && std::mem::take(&mut is_first) {
                turn.mishap = Some(Mishap::EngineRestarts { down: Duration::from_secs(1) });
            }
            turn
        }
    });
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
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

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_effect_late_is_noticed_before_success_is_claimed() {
    let engine = engine();
    assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
    let mut is_first = true;
    engine.set_script(move |call| {
        let mut turn = inception::engine::fake::Turn::from(Fault::None);
        if call.name == "disconnect_network" && std::mem::take(&mut is_first) {
            turn = inception::engine::fake::Turn { work: Duration::from_millis(600), ..Fault::CutOff.into() };
        }
        if call.name == "list_containers" {
            turn.work = Duration::from_millis(500);
        }
        turn
    });
    let wanted = project(&on_network("b", "app:1"));
    let outcome = up(&engine, &wanted).await.unwrap();
    let told: Vec<String> = outcome.failures.iter().map(|failure| failure.error.to_string()).collect();
    assert_eq!(told, ["container `p-web-1` has lost network `p_n` again"]);
    engine.clear_faults();
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#]);
}
