//! Replacements that fail: the old container comes back, also when the run died halfway.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, run, up};
use crate::setup::{BEFORE, dies, dies_at, fails, prepared, succeeds, web};
use inception::engine::fake::{Fault, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine};
use inception::model::ContainerState;
use inception::plan::{Action, UpOptions};

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
async fn a_file_that_is_changed_back_keeps_the_container_that_is_right() {
    let engine = engine();
    let before = "services: { web: { image: app:1 } }";
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    dies_at(&engine, &before.replace(":1", ":2"), "stop_container", Fault::Crash).await;
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_container_that_dies_while_the_old_one_stops_does_not_cost_the_old_one() {
    let engine = engine();
    let yaml = |image: &str| {
        format!("services: {{ web: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }} }}")
    };
    assert!(up(&engine, &project(&yaml("app:1"))).await.unwrap().is_success());
    let world = Arc::new(engine.client(0));
    engine.set_faults(move |call| {
        if call.name == "stop_container" {
            let world = world.clone();
            tokio::spawn(async move {
                let all = world.list_containers(&[]).await.unwrap();
                let new = all.iter().find(|one| one.image == "app:2").unwrap();
                world.kill_container(&new.id, "KILL").await
            });
        }
        Fault::None
    });
    assert!(!up(&engine, &project(&yaml("app:2"))).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_death_while_the_old_container_is_given_back_leaves_the_sign_that_it_is_to_run() {
    // The second start is the one of the old container.
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
async fn a_container_that_a_dead_run_stopped_comes_back_though_the_file_has_changed() {
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
    // The stop that the dead run asked for takes effect only now.
    let old = observed(&engine).await.containers.iter().find(|one| one.name.as_str() == "p-web-1").unwrap().id.clone();
    engine.stop_container(&old, None).await.unwrap();
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_reply_was_lost_is_over_before_the_old_container_is_started() {
    let engine = engine();
    succeeds(&engine, &web("slow:1")).await;
    let mut stops = 0;
    engine.set_faults(move |call| {
        stops += usize::from(call.name == "stop_container");
        match call.name {
            "stop_container" if stops < 6 => Fault::Fail(ErrorKind::Connection),
            "stop_container" if stops == 6 => Fault::CutOff,
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
    let (outcome, _) = tokio::join!(run(&engine, &plan), stop);
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_a_dead_run_started_does_not_run_beside_the_old_one() {
    let engine = engine();
    succeeds(&engine, &web("app:1")).await;
    dies(&engine, &web("app:2"), "start_container", 0, Fault::CrashAfter).await;
    engine.set_faults(|call| match call.name {
        "create_container" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    let outcome = up(&engine, &project(&web("db:1"))).await.unwrap();
    assert!(!outcome.is_success());
    engine.clear_faults();
    let running: Vec<String> = containers(&engine).await.into_iter().filter(|one| one.ends_with(" running")).collect();
    assert_eq!(running, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn with_continue_the_other_replicas_are_tried_too() {
    let yaml = |image: &str, action: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', scale: 3,
               deploy: {{ update_config: {{ parallelism: 1, delay: 1s, failure_action: {action} }} }} }} }}"
        )
    };
    for (action, tried) in [("pause", 1), ("continue", 3)] {
        let engine = engine();
        succeeds(&engine, &yaml("app:1", action)).await;
        let before = engine.calls().len();
        fails(&engine, &yaml("broken:1", action)).await;
        let stops = engine.calls()[before..].iter().filter(|call| call.name == "stop_container").count();
        assert_eq!(stops, tried, "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn old_and_new_do_not_run_side_by_side_on_one_anonymous_volume_or_address() {
    let update = "deploy: { update_config: { order: start-first } }";
    let address = "networks: { n: { ipv4_address: 10.9.0.2 } }";
    for (more, is_beside) in [("", true), ("network_mode: host,", false), (&format!("{address},"), false)] {
        let yaml = |image: &str| {
            format!(
                "services: {{ web: {{ image: '{image}', {more} {update} }} }}
                 \nnetworks: {{ n: {{ ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}"
            )
        };
        let engine = engine();
        succeeds(&engine, &yaml("app:1")).await;
        let plan = plan_up(&project(&yaml("app:2")), &observed(&engine).await, &UpOptions::default());
        let at = |verb: &str| {
            let is_it = |action: &Action| inception::plan::describe(action).plain() == verb;
            plan.steps.iter().position(|step| is_it(&step.action))
        };
        assert_eq!(at("start") < at("stop"), is_beside, "{more}: {}", inception::plan::render(&plan));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_effect_after_the_old_container_came_back_is_repaired() {
    let engine = engine();
    succeeds(&engine, &web("app:1")).await;
    let mut is_first = true;
    engine.set_script(move |call| {
        let mut turn = Turn::from(Fault::None);
        if call.name == "stop_container" && std::mem::take(&mut is_first) {
            turn = Turn { work: Duration::from_millis(300), ..Fault::CutOff.into() };
        }
        // The removal of the new container follows the start of the old one. It takes a second, so that the late stop
        // comes before the end of the run.
        if call.name == "remove_container" {
            turn.work = Duration::from_secs(1);
        }
        turn
    });
    assert!(!up(&engine, &project(&web("broken:1"))).await.unwrap().is_success());
    engine.clear_faults();
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

/// The new container stays: it tells the next run that the old one must run.
#[tokio::test(start_paused = true)]
async fn an_old_container_that_could_not_come_back_comes_back_with_the_next_run() {
    let engine = engine();
    let before = "services: { web: { image: app:1 } }";
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    let old = observed(&engine).await.containers[0].id.clone();
    let is_start =
        move |call: &inception::engine::fake::Call| call.name == "start_container" && call.target == old.as_str();
    engine.set_faults(move |call| if is_start(call) { Fault::Fail(ErrorKind::Engine) } else { Fault::None });
    let outcome = up(&engine, &project(&before.replace("app:1", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success() && outcome.restored.is_empty());
    assert_eq!(outcome.leftovers.len(), 1, "{:?}", outcome.leftovers);
    engine.set_faults(|_| Fault::None);
    let outcome = up(&engine, &project(&before.replace("app:1", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_container_comes_back_at_its_own_address_not_at_that_of_the_new_file() {
    let engine = engine();
    let before = "
services:
  db: { image: app:1, networks: { n: { ipv4_address: 10.9.0.11 } } }
  web: { image: app:1, networks: { n: { ipv4_address: 10.9.0.13 } } }
networks: { n: { labels: { v: '0' }, ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
";
    let after = "
services:
  db: { image: sick:1 }
  web: { image: app:1, networks: { n: { ipv4_address: 10.9.0.11 } }, depends_on: { db: { condition: service_healthy } } }
networks: { n: { labels: { v: '1' }, ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
";
    succeeds(&engine, before).await;
    fails(&engine, after).await;
    assert_eq!(containers(&engine).await, ["p-db-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_container_that_a_dead_run_disconnected_comes_back_at_its_own_address() {
    let engine = engine();
    let yaml = |version: u32, images: [&str; 2], addresses: [u32; 2]| {
        format!(
            "
services:
  a: {{ image: '{}', networks: {{ n: {{ ipv4_address: 10.9.0.{} }} }} }}
  b: {{ image: '{}', networks: {{ n: {{ ipv4_address: 10.9.0.{} }} }} }}
networks: {{ n: {{ labels: {{ v: '{version}' }}, ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}
",
            images[0], addresses[0], images[1], addresses[1]
        )
    };
    succeeds(&engine, &yaml(0, ["app:1", "app:1"], [10, 12])).await;
    let after = yaml(1, ["app:2", "broken:1"], [12, 10]);
    dies(&engine, &after, "remove_network", 0, Fault::Crash).await;
    fails(&engine, &after).await;
    assert_eq!(containers(&engine).await, ["p-a-1 app:1 running", "p-b-1 app:1 running"]);
    let held = observed(&engine)
        .await
        .containers
        .iter()
        .filter_map(|one| {
            let endpoint = one.networks.values().next()?;
            Some(format!("{} {}", one.name, endpoint.ip_address))
        })
        .collect::<Vec<_>>();
    assert_eq!(held, ["p-a-1 10.9.0.10", "p-b-1 10.9.0.12"]);
}
