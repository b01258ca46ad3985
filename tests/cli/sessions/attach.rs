//! `attach`.

use rustix::process::Signal;

use super::piped;
use super::terminal::Terminal;
use crate::common::real::{Stack, Tool, docker, is_ready};
use crate::setup::until;

const STACK: &str = "
services:
  shell: { image: IMAGE, command: sh, tty: true, stdin_open: true, stop_grace_period: 0s }
  cat: { image: IMAGE, command: cat, stdin_open: true, stop_grace_period: 0s }
  speaks:
    image: IMAGE
    command: sh -c 'trap \"echo got TERM; exit 6\" TERM; trap \"echo got INT\" INT; while :; do test -e /go && echo out && echo err >&2; rm -f /go; usleep 20000; done'
    stop_grace_period: 1s
  ended: { image: IMAGE, command: 'true' }
";

fn started() -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(STACK);
        stack.run(&["up", "-d"]);
        assert!(stack.is_running("shell") && stack.is_running("speaks"));
        stack
    })
}

#[test]
fn streams_signals_and_exit_code_are_the_containers() {
    let Some(stack) = started() else { return };
    let terminal = Terminal::mixed(stack.command(Tool::Ours, &["attach", "--no-stdin", "speaks"]), [false, true, true]);
    until("it is attached", || {
        stack.exec("speaks", &["touch", "/go"]);
        terminal.screen().contains("err")
    });
    assert!(terminal.screen().contains("out"));
    terminal.signal(Signal::INT);
    terminal.shows("got INT");
    terminal.signal(Signal::TERM);
    terminal.shows("got TERM");
    assert_eq!(terminal.end().0, Some(6));
    for (arguments, words) in [
        (&["attach", "ended"][..], "is not running"),
        (&["attach", "none"], "no such service: `none`"),
        (&["attach", "--index", "3", "cat"], "has no container number 3"),
        (&["attach", "shell"], "has a terminal"),
    ] {
        let (code, out, errors) = stack.run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
    let run = stack.go(&["--dry-run", "attach", "cat"]);
    assert!(run.is_success() && run.errors.contains("would attach"), "{run:?}");
}

#[test]
fn signals_are_kept_where_that_is_asked() {
    let Some(stack) = started() else { return };
    let terminal =
        Terminal::mixed(stack.command(Tool::Ours, &["attach", "--sig-proxy=false", "speaks"]), [false, true, true]);
    until("it is attached", || {
        stack.exec("speaks", &["touch", "/go"]);
        terminal.screen().contains("out")
    });
    terminal.signal(Signal::TERM);
    let (code, screen) = terminal.end();
    assert!(code == Some(143) && !screen.contains("got TERM"), "{screen}");
    assert!(stack.is_running("speaks"));
}

#[test]
fn input_reaches_the_container() {
    let Some(stack) = started() else { return };
    // The end of the input does not end the session: others may write to the container later.
    let name = stack.name("cat");
    let killer = std::thread::spawn(move || {
        until("it has arrived", || String::from_utf8_lossy(&docker(&["logs", &name]).stdout).contains("hi"));
        docker(&["kill", &name]);
    });
    let run = piped(stack.command(Tool::Ours, &["attach", "cat"]), b"hi\n");
    killer.join().unwrap();
    assert_eq!((run.code, run.out.as_str()), (Some(137), "hi\n"), "{}", run.errors);
}

#[test]
fn a_terminal_is_the_containers_until_the_keys_are_pressed() {
    let Some(stack) = started() else { return };
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["attach", "shell"]));
    until("raw mode", || terminal.is_changed());
    terminal.types("while test \"$(stty size)\" != '24 80'; do usleep 20000; done; echo si''zed\r");
    terminal.shows("sized");
    terminal.resize(33, 99);
    terminal.types("while test \"$(stty size)\" != '33 99'; do usleep 20000; done; echo re''sized\r");
    terminal.shows("resized");
    terminal.types("\u{10}\u{11}");
    let (code, screen) = terminal.end();
    assert!(code == Some(0) && screen.contains("detached"), "{screen}");
    assert!(stack.is_running("shell"));
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["attach", "--detach-keys", "ctrl-x", "shell"]));
    until("raw mode", || terminal.is_changed());
    terminal.types("\u{18}");
    assert_eq!(terminal.end().0, Some(0));
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["attach", "shell"]));
    until("raw mode", || terminal.is_changed());
    terminal.types("exit 9\r");
    assert_eq!(terminal.end().0, Some(9));
}
