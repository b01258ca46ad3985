//! Output when its reader is slow, stopped or gone, or when the disk is full. The program writes into pipes whose
//! readers are these tests. About half of the tests need an engine.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::real::{Stack, Tool};
use rustix::fs::OFlags;
use rustix::process::Signal;

/// The longest time between a signal and the end of the program, also when its reader is stopped.
const SOON: Duration = Duration::from_secs(20);

/// Returns a command of the program in the folder of a stack, with no input.
fn command(stack: &Stack, arguments: &[&str]) -> Command {
    let mut command = stack.command(Tool::Ours, arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Returns a full pipe whose reader reads nothing: a write to it blocks.
fn stopped() -> (PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(writer.as_fd()).unwrap();
    rustix::fs::fcntl_setfl(writer.as_fd(), flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'\n'; 1024]).is_ok() {}
    while writer.write(b"\n").is_ok() {}
    rustix::fs::fcntl_setfl(writer.as_fd(), flags).unwrap();
    (reader, writer.into())
}

fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

/// Waits for the end of the program, which must come within the limit.
#[track_caller]
fn end(mut child: Child, limit: Duration) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the program has not ended within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the exit code as a shell tells it: 130 after SIGINT, caught or not.
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Reads a pipe on a thread. The text so far can be read at any time.
fn read(mut pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut bytes) {
            shared.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
    text
}

/// A stack whose model is larger than the buffer of a pipe.
fn big() -> Stack {
    let mut yaml = String::from("services:\n");
    for index in 0..2000 {
        writeln!(yaml, "  s{index}: {{ image: example/app:{index}, environment: {{ NUMBER: '{index}' }} }}").unwrap();
    }
    Stack::new(&yaml)
}

/// A stack with more than a hundred errors in its file.
fn wrong() -> Stack {
    let mut yaml = String::from("services:\n");
    for index in 0..3000 {
        writeln!(yaml, "  s{index}: {{ image: x, colour{index}: red }}").unwrap();
    }
    Stack::new(&yaml)
}

#[test]
fn a_signal_ends_a_command_whose_reader_is_stopped() {
    let stack = big();
    for (kind, expected) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (_reader, pipe) = stopped();
        let mut child = command(&stack, &["config"]).stdout(pipe).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(child.try_wait().unwrap(), None, "the program waits for its reader");
        signal(&child, kind);
        assert_eq!(code(end(child, Duration::from_secs(2))), expected);
    }
}

#[test]
fn a_slow_reader_gets_everything() {
    let stack = big();
    stack.ok(&["config", "-o", "whole.yaml"]);
    let whole = std::fs::read_to_string(stack.folder.path().join("whole.yaml")).unwrap();
    let (mut reader, pipe) = std::io::pipe().unwrap();
    let child = command(&stack, &["config"]).stdout(pipe).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(text == whole, "{} bytes of {}", text.len(), whole.len());
    assert_eq!(code(end(child, SOON)), 0);
}

#[test]
fn errors_for_a_stopped_reader_are_kept_and_hold_up_no_signal() {
    let stack = wrong();
    let (_reader, pipe) = stopped();
    let child = command(&stack, &["config"]).stderr(pipe).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, Signal::INT);
    assert_eq!(code(end(child, Duration::from_secs(2))), 130);

    let (mut reader, pipe) = stopped();
    let child = command(&stack, &["config"]).stderr(pipe).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(code(end(child, SOON)), 1);
    // At most a hundred errors are printed; the others are only counted (`docs/diagnostics.md`).
    assert_eq!(text.matches("error[unknown-key]").count(), 100);
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let stack = big();
    let (reader, pipe) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command(&stack, &["config"]).stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let told = read(child.stderr.take().unwrap());
    assert_eq!(code(end(child, SOON)), 0);
    assert_eq!(*told.lock().unwrap(), "");
}

