//! On the real engine: our process is killed at every request, requests fail, replies are lost, signals come, and two
//! runs meet. Whatever happened, the next `up` must put everything right, and no exit code may lie.
//!
//! A proxy counts the requests and strikes at one of them, so nothing here depends on timing. Skipped, loudly, where no
//! engine answers.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::{Duration, Instant};

use common::proxy::{At, Fault, Proxy};
use common::real::{Run, Stack, is_ready, say, told};
use rustix::process::Signal;

/// Two services and their data; `A` changes both definitions. One is on two networks and has a file put into it: older
/// engines are asked for both after they have made the container.
const PAIR: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    deploy: { update_config: { monitor: 50ms } }
    depends_on: [db]
    environment: { A: '1' }
    networks: [default, back]
    configs: [{ source: word, target: /word }]
  db:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    deploy: { update_config: { monitor: 50ms } }
    environment: { A: '1' }
    volumes: [data:/data]
volumes: { data: }
networks: { back: }
configs: { word: { content: said } }
";

const PAIR_NETWORKS: usize = 2;

/// As `PAIR`, with an anonymous volume. `down` leaves those behind, so it is for stacks that stay up.
fn kept() -> String {
    PAIR.replace("[data:/data]", "[data:/data, /scratch]")
}

/// While the engine is at work, and when it has answered; before it begins is after the request before.
const KILLS: [Fault; 2] = [Fault::KillDuring, Fault::KillAfter];
/// No command makes more requests.
const MOST: usize = 100;

/// A stack whose requests pass through a proxy when asked.
struct Bench {
    stack: Stack,
    proxy: Proxy,
    yaml: String,
    expected: Vec<&'static str>,
}

