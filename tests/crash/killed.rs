//! The program is killed at each request of a command in turn.

use crate::bench::{Bench, PAIR, every_request, kept, repaired};
use crate::common::proxy::Fault;
use crate::common::real::is_ready;

/// While the engine works, and after its answer. A kill before the request is the same as one after the request before.
const KILLS: [Fault; 2] = [Fault::KillDuring, Fault::KillAfter];

#[test]
fn killed_at_any_request_of_a_recreate_the_next_up_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    every_request(
        "kill -9 in a recreate",
        &mut bench,
        &KILLS,
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| repaired(bench, &["up", "-d"], run, true),
    );
}

/// The next run wants yet another definition, while the dead run's request may still be under way.
#[test]
fn killed_at_any_request_of_a_recreate_the_next_up_makes_what_the_file_says_by_then() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    let mut value = 2;
    every_request(
        "kill -9 in a recreate, then another change",
        &mut bench,
        &[Fault::KillDuring],
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| {
            value += 1;
            bench.change(1000 + value);
            repaired(bench, &["up", "-d"], run, true)
        },
    );
}

/// Two services that exchange their addresses, again and again.
#[test]
fn killed_at_any_request_while_addresses_are_swapped_the_next_up_repairs_it() {
    if !is_ready() {
        return;
    }
    let yaml = |point: usize| {
        let service = |name: &str, last: usize| {
            format!(
                "  {name}: {{ image: IMAGE, init: true, stop_grace_period: 0s, networks: {{ n: {{ ipv4_address: 10.213.80.{last} }} }} }}\n"
            )
        };
        let (a, b) = if point.is_multiple_of(2) { (5, 6) } else { (6, 5) };
        let network = "networks: { n: { ipam: { config: [{ subnet: 10.213.80.0/24 }] } } }";
        format!("services:\n{}{}{network}\n", service("a", a), service("b", b))
    };
    let mut bench = Bench::new(&yaml(0), &["a-1", "b-1"]);
    bench.stack.ok(&["up", "-d"]);
    every_request(
        "kill -9 in a swap of addresses",
        &mut bench,
        &KILLS,
        |bench, point| bench.stack.write(&yaml(point + 1)),
        &["up", "-d"],
        |bench, _, run| repaired(bench, &["up", "-d"], run, false),
    );
}

#[test]
fn killed_at_any_request_of_a_first_up_the_next_one_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    every_request(
        "kill -9 in a first up",
        &mut bench,
        &KILLS,
        |bench, _| drop(bench.stack.ok(&["down"])),
        &["up", "-d"],
        |bench, _, run| repaired(bench, &["up", "-d"], run, false),
    );
}

#[test]
fn killed_at_any_request_of_a_scale_up_the_next_one_repairs_it() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, scale: 1 } }";
    let mut bench = Bench::new(yaml, &["a-1", "a-2", "a-3"]);
    bench.stack.ok(&["up", "-d"]);
    let reset = |bench: &mut Bench, _| {
        bench.stack.write(yaml);
        bench.stack.ok(&["up", "-d"]);
        bench.stack.write(&yaml.replace("scale: 1", "scale: 3"));
    };
    every_request("kill -9 in a scale-up", &mut bench, &KILLS, reset, &["up", "-d"], |bench, _, run| {
        repaired(bench, &["up", "-d"], run, false)
    });
}

#[test]
fn killed_at_any_request_of_a_down_the_next_one_ends_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    let reset = |bench: &mut Bench, _| drop(bench.stack.ok(&["up", "-d"]));
    every_request("kill -9 in a down", &mut bench, &KILLS, reset, &["down"], |bench, _, _| {
        let second = bench.stack.go(&["down"]);
        let mut faults = Vec::new();
        if !second.is_success() {
            faults.push(format!("the next run fails: {second:?}"));
        }
        if bench.stack.count() != 1 || bench.stack.volumes().len() != 1 {
            faults.push(format!("left: {:?} {:?}", bench.stack.names(), bench.stack.networks()));
        }
        faults
    });
}
