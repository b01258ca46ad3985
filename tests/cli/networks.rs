//! Networks that are recreated on the real engine: whatever fails, the containers that ran before run again.
use std::time::Duration;

use rustix::process::Signal;

use crate::common::real::{IMAGE, Stack, Stranger, docker, is_ready};

/// Two services on a network; `a` and the network as given.
fn file(a: &str, network: &str) -> String {
    format!(
        "services:
  a: {{ image: IMAGE, init: true, stop_grace_period: 1s, {a} }}
  b: {{ image: IMAGE, init: true, stop_grace_period: 1s, networks: [n], depends_on: [a] }}
  c: {{ image: IMAGE, init: true, stop_grace_period: 1s, networks: [n] }}
networks: {{ n: {network} }}"
    )
}

const PLAIN: &str = "networks: [n]";

fn up(a: &str, network: &str) -> (Stack, Vec<String>) {
    let stack = Stack::new(&file(a, network));
    stack.ok(&["up", "-d"]);
    let ids = ids(&stack);
    (stack, ids)
}

fn ids(stack: &Stack) -> Vec<String> {
    ["a", "b", "c"].map(|service| stack.id(service)).to_vec()
}

/// Checks that all three services run, each on the network.
fn serves(stack: &Stack) -> Result<(), String> {
    let network = format!("{}_n", stack.project);
    for service in ["a", "b", "c"] {
        let state =
            stack.inspect(service, "{{.State.Status}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}");
        if state.trim() != format!("running {network}") {
            return Err(format!("{service}: {state}"));
        }
    }
    Ok(())
}