#[test]
fn a_full_disk_ends_a_command_with_a_message() {
    let stack = big();
    for arguments in [["config", "--services"], ["config", "--variables"], ["version", "--short"], ["up", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut child = command(&stack, &arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let told = read(child.stderr.take().unwrap());
        assert_eq!(code(end(child, SOON)), 1, "{arguments:?}");
        until("the fault is told", || told.lock().unwrap().contains("cannot write to standard output"));
    }
}

#[test]
fn up_does_its_work_while_nobody_reads() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new("services: { web: { image: IMAGE, init: true }, db: { image: IMAGE, init: true } }");
    let ((_out, out), (mut errors, err)) = (stopped(), stopped());
    let child = command(&stack, &["--progress", "json", "up", "-d"]).stdout(out).stderr(err).spawn().unwrap();
    until("both run", || stack.is_running("web") && stack.is_running("db"));
    let mut text = String::new();
    errors.read_to_string(&mut text).unwrap();
    assert_eq!(code(end(child, SOON)), 0);
    for name in ["web", "db"] {
        let id = format!("\"id\":\"Container {}\"", stack.name(name));
        let is_told = |words| text.lines().any(|line| line.contains(&id) && line.contains(words));
        assert!(is_told("\"text\":\"Created\"") && is_told("\"text\":\"Started\""), "{text}");
    }
}

/// Prints more than the program keeps for a stopped reader.
const MUCH: &str =
    "i=0; while [ $$i -lt 20000 ]; do echo line $$i of many, which are long enough to fill a pipe; i=$$((i+1)); done";

#[test]
fn an_attached_up_hears_events_and_signals_while_its_reader_is_stopped() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new(&format!(
        "services:\n  web: {{ image: IMAGE, init: true, stop_grace_period: 2s, command: [sh, -c, '{MUCH}; sleep 1000'] }}\n  \
         job: {{ image: IMAGE, init: true, command: [sh, -c, 'sleep 4'] }}\n"
    ));
    let (_reader, pipe) = stopped();
    let mut child = command(&stack, &["up"]).stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let told = read(child.stderr.take().unwrap());
    until("`up` is attached", || told.lock().unwrap().contains("Attaching to"));
    signal(&child, Signal::INT);
    assert_eq!(code(end(child, SOON)), 130, "{}", told.lock().unwrap());
    assert!(!stack.is_running("web"), "{:?}", stack.names());

    // The program also notices the end of the job, which must end all containers.
    let (_reader, pipe) = stopped();
    let mut up = command(&stack, &["up", "--abort-on-container-exit"]);
    let mut child = up.stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let told = read(child.stderr.take().unwrap());
    until("the end of the job stops the rest", || told.lock().unwrap().contains("Gracefully stopping"));
    until("the rest has ended", || !stack.is_running("web") && !stack.is_running("job"));
    signal(&child, Signal::INT);
    assert_eq!(code(end(child, SOON)), 130, "{}", told.lock().unwrap());
}

#[test]
fn a_slow_reader_of_an_attached_up_gets_everything() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new(&format!(
        "services: {{ job: {{ image: IMAGE, init: true, command: [sh, -c, '{MUCH}; exit 3'] }} }}"
    ));
    let (mut reader, pipe) = stopped();
    let mut child = command(&stack, &["up", "--no-log-prefix"]).stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let told = read(child.stderr.take().unwrap());
    until("`up` is attached", || told.lock().unwrap().contains("Attaching to"));
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(child.try_wait().unwrap(), None, "the program waits for its reader");
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("line ")).count(), 20_000);
    assert!(text.contains("job-1 exited with code 3\n"), "{}", told.lock().unwrap());
    assert_eq!(code(end(child, SOON)), 0);
}

#[test]
fn a_second_signal_kills_what_stops_slowly_while_the_reader_is_stopped() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new(&format!(
        "services: {{ web: {{ image: IMAGE, stop_grace_period: 100s, command: [sh, -c, 'trap \"\" TERM; {MUCH}; sleep 1000'] }} }}"
    ));
    let (_reader, pipe) = stopped();
    let mut child = command(&stack, &["up"]).stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let told = read(child.stderr.take().unwrap());
    until("`up` is attached", || told.lock().unwrap().contains("Attaching to"));
    signal(&child, Signal::INT);
    until("`up` stops the container", || told.lock().unwrap().contains("Stopping"));
    std::thread::sleep(Duration::from_secs(1));
    signal(&child, Signal::INT);
    assert_eq!(code(end(child, SOON)), 130, "{}", told.lock().unwrap());
    assert!(!stack.is_running("web"), "{:?}", stack.names());
}