impl Bench {
    fn new(yaml: &str, expected: &[&'static str]) -> Self {
        let (mut stack, proxy) = (Stack::new(yaml), Proxy::new());
        // One way to the engine for all runs, as people have it: the lock goes by it.
        stack.host = Some(proxy.host());
        Self { stack, proxy, yaml: yaml.to_owned(), expected: expected.to_vec() }
    }

    /// One service that does nothing.
    fn of_one() -> Self {
        Self::new("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }", &["a-1"])
    }

    /// Begins a run through the proxy with a fault at a request.
    fn begin_struck(&self, arguments: &[&str], at: At, fault: Fault) -> common::real::Running {
        self.proxy.arm(Some((at, fault)));
        self.stack.begin(arguments)
    }

    fn struck(&self, arguments: &[&str], at: At, fault: Fault) -> Run {
        let run = self.begin_struck(arguments, at, fault).end();
        self.proxy.disarm();
        run
    }

    /// Runs through the proxy without a fault; returns how many requests there were, and how many of them writes.
    fn counted(&self, arguments: &[&str]) -> (usize, usize) {
        self.proxy.arm(None);
        let run = self.stack.go(arguments);
        assert!(run.is_success(), "{run:?}");
        (self.proxy.seen().len(), self.proxy.writes())
    }

    /// Changes what the services' definitions say, so that `up` recreates both.
    fn change(&self, value: usize) {
        self.stack.write(&self.yaml.replace("A: '1'", &format!("A: '{value}'")));
    }

    /// Marks the data; it must be there at the end.
    fn mark(&self) {
        self.stack.put("db", "/data/mark", "kept");
        self.stack.put("db", "/scratch/mark", "kept");
    }

    /// Everything is as the file says, with the right names, nothing more, and the data is there.
    fn faults(&self, keeps_scratch: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let names = self.stack.names();
        if names != self.expected {
            faults.push(format!("containers are {names:?}, not {:?}", self.expected));
        }
        let is_pair = self.yaml.contains("configs:");
        if self.stack.networks().len() != if is_pair { PAIR_NETWORKS } else { 1 } {
            faults.push(format!("networks are {:?}", self.stack.networks()));
        }
        if is_pair && self.expected.contains(&"web-1") {
            if self.stack.exec("web", &["cat", "/word"]) != "said" {
                faults.push("the config is not in its container".to_owned());
            }
            let attached = self.stack.inspect("web", "{{len .NetworkSettings.Networks}}");
            if attached != "2" {
                faults.push(format!("the container is on {attached} networks, not on 2"));
            }
        }
        let plan = self.stack.go(&["plan"]);
        if !plan.is_success() {
            faults.push(format!("there is still something to do: {plan:?}"));
        }
        if self.expected.contains(&"db-1") && self.stack.exec("db", &["cat", "/data/mark"]) != "kept" {
            faults.push("the data of the volume is gone".to_owned());
        }
        if keeps_scratch && self.stack.exec("db", &["cat", "/scratch/mark"]) != "kept" {
            faults.push("the data of the anonymous volume is gone".to_owned());
        }
        faults
    }
}

/// Strikes at every request of a command, until one run sees none. `again` puts things right; `reset` makes the next
/// point's beginning.
fn every_request(
    what: &str,
    bench: &mut Bench,
    faults: &[Fault],
    mut reset: impl FnMut(&mut Bench, usize),
    command: &[&str],
    mut judge: impl FnMut(&Bench, Fault, &Run) -> Vec<String>,
) {
    let (mut points, mut failed) = (0, Vec::new());
    for number in 1..MOST {
        let mut was_struck = false;
        for fault in faults {
            reset(bench, points);
            let run = bench.struck(command, At::Request(number), *fault);
            let Some(struck) = bench.proxy.struck() else { break };
            was_struck = true;
            points += 1;
            for words in judge(bench, *fault, &run) {
                failed.push(format!("{fault:?} at request {number} ({} {}): {words}", struck.method, struck.path));
            }
            // Of a read, only that it did not come back matters.
            if !struck.is_write() {
                break;
            }
        }
        if !was_struck {
            say(&format!("{what}: {} of {points} points repaired", points - failed.len().min(points)));
            assert!(points > 0 && failed.is_empty(), "{what}:\n{}", failed.join("\n"));
            return;
        }
    }
    panic!("{what}: no end after {MOST} requests");
}

/// Killed, then run again: everything is right.
fn repaired(bench: &Bench, again: &[&str], run: &Run, keeps_scratch: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if run.signal != Some(9) {
        faults.push(format!("it was not killed: {run:?}"));
    }
    let second = bench.stack.go(again);
    if !second.is_success() {
        faults.push(format!("the next run fails: {second:?}"));
    }
    faults.extend(bench.faults(keeps_scratch));
    faults
}

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

/// What the dead run asked for is half way when the next run looks, and that one wants something else.
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

/// Two services whose addresses go to each other, again and again.
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

/// The engine goes on with a stop when its client has died: a container that still runs then will not.
#[test]
fn a_stop_that_a_dead_run_has_asked_for_is_waited_for() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { web: { image: IMAGE, stop_grace_period: 5s,
        command: [sh, -c, 'trap \"sleep 2; exit 0\" TERM; while :; do sleep 0.1; done'] } }";
    let bench = Bench::new(yaml, &["web-1"]);
    let up = &["up", "-d"][..];
    let cases = [
        ("stop", "/stop", up, "running"),
        ("down", "/stop", up, "running"),
        ("restart", "/restart", &["stop"], "exited"),
    ];
    for (dead, call, next, state) in cases {
        bench.stack.ok(up);
        let run = bench.struck(&[dead], At::End(call), Fault::KillDuring);
        assert_eq!(run.signal, Some(9), "{dead:?}: {run:?}");
        let second = bench.stack.go(next);
        assert!(second.is_success(), "{next:?} after {dead:?}: {second:?}");
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(bench.stack.inspect("web", "{{.State.Status}}"), state, "{next:?} after {dead:?}: {second:?}");
    }
}

