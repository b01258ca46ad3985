//! Host ports: who holds a port, and when a plan is refused because the port is taken.

use crate::common::{plan_up, project};
use crate::setup::{brought_up, refused};
use inception::model::Observed;
use inception::plan::UpOptions;

fn listening(address: &str) -> Observed {
    let listener = inception::model::Listener {
        address: address.parse().unwrap(),
        port: 8080,
        protocol: "tcp",
        holder: Some("httpd (pid 7)".to_owned()),
    };
    Observed { listeners: vec![listener], ..Observed::default() }
}

#[tokio::test(start_paused = true)]
async fn ports_of_a_container_without_a_network_of_its_own_are_not_claimed() {
    let yaml = |more: &str| format!("services: {{ web: {{ image: app:1, ports: ['8080:80'], {more} }} }}");
    let default = UpOptions::default();
    assert_eq!(refused(&yaml(""), &listening("0.0.0.0"), &default), ["port-taken"]);
    // Ports together with the network of another container are refused by the loader.
    for mode in ["host", "none"] {
        let yaml = yaml(&format!("network_mode: {mode}"));
        assert!(refused(&yaml, &listening("0.0.0.0"), &default).is_empty(), "{mode}");
    }
    // The listener may be the project's own container, which leaves the host network in this run.
    let (_, observed) = brought_up(&yaml("network_mode: host")).await;
    let observed = Observed { listeners: listening("0.0.0.0").listeners, ..observed };
    let plan = plan_up(&project(&yaml("")), &observed, &default);
    let told: Vec<_> = plan.diagnostics.iter().map(|one| (one.code, one.is_error())).collect();
    assert_eq!(told, [("port-taken", false)]);
    let other = "services: { web: { image: app:1, network_mode: host }, next: { image: app:1, ports: ['8080:80'] } }";
    assert_eq!(refused(other, &observed, &default), ["port-taken"], "it stays on the host's network");
}

#[test]
fn each_family_of_addresses_has_its_own_ports() {
    let both = |first: &str, second: &str| {
        format!("services: {{ web: {{ image: app:1, ports: ['{first}:8080:80', '{second}:8080:80'] }} }}")
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    assert!(refused(&both("0.0.0.0", "[::]"), &nothing, &default).is_empty());
    assert!(refused(&both("127.0.0.1", "[::]"), &nothing, &default).is_empty());
    assert_eq!(refused(&both("0.0.0.0", "127.0.0.1"), &nothing, &default), ["port-twice"]);
    let one = |address: &str| format!("services: {{ web: {{ image: app:1, ports: ['{address}:8080:80'] }} }}");
    assert!(refused(&one("[::1]"), &listening("0.0.0.0"), &default).is_empty());
    // A listener on `::` usually accepts IPv4, too.
    assert_eq!(refused(&one("0.0.0.0"), &listening("::"), &default), ["port-taken"]);
}

#[test]
fn a_range_of_ports_must_have_one_for_each_replica() {
    let yaml = |port: &str| format!("services: {{ web: {{ image: app:1, scale: 3, ports: ['{port}'] }} }}");
    let told = |port: &str| refused(&yaml(port), &Observed::default(), &UpOptions::default());
    assert_eq!(told("8001-8002:80"), ["port-twice"]);
    assert!(told("8001-8003:80").is_empty());
    assert!(told("80").is_empty());
    let plan = plan_up(&project(&yaml("8001-8002:80")), &Observed::default(), &UpOptions::default());
    assert_eq!(
        plan.diagnostics[0].message,
        "3 replicas of service `web` cannot all have one of the host ports 8001-8002"
    );
    let scaled = UpOptions { scale: [("web".into(), 2)].into(), ..UpOptions::default() };
    assert!(refused(&yaml("8001-8002:80"), &Observed::default(), &scaled).is_empty());
}

/// The project's own container holds the port on 127.0.0.1 and gives it up; a stranger holds it on another address.
#[tokio::test(start_paused = true)]
async fn every_holder_of_a_port_counts_and_not_the_first_alone() {
    let (_, mut observed) = brought_up("services: { web: { image: app:1, ports: ['127.0.0.1:8080:80'] } }").await;
    let everywhere = "services: { web: { image: app:1, ports: ['8080:80'] } }";
    observed.containers[0].ports[0].host_ip = Some("127.0.0.1".parse().unwrap());
    assert!(refused(everywhere, &observed, &UpOptions::default()).is_empty(), "its own container gives way");
    let mut stranger = observed.containers[0].clone();
    (stranger.id, stranger.name) = ("f".repeat(64).as_str().into(), "stranger".into());
    stranger.labels.clear();
    stranger.ports[0].host_ip = Some("192.0.2.1".parse().unwrap());
    observed.containers.push(stranger);
    assert_eq!(refused(everywhere, &observed, &UpOptions::default()), ["port-taken"]);
    let plan = plan_up(&project(everywhere), &observed, &UpOptions::default());
    assert!(plan.diagnostics[0].cause.as_ref().is_some_and(|cause| cause.contains("`stranger`")));
}

/// The engine's own proxy listens for the container that gives the port up: no obstacle. Another program is one.
#[tokio::test(start_paused = true)]
async fn a_program_beside_a_container_that_gives_way_holds_the_port() {
    let (_, mut observed) = brought_up("services: { web: { image: app:1, ports: ['127.0.0.1:8080:80'] } }").await;
    observed.containers[0].ports[0].host_ip = Some("127.0.0.1".parse().unwrap());
    let everywhere = "services: { web: { image: app:1, ports: ['8080:80'] } }";
    let with = |address: &str| Observed { listeners: listening(address).listeners, ..observed.clone() };
    assert!(refused(everywhere, &with("127.0.0.1"), &UpOptions::default()).is_empty());
    assert_eq!(refused(everywhere, &with("127.0.0.2"), &UpOptions::default()), ["port-taken"]);
}
