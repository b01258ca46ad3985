//! Ten ways out of a session with a terminal: whatever ends it, the terminal has its modes again. [`Terminal::end`] compares
//! them with those of before.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustix::process::Signal;

use super::terminal::Terminal;
use crate::common::real::{Stack, Tool, is_ready};
use crate::setup::until;

const SHELL: [&str; 3] = ["exec", "s", "sh"];

fn started() -> Option<Stack> {
    if !is_ready() {
        return None;
    }
    let stack = Stack::new("services: { s: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    stack.ok(&["up", "-d"]);
    Some(stack)
}

/// Begins a shell in the container, and waits until the terminal is raw.
#[track_caller]
fn shell(command: Command) -> Terminal {
    let terminal = Terminal::begin(command);
    terminal.shows("# ");
    assert!(terminal.is_changed(), "raw");
    terminal
}

/// Returns a command that finds the stack, and the program as `$OURS`.
fn in_shell(stack: &Stack, words: &[&str]) -> Command {
    let mut shell = Command::new(words[0]);
    shell.args(&words[1..]).current_dir(stack.folder.path());
    shell.env("COMPOSE_PROJECT_NAME", &stack.project).env("OURS", Tool::Ours.program());
    shell
}

#[test]
fn the_end_of_the_command_and_a_container_that_is_gone() {
    let Some(stack) = started() else { return };
    let terminal = shell(stack.command(Tool::Ours, &SHELL));
    terminal.types("exit 9\r");
    assert_eq!(terminal.end().0, Some(9));
    let terminal = shell(stack.command(Tool::Ours, &SHELL));
    stack.ok(&["kill", "s"]);
    assert_eq!(terminal.end().0, Some(137));
    assert_eq!(Terminal::begin(stack.command(Tool::Ours, &SHELL)).end().0, Some(1));
}

// A program that was built for use cannot be made to panic.
#[cfg(debug_assertions)]
#[test]
fn a_panic() {
    let Some(stack) = started() else { return };
    let mut command = stack.command(Tool::Ours, &SHELL);
    command.env("INCEPTION_TEST_PANIC", "1");
    let terminal = Terminal::begin(command);
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(101), "{screen}");
    // A line end that is printed in raw mode has no `\r`: the message came after the modes were given back.
    let message = screen.split("panicked at").nth(1).unwrap_or_default();
    assert!(message.contains("a test has asked for this\r\n"), "{screen:?}");
}

#[test]
fn signals() {
    let Some(stack) = started() else { return };
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let terminal = shell(stack.command(Tool::Ours, &SHELL));
        terminal.signal(signal);
        assert_eq!(terminal.end().0, Some(code));
    }
}

#[test]
fn the_interrupt_key_twice() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"services: { s: { image: IMAGE, stop_grace_period: 1000s, command: [sh, -c, 'trap "touch /told" TERM; echo li""stens; while :; do sleep 0.1; done'] } }"#,
    );
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["up"]));
    terminal.shows("listens");
    terminal.types("\u{3}");
    terminal.shows("Gracefully stopping");
    until("it is told to stop", || !stack.exec("s", &["ls", "/told"]).is_empty());
    terminal.types("\u{3}");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    assert_eq!(screen.matches("\u{1b}[?25l").count(), screen.matches("\u{1b}[?25h").count(), "the cursor is shown");
    assert_eq!(stack.inspect("s", "{{.State.ExitCode}}"), "137");
}