/// Neither a signal nor another kill makes the next run forget what the first one had asked for.
#[test]
fn a_stop_of_a_dead_run_is_waited_for_also_after_a_run_that_was_cut_off() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { web: { image: IMAGE, stop_grace_period: 10s,
        command: [sh, -c, 'trap \"sleep 6; exit 0\" TERM; while :; do sleep 0.1; done'] } }";
    let bench = Bench::new(yaml, &["web-1"]);
    for signal in [Signal::INT, Signal::KILL] {
        bench.stack.ok(&["up", "-d"]);
        let run = bench.struck(&["stop"], At::End("/stop"), Fault::KillDuring);
        assert_eq!(run.signal, Some(9), "{run:?}");
        let second = bench.stack.begin(&["up", "-d"]);
        std::thread::sleep(Duration::from_millis(1500));
        second.signal(signal);
        let second = second.end();
        let third = bench.stack.go(&["up", "-d"]);
        assert!(third.is_success(), "after {signal:?} {second:?}: {third:?}");
        std::thread::sleep(Duration::from_secs(7));
        let state = bench.stack.inspect("web", "{{.State.Status}}");
        assert_eq!(state, "running", "after {signal:?} {second:?}: {third:?}");
    }
}

/// Neither a run that fails nor another command makes a crash forgotten before what it left undone is done.
#[test]
fn a_restart_that_a_dead_run_owed_is_made_by_the_next_good_one() {
    if !is_ready() {
        return;
    }
    let yaml = |value: u32, more: &str| {
        format!(
            "services:
  db: {{ image: IMAGE, init: true, stop_grace_period: 1s, environment: {{ A: '{value}' }} }}
  web:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    depends_on: {{ db: {{ condition: service_started, restart: true }} }}
    # Meanwhile the new container of `db` gets its name.
    pre_stop: [{{ command: [sleep, '2'] }}]
  {more}"
        )
    };
    let bench = Bench::new(&yaml(1, ""), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    let begun = |service: &str| bench.stack.inspect(service, "{{.State.StartedAt}}");
    bench.stack.write(&yaml(2, ""));
    let run = bench.struck(&["up", "-d"], At::End("/restart"), Fault::KillBefore);
    assert_eq!(run.signal, Some(9), "{run:?}");
    assert!(begun("web") < begun("db"), "{run:?}");
    bench.stack.write(&yaml(2, "odd: { image: IMAGE, volumes: [{ type: bind, source: ./none, target: /x, bind: { create_host_path: false } }] }"));
    let failed = bench.stack.go(&["up", "-d"]);
    assert!(!failed.is_success(), "{failed:?}");
    bench.stack.write(&yaml(2, ""));
    bench.stack.ok(&["pause", "db"]);
    bench.stack.ok(&["unpause", "db"]);
    let good = bench.stack.go(&["up", "-d"]);
    assert!(good.is_success() && begun("web") > begun("db"), "{good:?}");
    let calm = bench.stack.go(&["up", "-d"]);
    assert!(calm.is_success() && !calm.errors.contains("Restart"), "{calm:?}");
}

#[test]
fn a_restart_that_a_failed_run_owed_is_made_by_the_next_good_one() {
    if !is_ready() {
        return;
    }
    let yaml = |value: u32, command: &str| {
        format!(
            "services:
  db: {{ image: IMAGE, init: true, stop_grace_period: 0s, environment: {{ A: '{value}' }} }}
  other: {{ image: IMAGE, init: true, stop_grace_period: 0s{command} }}
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    depends_on:
      db: {{ condition: service_started, restart: true }}
      other: {{ condition: service_started, restart: true }}"
        )
    };
    let bench = Bench::new(&yaml(1, ""), &["db-1", "other-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    let begun = |service: &str| bench.stack.inspect(service, "{{.State.StartedAt}}");
    bench.stack.write(&yaml(2, ", command: ['false']"));
    let failed = bench.stack.go(&["up", "-d"]);
    assert!(!failed.is_success() && begun("web") < begun("db"), "{failed:?}");
    bench.stack.write(&yaml(2, ""));
    let good = bench.stack.go(&["up", "-d"]);
    assert!(good.is_success() && begun("web") > begun("db"), "{good:?}");
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

/// An exit code of 0 is true, and the next run heals.
fn honest(bench: &Bench, run: &Run, must_ride_out: bool, keeps_scratch: bool, ridden: &mut usize) -> Vec<String> {
    let mut faults = Vec::new();
    if run.is_cut_off {
        faults.push("it did not end".to_owned());
    }
    if run.is_success() {
        *ridden += 1;
        faults.extend(bench.faults(keeps_scratch).into_iter().map(|words| format!("a false success: {words}")));
    } else {
        if must_ride_out {
            faults.push(format!("it was not ridden out: {run:?}"));
        }
        let second = bench.stack.go(&["up", "-d"]);
        if !second.is_success() {
            faults.push(format!("the next run fails: {second:?}"));
        }
        faults.extend(bench.faults(keeps_scratch));
    }
    faults
}

#[test]
fn one_error_500_at_any_request_of_a_recreate_is_ridden_out_or_told() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    let mut ridden = 0;
    every_request(
        "HTTP 500 in a recreate",
        &mut bench,
        &[Fault::Status(500)],
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| {
            let is_read = bench.proxy.struck().is_some_and(|struck| !struck.is_write());
            honest(bench, run, is_read, true, &mut ridden)
        },
    );
    say(&format!("HTTP 500 in a recreate: {ridden} ridden out"));
}

#[test]
fn one_error_500_at_any_request_of_a_first_up_is_ridden_out_or_told() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    let mut ridden = 0;
    every_request(
        "HTTP 500 in a first up",
        &mut bench,
        &[Fault::Status(500)],
        |bench, _| drop(bench.stack.ok(&["down"])),
        &["up", "-d"],
        |bench, _, run| {
            let is_read = bench.proxy.struck().is_some_and(|struck| !struck.is_write());
            honest(bench, run, is_read, false, &mut ridden)
        },
    );
    say(&format!("HTTP 500 in a first up: {ridden} ridden out"));
}

#[test]
fn a_lost_reply_to_any_request_of_a_recreate_is_ridden_out() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    let mut ridden = 0;
    every_request(
        "lost replies in a recreate",
        &mut bench,
        &[Fault::CloseAfter],
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| honest(bench, run, true, true, &mut ridden),
    );
}

#[test]
fn a_lost_reply_to_any_request_of_a_first_up_is_ridden_out() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    let mut ridden = 0;
    every_request(
        "lost replies in a first up",
        &mut bench,
        &[Fault::CloseAfter],
        |bench, _| drop(bench.stack.ok(&["down"])),
        &["up", "-d"],
        |bench, _, run| honest(bench, run, true, false, &mut ridden),
    );
}

