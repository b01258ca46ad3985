//! `drift`: changes that were made by hand.

use super::plan::ONE;
use crate::common::real::{Stack, docker, is_ready};

#[test]
fn drift_tells_what_was_changed_by_hand_and_changes_nothing() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.ok(&["up", "-d"]);
    assert_eq!(stack.run(&["drift"]).0, 0);
    let name = stack.name("web");
    docker(&["update", "--memory", "128m", "--memory-swap", "256m", &name]);
    docker(&["network", "connect", "bridge", &name]);
    let (code, text, told) = stack.run(&["drift", "--format", "json"]);
    assert_eq!(code, 2, "{told}");
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let attributes: Vec<&str> = found.as_array().unwrap().iter().filter_map(|one| one["attribute"].as_str()).collect();
    assert_eq!(attributes, ["networks", "mem_limit"]);
    docker(&["rm", "-f", &name]);
    assert!(stack.run(&["drift"]).1.contains("missing"));
    stack.ok(&["up", "-d"]);
    assert_eq!(stack.run(&["drift"]).0, 0);
}

#[test]
fn what_was_connected_again_by_hand_without_its_names_and_address_is_drift() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    networks: { n: { aliases: [www], ipv4_address: 10.213.77.10 } }
networks: { n: { ipam: { config: [{ subnet: 10.213.77.0/24 }] } } }
",
    );
    stack.ok(&["up", "-d"]);
    assert_eq!(stack.run(&["drift"]).0, 0);
    let (network, name) = (format!("{}_n", stack.project), stack.name("web"));
    docker(&["network", "disconnect", &network, &name]);
    docker(&["network", "connect", "--ip", "10.213.77.10", &network, &name]);
    let (code, out, _) = stack.run(&["drift"]);
    assert!(code == 2 && out.contains("web, www"), "{out}");
    docker(&["network", "disconnect", &network, &name]);
    docker(&["network", "connect", "--ip", "10.213.77.20", &network, &name]);
    let (code, out, _) = stack.run(&["plan"]);
    assert!(code == 2 && out.contains("not at its address 10.213.77.10"), "{out}");
    stack.ok(&["up", "-d"]);
    assert_eq!((stack.run(&["drift"]).0, stack.run(&["plan"]).0), (0, 0));
}
