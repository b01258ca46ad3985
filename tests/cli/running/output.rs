//! The output of containers in an attached `up` and in `logs`: no line is lost, printed twice, or mixed with another.

use std::collections::BTreeMap;

use crate::common::real::{Stack, is_ready};

/// A log that the engine rotates often, a common setting.
const ROTATED: &str = "logging: { driver: json-file, options: { max-size: 10m, max-file: '3' } }";
/// 500,000 lines that are 40 MB in the log.
const LOUD: &str = "seq 1 500000 | sed 's/$$/ is a line among very many/'";

/// Counts the lines of a service, and checks that they are numbered from 1 on.
#[track_caller]
fn check_numbered(out: &str, prefix: &str, expected: usize) {
    let lines = out.lines().filter_map(|line| line.strip_prefix(prefix)?.strip_suffix(" is a line among very many"));
    let mut count = 0;
    for (line, number) in lines.zip(1_usize..) {
        assert_eq!(line, number.to_string(), "{prefix}");
        count = number;
    }
    assert_eq!(count, expected, "{prefix}");
}

#[test]
fn every_line_comes_once_however_fast_the_log_is_rotated() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(&format!(
        r#"
services:
  web: {{ image: IMAGE, {ROTATED}, command: [sh, -c, "{LOUD}; exit 4"] }}
  none: {{ image: IMAGE, logging: {{ driver: none }}, command: [sh, -c, "echo first; seq 1 2000; printf last"] }}
"#
    ));
    let run = stack.go(&["up"]);
    assert_eq!(run.code, Some(0), "{}", run.errors);
    check_numbered(&run.out, "web-1   | ", 500_000);
    let none: Vec<&str> = run.out.lines().filter_map(|line| line.strip_prefix("none-1  | ")).collect();
    assert_eq!((none.len(), none[0], none[2001]), (2002, "first", "last"));
    assert!(run.out.contains("web-1 exited with code 4\n") && run.out.contains("none-1 exited with code 0\n"));

    let (code, out, errors) = stack.run(&["logs", "web"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.lines().count() < 500_000 && out.ends_with("500000 is a line among very many\n"));
    let words = format!(
        "the beginning of the output of {} is gone: its log is rotated (max-size 10m, max-file 3)",
        stack.name("web")
    );
    assert!(errors.contains(&words), "{errors}");
    let (code, _, errors) = stack.run(&["logs", "--tail", "5"]);
    assert!(code == 0 && !errors.contains("gone") && errors.contains("no output of"), "{errors}");
    assert_eq!(stack.run(&["logs", "none"]).0, 1);
}