#[test]
fn a_start_that_the_engine_claims_but_has_not_done_is_not_believed() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Status(200));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("was not started"), "{run:?}");
    bench.stack.ok(&["up", "-d"]);
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

/// A first `up` of one service whose start the engine refuses once.
fn refused_once(bench: &Bench, fault: Fault) -> Run {
    let run = bench.struck(&["up", "-d"], At::First("/start"), fault);
    assert!(bench.proxy.struck().is_some(), "{run:?}");
    run
}

#[test]
fn what_the_engine_cannot_start_any_more_and_has_never_run_is_made_anew() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let run = refused_once(&bench, Fault::Stuck);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

#[test]
fn what_may_have_a_process_at_work_is_made_anew_only_where_that_can_be_seen() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if told(&["info", "-f", "{{.Name}}"]) == own.trim() {
        let run = refused_once(&bench, Fault::Occupied);
        assert!(run.is_success(), "{run:?}");
    } else {
        // An engine of another name may be another machine's.
        let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Occupied);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.errors.contains("may have left its process at work"), "{run:?}");
        bench.stack.ok(&["up", "-d"]);
    }
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

#[test]
fn what_has_run_is_not_made_anew_because_the_engine_cannot_start_it() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("a", "/mark", "kept");
    bench.stack.ok(&["stop"]);
    let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Stuck);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("--force-recreate a"), "{run:?}");
    let starts = bench.proxy.seen().iter().filter(|request| request.path.ends_with("/start")).count();
    assert_eq!(starts, 2, "it is tried once more, and then left: {run:?}");
    bench.stack.ok(&["up", "-d"]);
    assert_eq!(bench.stack.exec("a", &["cat", "/mark"]), "kept");
}