#[test]
fn what_only_lost_its_network_runs_again_when_what_it_depends_on_is_given_back() {
    if !is_ready() {
        return;
    }
    let (stack, before) = up(PLAIN, "{}");
    stack.write(&file("networks: [n], command: ['false']", "{ labels: { z: '1' } }"));
    let run = stack.go(&["up", "-d"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!((serves(&stack), ids(&stack)), (Ok(()), before), "{run:?}");
}

#[test]
fn a_network_that_the_engine_refuses_is_made_again_as_it_was() {
    if !is_ready() {
        return;
    }
    // An interface of that name exists and is no bridge.
    let refused = ["com.docker.network.bridge.name: lo"];
    let fixed = "ipam: { config: [{ subnet: 10.199.21.0/24 }] }";
    for (a, network) in [(PLAIN, ""), ("networks: { n: { ipv4_address: 10.199.21.7 } }", fixed)] {
        let (stack, before) = up(a, &format!("{{ {network} }}"));
        for option in refused {
            let refused = &format!("{{ driver_opts: {{ {option} }}, {network} }}");
            for a in [a.to_owned(), format!("{a}, environment: {{ A: new }}")] {
                stack.write(&file(&a, refused));
                let run = stack.go(&["up", "-d"]);
                assert_eq!(run.code, Some(1), "{run:?}");
                assert!(
                    run.errors.contains("the network that was removed for it was made again as it had been"),
                    "{run:?}"
                );
                assert_eq!((serves(&stack), ids(&stack)), (Ok(()), before.clone()), "{refused}: {run:?}");
            }
        }
        let address = stack.inspect("a", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
        assert!(network.is_empty() || address == "10.199.21.7", "{address}");
        stack.write(&file(a, &format!("{{ {network} }}")));
        let calm = stack.go(&["plan"]);
        assert_eq!(calm.code, Some(0), "{calm:?}");
    }
}

#[test]
fn an_address_that_the_engine_refuses_is_not_left_on_the_old_container() {
    if !is_ready() {
        return;
    }
    let (stack, before) = up(PLAIN, "{}");
    // In an internal network, the file does not show that the engine keeps the first address.
    let network = "{ internal: true, ipam: { config: [{ subnet: 10.199.22.0/24 }] } }";
    stack.write(&file("networks: { n: { ipv4_address: 10.199.22.1 } }", network));
    let run = stack.go(&["up", "-d"]);
    assert!(run.code == Some(1) && !run.errors.contains("address-unusable"), "{run:?}");
    assert_eq!((serves(&stack), ids(&stack)), (Ok(()), before), "{run:?}");
    stack.write(&file(PLAIN, "{}"));
    stack.ok(&["up", "-d"]);
    assert_eq!(serves(&stack), Ok(()));
}

#[test]
fn interrupted_while_a_network_is_made_anew_all_runs_again() {
    if !is_ready() {
        return;
    }
    let (stack, before) = up(PLAIN, "{}");
    for (value, wait) in [50, 150, 300, 500, 800, 1200].into_iter().enumerate() {
        stack.write(&file(PLAIN, &format!("{{ labels: {{ z: '{value}' }} }}")));
        let running = stack.begin(&["up", "-d"]);
        std::thread::sleep(Duration::from_millis(wait));
        running.signal(Signal::INT);
        let run = running.end();
        assert!(run.code == Some(130) || run.code == Some(0), "{run:?}");
        assert_eq!((serves(&stack), ids(&stack)), (Ok(()), before.clone()), "after {wait} ms: {run:?}");
    }
    let run = stack.go(&["up", "-d"]);
    assert!(run.is_success() && serves(&stack) == Ok(()), "{run:?}");
}

/// inception refuses beforehand exactly the addresses that the engine would refuse.
#[test]
fn the_engine_agrees_on_which_addresses_can_be_had() {
    if !is_ready() {
        return;
    }
    let file = |address: &str| {
        format!(
            "
services: {{ a: {{ image: IMAGE, networks: {{ n: {{ ipv4_address: {address} }} }} }} }}
networks:
  n: {{ ipam: {{ config: [{{ subnet: 10.213.78.0/29, aux_addresses: {{ kept: 10.213.78.5 }} }}] }} }}
"
        )
    };
    let stack = Stack::new(&file("10.213.78.2"));
    let addresses: Vec<String> = (0..9).map(|last| format!("10.213.78.{last}")).collect();
    let network = format!("{}-other", stack.project);
    let options = ["--subnet", "10.213.78.0/29", "--aux-address", "kept=10.213.78.5", &network];
    let made = Stranger::new("network", &network, &[&["network", "create"], &options[..]].concat());
    let is_given = |address: &String| {
        let run = ["run", "--rm", "--network", &network, "--ip", address, IMAGE, "true"];
        docker(&run).status.success()
    };
    let engine: Vec<bool> = addresses.iter().map(is_given).collect();
    drop(made);
    let is_planned = |address: &String| {
        stack.write(&file(address));
        stack.run(&["plan"]).0 == 2
    };
    let ours: Vec<bool> = addresses.iter().map(is_planned).collect();
    assert_eq!(ours, engine);
    assert_eq!(engine.iter().filter(|is_given| **is_given).count(), 4, "{engine:?}");
}

/// Addresses and subnets pass from one service to another in one run. docker compose does that only if its order is
/// lucky.
#[test]
fn addresses_pass_from_one_service_to_another() {
    if !is_ready() {
        return;
    }
    let service = |name: &str, last: u32, more: &str| {
        format!(
            "  {name}: {{ image: IMAGE, init: true, stop_grace_period: 1s, {more} networks: {{ n: {{ ipv4_address: 10.213.79.{last} }} }} }}\n"
        )
    };
    let file = |services: &[String]| {
        let network = "networks: { n: { ipam: { config: [{ subnet: 10.213.79.0/24 }] } } }";
        format!("services:\n{}{network}\n", services.concat())
    };
    let stack = Stack::new(&file(&[service("a", 5, ""), service("b", 6, "")]));
    let address = |name: &str| stack.inspect(name, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    let goes = |services: &[String]| {
        stack.write(&file(services));
        stack.ok(&["up", "-d", "--remove-orphans"]);
        let calm = stack.go(&["plan"]);
        assert_eq!(calm.code, Some(0), "{calm:?}");
    };
    goes(&[service("a", 5, ""), service("b", 6, "")]);
    goes(&[service("a", 6, ""), service("b", 5, "")]);
    assert_eq!((address("a"), address("b")), ("10.213.79.6".to_owned(), "10.213.79.5".to_owned()), "swapped");
    goes(&[service("a", 5, ""), service("b", 7, "")]);
    assert_eq!((address("a"), address("b")), ("10.213.79.5".to_owned(), "10.213.79.7".to_owned()), "one step on");
    goes(&[service("a", 5, "scale: 0,"), service("b", 5, "")]);
    assert_eq!(address("b"), "10.213.79.5", "from one that goes");
    goes(&[service("c", 5, "")]);
    assert_eq!(address("c"), "10.213.79.5", "from an orphan");
    // If the new container does not come up, the old ones come back.
    stack.write(&file(&[service("c", 6, ""), service("d", 5, "command: ['false'],")]));
    let run = stack.go(&["up", "-d"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    stack.write(&file(&[service("c", 5, "")]));
    goes(&[service("c", 5, "")]);
    assert_eq!(address("c"), "10.213.79.5");
}

#[test]
fn subnets_pass_from_one_network_to_another() {
    if !is_ready() {
        return;
    }
    let file = |m: &str, n: &str| {
        let network = |subnet: &str| format!("{{ ipam: {{ config: [{{ subnet: {subnet} }}] }} }}");
        format!(
            "services: {{ a: {{ image: IMAGE, init: true, stop_grace_period: 1s, networks: [m, n] }} }}
networks: {{ m: {}, n: {} }}",
            network(m),
            network(n)
        )
    };
    let (one, two, three) = ("10.213.81.0/28", "10.213.81.16/28", "10.213.81.32/28");
    let stack = Stack::new(&file(one, two));
    stack.ok(&["up", "-d"]);
    for (m, n) in [(two, one), (one, three), (three, two)] {
        stack.write(&file(m, n));
        stack.ok(&["up", "-d"]);
        assert_eq!(stack.run(&["plan"]).0, 0, "{m} {n}");
        assert_eq!(stack.inspect("a", "{{.State.Status}} {{len .NetworkSettings.Networks}}").trim(), "running 2");
    }
}

#[test]
fn a_link_names_all_replicas_of_a_service() {
    if !is_ready() {
        return;
    }
    let quick = "image: IMAGE, init: true, stop_grace_period: 0s";
    let stack =
        Stack::new(&format!("services: {{ db: {{ {quick}, scale: 2 }}, web: {{ {quick}, links: ['db:dbx'] }} }}"));
    stack.ok(&["up", "-d"]);
    let links = stack.inspect("web", "{{range .NetworkSettings.Networks}}{{json .Links}}{{end}}");
    for number in [1, 2] {
        let replica = format!("{}-db-{number}", stack.project);
        for alias in ["dbx", &format!("db-{number}"), &replica] {
            assert!(links.contains(&format!("\"{replica}:{alias}\"")), "{links}");
        }
    }
    assert_eq!(stack.run(&["plan"]).0, 0, "nothing is left to do");
}

/// A network that somebody created for the project, with docker compose's label.
#[test]
fn a_network_that_was_made_beforehand_with_the_label_is_used_and_left() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    let name = format!("{}_default", stack.project);
    let label = "com.docker.compose.network=default";
    // The network goes after the stack, also when the test fails.
    let (made, stack) = (Stranger::new("network", &name, &["network", "create", "--label", label, &name]), stack);
    let run = stack.go(&["up", "-d"]);
    assert!(run.is_success() && run.errors.contains("made by hand"), "{run:?}");
    assert_eq!(stack.inspect("a", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}"), name);
    assert_eq!(stack.run(&["plan"]).0, 0, "nothing is left to do");
    assert_eq!(stack.run(&["drift"]).0, 0);
    stack.ok(&["down"]);
    assert!(made.exists());
}
