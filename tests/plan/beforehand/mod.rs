//! What is refused because of the engine's machine, of images, and of containers and networks outside the project.

use std::collections::BTreeMap;

use crate::common::{engine, interest, observed, plan_up, project};
use crate::setup::{brought_up, refused};
use inception::model::{ContainerState, ImageFacts, Machine, Observed, ObservedContainer, ObservedNetwork, Plugins};
use inception::observe;
use inception::plan::{UpOptions, images_in_doubt, render};

fn on(machine: Machine) -> Observed {
    Observed { plugins: Some(Plugins { machine, ..Plugins::default() }), ..Observed::default() }
}

fn service(attributes: &str) -> String {
    format!("services: {{ web: {{ image: app:1, {attributes} }} }}")
}

#[test]
fn attributes_that_the_engines_machine_does_not_support_are_refused() {
    let machine = Machine {
        processors: 2,
        online: "0-1".to_owned(),
        cgroup_version: "1".to_owned(),
        cgroup_driver: "systemd".to_owned(),
        storage_driver: "overlay2".to_owned(),
        has_containerd_store: false,
        backing_filesystem: "extfs".to_owned(),
        manages_swarm: Some(false),
        pools: Vec::new(),
    };
    let default = UpOptions::default();
    for attributes in [
        "cpus: 2.5",
        "deploy: { resources: { limits: { cpus: '64' } } }",
        "cpuset: '7'",
        "cpuset: '0-3'",
        "cpu_shares: 1",
        "cpu_shares: 300000",
        "storage_opt: { size: 1G }",
        "cgroup_parent: limited",
    ] {
        let yaml = service(attributes);
        assert_eq!(refused(&yaml, &on(machine.clone()), &default), ["engine-lacks"], "{attributes}");
        assert!(
            refused(&yaml, &on(Machine::default()), &default).is_empty(),
            "unknown facts refuse nothing: {attributes}"
        );
        assert!(refused(&yaml, &Observed::default(), &default).is_empty(), "{attributes}");
        assert!(inception::plan::depends_on_machine(&project(&yaml)), "{attributes}");
    }
    for attributes in ["cpus: 2", "cpuset: '0,1'", "cpu_shares: 2", "cgroup_parent: limited.slice"] {
        assert!(refused(&service(attributes), &on(machine.clone()), &default).is_empty(), "{attributes}");
    }
    let other = Machine { cgroup_version: "2".to_owned(), backing_filesystem: "xfs".to_owned(), ..machine.clone() };
    for attributes in ["cpu_shares: 1", "storage_opt: { size: 1G }"] {
        assert!(refused(&service(attributes), &on(other.clone()), &default).is_empty(), "{attributes}");
    }
    // A service without replicas needs nothing of the machine.
    assert!(refused(&service("cpus: 64, scale: 0"), &on(machine), &default).is_empty());
    assert!(!inception::plan::depends_on_machine(&project(&service("mem_limit: 64m"))));
}

#[test]
fn networks_that_the_engine_cannot_make_are_refused() {
    let with = |network: &str| {
        format!("services: {{ web: {{ image: app:1, networks: [n] }} }}\nnetworks: {{ n: {{ {network} }} }}")
    };
    let default = UpOptions::default();
    let at = |version: &str, machine: Machine| {
        let mut observed = on(machine);
        observed.engine.version = version.to_owned();
        observed
    };
    let alone = Machine { manages_swarm: Some(false), ..Machine::default() };
    let managing = Machine { manages_swarm: Some(true), ..Machine::default() };
    assert_eq!(refused(&with("driver: overlay"), &at("20.10.24", alone), &default), ["engine-lacks"]);
    assert!(refused(&with("driver: overlay"), &at("20.10.24", managing), &default).is_empty());
    let pools = Machine { pools: vec!["10.0.0.0/8".to_owned(), "fd00::/80".to_owned()], ..Machine::default() };
    let ipv6 = with("enable_ipv6: true");
    assert_eq!(refused(&ipv6, &at("20.10.24", Machine::default()), &default), ["engine-lacks"]);
    assert!(refused(&ipv6, &at("20.10.24", pools), &default).is_empty());
    assert!(refused(&ipv6, &at("28.5.2", Machine::default()), &default).is_empty(), "the engine has IPv6 pools");
    assert!(refused(&ipv6, &at("4.3.1", Machine::default()), &default).is_empty(), "another engine");
    let subnet = with("enable_ipv6: true, ipam: { config: [{ subnet: 'fd00:5::/64' }] }");
    assert!(refused(&subnet, &at("20.10.24", Machine::default()), &default).is_empty());
    assert!(!inception::plan::depends_on_machine(&project(&subnet)));
}

