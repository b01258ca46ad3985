//! A stack whose requests pass through a proxy. A test strikes at every request, or counts them.

use crate::common::proxy::{At, Fault, Proxy};
use crate::common::real::{Run, Running, Stack, say};

/// Two services and their data; `A` changes both definitions. `web` is on two networks and has a config copied in:
/// older engines need further calls for both after the create.
pub const PAIR: &str = "
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

pub const PAIR_NETWORKS: usize = 2;

/// As `PAIR`, with an anonymous volume. `down` would leave that volume behind, so it is only for stacks that stay up.
pub fn kept() -> String {
    PAIR.replace("[data:/data]", "[data:/data, /scratch]")
}

/// The most requests that a command makes.
pub const MOST: usize = 100;

/// A stack whose requests all pass through a proxy.
pub struct Bench {
    pub stack: Stack,
    pub proxy: Proxy,
    pub yaml: String,
    pub expected: Vec<&'static str>,
}

impl Bench {
    pub fn new(yaml: &str, expected: &[&'static str]) -> Self {
        let (mut stack, proxy) = (Stack::new(yaml), Proxy::new());
        // All runs use the same address of the engine, as they do for users: the lock of a project belongs to that
        // address.
        stack.host = Some(proxy.host());
        Self { stack, proxy, yaml: yaml.to_owned(), expected: expected.to_vec() }
    }

    /// A stack with one service that does nothing.
    pub fn of_one() -> Self {
        Self::new("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }", &["a-1"])
    }

    /// Begins a command with a fault at one request.
    pub fn begin_struck(&self, arguments: &[&str], at: At, fault: Fault) -> Running {
        self.proxy.arm(Some((at, fault)));
        self.stack.begin(arguments)
    }

    pub fn struck(&self, arguments: &[&str], at: At, fault: Fault) -> Run {
        let run = self.begin_struck(arguments, at, fault).end();
        self.proxy.disarm();
        run
    }

    /// Runs a command without a fault. Returns the number of requests, and how many of them are writes.
    pub fn counted(&self, arguments: &[&str]) -> (usize, usize) {
        self.proxy.arm(None);
        let run = self.stack.go(arguments);
        assert!(run.is_success(), "{run:?}");
        (self.proxy.seen().len(), self.proxy.writes())
    }

    /// Changes both services' definitions, so that `up` recreates them.
    pub fn change(&self, value: usize) {
        self.stack.write(&self.yaml.replace("A: '1'", &format!("A: '{value}'")));
    }

    /// Writes a mark into the volumes; [`Self::faults`] looks for it.
    pub fn mark(&self) {
        self.stack.put("db", "/data/mark", "kept");
        self.stack.put("db", "/scratch/mark", "kept");
    }

    /// Returns what is not as the file says: containers, names, networks, config and data.
    pub fn faults(&self, keeps_scratch: bool) -> Vec<String> {
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

/// Strikes at each request of a command in turn, one run for each, until a run makes no more requests. `reset` prepares
/// the stack before each run; `judge` looks at the result.
pub fn every_request(
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
            // After a lost read the engine is as before, so a second kind of fault would show nothing new.
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

/// Checks that the run was killed, and that the run `again` puts everything right.
pub fn repaired(bench: &Bench, again: &[&str], run: &Run, keeps_scratch: bool) -> Vec<String> {
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

pub fn many(count: usize) -> String {
    let service = |number| format!("  s{number}: {{ image: IMAGE, init: true, stop_grace_period: 0s }}\n");
    format!("services:\n{}", (0..count).map(service).collect::<String>())
}
