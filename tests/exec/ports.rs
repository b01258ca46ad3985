//! Host ports that pass from one service to another.

use std::time::Duration;

use crate::common::{containers, engine, project, up};
use crate::setup::{dies, fails, succeeds, swap};
use inception::engine::ErrorKind;
use inception::engine::fake::Fault;

#[tokio::test(start_paused = true)]
async fn host_ports_change_hands_and_come_back_when_that_fails() {
    let yaml = |image: &str, one: u16, other: u16| {
        format!(
            "services: {{ a: {{ image: '{image}', ports: ['{one}:80'] }}, b: {{ image: 'app:1', ports: ['{other}:80'] }} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("app:1", 8001, 8002))).await.unwrap().is_success());
    assert!(!up(&engine, &project(&yaml("broken:1", 8002, 8001))).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-a-1 app:1 running", "p-b-1 app:1 running"]);
    let outcome = up(&engine, &project(&yaml("app:2", 8002, 8001))).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-a-1 app:2 running", "p-b-1 app:1 running"]);
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
async fn a_container_that_must_be_given_back_anyway_is_not_waited_for() {
    let engine = engine();
    succeeds(&engine, &swap("app:1", 8001, 8002)).await;
    let begun = tokio::time::Instant::now();
    // `web` fails, so `db` must be given back, too. A wait for the health check of `db` (`sick:1`) would take minutes.
    fails(&engine, &swap("broken:1", 8002, 8001).replace("db:1", "sick:1")).await;
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running"]);
    let of_the_simulated_clock = begun.elapsed();
    assert!(of_the_simulated_clock < Duration::from_secs(5), "{of_the_simulated_clock:?}");
}

/// `api` takes over the port of `web`. `side` shares the network of `web`.
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
    // The dead run has stopped `web`, and the engine does not tell the ports of a stopped container.
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

/// The new service `proxy` takes over the port of `web`, and `web` depends on `proxy`: `proxy` starts before `web` has
/// proved that it works.
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
            // The second start is the one of the new `web`.
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

/// The port of `web` goes to `api`. A run removes the old `api` and fails to remove the old `web`. Then `app` cannot be
/// replaced: that must not bring the old `web` back, for then `api` would lose its port.
#[tokio::test(start_paused = true)]
async fn a_holder_whose_replacement_works_does_not_come_back_because_of_another_service() {
    let yaml = |app: &str, web: &str, api: &str| {
        format!(
            "services: {{ app: {{ image: '{app}', ports: ['8001:80'] }}, web: {{ image: 'app:1'{web} }},
               api: {{ image: 'app:1'{api} }} }}"
        )
    };
    let port = ", ports: ['8002:80']";
    let engine = engine();
    succeeds(&engine, &yaml("app:1", port, "")).await;
    let mut removals = 0;
    engine.set_faults(move |call| {
        removals += usize::from(call.name == "remove_container");
        match (removals, call.name) {
            (1, "remove_container") => Fault::Fail(ErrorKind::Connection),
            (2.., "list_networks" | "list_containers" | "inspect_container") => Fault::Crash,
            _ => Fault::None,
        }
    });
    let wanted = project(&yaml("app:1", "", port));
    let _ = tokio::time::timeout(Duration::from_secs(3600), up(&engine, &wanted)).await;
    engine.clear_faults();
    fails(&engine, &yaml("broken:1", "", port)).await;
    let left = ["p-api-1 app:1 running", "p-app-1 app:1 running", "p-web-1 app:1 running"];
    assert_eq!(containers(&engine).await, left);
}