/// Returns a snapshot with an image that has these facts.
fn with_image(facts: ImageFacts) -> Observed {
    let id = inception::model::ImageId::new("sha256:1");
    Observed {
        images: [("app:1".to_owned(), id.clone()), ("db:9".to_owned(), id.clone())].into(),
        image_facts: [(id, facts)].into(),
        ..Observed::default()
    }
}

#[test]
fn a_wait_for_health_without_a_health_check_is_refused_for_each_dependent() {
    let yaml = |check: &str| {
        format!(
            "services:
  web: {{ image: app:1, command: x, depends_on: {{ db: {{ condition: service_healthy }} }} }}
  api: {{ image: app:1, command: x, depends_on: {{ db: {{ condition: service_healthy }} }} }}
  db: {{ image: db:9, command: x, {check} }}"
        )
    };
    let default = UpOptions::default();
    let without = with_image(ImageFacts::default());
    let with = with_image(ImageFacts { has_healthcheck: true, ..ImageFacts::default() });
    let both = ["no-healthcheck"; 2];
    assert_eq!(refused(&yaml(""), &without, &default), both);
    assert_eq!(refused(&yaml("healthcheck: { interval: 5s }"), &without, &default), both, "only the test counts");
    assert_eq!(refused(&yaml("healthcheck: { disable: true }"), &with, &default), both);
    assert_eq!(refused(&yaml("healthcheck: { test: NONE }"), &without, &default).len(), 0, "a command named NONE");
    assert_eq!(refused(&yaml("healthcheck: { test: [NONE] }"), &with, &default), both);
    assert!(refused(&yaml(""), &with, &default).is_empty());
    assert!(refused(&yaml("healthcheck: { test: x }"), &without, &default).is_empty());
    assert!(
        refused(&yaml(""), &Observed::default(), &default).is_empty(),
        "an image that is not known refuses nothing"
    );
    let not_started = UpOptions { start: false, ..UpOptions::default() };
    assert!(refused(&yaml(""), &without, &not_started).is_empty(), "nobody waits");
    let optional = yaml("").replace("service_healthy }", "service_healthy, required: false }");
    let plan = plan_up(&project(&optional), &without, &default);
    assert_eq!(
        plan.diagnostics.iter().map(|one| (one.code, one.is_error())).collect::<Vec<_>>(),
        [("no-healthcheck", false); 2]
    );
}

