//! Networks, their interfaces, and the endpoints of containers on them.

use crate::common::{plan_up, project};
use crate::setup::{brought_up, refused};
use expect_test::expect;
use inception::model::{ContainerState, EndpointSpec, Observed};
use inception::plan::{Action, UpOptions, render};

#[test]
fn two_networks_cannot_have_one_interface() {
    let yaml = |name: &str| {
        format!(
            "services: {{ a: {{ image: app:1 }} }}
networks: {{ default: {{ driver_opts: {{ com.docker.network.bridge.name: {name} }} }} }}"
        )
    };
    let named = |name: &str, interface: &str| inception::model::ObservedNetwork {
        name: name.into(),
        driver_opts: [("com.docker.network.bridge.name".to_owned(), interface.to_owned())].into(),
        ..Default::default()
    };
    let observed = Observed { networks: vec![named("bridge", "docker0"), named("other", "")], ..Observed::default() };
    let default = UpOptions::default();
    assert_eq!(refused(&yaml("docker0"), &observed, &default), ["bridge-taken"]);
    assert!(refused(&yaml("shop0"), &observed, &default).is_empty());
    assert!(refused(&yaml("''"), &observed, &default).is_empty(), "the engine chooses");
    assert!(refused(&yaml("docker0, x: y }, driver: macvlan, labels: {"), &observed, &default).is_empty());
    let two = "services: { a: { image: app:1, networks: [m, n] } }
networks:
  m: { driver_opts: { com.docker.network.bridge.name: shop0 } }
  n: { driver_opts: { com.docker.network.bridge.name: shop0 } }";
    assert_eq!(refused(two, &observed, &default), ["bridge-taken"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_loses_a_network_for_a_moment_gets_back_all_aliases_and_addresses() {
    let yaml = |label: &str, image: &str| {
        format!(
            "services:
  web: {{ image: '{image}', networks: {{ n: {{ aliases: [www], ipv4_address: 10.9.0.10 }} }} }}
  db: {{ image: app:1, networks: {{ n: {{ aliases: [primary-db], ipv4_address: 10.9.0.11 }} }} }}
networks: {{ n: {{ labels: {{ v: '{label}' }}, ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}"
        )
    };
    let (_, mut observed) = brought_up(&yaml("1", "app:1")).await;
    // The orphan is not in the file: its fixed address in the container list is all that is known.
    let mut orphan = observed.containers[0].clone();
    (orphan.id, orphan.name) = ("x".into(), "p-old-1".into());
    orphan.labels.insert("com.docker.compose.service".to_owned(), "old".to_owned());
    orphan.networks.values_mut().for_each(|endpoint| endpoint.fixed_ipv4 = Some("10.9.0.12".to_owned()));
    observed.containers.push(orphan);
    let options = UpOptions { services: ["web".into()].into(), no_dependencies: true, ..UpOptions::default() };
    let plan = plan_up(&project(&yaml("2", "app:2")), &observed, &options);
    let connected = plan.steps.iter().filter_map(|step| match &step.action {
        Action::ConnectNetwork { endpoint, .. } => Some(&**endpoint),
        _ => None,
    });
    let again = connected.chain(&plan.replacements[0].reconnects);
    let mut told: Vec<_> =
        again.map(|one| format!("{} {}", one.aliases.join(","), one.ipv4_address.as_deref().unwrap_or("-"))).collect();
    told.sort();
    assert_eq!(
        told,
        ["p-db-1,db,primary-db 10.9.0.11", "p-old-1,old 10.9.0.12", "p-web-1,web,www 10.9.0.10"],
        "{}",
        render(&plan)
    );
}

/// An engine with an old API connects a container to one network at its creation; the run died before the second call.
#[tokio::test(start_paused = true)]
async fn a_container_that_has_never_run_is_connected_to_the_networks_it_lacks() {
    let yaml = "services: { web: { image: app:1, networks: [a, b] } }\nnetworks: { a: , b: }";
    let (_, mut observed) = brought_up(yaml).await;
    observed.containers[0].state = ContainerState::Created;
    observed.containers[0].networks.retain(|name, _| name.as_str() == "p_a");
    let plan = plan_up(&project(yaml), &observed, &UpOptions::default());
    expect![[r#"
        1       connect  web#1  not attached to network `b`
        2 <- 1  start    web#1  not attached to network `b`
        3 <- 2  wait     web#1  until running
    "#]]
    .assert_eq(&render(&plan));
}

#[test]
fn networks_of_one_file_cannot_have_overlapping_subnets() {
    let yaml = |second: &str| {
        format!(
            "services: {{ web: {{ image: app:1, networks: [a, b] }} }}
networks: {{ a: {{ ipam: {{ config: [{{ subnet: 10.9.0.0/16 }}] }} }}, b: {{ ipam: {{ config: [{{ subnet: {second} }}] }} }} }}"
        )
    };
    let told = |second: &str| refused(&yaml(second), &Observed::default(), &UpOptions::default());
    assert_eq!(told("10.9.5.0/24"), ["subnet-taken"]);
    assert!(told("10.10.0.0/16").is_empty());
    let plan = plan_up(&project(&yaml("10.9.5.0/24")), &Observed::default(), &UpOptions::default());
    assert_eq!(plan.diagnostics[0].cause.as_deref(), Some("it overlaps 10.9.0.0/16 of network `a`"));
}

#[tokio::test(start_paused = true)]
async fn a_network_that_was_made_for_the_file_is_used_as_it_is() {
    let yaml = "services: { a: { image: app:1 } }\nnetworks: { default: { driver: bridge, labels: { x: y } } }";
    let made = |labels: &[(&str, &str)]| inception::model::ObservedNetwork {
        id: "1".into(),
        name: "p_default".into(),
        driver: "bridge".to_owned(),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..Default::default()
    };
    let (key, project_label) = ("com.docker.compose.network", "com.docker.compose.project");
    let with = |labels: &[(&str, &str)]| Observed { networks: vec![made(labels)], ..Observed::default() };
    let lent = with(&[(key, "default")]);
    let plan = plan_up(&project(yaml), &lent, &UpOptions::default());
    let told: Vec<_> = plan.diagnostics.iter().map(|one| (one.is_error(), one.code)).collect();
    assert_eq!(told, [(false, "lent-network")]);
    assert!(!plan.steps.iter().any(|step| matches!(step.action, Action::CreateNetwork { .. })), "{}", render(&plan));
    assert!(inception::plan::down(&project(yaml), &lent, &Default::default()).is_empty(), "the network stays");
    for labels in [&[][..], &[(key, "other")], &[(key, "default"), (project_label, "q")]] {
        assert_eq!(refused(yaml, &with(labels), &UpOptions::default()), ["foreign-network"], "{labels:?}");
    }
    // A network of the project has priority over one made for the file by others.
    let mut both = with(&[(key, "default"), (project_label, "p")]);
    both.networks.push(inception::model::ObservedNetwork { id: "0".into(), ..lent.networks[0].clone() });
    assert!(plan_up(&project(yaml), &both, &UpOptions::default()).diagnostics.is_empty());
}

#[test]
fn attributes_that_an_old_engine_ignores_are_warned_of() {
    let yaml = "services: { a: { image: app:1, annotations: { x: y }, networks: { m: { gw_priority: 1 }, n: } } }
networks: { m: { enable_ipv4: false }, n: { enable_ipv4: true } }";
    let told = |yaml: &str, minor: u16| -> Vec<(bool, String)> {
        let mut observed = Observed::default();
        observed.engine.api = inception::model::ApiVersion::new(1, minor);
        let plan = plan_up(&project(yaml), &observed, &UpOptions::default());
        plan.diagnostics.into_iter().map(|one| (one.is_error(), one.message)).collect()
    };
    let warning = |words: &str| (false, words.to_owned());
    let expected = [
        warning(
            "network `p_m`: `enable_ipv4: false` needs Engine API 1.47; this engine speaks 1.41, and the network has IPv4, too",
        ),
        warning(
            "service `a`: `annotations` needs Engine API 1.43; this engine speaks 1.41, and the container has none",
        ),
        warning(
            "service `a`: `gw_priority` needs Engine API 1.48; this engine speaks 1.41, and it chooses the gateway by itself",
        ),
    ];
    assert_eq!(told(yaml, 41), expected);
    assert_eq!(told(yaml, 51), []);
    assert_eq!(
        told("services: { a: { image: app:1, networks: { m: { gw_priority: 1 } } } }\nnetworks: { m: }", 41),
        [],
        "one network, one gateway"
    );
}

/// Returns the links of each container that the plan creates for a service, as `CONTAINER:ALIAS`.
fn links(plan: &inception::plan::Plan, service: &str) -> Vec<Vec<String>> {
    let of = |step: &inception::plan::Step| match &step.action {
        Action::CreateContainer { spec, .. } if step.target.service().is_some_and(|name| name.as_str() == service) => {
            spec.networks.first().map(|endpoint| endpoint.links.clone())
        }
        _ => None,
    };
    plan.steps.iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_link_reaches_all_replicas() {
    let yaml = "services: { db: { image: app:1, scale: 2 }, web: { image: app:1, scale: 2, links: ['db:dbx'], external_links: ['other:o'] } }";
    let plan = plan_up(&project(yaml), &Observed::default(), &UpOptions::default());
    let names = |number: u32| {
        ["dbx".to_owned(), format!("db-{number}"), format!("p-db-{number}")]
            .map(|alias| format!("p-db-{number}:{alias}"))
    };
    let mut both: Vec<String> = names(1).into_iter().chain(names(2)).collect();
    both.push("other:o".to_owned());
    assert_eq!(links(&plan, "web"), [both.clone(), both.clone()]);

    // The number of replicas of `db` is no part of the definition of `web`: scaling `db` replaces no container of
    // `web`.
    let (engine, observed) = brought_up(yaml).await;
    let three = UpOptions { scale: [("db".into(), 3)].into(), ..UpOptions::default() };
    let plan = plan_up(&project(yaml), &observed, &three);
    assert_eq!(links(&plan, "web"), Vec::<Vec<String>>::new(), "{}", render(&plan));
    assert!(crate::common::run(&engine, &plan).await.is_success());
    // A run without `db` links to the replicas that exist.
    let observed = crate::common::observed(&engine).await;
    let alone = UpOptions {
        services: ["web".into()].into(),
        no_dependencies: true,
        recreate: inception::plan::Recreate::Force,
        ..UpOptions::default()
    };
    assert_eq!(links(&plan_up(&project(yaml), &observed, &alone), "web")[0].len(), 10);
    // `db` has no container yet: the link is for the first replica.
    let plan = plan_up(&project(yaml), &Observed::default(), &alone);
    assert_eq!(links(&plan, "web")[0].len(), 4);
}

/// The fake engine speaks API 1.41, which connects a new container to one network only.
#[test]
fn the_address_of_a_service_is_for_its_first_network_and_an_old_engine_gives_one() {
    let up = |yaml: &str| {
        let plan = plan_up(&project(yaml), &Observed::default(), &UpOptions::default());
        let spec = plan.steps.iter().find_map(|step| match &step.action {
            Action::CreateContainer { spec, .. } => Some(spec.clone()),
            _ => None,
        });
        let address = |one: &EndpointSpec| format!("{}={}", one.network, one.mac_address.as_deref().unwrap_or("-"));
        let all: Vec<String> = spec.unwrap().networks.iter().map(address).collect();
        let codes: Vec<&str> = plan.diagnostics.iter().map(|one| one.code).collect();
        (all.join(" "), codes)
    };
    let yaml = |service: &str, a: &str| {
        format!(
            "services: {{ web: {{ image: app:1, {service} networks: {{ a: {{{a}}}, b: {{ priority: 5 }} }} }} }}
networks: {{ a: {{}}, b: {{}} }}"
        )
    };
    let own = "mac_address: '02:42:ac:11:65:43',";
    assert_eq!(up(&yaml(own, "")), ("p_b=02:42:ac:11:65:43 p_a=-".to_owned(), vec![]));
    let of_a = "mac_address: '02:42:ac:11:65:44'";
    assert_eq!(up(&yaml("", of_a)), ("p_b=- p_a=02:42:ac:11:65:44".to_owned(), vec![]));
    let of_b = |last: &str| {
        up(&yaml(own, "").replace("priority: 5", &format!("priority: 5, mac_address: '02:42:ac:11:65:{last}'")))
    };
    assert_eq!(of_b("43").1, [""; 0]);
    assert_eq!(of_b("44").1, ["invalid"], "two addresses for one interface");
    let both = up(&yaml(own, of_a));
    assert_eq!(both, ("p_b=02:42:ac:11:65:43 p_a=02:42:ac:11:65:44".to_owned(), vec!["engine-too-old"]));
}

#[test]
fn an_old_engine_is_too_old_only_for_what_it_does_not_do_by_itself() {
    let codes = |service: &str| {
        let wanted = project(&format!("services: {{ web: {{ image: app:1, {service} }} }}"));
        let plan = plan_up(&wanted, &Observed::default(), &UpOptions::default());
        plan.diagnostics.iter().map(|one| (one.code, one.is_error())).collect::<Vec<_>>()
    };
    let bind = |word: &str| {
        codes(&format!(
            "volumes: [{{ type: bind, source: /a, target: /b, read_only: true, bind: {{ recursive: {word} }} }}]"
        ))
    };
    for word in ["enabled", "disabled", "writable"] {
        assert_eq!(bind(word), [], "{word}");
    }
    let propagated = "bind: { recursive: readonly, propagation: rprivate }";
    let readonly = format!("volumes: [{{ type: bind, source: /a, target: /b, read_only: true, {propagated} }}]");
    assert_eq!(codes(&readonly), [("engine-too-old", true)]);
    let check = "healthcheck: { test: [CMD, 'true'], start_period: 9s, start_interval: 1s }";
    assert_eq!(codes(check), [("engine-too-old", false)]);
}