/// A signal at some requests: the exit code says which, and the next `up` puts everything right.
fn interrupted(what: &str, bench: &mut Bench, mut reset: impl FnMut(&mut Bench, usize), keeps_scratch: bool) {
    let mut failed = Vec::new();
    let mut points = 0;
    for number in (1..MOST).step_by(2) {
        let (signal, code) = if number % 4 == 1 { (Signal::INT, 130) } else { (Signal::TERM, 143) };
        reset(bench, points);
        let run = bench.struck(&["up", "-d"], At::Request(number), Fault::Signal(signal));
        let Some(struck) = bench.proxy.struck() else { break };
        points += 1;
        let mut faults = Vec::new();
        // What was asked for may be done by the time the signal is heard.
        if run.code != Some(code) && !(run.is_success() && bench.faults(keeps_scratch).is_empty()) {
            faults.push(format!("it ended with {:?} {:?}, not {code}: {}", run.code, run.signal, run.errors));
        }
        let second = bench.stack.go(&["up", "-d"]);
        if !second.is_success() {
            faults.push(format!("the next run fails: {second:?}"));
        }
        faults.extend(bench.faults(keeps_scratch));
        let place = format!("{signal:?} at request {number} ({} {})", struck.method, struck.path);
        failed.extend(faults.into_iter().map(|words| format!("{place}: {words}")));
    }
    say(&format!("{what}: {points} points"));
    assert!(points > 3 && failed.is_empty(), "{what}:\n{}", failed.join("\n"));
}

#[test]
fn interrupted_anywhere_in_a_first_up_the_next_one_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    interrupted("signals in a first up", &mut bench, |bench, _| drop(bench.stack.ok(&["down"])), false);
}

#[test]
fn interrupted_anywhere_in_a_recreate_the_next_up_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    interrupted("signals in a recreate", &mut bench, |bench, point| bench.change(point + 2), true);
}