#[test]
fn a_container_with_nothing_to_run_is_refused() {
    let nothing = with_image(ImageFacts::default());
    let command = with_image(ImageFacts { has_command: true, ..ImageFacts::default() });
    let entrypoint = with_image(ImageFacts { has_entrypoint: true, ..ImageFacts::default() });
    let default = UpOptions::default();
    let one = |attributes: &str, observed: &Observed| refused(&service(attributes), observed, &default);
    assert_eq!(one("", &nothing), ["no-command"]);
    assert_eq!(one("command: []", &nothing), ["no-command"]);
    assert_eq!(one("entrypoint: []", &entrypoint), ["no-command"], "the image's entrypoint is taken away");
    for (attributes, observed) in [
        ("command: x", &nothing),
        ("entrypoint: x", &nothing),
        ("", &command),
        ("", &entrypoint),
        ("entrypoint: []", &command),
    ] {
        assert!(one(attributes, observed).is_empty(), "{attributes}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_images_that_decide_are_inspected() {
    let yaml = "services:
  web: { image: app:1, command: x, depends_on: { db: { condition: service_healthy } } }
  db: { image: db:1, command: x }
  bare: { image: app:2 }
  done: { image: app:1, command: x }";
    let engine = engine();
    let project = project(yaml);
    let names =
        |observed: &Observed| images_in_doubt(&project, &plan_up(&project, observed, &UpOptions::default()), '-');
    let before = observe::observe(&*engine, &interest(&project)).await.unwrap();
    assert_eq!(names(&before), ["app:2".to_owned(), "db:1".to_owned()].into());
    let facts = observe::image_facts(&*engine, names(&before)).await.unwrap();
    let by_name: BTreeMap<_, _> = facts.iter().map(|(id, facts)| (id.to_string(), facts.has_healthcheck)).collect();
    assert_eq!(by_name.values().filter(|has| **has).count(), 1, "{by_name:?}");
    let (_, after) = brought_up(yaml).await;
    assert!(names(&after).is_empty(), "nothing is created, and nobody waits");
}

#[test]
fn containers_and_networks_of_others_must_be_there() {
    let container = |state| ObservedContainer {
        id: "0123456789abcdef".repeat(4).as_str().into(),
        name: "vpn".into(),
        state,
        ..ObservedContainer::default()
    };
    let with = |state| Observed { containers: vec![container(state)].into(), ..Observed::default() };
    let (up, down) = (with(ContainerState::Running), with(ContainerState::Exited));
    let default = UpOptions::default();
    let created = UpOptions { start: false, ..UpOptions::default() };
    for attribute in ["network_mode: 'container:vpn'", "pid: 'container:vpn'", "ipc: 'container:0123456789ab'"] {
        let yaml = service(attribute);
        assert!(refused(&yaml, &up, &default).is_empty(), "{attribute}");
        assert_eq!(refused(&yaml, &down, &default), ["container-missing"], "{attribute}");
        assert!(refused(&yaml, &down, &created).is_empty(), "{attribute}");
        assert_eq!(refused(&yaml, &Observed::default(), &created), ["container-missing"], "{attribute}");
    }
    let volumes = service("volumes_from: ['container:vpn']");
    assert!(refused(&volumes, &down, &default).is_empty());
    assert_eq!(refused(&volumes, &Observed::default(), &default), ["container-missing"]);
    // `container:NAME` may name a container of the project, which the run may create first.
    for own in ["{ image: app:1, container_name: vpn }", "{ image: app:1 }"] {
        let name = if own.contains("vpn") { "vpn" } else { "p-other-1" };
        let yaml = format!("services: {{ web: {{ image: app:1, pid: 'container:{name}' }}, other: {own} }}");
        assert!(refused(&yaml, &Observed::default(), &default).is_empty(), "{own}");
    }
    let network = ObservedNetwork { name: "shared".into(), ..ObservedNetwork::default() };
    let there = Observed { networks: vec![network], ..Observed::default() };
    assert_eq!(refused(&service("network_mode: shared"), &Observed::default(), &default), ["external-network-missing"]);
    for mode in ["shared", "host", "none", "bridge"] {
        assert!(refused(&service(&format!("network_mode: {mode}")), &there, &default).is_empty(), "{mode}");
    }
}

/// For `a` the engine chooses a free subnet. Were `a` created first, the choice could be the subnet of `b`.
#[tokio::test(start_paused = true)]
async fn networks_with_a_subnet_are_made_before_those_for_which_the_engine_chooses() {
    let yaml = "services: { web: { image: app:1, networks: [a, b] } }
networks: { a: {}, b: { ipam: { config: [{ subnet: 172.30.0.0/16 }] } } }";
    let plan = plan_up(&project(yaml), &observed(&engine()).await, &UpOptions::default());
    let text = render(&plan);
    let made = |key: &str| {
        let is_it = |step: &&inception::plan::Step| matches!(&step.target, inception::plan::Target::Network { key: Some(found), .. } if found.as_str() == key);
        plan.steps.iter().find(is_it).unwrap()
    };
    assert!(made("a").after.contains(&made("b").id), "{text}");
    assert!(made("b").after.is_empty(), "{text}");
}
