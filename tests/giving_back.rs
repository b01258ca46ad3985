//! Replacements that fail, on the fake engine: the old containers come back, also after a run that died in the middle.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{containers, engine, observed, plan_up, project, run, up};
use inception::engine::fake::{FakeEngine, Fault, Mishap, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine};
use inception::model::ContainerState;
use inception::plan::{Action, UpOptions};

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
async fn what_shares_a_network_is_restarted_when_its_host_comes_back() {
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
async fn what_a_dead_run_started_does_not_run_beside_the_old_container() {
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
async fn services_that_change_sides_in_sharing_a_network_come_back() {
    let engine = engine();
    succeeds(&engine, "services: { app: { image: 'app:1', network_mode: 'service:vpn' }, vpn: { image: 'app:1' } }")
        .await;
    let turned = "services: { app: { image: 'broken:1' }, vpn: { image: 'app:2', network_mode: 'service:app' } }";
    let outcome = up(&engine, &project(turned)).await.unwrap();
    assert!(!outcome.is_success());
    // Whichever comes back first, a second run finds both.
    let _ = up(&engine, &project(turned)).await.unwrap();
    assert_eq!(containers(&engine).await, ["p-app-1 app:1 running", "p-vpn-1 app:1 running"]);
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

#[tokio::test(start_paused = true)]
async fn where_a_network_cannot_be_removed_what_was_on_it_goes_on_there() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a")).await;
    engine.set_faults(|call| match call.name {
        "remove_network" => Fault::Fail(ErrorKind::Conflict),
        _ => Fault::None,
    });
    let outcome = up(&engine, &project(&yaml("b"))).await.unwrap();
    assert!(!outcome.is_success());
    let all = engine.list_containers(&[]).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].state, ContainerState::Running);
    assert_eq!(all[0].networks.len(), 1);
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
async fn each_replica_gets_its_own_name_on_a_network_that_is_made_anew() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', scale: 2, networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a")).await;
    let plan = plan_up(&project(&yaml("b")), &observed(&engine).await, &UpOptions::default());
    let names = plan.steps.iter().filter_map(|step| match &step.action {
        Action::ConnectNetwork { endpoint, .. } => Some((step.target.name().to_owned(), endpoint.aliases.clone())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 2);
    for (name, aliases) in names {
        assert!(aliases.contains(&name) && aliases.contains(&"web".to_owned()), "{name}: {aliases:?}");
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

/// `api` takes the port of `web`, and `side` shares the network of `web`.
fn port_of_a_host(api: bool, web: &str, side: &str) -> String {
    let port = "ports: ['8001:80']";
    let (web_port, api) = match api {
        true => (String::new(), format!("api: {{ image: 'app:1', {port} }}, ")),
        false => (format!(", {port}"), String::new()),
    };
    format!(
        "services: {{ {api}web: {{ image: '{web}'{web_port} }}, \
         side: {{ image: '{side}', network_mode: 'service:web' }} }}"
    )
}

#[tokio::test(start_paused = true)]
async fn a_new_service_takes_a_port_only_when_all_that_shares_with_its_holder_works_without_it() {
    let engine = engine();
    succeeds(&engine, &port_of_a_host(false, "app:1", "app:1")).await;
    fails(&engine, &port_of_a_host(true, "app:1", "broken:1")).await;
    let before = ["p-api-1 app:1 created", "p-side-1 app:1 running", "p-web-1 app:1 running"];
    assert_eq!(containers(&engine).await, before);
    // A run that dies has stopped `web`, and the engine does not tell the ports of what is stopped.
    for nth in 0..2 {
        let wanted = port_of_a_host(true, "app:1", "broken:1");
        dies(&engine, &wanted, "start_container", nth, Fault::CrashAfter).await;
        assert!(!up(&engine, &project(&wanted)).await.unwrap().is_success());
        assert_eq!(containers(&engine).await[1..], before[1..], "{nth}");
    }
    succeeds(&engine, &port_of_a_host(true, "app:1", "app:2")).await;
    let after = ["p-api-1 app:1 running", "p-side-1 app:2 running", "p-web-1 app:1 running"];
    assert_eq!(containers(&engine).await, after);
}

/// `proxy` is new, takes the port of `web`, and `web` waits for it: so it starts before `web` is known to work.
fn port_of_a_dependent(has_proxy: bool, web: &str) -> String {
    match has_proxy {
        false => format!("services: {{ web: {{ image: '{web}', ports: ['8001:80'] }} }}"),
        true => format!(
            "services: {{ web: {{ image: '{web}', depends_on: [proxy] }}, proxy: {{ image: 'app:1', ports: ['8001:80'] }} }}"
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_has_taken_a_port_gives_way_where_the_old_holder_must_come_back() {
    for dies_first in [false, true] {
        let engine = engine();
        succeeds(&engine, &port_of_a_dependent(false, "app:1")).await;
        let wanted = port_of_a_dependent(true, "broken:1");
        if dies_first {
            // The second start is that of the new `web`.
            dies(&engine, &wanted, "start_container", 1, Fault::Crash).await;
        }
        let outcome = up(&engine, &project(&wanted)).await.unwrap();
        assert!(!outcome.is_success());
        assert_eq!(outcome.leftovers.len(), 1, "{:?}", outcome.leftovers);
        assert!(outcome.leftovers[0].starts_with("container `p-proxy-1` is stopped"), "{:?}", outcome.leftovers);
        assert_eq!(containers(&engine).await, ["p-proxy-1 app:1 exited", "p-web-1 app:1 running"], "{dies_first}");
        succeeds(&engine, &port_of_a_dependent(true, "app:2")).await;
        assert_eq!(containers(&engine).await, ["p-proxy-1 app:1 running", "p-web-1 app:2 running"], "{dies_first}");
    }
}

/// `web` is stopped while its network is made anew, and depends on `db`.
fn web_on_network(label: &str, db: &str) -> String {
    format!(
        "services: {{ web: {{ image: 'app:1', networks: [n], depends_on: [db] }}, db: {{ image: '{db}' }} }}\n\
         networks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
    )
}

/// Changes both; no new `db` can be made. `meanwhile` happens at the first stop. Returns what the run leaves to do.
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
async fn what_an_engine_s_restart_has_stopped_is_not_started_without_what_it_needs() {
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
async fn what_this_run_has_stopped_runs_again_whatever_became_of_the_others() {
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

fn on_network(label: &str, image: &str) -> String {
    format!(
        "services: {{ web: {{ image: '{image}', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
    )
}

#[tokio::test(start_paused = true)]
async fn a_death_right_after_the_stop_of_a_port_s_holder_leaves_the_sign_that_it_is_to_run() {
    for (call, nth) in [("create_container", 0), ("create_container", 1), ("stop_container", 0)] {
        for fault in [Fault::Crash, Fault::CrashAfter] {
            let engine = engine();
            succeeds(&engine, &swap("app:1", 8001, 8002)).await;
            dies(&engine, &swap("broken:1", 8002, 8001), call, nth, fault.clone()).await;
            engine.quiet().await;
            fails(&engine, &swap("broken:1", 8002, 8001)).await;
            let all = ["p-db-1 db:1 running", "p-web-1 app:1 running"];
            assert_eq!(containers(&engine).await, all, "{call} {nth} {fault:?}");
        }
    }
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

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_effect_after_the_old_container_came_back_is_made_good() {
    let engine = engine();
    succeeds(&engine, &web("app:1")).await;
    let mut is_first = true;
    engine.set_script(move |call| {
        let mut turn = Turn::from(Fault::None);
        if call.name == "stop_container" && std::mem::take(&mut is_first) {
            turn = Turn { work: Duration::from_millis(300), ..Fault::CutOff.into() };
        }
        // The run itself is slow enough to meet it: the removal of the new container comes after the old one's start.
        if call.name == "remove_container" {
            turn.work = Duration::from_secs(1);
        }
        turn
    });
    assert!(!up(&engine, &project(&web("broken:1"))).await.unwrap().is_success());
    engine.clear_faults();
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_container_comes_back_when_the_network_that_it_was_on_is_made_again() {
    // The new `web` is on another network than the old one, and fails long before the old one's is there again.
    let yaml = |image: &str, on: &str, label: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', networks: [{on}] }}, other: {{ image: 'app:1', networks: [n] }} }}\n\
             networks: {{ n: {{ labels: {{ v: '{label}' }} }}, m: {{}} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1", "n", "a")).await;
    engine.set_script(|call| {
        let seconds = if call.name == "create_network" && call.target == "p_n" { 20 } else { 0 };
        Turn { work: Duration::from_secs(seconds), ..Fault::None.into() }
    });
    fails(&engine, &yaml("broken:1", "m", "b")).await;
    engine.clear_faults();
    assert_eq!(containers(&engine).await, ["p-other-1 app:1 running", "p-web-1 app:1 running"]);
    let web =
        engine.list_containers(&[]).await.unwrap().into_iter().find(|one| one.name.as_str() == "p-web-1").unwrap();
    assert!(web.networks.contains_key("p_n"));
}