#[test]
fn the_stop_key_and_fg() {
    let Some(stack) = started() else { return };
    // A shell with job control, as people have it.
    let mut command = in_shell(&stack, &["bash", "--norc", "--noediting", "-i"]);
    command.env("PS1", "outer> ");
    let terminal = Terminal::begin(command);
    terminal.shows("outer> ");
    terminal.types("stty -a | cksum | sed s/^/before:/; $OURS up; stty -a | cksum | sed s/^/after:/\r");
    terminal.shows("Attaching to");
    until("the container runs", || stack.is_running("s"));
    terminal.types("\u{1a}");
    terminal.shows("Stopped");
    terminal.types("fg\r");
    // The typed line, the one about the stop, and the one of `fg`.
    terminal.until("it goes on", |screen| screen.matches("$OURS up").count() >= 3);
    terminal.types("\u{3}");
    terminal.shows("exited with code");
    terminal.types("stty -a | cksum | sed s/^/last:/\r");
    // The typed line has the word, too, without a number behind it.
    let sum = |screen: &str, word: &str| -> Option<String> {
        let shown = screen.split(word).skip(1).find(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))?;
        shown.lines().next().map(str::to_owned).filter(|_| shown.contains('\n'))
    };
    terminal.until("the modes", |screen| sum(screen, "last:").is_some());
    let screen = terminal.screen();
    assert_eq!(sum(&screen, "before:"), sum(&screen, "last:"), "{screen}");
    terminal.types("exit\r");
    terminal.end();
    // In a session the signal comes from elsewhere: the key is the command's.
    let terminal = shell(stack.command(Tool::Ours, &["run", "--rm", "s", "sh"]));
    terminal.signal(Signal::TSTP);
    until("it is stopped", || terminal.is_stopped());
    assert!(!terminal.is_changed(), "the shell has its modes");
    terminal.signal(Signal::CONT);
    until("it is raw again", || terminal.is_changed());
    terminal.types("exit 4\r");
    assert_eq!(terminal.end().0, Some(4));
}

#[test]
fn the_keys_that_leave() {
    let Some(stack) = started() else { return };
    let terminal = shell(stack.command(Tool::Ours, &SHELL));
    terminal.types("\u{10}\u{11}");
    assert_eq!(terminal.end().0, Some(1));
}

const SOCKET: &str = "engine.sock";

/// A way to the engine that can be cut.
struct Way {
    folder: tempfile::TempDir,
    host: String,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Way {
    fn new() -> Self {
        #[allow(clippy::disallowed_methods)]
        let engine = std::env::var("DOCKER_HOST").unwrap_or_default();
        let engine = engine.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").to_owned();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SOCKET);
        let (listener, open) = (UnixListener::bind(&path).unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&open);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = UnixStream::connect(&engine).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || pass(from, to));
                }
                kept.lock().unwrap().extend([near, far]);
            }
        });
        Self { host: format!("unix://{}", path.display()), folder, open }
    }

    fn cut(&self) {
        self.open.lock().unwrap().iter().for_each(|one| drop(one.shutdown(Shutdown::Both)));
    }
}

fn pass(mut from: UnixStream, mut to: UnixStream) {
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn an_engine_that_is_gone() {
    let Some(mut stack) = started() else { return };
    for arguments in [&SHELL[..], &["run", "--rm", "s", "sh"]] {
        let way = Way::new();
        stack.host = Some(way.host.clone());
        let terminal = shell(stack.command(Tool::Ours, arguments));
        std::fs::remove_file(way.folder.path().join(SOCKET)).unwrap();
        way.cut();
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(1), "{arguments:?}: {screen}");
    }
    // The connection is lost, but the engine is there and the command goes on.
    let way = Way::new();
    stack.host = Some(way.host.clone());
    let terminal = shell(stack.command(Tool::Ours, &["exec", "s", "sh", "-c", "trap '' HUP; printf '# '; sleep 1000"]));
    way.cut();
    until("the terminal is given back", || !terminal.is_changed());
    terminal.types("\u{3}");
    assert_eq!(terminal.end().0, Some(130));
    stack.host = None;
}

#[test]
fn a_reader_that_is_gone() {
    let Some(stack) = started() else { return };
    for words in ["exec s yes", "run --rm s yes"] {
        let script = format!("$OURS {words} | head -1; echo pas''sed");
        let (code, screen) = Terminal::begin(in_shell(&stack, &["sh", "-c", &script])).end();
        assert!(code == Some(0) && screen.contains("y\r\n") && screen.contains("passed"), "{words}: {screen}");
    }
}
