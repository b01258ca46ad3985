//! Shared by the tests of runs: compose files, prepared engines, and runs that succeed, fail or die.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{engine, project, up};
use inception::engine::ReadEngine;
use inception::engine::fake::{FakeEngine, Fault};

pub const BEFORE: &str = "
services:
  web: { image: 'app:1', depends_on: { db: { condition: service_healthy } }, scale: 2 }
  db: { image: 'db:1', volumes: [data:/data] }
volumes: { data: }
";

pub fn after() -> String {
    BEFORE.replace("app:1", "app:2").replace("db:1", "db:2")
}

/// Returns an engine without the project, or with the running project of [`BEFORE`].
pub async fn prepared(has_before: bool) -> Arc<FakeEngine> {
    let engine = engine();
    if has_before {
        assert!(up(&engine, &project(BEFORE)).await.unwrap().is_success());
    }
    engine
}

pub const FINAL: [&str; 3] = ["p-db-1 db:2 running", "p-web-1 app:2 running", "p-web-2 app:2 running"];

/// Runs `up` until the first call of this name. There the program dies, before or after the call by the kind of
/// `fault`.
pub async fn dies_at(engine: &Arc<FakeEngine>, yaml: &str, name: &'static str, fault: Fault) {
    engine.set_faults(move |call| if call.name == name { fault.clone() } else { Fault::None });
    let wanted = project(yaml);
    assert!(tokio::time::timeout(Duration::from_secs(3600), up(engine, &wanted)).await.is_err(), "the run dies");
    engine.clear_faults();
}

/// Runs `up` and dies at the `nth` call of a name, counted from 0.
pub async fn dies(engine: &Arc<FakeEngine>, yaml: &str, name: &'static str, nth: usize, fault: Fault) {
    let mut seen = 0;
    engine.set_faults(move |call| {
        seen += usize::from(call.name == name);
        if call.name == name && seen == nth + 1 { fault.clone() } else { Fault::None }
    });
    let wanted = project(yaml);
    assert!(tokio::time::timeout(Duration::from_secs(3600), up(engine, &wanted)).await.is_err(), "it dies at {name}");
    engine.clear_faults();
}

/// Returns the networks of each container, by name.
pub async fn networks(engine: &FakeEngine) -> Vec<String> {
    let known: Vec<_> = engine.list_networks().await.unwrap().into_iter().map(|network| network.id).collect();
    let list = engine.list_containers(&[]).await.unwrap();
    let attached = |one: &inception::model::ObservedContainer| {
        let living = one.networks.iter().filter(|(_, endpoint)| known.contains(&endpoint.network_id));
        format!("{} {} {:?}", one.name, one.state.as_str(), living.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    };
    list.iter().map(attached).collect()
}

pub async fn succeeds(engine: &Arc<FakeEngine>, yaml: &str) {
    let outcome = up(engine, &project(yaml)).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
}

/// Runs `up`, which must fail and leave nothing to repair by hand.
pub async fn fails(engine: &Arc<FakeEngine>, yaml: &str) {
    let outcome = up(engine, &project(yaml)).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
}

pub fn web(image: &str) -> String {
    format!("services: {{ web: {{ image: '{image}' }} }}")
}

pub fn on_network(label: &str, image: &str) -> String {
    format!(
        "services: {{ web: {{ image: '{image}', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
    )
}

/// Two services that exchange their ports. `db` becomes healthy after a while; the image `web` may be one that fails.
pub fn swap(web: &str, db: u16, other: u16) -> String {
    format!(
        "services: {{ db: {{ image: 'db:1', ports: ['{db}:80'] }}, web: {{ image: '{web}', ports: ['{other}:80'] }} }}"
    )
}
