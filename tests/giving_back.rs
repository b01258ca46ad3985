//! Replacements that fail, on the fake engine: the old containers come back, also after a run that died in the middle.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{containers, engine, observed, plan_up, project, run, up};
use inception::engine::fake::{FakeEngine, Fault};
use inception::engine::{Engine, ErrorKind, ReadEngine};
use inception::model::ContainerState;
use inception::plan::UpOptions;

async fn succeeds(engine: &Arc<FakeEngine>, yaml: &str) {
    let outcome = up(engine, &project(yaml)).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
}

/// Runs and fails, leaving nothing to do by hand.
async fn fails(engine: &Arc<FakeEngine>, yaml: &str) {
    let outcome = up(engine, &project(yaml)).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
}

/// Runs and dies at the `nth` call of a name, from 0.
async fn dies(engine: &Arc<FakeEngine>, yaml: &str, name: &'static str, nth: usize, fault: Fault) {
    let mut seen = 0;
    engine.set_faults(move |call| {
        seen += usize::from(call.name == name);
        if call.name == name && seen == nth + 1 { fault.clone() } else { Fault::None }
    });
    let wanted = project(yaml);
    assert!(tokio::time::timeout(Duration::from_secs(3600), up(engine, &wanted)).await.is_err(), "it dies at {name}");
    engine.clear_faults();
}

fn web(image: &str) -> String {
    format!("services: {{ web: {{ image: '{image}' }} }}")
}

#[tokio::test(start_paused = true)]
async fn a_death_while_the_old_container_is_given_back_leaves_the_sign_that_it_is_to_run() {
    // The second start is that of the old container.
    for (call, nth) in [("kill_container", 0), ("start_container", 1), ("remove_container", 0)] {
        for fault in [Fault::Crash, Fault::CrashAfter] {
            let engine = engine();
            succeeds(&engine, &web("app:1")).await;
            dies(&engine, &web("broken:1"), call, nth, fault.clone()).await;
            fails(&engine, &web("broken:1")).await;
            assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"], "{call} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_run_stopped_comes_back_though_the_file_says_something_else_by_now() {
    let engine = engine();
    succeeds(&engine, &web("app:1")).await;
    dies(&engine, &web("app:2"), "stop_container", 0, Fault::CrashAfter).await;
    fails(&engine, &web("broken:1")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_whose_replacement_is_dropped_is_started_though_it_ran_when_it_was_looked_at() {
    let engine = engine();
    succeeds(&engine, &web("app:1")).await;
    dies(&engine, &web("app:2"), "stop_container", 0, Fault::Crash).await;
    let plan = plan_up(&project(&web("app:1")), &observed(&engine).await, &UpOptions::default());
    // The stop of the run that died arrives late.
    let old = observed(&engine).await.containers.iter().find(|one| one.name.as_str() == "p-web-1").unwrap().id.clone();
    engine.stop_container(&old, None).await.unwrap();
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_service_takes_a_port_only_from_one_that_works_without_it() {
    let engine = engine();
    succeeds(&engine, "services: { web: { image: 'app:1', ports: ['8001:80'] } }").await;
    let both =
        |web: &str| format!("services: {{ api: {{ image: 'app:1', ports: ['8001:80'] }}, web: {{ image: '{web}' }} }}");
    fails(&engine, &both("broken:1")).await;
    assert_eq!(containers(&engine).await, ["p-api-1 app:1 created", "p-web-1 app:1 running"]);
    succeeds(&engine, &both("app:2")).await;
    assert_eq!(containers(&engine).await, ["p-api-1 app:1 running", "p-web-1 app:2 running"]);
}

/// Two services that exchange their ports; `db` takes its time to be healthy, and `web` may not work.
fn swap(web: &str, db: u16, other: u16) -> String {
    format!(
        "services: {{ db: {{ image: 'db:1', ports: ['{db}:80'] }}, web: {{ image: '{web}', ports: ['{other}:80'] }} }}"
    )
}

#[tokio::test(start_paused = true)]
async fn exchanged_ports_are_free_again_when_the_old_containers_come_back() {
    let engine = engine();
    succeeds(&engine, &swap("app:1", 8001, 8002)).await;
    fails(&engine, &swap("broken:1", 8002, 8001)).await;
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn exchanged_ports_are_free_again_though_the_run_that_began_has_died() {
    for nth in [0, 1] {
        let engine = engine();
        succeeds(&engine, &swap("app:1", 8001, 8002)).await;
        dies(&engine, &swap("broken:1", 8002, 8001), "start_container", nth, Fault::Crash).await;
        fails(&engine, &swap("broken:1", 8002, 8001)).await;
        assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running"], "{nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_be_given_back_anyway_is_not_waited_for() {
    let engine = engine();
    succeeds(&engine, &swap("app:1", 8001, 8002)).await;
    let begun = tokio::time::Instant::now();
    // Alone, the health check of `sick` would be waited for until it has failed for good.
    fails(&engine, &swap("broken:1", 8002, 8001).replace("db:1", "sick:1")).await;
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running"]);
    let of_the_simulated_clock = begun.elapsed();
    assert!(of_the_simulated_clock < Duration::from_secs(5), "{of_the_simulated_clock:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_a_dead_run_made_starts_on_the_network_that_is_made_anew() {
    let yaml = |label: &str, image: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a", "app:1")).await;
    dies(&engine, &yaml("a", "app:2"), "start_container", 0, Fault::Crash).await;
    succeeds(&engine, &yaml("b", "app:2")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
    let plan = plan_up(&project(&yaml("b", "app:2")), &observed(&engine).await, &UpOptions::default());
    assert!(plan.is_empty(), "{}", inception::plan::render(&plan));
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_network_is_restarted_when_its_host_was_stopped_and_started() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', networks: [n] }}, side: {{ image: 'app:1', network_mode: 'service:web' }} }}
             \nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a")).await;
    let plan = plan_up(&project(&yaml("b")), &observed(&engine).await, &UpOptions::default());
    let text = inception::plan::render(&plan);
    let step = |words: &str| text.lines().position(|line| words.split(' ').all(|word| line.contains(word)));
    assert!(step("start web#1").is_some() && step("start web#1") < step("restart side#1"), "{text}");
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_reply_was_lost_is_over_before_the_old_container_is_started() {
    let engine = engine();
    succeeds(&engine, &web("slow:1")).await;
    let mut stops = 0;
    engine.set_faults(move |call| {
        stops += usize::from(call.name == "stop_container");
        match call.name {
            "stop_container" if stops == 1 => Fault::Fail(ErrorKind::Connection),
            "stop_container" if stops == 2 => Fault::CutOff,
            _ => Fault::None,
        }
    });
    let outcome = up(&engine, &project(&web("app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    engine.clear_faults();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(containers(&engine).await, ["p-web-1 slow:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_container_that_is_to_stay_up_and_is_stopped_by_others_is_not_taken_for_done() {
    let yaml = |image: &str| format!("services: {{ web: {{ image: '{image}', restart: always }} }}");
    let engine = engine();
    succeeds(&engine, &yaml("app:1")).await;
    let plan = plan_up(&project(&yaml("stops-well:1")), &observed(&engine).await, &UpOptions::default());
    let other = engine.client(7);
    let stop = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let all = other.list_containers(&[]).await.unwrap();
            let new = all.iter().find(|one| one.image == "stops-well:1" && one.state == ContainerState::Running);
            if let Some(new) = new {
                return other.stop_container(&new.id, None).await.unwrap();
            }
        }
    };
    let (outcome, ()) = tokio::join!(run(&engine, &plan), stop);
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}