#[test]
fn logs_end_at_a_signal_while_their_reader_is_stopped() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new(&format!(
        "services:\n  web: {{ image: IMAGE, init: true, command: [sh, -c, '{MUCH}; touch /done; sleep 1000'] }}\n  \
         db: {{ image: IMAGE, init: true }}\n"
    ));
    stack.ok(&["up", "-d"]);
    until("all is written", || !stack.exec("web", &["ls", "/done"]).is_empty());
    for arguments in [&["logs", "-f"][..], &["logs"]] {
        let (_reader, pipe) = stopped();
        let mut child = command(&stack, arguments).stdout(pipe).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(child.try_wait().unwrap(), None, "{arguments:?}: it waits for its reader");
        signal(&child, Signal::INT);
        assert_eq!(code(end(child, Duration::from_secs(5))), 130, "{arguments:?}");
    }
    let text = stack.ok(&["logs", "--no-log-prefix", "web"]);
    assert_eq!(text.lines().count(), 20_000);
    assert!(text.lines().enumerate().all(|(index, line)| line.starts_with(&format!("line {index} of"))));
}

#[test]
fn following_ends_quietly_when_the_reader_goes() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { web: { image: IMAGE, init: true, command: [sh, -c, 'while :; do echo tick; sleep 0.1; done'] } }",
    );
    stack.ok(&["up", "-d"]);
    for arguments in [&["logs", "-f"][..], &["up", "--no-recreate"]] {
        let (mut reader, pipe) = std::io::pipe().unwrap();
        let child = command(&stack, arguments).stdout(pipe).spawn().unwrap();
        reader.read_exact(&mut [0; 5]).unwrap();
        drop(reader);
        assert_eq!(code(end(child, SOON)), 0, "{arguments:?}");
        assert!(stack.is_running("web"));
    }
}

#[test]
fn a_long_line_is_printed_in_one_piece_among_lines_of_others() {
    if !Tool::Ours.is_ready() {
        return;
    }
    const LONG: usize = 1_000_000;
    let stack = Stack::new(&format!(
        "services:\n  web: {{ image: IMAGE, init: true, command: [sh, -c, 'head -c {LONG} /dev/zero | tr \"\\\\0\" x; echo; \
         echo after; touch /done; sleep 1000'] }}\n  \
         db: {{ image: IMAGE, init: true, command: [sh, -c, 'for i in 1 2 3; do echo $$i; done; sleep 1000'] }}\n"
    ));
    stack.ok(&["up", "-d"]);
    until("all is written", || !stack.exec("web", &["ls", "/done"]).is_empty());
    let text = stack.ok(&["logs"]);
    let long = format!("web-1  | {}\n", "x".repeat(LONG));
    assert!(text.contains(&long), "{:?}", text.lines().map(str::len).collect::<Vec<_>>());
    assert_eq!(text.lines().count(), 5);
    let stamped = stack.ok(&["logs", "-t"]);
    assert!(stamped.lines().any(|line| line.ends_with(&format!("Z {}", "x".repeat(LONG)))));
}

#[test]
fn data_and_words_for_one_reader_come_in_their_order() {
    if !Tool::Ours.is_ready() {
        return;
    }
    let stack = Stack::new("services: { job: { image: IMAGE, command: [sh, -c, 'echo one; echo two; exit 3'] } }");
    for _ in 0..3 {
        let (mut reader, pipe) = std::io::pipe().unwrap();
        let both = pipe.try_clone().unwrap();
        let child = command(&stack, &["up"]).stdout(pipe).stderr(both).spawn().unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let at = |words: &str| text.rfind(words).unwrap_or_else(|| panic!("no {words:?} in {text}"));
        let places = ["Started", "Attaching to", "| one", "| two", "exited with code 3"].map(at);
        assert!(places.is_sorted(), "{text}");
        assert_eq!(code(end(child, SOON)), 0);
    }
}
