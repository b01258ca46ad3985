//! `exec`.

use rustix::process::Signal;

use super::terminal::Terminal;
use super::{fed, piped};
use crate::common::real::{Running, Stack, Tool, is_ready};
use crate::setup::until;

const STACK: &str = "
services:
  s: { image: IMAGE, init: true, command: sleep 1000, environment: { A: a }, stop_grace_period: 1s }
  c: { image: IMAGE, init: true, command: sleep 1000, scale: 2, stop_grace_period: 1s }
  ended: { image: IMAGE, command: 'true' }
";

fn started() -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(STACK);
        stack.run(&["up", "-d"]);
        assert!(stack.is_running("s") && stack.is_running("c"));
        stack
    })
}

/// Checks that both programs print the same on standard output and end with the same code.
#[track_caller]
fn as_the_peer(stack: &Stack, arguments: &[&str]) {
    let ours = fed(stack.command(Tool::Ours, arguments), b"");
    if Tool::Peer.is_ready() {
        let theirs = fed(stack.command(Tool::Peer, arguments), b"");
        ours.assert_as(&theirs, arguments);
    }
}

#[test]
fn streams_and_exit_codes_are_the_commands() {
    let Some(stack) = started() else { return };
    let run = stack.go(&["exec", "-T", "s", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((run.code, run.out.as_str(), run.errors.as_str()), (Some(7), "out\n", "err\n"));
    for arguments in [
        &["exec", "-T", "s", "sh", "-c", "exit 3"][..],
        &["exec", "-T", "s", "sh", "-c", "kill -9 $$"],
        &["exec", "-T", "s", "/etc/hosts"],
        &["exec", "-T", "s", "no-such-program"],
        &["exec", "-T", "-u", "12:34", "-w", "/bin", "-e", "B=b c", "s", "sh", "-c", "id -u; id -g; pwd; echo $A$B"],
        &["exec", "-T", "--env", "PATH_OF_NOTHING", "--env", "COMPOSE_PROJECT_NAME", "s", "env"],
        &["exec", "--no-TTY", "s", "ls", "-d", "/bin"],
        &["exec", "-it", "s", "echo", "--index", "2", "-T"],
        &["exec", "-T", "--index", "2", "c", "hostname"],
        &["exec", "-T", "--index", "0", "s", "true"],
        &["exec", "-T", "--privileged", "s", "sh", "-c", "grep CapEff /proc/self/status"],
        &["exec", "-T", "ended", "true"],
        &["exec", "-T", "none", "true"],
        &["exec", "-T", "--index", "3", "c", "true"],
        &["exec", "-T", "s"],
        &["exec"],
    ] {
        as_the_peer(&stack, arguments);
    }
    for (arguments, words) in [
        (&["exec", "ended", "true"][..], "is not running"),
        (&["exec", "none", "true"], "no such service: `none`"),
        (&["exec", "--index", "3", "c", "true"], "has no container number 3"),
        (&["exec", "s"], "needs a command"),
        (&["exec", "--detach-keys", "ctrl-1", "s", "true"], "names no keys"),
    ] {
        let (code, out, errors) = stack.run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
}

#[test]
fn the_end_of_the_input_reaches_the_command() {
    let Some(stack) = started() else { return };
    for run in [
        fed(stack.command(Tool::Ours, &["exec", "-T", "s", "cat"]), b"hi\n"),
        piped(stack.command(Tool::Ours, &["exec", "-T", "s", "cat"]), b"hi\n"),
        piped(stack.command(Tool::Ours, &["exec", "s", "cat"]), b"hi\n"),
    ] {
        assert_eq!((run.code, run.out.as_str(), run.errors.as_str()), (Some(0), "hi\n", ""));
    }
    // Input that nobody reads holds no command up, and a command that ends early needs no more of it.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = stack.command(Tool::Ours, &["exec", "-T", "s", "echo", "done"]);
    command.stdin(reader);
    assert_eq!(Running::begin_fed(command).end().out, "done\n");
    drop(writer);
}

#[test]
fn three_hundred_megabytes_go_through_both_ways() {
    let Some(stack) = started() else { return };
    let script = "head -c 314572800 /dev/urandom > \"$1\"; cat \"$1\" | \"$2\" exec -T s cat | cmp - \"$1\"";
    let file = stack.folder.path().join("sent");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, "sh"]).arg(&file).arg(Tool::Ours.program());
    command.current_dir(stack.folder.path()).env("COMPOSE_PROJECT_NAME", &stack.project);
    let run = Running::begin(command).end();
    assert!(run.is_success() && run.out.is_empty(), "{run:?}");
    assert_eq!(std::fs::metadata(file).unwrap().len(), 300 << 20);
}

#[test]
fn a_script_on_standard_input_is_left_alone_where_that_is_asked() {
    let Some(stack) = started() else { return };
    let program = Tool::Ours.program().to_str().unwrap().to_owned();
    for flag in ["--no-stdin", "-i=false", "--interactive=false"] {
        let mut command = stack.command(Tool::Ours, &[]);
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(command.get_current_dir().unwrap()).env("COMPOSE_PROJECT_NAME", &stack.project);
        command = shell;
        let script = format!("'{program}' exec -T {flag} s cat\n'{program}' exec -T {flag} s echo a\necho b\n");
        let run = piped(command, Box::leak(script.into_bytes().into_boxed_slice()));
        assert_eq!((run.out.as_str(), run.errors.as_str()), ("a\nb\n", ""), "{flag}");
    }
}

#[test]
fn a_command_is_left_to_itself_where_that_is_asked() {
    let Some(stack) = started() else { return };
    let run = stack.go(&["exec", "-d", "s", "sh", "-c", "echo there > /told"]);
    assert_eq!((run.code, run.out.as_str(), run.errors.as_str()), (Some(0), "", ""));
    until("the command has run", || stack.exec("s", &["cat", "/told"]) == "there");
    as_the_peer(&stack, &["exec", "-d", "s", "no-such-program"]);
    let run = stack.go(&["--dry-run", "exec", "s", "rm", "/told"]);
    assert!(run.is_success() && run.errors.contains("would run"), "{run:?}");
    assert_eq!(stack.exec("s", &["cat", "/told"]), "there");
}

#[test]
fn the_terminal_is_the_commands_with_its_size_and_its_keys() {
    let Some(stack) = started() else { return };
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["exec", "s", "sh"]));
    terminal.shows("# ");
    assert!(terminal.is_changed(), "raw");
    terminal.types("stty size | sed 's/^/size: /'\r");
    terminal.shows("size: 24 80");
    terminal.resize(33, 99);
    // The size is on its way to the container.
    terminal.types("while test \"$(stty size)\" != '33 99'; do usleep 20000; done; echo re''sized\r");
    terminal.shows("resized");
    // Ctrl-C is the command's.
    terminal.types("echo sl''eeps; sleep 1000\r");
    terminal.shows("sleeps");
    terminal.types("\u{3}");
    terminal.until("a prompt after the key", |screen| screen.rsplit("sleeps").next().unwrap().contains("# "));
    terminal.types("echo still'' there\r");
    terminal.shows("still there");
    terminal.types("exit 9\r");
    assert_eq!(terminal.end().0, Some(9));
}

