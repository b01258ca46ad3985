//! `logs --follow` across the life of services, and the order of lines.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::common::real::{Stack, is_ready};
use crate::setup::until;
use rustix::process::{Pid, Signal, kill_process};

/// A run whose lines are seen while it goes on.
struct Lines {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn begin(stack: &Stack, arguments: &[&str]) -> Self {
        let mut command = stack.command(stack.tool, arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line that is so.
    #[track_caller]
    fn until(&mut self, what: &str, is_it: impl Fn(&str) -> bool) {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("no such line within a minute: {what}: {:#?}", self.seen));
            self.seen.push(line);
            if is_it(&self.seen[self.seen.len() - 1]) {
                return;
            }
        }
    }

    fn end(mut self) -> (Option<i32>, Vec<String>) {
        self.seen.extend(self.lines.iter());
        (self.child.wait().unwrap().code(), self.seen)
    }

    fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let code = self.child.wait().unwrap().code();
        self.seen.extend(self.lines.iter());
        (code, self.seen)
    }
}

/// Says the number of its run, and how many lines it has said in this run.
const COUNTING: &str = "
services:
  web:
    image: IMAGE
    stop_signal: KILL
    environment: { TITLE: '${TITLE:-a}' }
    command: [sh, -c, 'echo . >> /runs; r=$$(wc -l < /runs); i=0; while :; do i=$$((i+1)); echo $$TITLE run $$r line $$i; sleep 0.02; done']
";

#[test]
fn logs_follow_a_service_across_restarts_recreations_and_new_replicas_and_lose_nothing() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(COUNTING);
    stack.ok(&["up", "-d"]);
    let mut logs = Lines::begin(&stack, &["logs", "-f", "--tail", "0", "web"]);
    logs.until("the first run", |line| line.contains("web-1  | a run 1 line "));
    for run in 2..=4 {
        stack.ok(&["restart", "web"]);
        logs.until("the run after a restart", |line| line.contains(&format!("run {run} line 5")));
    }
    stack.file(".env", "TITLE=b\n");
    stack.ok(&["up", "-d"]);
    logs.until("the new container", |line| line.contains("web-1  | b run 1 line 5"));
    stack.ok(&["scale", "web=2"]);
    logs.until("the new replica", |line| line.contains("web-2  | b run 1 line 5"));
    let (code, seen) = logs.interrupt();
    assert_eq!(code, Some(130));
    // Each run is whole: from its first line on, without a gap, each line once.
    let numbers =
        |start: &str| -> Vec<u32> { seen.iter().filter_map(|line| line.strip_prefix(start)?.parse().ok()).collect() };
    for start in ["a run 2", "a run 3", "a run 4", "b run 1"].map(|run| format!("web-1  | {run} line ")) {
        let found = numbers(&start);
        assert!(!found.is_empty() && found.iter().copied().eq(1..=found.len() as u32), "{start}: {found:?}");
    }
    let found = numbers("web-2  | b run 1 line ");
    assert!(found.iter().copied().eq(1..=found.len() as u32), "{found:?}");
    let first = numbers("web-1  | a run 1 line ");
    assert!(first.windows(2).all(|two| two[1] == two[0] + 1), "{first:?}");
    for (words, count) in [
        ("web-1 exited with code 137", 4),
        ("web-1 was restarted", 3),
        ("web-1 was recreated", 1),
        ("web-2 was added", 1),
    ] {
        assert_eq!(seen.iter().filter(|line| *line == words).count(), count, "{words}: {seen:#?}");
    }
}

