//! Containers, networks and volumes of others are never changed.

use crate::common::real::{Stack, Stranger, Tool, told};

crate::scenarios! {
    a_container_of_others_with_our_name_is_left_alone,
    a_network_of_others_with_our_name_is_left_alone,
    another_directory_with_our_name_keeps_its_containers,
    a_network_that_others_use_stays_at_down,
}

fn a_container_of_others_with_our_name_is_left_alone(tool: Tool) {
    let stack = Stack::with(tool, "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    let stranger = Stranger::container(&stack.name("a"), &[]);
    let before = told(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &stranger.name]);
    let run = stack.go(&["up", "-d"]);
    stack.both("the exit code tells", !run.is_success());
    stack.ours("nothing was made", stack.count() == 0);
    stack.go(&["down", "-v", "--remove-orphans"]);
    let after = told(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &stranger.name]);
    stack.both("the container was not touched", after == before);
}

fn a_network_of_others_with_our_name_is_left_alone(tool: Tool) {
    let stack = Stack::with(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, networks: [n] } }\nnetworks: { n: { name: PROJECT-net } }",
    );
    let stranger = Stranger::network(&format!("{}-net", stack.project));
    let before = told(&["network", "inspect", "-f", "{{.Id}}", &stranger.name]);
    let run = stack.go(&["up", "-d"]);
    stack.both("the exit code tells", !run.is_success());
    stack.ours("nothing was made", stack.count() == 0);
    stack.go(&["down"]);
    stack.both("the network was not touched", told(&["network", "inspect", "-f", "{{.Id}}", &stranger.name]) == before);
}

fn another_directory_with_our_name_keeps_its_containers(tool: Tool) {
    let one = Stack::with(tool, "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    one.ok(&["up", "-d"]);
    let before = one.containers();
    let two =
        Stack::named(tool, "services: { b: { image: IMAGE, init: true, stop_grace_period: 0s } }", one.project.clone());
    two.ok(&["up", "-d", "--remove-orphans"]);
    let both = two.containers();
    two.both("the new service runs", two.is_running("b"));
    two.ours("the other directory's container is untouched", both.contains(&before[0]));
    two.go(&["down", "--remove-orphans"]);
    two.ours("also by down", two.containers() == before);
}

fn a_network_that_others_use_stays_at_down(tool: Tool) {
    let stack = Stack::with(tool, "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    stack.ok(&["up", "-d"]);
    let network = format!("{}_default", stack.project);
    let stranger = Stranger::container(&format!("{}-stranger", stack.project), &["--network", &network]);
    let run = stack.go(&["down"]);
    stack.both("the stranger runs", told(&["inspect", "-f", "{{.State.Status}}", &stranger.name]) == "running");
    stack.both("on its network", stack.networks() == [network]);
    stack.ours("the exit code says that something is left", !run.is_success());
}
