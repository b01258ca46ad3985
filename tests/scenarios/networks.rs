//! Networks that change while containers use them.

use crate::common::real::{Stack, Stranger, Tool, docker, told};

crate::scenarios! {
    a_changed_network_is_made_anew_and_its_users_come_back,
    a_changed_network_with_a_stranger_on_it_stops_nobody,
    a_network_removed_behind_our_back_is_made_again,
    a_container_that_shares_the_network_of_one_restarted_by_hand_gets_it_back,
    a_container_and_one_that_shares_its_network_are_replaced,
}

const YAML: &str = "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, networks: [n] }
  b: { image: IMAGE, init: true, stop_grace_period: 0s, networks: [n, other] }
  c: { image: IMAGE, init: true, stop_grace_period: 0s, networks: [other] }
networks: { n: { labels: { v: '1' } }, other: }
";

/// Whether a service's container is on a network. The network is inspected, because a container of Podman tells only
/// the names of its networks.
fn is_on(stack: &Stack, service: &str, network: &str) -> bool {
    let users = told(&["network", "inspect", "-f", "{{range $id, $user := .Containers}}{{$id}} {{end}}", network]);
    users.contains(&stack.id(service))
}

fn a_changed_network_is_made_anew_and_its_users_come_back(tool: Tool) {
    let stack = Stack::with(tool, YAML);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    let network = format!("{}_n", stack.project);
    let id = || told(&["network", "inspect", "-f", "{{.Id}}", &network]);
    let old = id();
    stack.write(&YAML.replace("'1'", "'2'"));
    stack.ok(&["up", "-d"]);
    stack.both("the network is another", id() != old && !id().is_empty());
    stack.both("all run", stack.names() == ["a-1", "b-1", "c-1"]);
    stack.both("its users are on it", ["a", "b"].iter().all(|service| is_on(&stack, service, &id())));
    stack.both("who does not use it was left alone", stack.containers()[2] == before[2]);
    let settled = stack.containers();
    stack.ok(&["up", "-d"]);
    stack.both("then there is nothing more to do", stack.containers() == settled);
}

fn a_changed_network_with_a_stranger_on_it_stops_nobody(tool: Tool) {
    let stack = Stack::with(tool, YAML);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    let stranger =
        Stranger::container(&format!("{}-stranger", stack.project), &["--network", &format!("{}_n", stack.project)]);
    stack.write(&YAML.replace("'1'", "'2'"));
    let run = stack.go(&["up", "-d"]);
    stack.both("the exit code tells", !run.is_success());
    stack.both(
        "the stranger was left alone",
        told(&["inspect", "-f", "{{.State.Status}}", &stranger.name]) == "running",
    );
    stack.ours("nothing was stopped", stack.containers() == before);
}

fn a_network_removed_behind_our_back_is_made_again(tool: Tool) {
    let stack = Stack::with(tool, YAML);
    stack.ok(&["up", "-d"]);
    let network = format!("{}_other", stack.project);
    for service in ["b", "c"] {
        told(&["network", "disconnect", "-f", &network, &stack.name(service)]);
    }
    told(&["network", "rm", &network]);
    stack.ok(&["up", "-d"]);
    let id = told(&["network", "inspect", "-f", "{{.Id}}", &network]);
    stack.both("all run", stack.names() == ["a-1", "b-1", "c-1"]);
    stack.both("its users are on it", ["b", "c"].iter().all(|service| is_on(&stack, service, &id)));
}

const SHARED: &str = "
services:
  vpn: { image: IMAGE, init: true, stop_grace_period: 0s, environment: { TITLE: a } }
  app: { image: IMAGE, init: true, stop_grace_period: 0s, network_mode: 'service:vpn' }
";

/// Whether the process of `app` has a network device.
///
/// Read from `/proc`: Engine 20.10 may refuse an `exec` right after a restart.
fn has_network(stack: &Stack) -> bool {
    let devices = format!("/proc/{}/net/dev", stack.inspect("app", "{{.State.Pid}}"));
    std::fs::read_to_string(devices).is_ok_and(|devices| devices.contains("eth0"))
}

fn a_container_and_one_that_shares_its_network_are_replaced(tool: Tool) {
    let stack = Stack::with(tool, SHARED);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.write(&SHARED.replace("TITLE: a", "TITLE: b"));
    stack.ok(&["up", "-d"]);
    let after = stack.containers();
    stack.both("both run under their names", stack.names() == ["app-1", "vpn-1"]);
    stack.both("both are new", after.iter().zip(&before).all(|(new, old)| new.id != old.id));
    stack.both("the network is there", has_network(&stack));
    stack.ok(&["up", "-d"]);
    stack.both("then there is nothing more to do", stack.containers() == after);
    stack.ok(&["down"]);
    stack.both("and nothing stays", stack.count() == 0);
}

fn a_container_that_shares_the_network_of_one_restarted_by_hand_gets_it_back(tool: Tool) {
    let stack = Stack::with(tool, SHARED);
    stack.ok(&["up", "-d"]);
    docker(&["restart", "-t", "0", &stack.name("vpn")]);
    let is_on_network = || has_network(&stack);
    stack.both("`app` has lost its network", !is_on_network());
    stack.ok(&["up", "-d"]);
    stack.ours("`app` has a network again", is_on_network());
    let settled = stack.containers();
    stack.ok(&["up", "-d"]);
    stack.ours("then there is nothing more to do", stack.containers() == settled);
}