#[test]
fn without_two_terminals_there_is_none_for_the_command() {
    let Some(stack) = started() else { return };
    let script = "for n in 0 1 2; do test -t $n && echo yes $n > /dev/stderr; done; exit 4";
    for mix in 0..8_u8 {
        let on = [mix & 1 > 0, mix & 2 > 0, mix & 4 > 0];
        let terminal = Terminal::mixed(stack.command(Tool::Ours, &["exec", "s", "sh", "-c", script]), on);
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(4), "{on:?}: {screen}");
        assert_eq!(screen.contains("yes 0"), on[0] && on[1], "{on:?}: {screen}");
    }
    let flags: [&[&str]; 2] = [&["exec", "-T"], &["exec", "--no-stdin"]];
    for flags in flags {
        let words = [flags, &["s", "sh", "-c", script]].concat();
        let (code, screen) = Terminal::begin(stack.command(Tool::Ours, &words)).end();
        assert!(code == Some(4) && !screen.contains("yes"), "{screen}");
    }
}

#[test]
fn the_interrupt_key_ends_it_in_every_mix() {
    let Some(stack) = started() else { return };
    for mix in 0..8_u8 {
        let on = [mix & 1 > 0, mix & 2 > 0, mix & 4 > 0];
        let mark = format!("/mark-{mix}");
        let script = format!("touch {mark}; sleep 1000");
        let terminal = Terminal::mixed(stack.command(Tool::Ours, &["exec", "s", "sh", "-c", &script]), on);
        until("it runs", || stack.exec("s", &["ls", &mark]) == mark);
        terminal.types("\u{3}");
        assert_eq!(terminal.end().0, Some(130), "{on:?}");
    }
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    let Some(stack) = started() else { return };
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let terminal = Terminal::begin(stack.command(Tool::Ours, &["exec", "s", "sh"]));
        terminal.shows("# ");
        terminal.signal(signal);
        assert_eq!(terminal.end().0, Some(code));
    }
    // The container is killed under the session.
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["exec", "s", "sh"]));
    terminal.shows("# ");
    stack.ok(&["kill", "s"]);
    assert_eq!(terminal.end().0, Some(137));
    assert_eq!(Terminal::begin(stack.command(Tool::Ours, &["exec", "s", "sh"])).end().0, Some(1));
}