#[test]
fn a_line_of_sixty_megabytes_comes_whole_among_lines_of_others() {
    if !is_ready() {
        return;
    }
    const LONG: usize = 60_000_000;
    let stack = Stack::new(&format!(
        r#"
services:
  web: {{ image: IMAGE, {ROTATED}, command: [sh, -c, "head -c {LONG} /dev/zero | tr '\\0' x; echo end"] }}
  tick: {{ image: IMAGE, command: [sh, -c, "for i in $$(seq 100); do echo tick $$i; echo tock $$i >&2; sleep 0.01; done"] }}
"#
    ));
    let run = stack.go(&["up"]);
    assert_eq!(run.code, Some(0), "{}", run.errors);
    let long: Vec<&str> = run.out.lines().filter(|line| line.contains("xx")).collect();
    assert_eq!(long.iter().map(|line| line.len()).collect::<Vec<_>>(), ["web-1   | end".len() + LONG]);
    for word in ["tick", "tock"] {
        let expected: Vec<String> = (1..=100).map(|number| format!("tick-1  | {word} {number}")).collect();
        let found: Vec<&str> = run.out.lines().filter(|line| line.contains(&format!("| {word} "))).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn open_lines_of_the_two_streams_do_not_mix() {
    if !is_ready() {
        return;
    }
    let script = "printf 'one '; printf 'bad ' >&2; sleep 0.5; echo two; echo news >&2; printf 'no end'";
    let stack = Stack::new(&format!(
        r#"services: {{ web: {{ image: IMAGE, command: [sh, -c, "{script}"] }}, tty: {{ image: IMAGE, tty: true, command: [echo, hello] }} }}"#
    ));
    let out = stack.ok(&["up"]);
    let mut lines: Vec<&str> = out.lines().filter(|line| line.starts_with("web-1  | ")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["web-1  | bad news", "web-1  | no end", "web-1  | one two"], "{out}");
    assert!(out.contains("tty-1  | hello\r\n"), "{out:?}");
    let mut stamped: Vec<String> = stack.ok(&["up", "--timestamps", "web"]).lines().map(str::to_owned).collect();
    stamped.retain(|line| line.ends_with("Z one two"));
    assert_eq!(stamped.len(), 1, "{stamped:?}");
}

#[test]
fn output_after_a_restart_comes_once_and_whole() {
    if !is_ready() {
        return;
    }
    // The files of a container are kept across its restarts.
    let script = "echo x >> /n; n=$$(wc -l < /n); i=0; while [ $$i -lt 20000 ]; do echo run $$n line $$i; i=$$((i+1)); done; exit 1";
    let stack = Stack::new(&format!(
        r#"
services:
  web: {{ image: IMAGE, restart: 'on-failure:2', {ROTATED}, command: [sh, -c, "{script}"] }}
  slow: {{ image: IMAGE, restart: 'on-failure:2', command: [sh, -c, "echo same; sleep 0.7; echo same; sleep 0.7; echo same; exit 1"] }}
"#
    ));
    let run = stack.go(&["up"]);
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    for line in run.out.lines().filter_map(|line| line.strip_prefix("web-1   | run ")) {
        let (run, number) = line.split_once(" line ").unwrap();
        let expected = next.entry(run).or_default();
        assert_eq!(number, expected.to_string(), "run {run}");
        *expected += 1;
    }
    assert_eq!(next, BTreeMap::from([("1", 20_000), ("2", 20_000), ("3", 20_000)]));
    assert_eq!(run.out.lines().filter(|line| *line == "slow-1  | same").count(), 9, "{:?}", run.errors);
    assert_eq!(run.out.matches("web-1 exited with code 1").count(), 3);
}

#[test]
fn what_a_restart_of_ours_prints_comes_from_its_first_line_on() {
    if !is_ready() {
        return;
    }
    let yaml = |word: &str| {
        format!(
            r#"
services:
  db: {{ image: IMAGE, init: true, stop_grace_period: 1s, environment: {{ WORD: {word} }} }}
  web:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    logging: {{ driver: none }}
    command: [sh, -c, "echo begins; exec sleep 1000"]
    depends_on: {{ db: {{ condition: service_started, restart: true }} }}
"#
        )
    };
    let stack = Stack::new(&yaml("one"));
    stack.ok(&["up", "-d"]);
    let id = stack.id("web");
    stack.write(&yaml("two"));
    let started = stack.inspect("web", "{{.State.StartedAt}}");
    let running = stack.begin(&["up"]);
    crate::setup::until("web is restarted", || stack.inspect("web", "{{.State.StartedAt}}") != started);
    std::thread::sleep(std::time::Duration::from_secs(1));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(stack.id("web"), id, "it was restarted, not made anew");
    assert_eq!(run.out.matches("web-1  | begins\n").count(), 1, "{run:?}");
}

#[test]
fn a_negative_number_of_lines_means_all() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { web: { image: IMAGE, command: [sh, -c, 'seq 3'] } }");
    stack.ok(&["up"]);
    for arguments in
        [&["logs", "--tail", "-1"][..], &["logs", "--tail=-1"], &["logs", "-n", "-5"], &["logs", "-n", "all"]]
    {
        assert_eq!(stack.ok(arguments).lines().count(), 3, "{arguments:?}");
    }
    assert_eq!(stack.ok(&["logs", "-n", "1"]), "web-1  | 3\n");
}
