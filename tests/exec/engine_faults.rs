//! Engines that restart, are slow, do not answer, or act late; and the first signal to a run that waits for such an
//! engine. A signalled run waits only a moment for the engine, and says what the engine has not finished.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, up};
use crate::setup::{BEFORE, FINAL, after, networks, on_network, prepared, succeeds, web};
use inception::engine::ErrorKind;
use inception::engine::fake::{Call, FakeEngine, Fault, Mishap, Turn};
use inception::event::Event;
use inception::exec::{self, ExecSettings, Interrupt, Outcome, Signal};
use inception::plan::{DownOptions, Plan, UpOptions, down};

#[tokio::test(start_paused = true)]
async fn an_engine_that_restarts_is_waited_for() {
    let engine = engine();
    engine.set_script({
        let mut is_first = true;
        move |call| {
            let mut turn = Turn::from(Fault::None);
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

/// Runs `up` while one call takes long. Returns the output lines of that call's step.
async fn lines_while(name: &'static str, takes: Duration) -> Vec<String> {
    let engine = prepared(false).await;
    let plan = plan_up(&project(BEFORE), &observed(&engine).await, &UpOptions::default());
    engine.set_faults(move |call| if call.name == name { Fault::Crash } else { Fault::None });
    let mut lines = Vec::new();
    let mut listener = |event: &Event| {
        if let Event::Step { state: inception::event::StepState::Output(line), .. } = event {
            lines.push(line.clone());
        }
    };
    let settings = ExecSettings::default();
    let interrupt = Interrupt::default();
    let run = exec::run(&plan, engine.clone(), settings, &mut listener, &interrupt);
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
        let mut turn = Turn::from(Fault::None);
        if call.name == "disconnect_network" && std::mem::take(&mut is_first) {
            turn = Turn { work: Duration::from_millis(600), ..Fault::CutOff.into() };
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

/// The connection breaks while `web` is stopped for its network. The first stop is carried out when `web` runs again.
#[tokio::test(start_paused = true)]
async fn a_late_stop_is_noticed_though_the_program_ends_with_success() {
    let engine = engine();
    succeeds(&engine, &on_network("a", "db:1")).await;
    let mut is_first = true;
    engine.set_script(move |call| {
        let mut turn = Turn::from(Fault::None);
        if call.name == "stop_container" && std::mem::take(&mut is_first) {
            turn = Turn { work: Duration::from_secs(4), ..Fault::CutOff.into() };
        }
        if call.name == "list_containers" {
            turn.work = Duration::from_secs(3);
        }
        turn
    });
    let outcome = up(&engine, &project(&on_network("b", "db:1"))).await.unwrap();
    let told: Vec<String> = outcome.failures.iter().map(|failure| failure.error.to_string()).collect();
    assert_eq!(told, ["container `p-web-1` was stopped again"]);
    engine.clear_faults();
    succeeds(&engine, &on_network("b", "db:1")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 db:1 running"]);
}

/// Runs a plan, with the first signal after a second. Returns the outcome, and how long the run went on after the
/// signal.
async fn interrupted(engine: &Arc<FakeEngine>, plan: &Plan) -> (Outcome, Duration) {
    let interrupt = Interrupt::default();
    let press = interrupt.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        press.send(Signal::Interrupt);
    });
    let begun = tokio::time::Instant::now();
    let outcome = exec::run(plan, engine.clone(), ExecSettings::default(), &mut |_: &Event| {}, &interrupt).await;
    assert_eq!(outcome.interrupted, Some(Signal::Interrupt));
    (outcome, begun.elapsed().saturating_sub(Duration::from_secs(1)))
}

const LONG: Duration = Duration::from_millis(2600);

#[tokio::test(start_paused = true)]
async fn a_stop_goes_on_without_the_run() {
    let engine = engine();
    // `slow:1` ends after five seconds of its grace period.
    succeeds(&engine, &web("slow:1")).await;
    let plan = down(&project(&web("slow:1")), &observed(&engine).await, &DownOptions::default());
    let (outcome, took) = interrupted(&engine, &plan).await;
    assert!(took <= LONG, "{took:?}");
    assert_eq!(outcome.under_way, ["stop container `p-web-1`"]);
    assert!(outcome.is_uncertain(), "the next run looks");
    engine.quiet().await;
    assert_eq!(containers(&engine).await, ["p-web-1 slow:1 exited"], "the engine has ended it");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_ends_in_time_is_awaited() {
    let engine = engine();
    succeeds(&engine, &web("slow:1")).await;
    let plan = down(&project(&web("slow:1")), &observed(&engine).await, &DownOptions::default());
    let interrupt = Interrupt::default();
    let press = interrupt.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        press.send(Signal::Terminate);
    });
    let outcome = exec::run(&plan, engine.clone(), ExecSettings::default(), &mut |_: &Event| {}, &interrupt).await;
    assert_eq!((outcome.done, outcome.under_way.len(), outcome.is_uncertain()), (1, 0, false));
}

#[tokio::test(start_paused = true)]
async fn no_silent_call_holds_a_run_up() {
    for name in ["create_network", "create_volume", "create_container", "start_container"] {
        for acts in [false, true] {
            let yaml = "services: { web: { image: app:1, volumes: [data:/data] } }\nvolumes: { data: }";
            let engine = engine();
            let plan = plan_up(&project(yaml), &observed(&engine).await, &UpOptions::default());
            engine.set_faults(move |call| if call.name == name { Fault::Hang { acts } } else { Fault::None });
            let (outcome, took) = interrupted(&engine, &plan).await;
            assert!(took <= LONG, "{name}: {took:?}");
            assert!(!outcome.under_way.is_empty() && outcome.is_uncertain(), "{name}: {outcome:?}");
            engine.clear_faults();
            engine.quiet().await;
            assert!(up(&engine, &project(yaml)).await.unwrap().is_success(), "{name}");
            assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"], "{name}");
        }
    }
}

/// A run subscribes to the engine's events before its first step.
#[tokio::test(start_paused = true)]
async fn a_silent_subscription_does_not_hold_a_run_up() {
    let engine = engine();
    let plan = plan_up(&project(BEFORE), &observed(&engine).await, &UpOptions::default());
    engine.set_faults(|call| if call.name == "events" { Fault::Hang { acts: false } } else { Fault::None });
    let (outcome, took) = interrupted(&engine, &plan).await;
    assert!(took <= LONG, "{took:?}");
    assert_eq!((outcome.done, outcome.skipped, outcome.is_uncertain()), (0, plan.steps.len(), false));
}

#[tokio::test(start_paused = true)]
async fn the_stop_of_a_replacement_is_told_with_the_replacement_and_the_next_run_goes_on() {
    let engine = engine();
    succeeds(&engine, &web("slow:1")).await;
    let plan = plan_up(&project(&web("app:2")), &observed(&engine).await, &UpOptions::default());
    let (outcome, took) = interrupted(&engine, &plan).await;
    assert!(took <= LONG, "{took:?}");
    assert_eq!(outcome.under_way, ["stop container `p-web-1`", "replace container `p-web-1`"]);
    engine.quiet().await;
    succeeds(&engine, &web("app:2")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_stopped_for_a_moment_is_told_where_the_run_does_not_start_it_again() {
    let yaml = |label: &str| {
        format!(
            "services: {{ a: {{ image: app:1, networks: [n] }}, b: {{ image: slow:1, networks: [n] }} }}
networks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("1")).await;
    let plan = plan_up(&project(&yaml("2")), &observed(&engine).await, &UpOptions::default());
    let (outcome, took) = interrupted(&engine, &plan).await;
    assert!(took <= LONG, "{took:?}");
    let told = ["stop container `p-b-1`", "start container `p-a-1` again"];
    assert_eq!(outcome.under_way, told);
    engine.quiet().await;
    succeeds(&engine, &yaml("2")).await;
    assert_eq!(containers(&engine).await, ["p-a-1 app:1 running", "p-b-1 slow:1 running"]);
}

/// Each container takes two seconds to come back. The run waits for all of them, as long as the engine answers.
#[tokio::test(start_paused = true)]
async fn containers_that_come_back_are_waited_for() {
    let yaml = |image: &str| format!("services: {{ web: {{ image: '{image}', scale: 3 }} }}");
    let engine = engine();
    succeeds(&engine, &yaml("app:1")).await;
    let plan = plan_up(&project(&yaml("sick:1")), &observed(&engine).await, &UpOptions::default());
    engine.set_script(move |call: &Call| Turn {
        work: if call.name == "kill_container" { Duration::from_secs(2) } else { Duration::ZERO },
        ..Fault::None.into()
    });
    let (outcome, _) = interrupted(&engine, &plan).await;
    assert_eq!((outcome.under_way.len(), outcome.restored.len()), (0, 3), "{outcome:?}");
    let running: Vec<String> = (1..=3).map(|number| format!("p-web-{number} app:1 running")).collect();
    assert_eq!(containers(&engine).await, running);
}