#[test]
fn a_program_that_was_stopped_has_its_terminal_again_when_it_goes_on() {
    let Some(stack) = started() else { return };
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["exec", "s", "sh"]));
    terminal.shows("# ");
    terminal.signal(Signal::TSTP);
    until("it is stopped", || terminal.is_stopped());
    assert!(!terminal.is_changed(), "the shell has its modes");
    terminal.resize(30, 90);
    terminal.signal(Signal::CONT);
    until("it is raw again", || terminal.is_changed());
    terminal.types("while test \"$(stty size)\" != '30 90'; do usleep 20000; done; echo go''es on\r");
    terminal.shows("goes on");
    terminal.types("exit\r");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn the_keys_leave_the_command_running() {
    let Some(stack) = started() else { return };
    let words = ["exec", "s", "sh", "-c", "echo $$ > /pid; echo ready; cat; sleep 1000"];
    let terminal = Terminal::begin(stack.command(Tool::Ours, &words));
    terminal.shows("ready");
    terminal.types("\u{10}\u{11}");
    let (code, screen) = terminal.end();
    assert!(code == Some(1) && screen.contains("detached"), "{screen}");
    assert!(!stack.exec("s", &["sh", "-c", "kill -0 $(cat /pid) && echo lives"]).is_empty());
    let words = ["exec", "--detach-keys", "ctrl-a,x", "s", "sh", "-c", "echo ready; cat"];
    let terminal = Terminal::begin(stack.command(Tool::Ours, &words));
    terminal.shows("ready");
    terminal.types("\u{10}\u{11}\u{1}");
    terminal.types("x");
    assert_eq!(terminal.end().0, Some(1));
    stack.file("config.json", r#"{"detachKeys": "ctrl-b"}"#);
    let mut command = stack.command(Tool::Ours, &["exec", "s", "sh", "-c", "echo ready; cat"]);
    command.env("DOCKER_CONFIG", stack.folder.path());
    let terminal = Terminal::begin(command);
    terminal.shows("ready");
    terminal.types("\u{2}");
    assert_eq!(terminal.end().0, Some(1));
}

#[test]
fn the_labels_alone_are_enough() {
    let Some(stack) = started() else { return };
    std::fs::remove_file(stack.folder.path().join("compose.yaml")).unwrap();
    assert_eq!(stack.ok(&["exec", "-T", "s", "echo", "there"]), "there\n");
    assert_eq!(stack.ok(&["-p", &stack.project, "exec", "-T", "--index", "2", "c", "echo", "there"]), "there\n");
}