#[test]
fn logs_that_follow_end_with_the_last_container_and_logs_come_in_the_order_of_time() {
    if !is_ready() {
        return;
    }
    // The two take turns, by a file that both see.
    let turn = |me: u32| {
        format!(
            "{{ image: IMAGE, init: true, volumes: [turns:/t], command: [sh, -c, 'for i in 1 2 3 4 5 6 7 8 9; do while [ $$((($$(cat /t/n 2>/dev/null || echo 0)) % 2)) != {me} ]; do sleep 0.01; done; n=$$(cat /t/n 2>/dev/null || echo 0); echo number $$n; echo $$((n+1)) > /t/next; mv /t/next /t/n; done; sleep 0.3'] }}"
        )
    };
    let stack =
        Stack::new(&format!("services:\n  a: {}\n  long-name: {}\nvolumes: {{ turns: {{}} }}\n", turn(0), turn(1)));
    let up = stack.begin(&["up", "-d"]);
    until("the containers are there", || stack.containers().iter().filter(|one| one.state != "created").count() == 2);
    let run = stack.go(&["logs", "-f"]);
    up.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    // The engine stamps a line when it reads it, which under load may be after a later line of the other container. So the
    // stamps are the order, and each container's own lines.
    let expected = |name: &str, first: u32| -> Vec<String> {
        (first..18).step_by(2).map(|number| format!("{name:<11}  | number {number}")).collect()
    };
    let is_whole = |out: &str| {
        let of = |name: &str| -> Vec<String> {
            let lines = out.lines().filter(|line| line.starts_with(name) && line.contains("| "));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(of("a-1"), expected("a-1", 0));
        assert_eq!(of("long-name-1"), expected("long-name-1", 1));
    };
    is_whole(&run.out);
    let ordered = stack.ok(&["logs", "--timestamps"]);
    let stamps: Vec<&str> = ordered.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(stamps.len() == 18 && stamps.is_sorted(), "{ordered}");
    let grouped = stack.ok(&["logs", "--group"]);
    is_whole(&grouped);
    assert!(grouped.lines().map(|line| line.starts_with("a-1")).is_sorted_by(|a, b| a >= b), "{grouped}");
    for end in ["a-1 exited with code 0", "long-name-1 exited with code 0"] {
        assert_eq!(run.out.lines().filter(|line| *line == end).count(), 1, "{run:?}");
    }
    // What has ended already is printed, and nothing is waited for.
    is_whole(&stack.ok(&["logs", "--follow", "--no-color"]));
}

#[test]
fn with_no_line_before_a_restart_only_what_comes_after_it_is_printed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { web: { image: IMAGE, init: true, stop_grace_period: 0s, command: [sh, -c, 'echo . >> /runs; echo run $$(wc -l < /runs); exec sleep 1000'] } }",
    );
    stack.ok(&["up", "-d"]);
    until("the first run has spoken", || stack.ok(&["logs"]).contains("run 1"));
    let mut logs = Lines::begin(&stack, &["logs", "-f", "--tail", "0"]);
    // A start before the following begins is not seen; the last one is.
    let mut number = 1;
    until("a restart is followed", || {
        number += 1;
        stack.ok(&["restart"]);
        until("the run has spoken", || stack.ok(&["logs"]).contains(&format!("run {number}")));
        logs.seen.extend(logs.lines.try_iter());
        logs.seen.iter().any(|line| line.contains("| run "))
    });
    let (_, seen) = logs.interrupt();
    let runs: Vec<&String> = seen.iter().filter(|line| line.contains("| run ")).collect();
    let distinct: std::collections::BTreeSet<&&String> = runs.iter().collect();
    assert!(!runs.iter().any(|line| line.ends_with("run 1")) && distinct.len() == runs.len(), "{seen:?}");
}

/// Reads lines of JSON. Each object has the same members, in the same order.
#[track_caller]
fn objects(out: &str) -> Vec<serde_json::Value> {
    let object = |line: &str| -> serde_json::Value {
        let start: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert!(start.starts_with(&["time"]) && line.starts_with("{\"time\":"), "{line}");
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let keys: std::collections::BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["container", "line", "replica", "service", "stream", "time"].into());
        value
    };
    out.lines().map(object).collect()
}

#[test]
fn lines_for_programs_tell_where_they_come_from() {
    if !is_ready() {
        return;
    }
    const LONG: usize = 300_000;
    let stack = Stack::new(&format!(
        r#"
services:
  web: {{ image: IMAGE, scale: 2, command: [sh, -c, 'echo "a \"word\""; sleep 0.1; printf "caf\351\n" >&2; sleep 0.1; printf "no end"'] }}
  long: {{ image: IMAGE, tty: true, command: [sh, -c, "head -c {LONG} /dev/zero | tr '\\0' x; echo; exit 3"] }}
"#
    ));
    let up = stack.go(&["up", "--format", "json"]);
    assert!(up.is_success(), "{}", up.errors);
    for out in [&up.out, &stack.ok(&["logs", "--format", "json"])] {
        let all = objects(out);
        let lines = |container: &str, stream: &str| -> Vec<&str> {
            let is_it = |one: &&serde_json::Value| one["container"] == stack.name(container) && one["stream"] == stream;
            all.iter().filter(is_it).map(|one| one["line"].as_str().unwrap()).collect()
        };
        assert_eq!(lines("web", "stdout"), ["a \"word\"", "no end"], "{out}");
        assert_eq!(lines("web", "stderr"), ["caf\u{fffd}"], "{out}");
        assert_eq!(lines("long", "stdout"), ["x".repeat(LONG)]);
        for one in &all {
            assert!(one["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{one}");
        }
        let replicas: std::collections::BTreeSet<Option<u64>> =
            all.iter().filter(|one| one["service"] == "web").map(|one| one["replica"].as_u64()).collect();
        assert_eq!(replicas, [Some(1), Some(2)].into());
    }
    let ends: Vec<serde_json::Value> =
        objects(&up.out).into_iter().filter(|one| one["stream"] == "event").map(|one| one["line"].clone()).collect();
    assert!(ends.contains(&"long-1 exited with code 3".into()) && ends.len() == 3, "{ends:?}");
    let (code, _, errors) = stack.run(&["up", "-d", "--format", "json"]);
    assert!(code == 1 && errors.contains("`--format json` has no effect"), "{code} {errors}");
}

#[test]
fn an_attached_up_goes_on_when_somebody_else_restarts_its_only_container() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { web: { image: IMAGE, init: true, stop_grace_period: 1s, command: [sh, -c, 'echo . >> /runs; echo run $$(wc -l < /runs); exec sleep 1000'] } }",
    );
    let mut up = Lines::begin(&stack, &["up"]);
    for run in 1..=4 {
        up.until("the output of the run", |line| line.contains(&format!("| run {run}")));
        if run < 4 {
            crate::common::real::docker(&["restart", "-t", "1", &stack.name("web")]);
        }
    }
    // What is stopped, and not started again, ends it.
    crate::common::real::docker(&["stop", "-t", "1", &stack.name("web")]);
    let (code, seen) = up.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.last().is_some_and(|line| line.starts_with("web-1 exited with code ")), "{seen:?}");
}