#[test]
fn two_runs_at_once_both_end_well_in_one_state() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &["db-1", "web-1"]);
    let mut failed = Vec::new();
    for round in 0..12 {
        let kind = ["first", "recreate", "down"][round % 3];
        match kind {
            "first" => drop(bench.stack.ok(&["down"])),
            _ => {
                bench.stack.ok(&["up", "-d"]);
                bench.change(round + 2);
            }
        }
        let other = if kind == "down" { vec!["down"] } else { vec!["up", "-d"] };
        let (one, two) = (bench.stack.begin(&["up", "-d"]), bench.stack.begin(&other));
        for run in [one.end(), two.end()] {
            if !run.is_success() {
                failed.push(format!("round {round} ({kind}): {run:?}"));
            }
        }
        let names = bench.stack.names();
        let is_down = names.is_empty() && bench.stack.networks().is_empty();
        let is_up = names == bench.expected && bench.stack.networks().len() == PAIR_NETWORKS;
        if !(is_up || kind == "down" && is_down) {
            failed.push(format!("round {round} ({kind}): {names:?} {:?}", bench.stack.networks()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs on two machines share no lock: each finds done what the other did.
#[test]
fn two_runs_without_a_common_lock_end_in_one_state() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &["db-1", "web-1"]);
    let (mut failed, mut ended_well) = (Vec::new(), 0);
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for round in 0..6 {
        match round % 2 {
            0 => drop(bench.stack.ok(&["down"])),
            _ => bench.change(round + 2),
        }
        let runs = places.each_ref().map(|place| {
            let mut command = bench.stack.command(bench.stack.tool, &["up", "-d"]);
            command.env("XDG_RUNTIME_DIR", place.path());
            common::real::Running::begin(command)
        });
        ended_well += runs.into_iter().map(|run| usize::from(run.end().is_success())).sum::<usize>();
        let second = bench.stack.go(&["up", "-d"]);
        let is_up = bench.stack.names() == bench.expected && bench.stack.networks().len() == PAIR_NETWORKS;
        if !second.is_success() || !is_up {
            failed.push(format!("round {round}: {:?} {:?}: {second:?}", bench.stack.names(), bench.stack.networks()));
        }
    }
    say(&format!("runs without a common lock: {ended_well} of 12 ended with 0"));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn many(count: usize) -> String {
    let service = |number| format!("  s{number}: {{ image: IMAGE, init: true, stop_grace_period: 0s }}\n");
    format!("services:\n{}", (0..count).map(service).collect::<String>())
}

#[test]
fn a_run_with_nothing_to_do_asks_as_little_for_fifty_services_as_for_three() {
    if !is_ready() {
        return;
    }
    let mut counts = Vec::new();
    for count in [3, 50] {
        let bench = Bench::new(&many(count), &[]);
        // Only what is created matters here; starting fifty containers takes long.
        bench.stack.ok(&["create"]);
        let (requests, writes) = bench.counted(&["create"]);
        assert_eq!(writes, 0);
        let (ps, _) = bench.counted(&["ps", "-a"]);
        counts.push((requests, ps));
    }
    say(&format!("requests with nothing to do, and of ps: {counts:?}"));
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0].0 <= 4 && counts[0].1 <= 2, "{counts:?}");
}

#[test]
fn an_up_with_nothing_to_do_asks_four_times_at_most_and_changes_nothing() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    bench.stack.ok(&["up", "-d"]);
    let (requests, writes) = bench.counted(&["up", "-d"]);
    assert!(requests <= 4 && writes == 0, "{requests} requests, {writes} writes");
}

#[test]
fn a_first_up_asks_three_times_a_container_and_five_times_more() {
    if !is_ready() {
        return;
    }
    for count in [3, 8] {
        let bench = Bench::new(&many(count), &[]);
        let (requests, _) = bench.counted(&["up", "-d"]);
        say(&format!("requests of a first up with {count} containers: {requests}"));
        assert!(requests <= 3 * count + 5, "{count} containers: {requests} requests, not {}", 3 * count + 5);
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    assert_eq!(bench.counted(&["--dry-run", "up", "-d"]).1, 0);
    assert_eq!(bench.stack.count(), 0);
    bench.stack.ok(&["up", "-d"]);
    bench.change(2);
    let before = bench.stack.containers();
    for command in [&["--dry-run", "up", "-d"][..], &["--dry-run", "down", "-v"], &["plan"]] {
        bench.proxy.arm(None);
        let run = bench.stack.go(command);
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
        assert_eq!(bench.proxy.writes(), 0, "{command:?}");
    }
    assert_eq!(bench.stack.containers(), before);
}

/// The words come within ten seconds; the end, at 60 s, is not waited for.
#[test]
fn an_engine_that_does_not_answer_is_told_of_within_ten_seconds() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    let runs = [1, 2].map(|number| {
        // Each hangs at another request; the proxy is armed for one at a time.
        let run = bench.begin_struck(&["up", "-d"], At::Request(number), Fault::Hang);
        let begun = Instant::now();
        while bench.proxy.struck().is_none() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        run
    });
    std::thread::sleep(Duration::from_secs(10));
    for run in runs {
        run.signal(Signal::KILL);
        let run = run.end();
        assert!(run.errors.contains("engine") && run.errors.contains("answer"), "silence: {run:?}");
    }
    assert_eq!(told(&["ps", "-q", "--filter", &format!("name={}", bench.stack.project)]), "");
}
