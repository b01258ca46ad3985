//! Containers that share the network namespace of another container.

use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, up};
use crate::setup::{dies, fails, succeeds};
use inception::engine::fake::{Fault, Mishap, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine, RemoveOptions};
use inception::plan::{Action, UpOptions};

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_a_network_is_given_back_together_with_its_host() {
    let yaml = |web: &str, side: &str| {
        format!("services: {{ web: {{ image: '{web}' }}, side: {{ image: '{side}', network_mode: 'service:web' }} }}")
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("app:1", "app:1"))).await.unwrap().is_success());
    let outcome = up(&engine, &project(&yaml("app:2", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_a_network_joins_the_replica_that_the_next_run_expects() {
    let yaml = |title: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', scale: 2, environment: {{ T: '{title}' }} }}, \
             side: {{ image: 'app:1', network_mode: 'service:web' }} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("a"))).await.unwrap().is_success());
    let first = engine.inspect_container("p-web-1").await.unwrap().id;
    engine.remove_container(&first, RemoveOptions { force: true, volumes: false }).await.unwrap();
    let wanted = project(&yaml("b"));
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_a_network_is_restarted_when_its_host_comes_back() {
    let yaml = |web: &str| {
        format!("services: {{ web: {{ image: '{web}' }}, side: {{ image: 'app:1', network_mode: 'service:web' }} }}")
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1")).await;
    let side = engine.inspect_container("p-side-1").await.unwrap().id;
    fails(&engine, &yaml("broken:1")).await;
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
    let calls = engine.calls();
    let at = |name: &str| calls.iter().rposition(|call| call.name == name);
    assert!(at("restart_container").is_some() && at("restart_container") > at("start_container"));
    assert!(calls.iter().any(|call| call.name == "restart_container" && call.target == side.as_str()));
}

#[tokio::test(start_paused = true)]
async fn services_that_change_sides_in_sharing_a_network_come_back() {
    let engine = engine();
    succeeds(&engine, "services: { app: { image: 'app:1', network_mode: 'service:vpn' }, vpn: { image: 'app:1' } }")
        .await;
    let turned = "services: { app: { image: 'broken:1' }, vpn: { image: 'app:2', network_mode: 'service:app' } }";
    let outcome = up(&engine, &project(turned)).await.unwrap();
    assert!(!outcome.is_success());
    // In the first run one of the two may have come back too early; after the second run both are there.
    let _ = up(&engine, &project(turned)).await.unwrap();
    assert_eq!(containers(&engine).await, ["p-app-1 app:1 running", "p-vpn-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_reply_is_lost_is_given_back_though_its_host_was_given_back_before() {
    let yaml = |side: &str, title: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', environment: {{ T: '{title}' }} }}, \
             side: {{ image: '{side}', network_mode: 'service:web', depends_on: [web] }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1", "a")).await;
    let mut stops = 0;
    engine.set_faults(move |call| {
        stops += usize::from(call.name == "stop_container");
        if call.name == "stop_container" && stops < 4 && stops % 2 == 1 { Fault::LoseReply } else { Fault::None }
    });
    fails(&engine, &yaml("broken:1", "b")).await;
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_shares_with_one_that_runs_is_finished_not_made_again() {
    let yaml = |title: &str| {
        format!(
            "services: {{ web: {{ image: app:1, environment: {{ TITLE: '{title}' }} }}, \
             side: {{ image: app:1, network_mode: 'service:web' }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("0")).await;
    // The new `web` runs. The new `side` is created, but not started.
    dies(&engine, &yaml("1"), "start_container", 1, Fault::Crash).await;
    let plan = plan_up(&project(&yaml("1")), &observed(&engine).await, &UpOptions::default());
    let creates = plan.steps.iter().any(|step| matches!(step.action, Action::CreateContainer { .. }));
    assert!(!creates, "{}", inception::plan::render(&plan));
    succeeds(&engine, &yaml("1")).await;
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
    assert!(plan_up(&project(&yaml("1")), &observed(&engine).await, &UpOptions::default()).is_empty());
}

/// The new `side` runs and the old one is not removed yet when the run dies. Then `web`, whose network it shares, stops.
#[tokio::test(start_paused = true)]
async fn a_replacement_whose_host_is_started_again_is_restarted_before_the_old_one_goes() {
    let yaml = |title: &str| {
        format!(
            "services: {{ web: {{ image: app:1 }}, \
             side: {{ image: app:1, environment: {{ TITLE: '{title}' }}, network_mode: 'service:web' }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("0")).await;
    dies(&engine, &yaml("1"), "remove_container", 0, Fault::Crash).await;
    let web = engine.inspect_container("p-web-1").await.unwrap().id;
    engine.stop_container(&web, None).await.unwrap();
    let plan = plan_up(&project(&yaml("1")), &observed(&engine).await, &UpOptions::default());
    let at = |is_it: &dyn Fn(&Action) -> bool| plan.steps.iter().position(|step| is_it(&step.action));
    let restart = at(&|action| matches!(action, Action::RestartContainer { .. })).unwrap();
    let wait = at(&|action| matches!(action, Action::WaitFor { until: inception::plan::Until::Ready(_), .. })).unwrap();
    let waits_for = &plan.steps[wait].requires;
    assert!(waits_for.contains(&plan.steps[restart].id), "{}", inception::plan::render(&plan));
    succeeds(&engine, &yaml("1")).await;
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
    assert!(plan_up(&project(&yaml("1")), &observed(&engine).await, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_with_one_that_is_still_being_stopped_comes_back_after_it() {
    let yaml = |web: &str, side: &str| {
        format!(
            "services: {{ web: {{ image: '{web}', deploy: {{ update_config: {{ order: start-first }} }} }}, \
             side: {{ image: '{side}', network_mode: 'service:web' }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1", "app:1")).await;
    let web = engine.inspect_container("p-web-1").await.unwrap().id;
    engine.set_script(move |call| {
        let is_slow = ["stop_container", "start_container"].contains(&call.name) && call.target == web.as_str();
        Turn { work: Duration::from_secs(if is_slow { 5 } else { 0 }), ..Turn::from(Fault::None) }
    });
    fails(&engine, &yaml("app:2", "broken:1")).await;
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_an_engine_s_restart_ended_is_not_restarted_with_its_host_without_its_dependencies() {
    let yaml = |web: &str| {
        format!(
            "services: {{ db: {{ image: app:1 }}, web: {{ image: '{web}' }}, \
             side: {{ image: app:1, network_mode: 'service:web', depends_on: [db] }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1")).await;
    let mut meanwhile = Some(Mishap::EngineRestarts { down: Duration::from_secs(1) });
    engine.set_script(move |call| match call.name {
        "stop_container" => Turn { mishap: meanwhile.take(), ..Turn::from(Fault::None) },
        "create_container" if call.target.contains("side") => Turn::from(Fault::Fail(ErrorKind::Engine)),
        _ => Turn::from(Fault::None),
    });
    let outcome = up(&engine, &project(&yaml("app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    engine.clear_faults();
    let left = containers(&engine).await;
    assert_eq!(
        left,
        ["p-db-1 app:1 exited", "p-side-1 app:1 exited", "p-web-1 app:1 running"],
        "{:?}",
        outcome.leftovers
    );
}

/// `web` is stopped while its network is made anew, waits for `db`, and `side` shares its network.
#[tokio::test(start_paused = true)]
async fn what_shares_a_network_comes_back_after_its_host_that_was_stopped_for_a_moment() {
    let yaml = |label: &str, db: &str, side: &str| {
        format!(
            "services: {{ db: {{ image: '{db}' }},
               web: {{ image: 'app:1', networks: [n], depends_on: {{ db: {{ condition: service_healthy }} }} }},
               side: {{ image: '{side}', scale: 2, network_mode: 'service:web',
                        depends_on: {{ web: {{ condition: service_started, required: false }} }} }} }}
             \nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a", "db:1", "app:1")).await;
    let outcome = up(&engine, &project(&yaml("b", "sick:1", "app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
    let all = ["p-db-1 db:1 running", "p-side-1 app:1 running", "p-side-2 app:1 running", "p-web-1 app:1 running"];
    assert_eq!(containers(&engine).await, all);
}
