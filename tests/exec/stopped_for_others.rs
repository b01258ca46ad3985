//! Containers that are stopped for a moment, because their network is recreated: they must run again afterwards.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, run, up};
use crate::setup::{fails, on_network, succeeds};
use inception::engine::fake::{FakeEngine, Fault, Mishap, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine};
use inception::plan::UpOptions;

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_a_network_is_restarted_when_its_host_was_stopped_and_started() {
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
async fn a_service_that_cannot_be_replaced_does_not_keep_others_off_their_network() {
    let yaml = |label: &str, cache: &str, title: &str| {
        format!(
            "services: {{ cache: {{ image: '{cache}', networks: [back] }},
               web: {{ image: 'slow:1', networks: [front], environment: {{ T: '{title}' }},
                       depends_on: {{ cache: {{ condition: service_healthy }} }} }},
               proxy: {{ image: 'app:1', networks: [front] }} }}
             \nnetworks: {{ front: {{ labels: {{ v: '{label}' }} }}, back: {{ }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a", "db:1", "a")).await;
    let outcome = up(&engine, &project(&yaml("b", "broken:1", "b"))).await.unwrap();
    assert!(!outcome.is_success());
    let all = ["p-cache-1 db:1 running", "p-proxy-1 app:1 running", "p-web-1 slow:1 running"];
    assert_eq!(containers(&engine).await, all);
}

/// `web` is stopped while its network is recreated, and depends on `db`.
fn web_on_network(label: &str, db: &str) -> String {
    format!(
        "services: {{ web: {{ image: 'app:1', networks: [n], depends_on: [db] }}, db: {{ image: '{db}' }} }}\n\
         networks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
    )
}

/// Changes the network, and `db` so that no new `db` can be created. `meanwhile` happens at the first stop. Returns
/// what the run leaves to do.
async fn web_left_out(engine: &Arc<FakeEngine>, mut meanwhile: Option<Mishap>) -> Vec<String> {
    succeeds(engine, &web_on_network("a", "app:1")).await;
    engine.set_script(move |call| match call.name {
        "stop_container" => Turn { mishap: meanwhile.take(), ..Turn::from(Fault::None) },
        "create_container" => Turn::from(Fault::Fail(ErrorKind::Engine)),
        _ => Turn::from(Fault::None),
    });
    let outcome = up(engine, &project(&web_on_network("b", "app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    engine.clear_faults();
    outcome.leftovers
}

#[tokio::test(start_paused = true)]
async fn a_container_that_an_engine_s_restart_stopped_is_not_started_without_its_dependencies() {
    let engine = engine();
    let restart = Mishap::EngineRestarts { down: Duration::from_secs(1) };
    let left = "container `p-web-1` ran before and is stopped, and service `db`, which it depends on, is not running: \
                run the same command again";
    assert_eq!(web_left_out(&engine, Some(restart)).await, [left]);
    assert_eq!(containers(&engine).await, ["p-db-1 app:1 exited", "p-web-1 app:1 exited"]);
    succeeds(&engine, &web_on_network("b", "app:2")).await;
    assert_eq!(containers(&engine).await, ["p-db-1 app:2 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn containers_that_this_run_stopped_run_again_whatever_became_of_the_others() {
    let engine = engine();
    assert_eq!(web_left_out(&engine, None).await, Vec::<String>::new());
    assert_eq!(containers(&engine).await, ["p-db-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_had_ended_is_not_started_when_its_replacement_is_dropped() {
    let engine = engine();
    succeeds(&engine, &on_network("a", "app:1")).await;
    let web = engine.inspect_container("p-web-1").await.unwrap().id;
    engine.kill_container(&web, "KILL").await.unwrap();
    engine.set_faults(|call| match call.name {
        "disconnect_network" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    fails(&engine, &on_network("b", "app:2")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 exited"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_once_does_not_leave_a_container_stopped_that_was_stopped_for_a_moment() {
    let engine = engine();
    succeeds(&engine, &on_network("a", "app:1")).await;
    let mut is_first = true;
    engine.set_faults(move |call| match call.name {
        "start_container" if std::mem::take(&mut is_first) => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    fails(&engine, &on_network("b", "app:1")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}
