//! `drift`: changes that were made by hand.

use std::collections::BTreeSet;

use crate::common::project;
use crate::setup::{ADDRESSED, CHAIN, brought_up};
use inception::model::{DefinedEndpoint, Definition, Observed};
use inception::plan::drift;

#[tokio::test(start_paused = true)]
async fn drift_is_what_was_changed_by_hand() {
    let yaml = "services: { web: { image: app:1, mem_limit: 64m, restart: always, networks: [front] }, gone: { image: app:1, networks: [front] } }\nnetworks: { front: }";
    let (engine, mut observed) = brought_up(yaml).await;
    let wanted = project(yaml);
    let told = |observed: &Observed| -> Vec<String> {
        drift(&wanted, observed, &BTreeSet::new(), '-')
            .iter()
            .map(|one| format!("{} {}: {} → {}", one.target, one.attribute, one.expected, one.found))
            .collect()
    };
    assert_eq!(told(&observed), Vec::<String>::new());
    let position = observed.containers.iter().position(|one| one.service() == Some("web")).unwrap();
    let mut made = Definition::default();
    made.set("mem_limit", "134217728");
    made.set("restart", "always");
    observed.definitions.insert(observed.containers[position].id.clone(), made);
    observed.containers[position].name = "odd".into();
    observed.containers[position].networks.insert("bridge".into(), Default::default());
    let mut stranger = observed.containers[position].clone();
    observed.containers.retain(|one| one.service() != Some("gone"));
    (stranger.id, stranger.name) = ("x".into(), "stranger".into());
    stranger.labels.clear();
    observed.containers.push(stranger);
    assert_eq!(
        told(&observed),
        [
            "network `p_front` users: only this project's containers → container `stranger`",
            "container `p-gone-1` state: present → missing",
            "container `p-web-1` name: p-web-1 → odd",
            "container `p-web-1` networks: p_front → bridge, p_front",
            "container `p-web-1` mem_limit: 67108864 → 134217728",
        ]
    );
    drop(engine);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_processes_that_the_engine_gives_by_itself_is_no_drift() {
    let told = async |yaml: &str, limits_processes: bool| -> Vec<String> {
        let (_, mut observed) = brought_up(yaml).await;
        let mut made = Definition::default();
        made.set("pids_limit", 2048);
        observed.definitions.insert(observed.containers[0].id.clone(), made);
        observed.engine.limits_processes = limits_processes;
        let found = drift(&project(yaml), &observed, &BTreeSet::new(), '-');
        found.iter().map(|one| format!("{}: {} → {}", one.attribute, one.expected, one.found)).collect()
    };
    let (silent, asked) = ("services: { a: { image: app:1 } }", "services: { a: { image: app:1, pids_limit: 9 } }");
    assert_eq!(told(silent, true).await, [""; 0]);
    assert_eq!(told(silent, false).await, ["pids_limit: (unset) → 2048"]);
    assert_eq!(told(asked, true).await, ["pids_limit: 9 → 2048"]);
}

#[tokio::test(start_paused = true)]
async fn changes_of_networks_and_volumes_in_the_file_are_no_drift() {
    let (_, observed) = brought_up(CHAIN).await;
    for data in ["data: { labels: { a: b } }", "data: { driver_opts: { type: tmpfs, device: tmpfs } }"] {
        let changed =
            CHAIN.replace("data: }", &format!("{data} }}\nnetworks: {{ default: {{ labels: {{ a: b }} }} }}"));
        assert_eq!(drift(&project(&changed), &observed, &BTreeSet::new(), '-'), []);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_aliases_and_addresses_are_drift() {
    let (_, mut observed) = brought_up(ADDRESSED).await;
    let id = observed.containers[0].id.clone();
    let mut told = |aliases: &[&str], address: &str| {
        let aliases = aliases.iter().map(ToString::to_string).collect();
        let endpoint = DefinedEndpoint { aliases, ipv4_address: address.to_owned(), ..Default::default() };
        let mut made = Definition::default();
        made.add_endpoint("p_n", endpoint);
        observed.definitions.insert(id.clone(), made);
        let found = drift(&project(ADDRESSED), &observed, &BTreeSet::new(), '-');
        found.iter().map(|one| format!("{}: {} → {}", one.attribute, one.expected, one.found)).collect::<Vec<_>>()
    };
    assert!(told(&["p-web-1", "web", "www", "more"], "10.9.0.10").is_empty());
    assert_eq!(told(&["p-web-1", "web"], ""), ["aliases: web, www → web", "ipv4_address: 10.9.0.10 → (unset)"]);
}
