//! `run`.

use rustix::process::Signal;
use serde_json::Value;

use super::terminal::Terminal;
use super::{fed, piped};
use crate::common::real::{Running, Stack, Tool, docker, is_ready, told};
use crate::setup::until;

const STACK: &str = "
services:
  s:
    image: IMAGE
    command: [sh, -c, 'echo by itself']
    environment: { A: a }
    labels: { kept: 'yes' }
    ports: ['127.0.0.1::80']
    restart: always
    depends_on: [db]
  db:
    image: IMAGE
    init: true
    command: [sh, -c, 'echo ${TITLE:-one} > /title; exec sleep 1000']
    environment: { TITLE: '${TITLE:-one}' }
    stop_grace_period: 1s
  unrelated: { image: no.such.registry/image:1, build: ./broken }
";

fn stack() -> Option<Stack> {
    is_ready().then(|| Stack::new(STACK))
}

/// The one-off containers of a stack, by name.
fn one_offs(stack: &Stack) -> Vec<String> {
    let project = format!("label=com.docker.compose.project={}", stack.project);
    let filter = ["ps", "-a", "--format", "{{.Names}}", "--filter", &project];
    let text = told(&[&filter[..], &["--filter", "label=com.docker.compose.oneoff=True"]].concat());
    text.lines().map(str::to_owned).collect()
}

fn inspect(name: &str) -> Value {
    let all: Value = serde_json::from_slice(&docker(&["inspect", name]).stdout).unwrap();
    all[0].clone()
}

#[test]
fn a_one_off_runs_the_command_beside_its_dependencies_and_is_removed() {
    let Some(stack) = stack() else { return };
    let run = stack.go(&["run", "--rm", "-T", "s", "sh", "-c", "echo out $A; echo err >&2; exit 7"]);
    assert_eq!((run.code, run.out.as_str()), (Some(7), "out a\n"));
    assert!(run.errors.contains("err\n"), "{}", run.errors);
    assert_eq!(stack.names(), ["db-1"], "nothing of `s` itself and nothing of others is made");
    assert_eq!(stack.go(&["run", "--rm", "s"]).out, "by itself\n");
    let run = stack.go(&["run", "s", "true"]);
    assert!(run.is_success(), "{run:?}");
    let left = one_offs(&stack);
    let start = format!("{}-s-run-", stack.project);
    assert!(left.len() == 1 && left[0].strip_prefix(&start).is_some_and(|rest| rest.len() == 12), "{left:?}");
}

#[test]
fn the_container_is_made_as_by_the_peer() {
    let Some(stack) = stack() else { return };
    let words =
        ["-T", "-e", "B=b", "-e", "COMPOSE_PROJECT_NAME", "-l", "own=1", "-u", "12", "-w", "/bin", "-v", "./x:/x:ro"];
    let more = ["-p", "127.0.0.1::99", "--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "s", "true"];
    let made = |tool: Tool, name: &str| {
        let arguments = [&["run", "--name", name][..], &words, &more].concat();
        let run = fed(stack.command(tool, &arguments), b"");
        assert!(run.is_success(), "{run:?}");
        inspect(name)
    };
    let name = format!("{}-ours", stack.project);
    let ours = made(Tool::Ours, &name);
    assert_eq!(ours["HostConfig"]["PortBindings"].as_object().unwrap().len(), 1, "only what -p says");
    assert_eq!(ours["HostConfig"]["RestartPolicy"]["Name"].as_str().unwrap_or_default().replace("no", ""), "");
    assert!(ours["Config"]["Labels"]["com.docker.compose.container-number"].is_null());
    assert_eq!(ours["HostConfig"]["CapAdd"][0], "NET_ADMIN");
    assert_eq!(ours["HostConfig"]["CapDrop"][0], "CHOWN");
    if !Tool::Peer.is_ready() {
        return;
    }
    let theirs = made(Tool::Peer, &format!("{}-theirs", stack.project));
    for path in [
        "/Config/Tty",
        "/Config/OpenStdin",
        "/Config/StdinOnce",
        "/Config/AttachStdin",
        "/Config/AttachStdout",
        "/Config/AttachStderr",
        "/Config/User",
        "/Config/WorkingDir",
        "/Config/Cmd",
        "/HostConfig/AutoRemove",
        "/HostConfig/NetworkMode",
    ] {
        assert_eq!(ours.pointer(path), theirs.pointer(path), "{path}");
    }
    let variables = |one: &Value| {
        let mut all: Vec<String> = serde_json::from_value(one["Config"]["Env"].clone()).unwrap();
        all.sort();
        all
    };
    assert_eq!(variables(&ours), variables(&theirs));
    let labels = |one: &Value| {
        let mut all = one["Config"]["Labels"].as_object().unwrap().clone();
        // Of this program alone, and what differs by its nature.
        all.retain(|key, _| {
            !key.starts_with("dev.inception") && !key.ends_with("slug") && !key.ends_with("config-hash")
        });
        all
    };
    assert_eq!(labels(&ours), labels(&theirs));
}

#[test]
fn flags_change_the_container() {
    let Some(stack) = stack() else { return };
    stack.file("vars", "FROM=file\nB=file\n");
    let run = stack.go(&["run", "--rm", "--env-from-file", "vars", "-e", "B=flag", "s", "sh", "-c", "echo $FROM $B"]);
    assert_eq!(run.out, "file flag\n", "{}", run.errors);
    let run = stack.go(&["run", "--rm", "--entrypoint", "echo 'a b'", "s"]);
    assert_eq!(run.out, "a b\n", "{}", run.errors);
    let run = stack.go(&["run", "--rm", "--entrypoint", "sh -c", "s", "echo x -T"]);
    assert_eq!(run.out, "x -T\n");
    let run = stack.go(&["run", "--rm", "--use-aliases", "s", "sh", "-c", "nslookup s 2>&1"]);
    assert!(run.is_success() && run.out.contains("Name:"), "{run:?}");
    let run = stack.go(&["run", "--rm", "-d", "-P", "s", "sleep", "1000"]);
    let id = run.out.trim().to_owned();
    assert_eq!(run.code, Some(0));
    assert!(inspect(&id)["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"].is_string(), "{run:?}");
    docker(&["kill", &id]);
    until("the engine has removed it", || one_offs(&stack).is_empty());
    for (arguments, words) in [
        (&["run", "-p", "x", "s"][..], "`--publish x` cannot be read"),
        (&["run", "-v", ":", "s"], "`--volume :` cannot be read"),
        (&["run", "--env-from-file", "none", "s"], "couldn't find env file"),
        (&["run", "--entrypoint", "'", "s"], "`--entrypoint '` cannot be read"),
        (&["run", "none"], "no such service"),
        (&["run"], "SERVICE"),
    ] {
        let (code, out, errors) = stack.run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
    assert!(one_offs(&stack).is_empty());
}

#[test]
fn dependencies_are_waited_for_and_never_recreated() {
    let Some(stack) = stack() else { return };
    let with = |title: &str, arguments: &[&str]| {
        let mut command = stack.command(Tool::Ours, arguments);
        command.env("TITLE", title);
        Running::begin(command).end()
    };
    assert!(with("one", &["run", "--rm", "s", "true"]).is_success());
    let id = stack.id("db");
    let run = with("two", &["run", "--rm", "s", "true"]);
    assert!(run.is_success() && run.errors.contains("not as the file says"), "{run:?}");
    assert!(run.errors.contains("environment.TITLE"), "{}", run.errors);
    assert_eq!(stack.id("db"), id);
    stack.ok(&["stop", "db"]);
    assert!(with("two", &["run", "--rm", "s", "true"]).is_success());
    assert!(stack.id("db") == id && stack.is_running("db"), "only started");
    assert!(with("two", &["run", "--rm", "--no-deps", "s", "true"]).is_success());
    assert!(with("two", &["run", "--rm", "--converge", "s", "true"]).is_success());
    assert_ne!(stack.id("db"), id);
    stack.ok(&["down"]);
    assert!(stack.go(&["run", "--rm", "--no-deps", "s", "true"]).is_success());
    assert!(stack.names().is_empty());
}

#[test]
fn a_condition_that_fails_is_told_and_leaves_no_container() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  s: { image: IMAGE, depends_on: { job: { condition: service_completed_successfully } } }
  fine: { image: IMAGE, depends_on: { ready: { condition: service_healthy } }, command: cat /there, volumes: ['data:/v'] }
  job: { image: IMAGE, command: sh -c 'echo why it failed; exit 3' }
  ready:
    image: IMAGE
    init: true
    command: sh -c 'sleep 0.5; touch /there; exec sleep 1000'
    stop_grace_period: 1s
    healthcheck: { test: test -e /there, interval: 5s }
  soft: { image: IMAGE, command: echo fine, depends_on: { job: { condition: service_completed_successfully, required: false } } }
volumes: { data: }
",
    );
    let run = stack.go(&["run", "--rm", "s", "true"]);
    assert!(run.code == Some(1) && run.errors.contains("why it failed"), "{run:?}");
    assert!(one_offs(&stack).is_empty());
    let run = stack.go(&["run", "--rm", "fine", "sh", "-c", "nslookup ready > /dev/null && echo met"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "met\n"), "{}", run.errors);
    assert_eq!(stack.exec("ready", &["ls", "/there"]), "/there");
    let run = stack.go(&["run", "--rm", "soft"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "fine\n"), "{}", run.errors);
}

#[test]
fn networks_and_volumes_that_have_changed_are_used_as_they_are() {
    if !is_ready() {
        return;
    }
    let yaml = |more: &str| {
        format!(
            "
services:
  s: {{ image: IMAGE, depends_on: [db], networks: [n] }}
  db: {{ image: IMAGE, init: true, stop_grace_period: 1s, networks: [n] }}
networks: {{ n: {{ labels: {{ a: '{more}' }}, internal: {more} }} }}
"
        )
    };
    let stack = Stack::new(&yaml("false"));
    stack.ok(&["up", "-d", "db"]);
    let (id, network) =
        (stack.id("db"), told(&["network", "inspect", "-f", "{{.Id}}", &format!("{}_n", stack.project)]));
    stack.write(&yaml("true"));
    let run = stack.go(&["run", "--rm", "s", "true"]);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stack.id("db"), id);
    assert_eq!(told(&["network", "inspect", "-f", "{{.Id}}", &format!("{}_n", stack.project)]), network);
}

#[test]
fn input_reaches_the_container_and_its_end_too() {
    let Some(stack) = stack() else { return };
    for run in [
        piped(stack.command(Tool::Ours, &["run", "--rm", "-T", "--no-deps", "s", "cat"]), b"hi\n"),
        fed(stack.command(Tool::Ours, &["run", "--rm", "-T", "--no-deps", "-q", "s", "cat"]), b"hi\n"),
        fed(
            stack.command(Tool::Ours, &["run", "--rm", "--no-deps", "--no-stdin", "s", "sh", "-c", "cat; echo hi"]),
            b"not read",
        ),
    ] {
        assert_eq!((run.code, run.out.as_str()), (Some(0), "hi\n"), "{run:?}");
    }
    let script = "head -c 50000000 /dev/urandom > sent; \"$1\" run --rm -T --no-deps s cat < sent | cmp - sent";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, "sh"]).arg(Tool::Ours.program());
    command.current_dir(stack.folder.path()).env("COMPOSE_PROJECT_NAME", &stack.project);
    let run = Running::begin(command).end();
    assert!(run.is_success() && run.out.is_empty(), "{run:?}");
    // A reader that has enough ends the container.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "\"$1\" run --rm -T --no-deps s yes | head -1", "sh"]);
    command.arg(Tool::Ours.program());
    command.current_dir(stack.folder.path()).env("COMPOSE_PROJECT_NAME", &stack.project);
    assert_eq!(Running::begin(command).end().out, "y\n");
    until("it is removed", || one_offs(&stack).is_empty());
}

#[test]
fn a_shell_has_the_terminal() {
    let Some(stack) = stack() else { return };
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["run", "--rm", "--no-deps", "s", "sh"]));
    terminal.shows("# ");
    terminal.resize(33, 99);
    terminal.types("while test \"$(stty size)\" != '33 99'; do usleep 20000; done; echo re''sized\r");
    terminal.shows("resized");
    terminal.types("echo sl''eeps; sleep 1000\r");
    terminal.shows("sleeps");
    terminal.types("\u{1a}");
    terminal.until("a prompt after the stop", |screen| screen.rsplit("sleeps").next().unwrap().contains("# "));
    terminal.types("jobs\r");
    terminal.until("the job", |screen| screen.matches("Stopped").count() == 2);
    terminal.types("exit 9\r");
    terminal.types("exit 9\r");
    assert_eq!(terminal.end().0, Some(9));
    assert!(one_offs(&stack).is_empty());
    let script = "until test \"$(stty size 2>/dev/null)\" = '24 80'; do usleep 20000; done; stty size; cat";
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["run", "--rm", "--no-deps", "s", "sh", "-c", script]));
    terminal.shows("24 80");
    terminal.types("\u{10}\u{11}");
    let (code, screen) = terminal.end();
    assert!(code == Some(0) && screen.contains("detached"), "{screen}");
    assert_eq!(one_offs(&stack).len(), 1, "it goes on");
}

#[test]
fn signals_reach_the_container_which_is_removed() {
    let Some(stack) = stack() else { return };
    for (signal, name) in [(Signal::HUP, "HUP"), (Signal::INT, "INT"), (Signal::TERM, "TERM"), (Signal::USR1, "USR1")] {
        let script = format!("trap 'echo got {name}; exit 5' {name}; echo ready; while :; do usleep 20000; done");
        let terminal = Terminal::mixed(
            stack.command(Tool::Ours, &["run", "--rm", "--no-deps", "s", "sh", "-c", &script]),
            [false, true, true],
        );
        terminal.shows("ready");
        terminal.signal(signal);
        let (code, screen) = terminal.end();
        assert!(code == Some(5) && screen.contains(&format!("got {name}")), "{screen}");
        assert!(one_offs(&stack).is_empty(), "{name}");
    }
}

#[test]
fn a_container_that_heeds_no_signal_is_killed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { s: { image: IMAGE, command: sleep 1000, stop_grace_period: 1s } }");
    // Process 1 of a container ignores what it has no handler for.
    for signals in [&[Signal::HUP][..], &[Signal::TERM], &[Signal::INT, Signal::TERM]] {
        let running = stack.begin(&["run", "--rm", "s", "sh", "-c", "echo ready; exec sleep 1000"]);
        until("it runs", || stack.names().iter().any(|name| name.starts_with("s-run-") && !name.contains(' ')));
        for signal in signals {
            running.signal(*signal);
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        assert_eq!(running.end().code, Some(137), "{signals:?}");
        assert!(one_offs(&stack).is_empty(), "{signals:?}");
    }
    // Three times the key.
    let terminal = Terminal::mixed(
        stack.command(Tool::Ours, &["run", "--rm", "s", "sh", "-c", "echo ready; exec sleep 1000"]),
        [true, false, true],
    );
    terminal.shows("Started");
    // A key that is pressed again before the program has heeded it counts once.
    let begun = std::time::Instant::now();
    while !terminal.screen().contains("press Ctrl+C again") && begun.elapsed().as_secs() < 60 {
        terminal.types("\u{3}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    terminal.shows("press Ctrl+C again");
    terminal.types("\u{3}");
    assert_eq!(terminal.end().0, Some(137));
    assert!(one_offs(&stack).is_empty());
}

#[test]
fn a_signal_that_comes_while_the_container_starts_is_not_lost() {
    if !is_ready() {
        return;
    }
    let yaml =
        "services: { s: { image: IMAGE, stop_grace_period: 1s, init: true, post_start: [{ command: sleep 2 }] } }";
    let stack = Stack::new(yaml);
    let running = stack.begin(&["run", "--rm", "s", "sleep", "1000"]);
    until("it runs", || stack.names().iter().any(|name| name.starts_with("s-run-") && !name.contains(' ')));
    running.signal(Signal::TERM);
    let code = running.end().code;
    assert!(code == Some(143), "{code:?}");
    assert!(one_offs(&stack).is_empty());
}

#[test]
fn what_a_killed_run_leaves_is_named_by_the_next() {
    let Some(stack) = stack() else { return };
    let running = stack.begin(&["run", "--rm", "--no-deps", "s", "sleep", "1000"]);
    until("it runs", || stack.names().iter().any(|name| name.starts_with("s-run-") && !name.contains(' ')));
    let other = stack.go(&["run", "--rm", "--no-deps", "s", "true"]);
    assert!(other.is_success() && !other.errors.contains("left behind"), "its program is there: {other:?}");
    running.signal(Signal::KILL);
    running.end();
    let left = one_offs(&stack);
    assert_eq!(left.len(), 1);
    for arguments in [&["run", "--rm", "--no-deps", "s", "true"][..], &["up", "-d", "db"]] {
        let run = stack.go(arguments);
        assert!(run.is_success() && run.errors.contains("left behind") && run.errors.contains(&left[0]), "{run:?}");
    }
    assert_eq!(one_offs(&stack), left, "and nothing is removed unasked");
}

#[test]
fn hooks_run_and_a_missing_program_is_told() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  s: { image: IMAGE, post_start: [{ command: [sh, -c, 'echo hook > /told'] }] }
  bare: { image: IMAGE }
",
    );
    let script = "while ! test -s /told; do usleep 20000; done; cat /told";
    let run = stack.go(&["run", "--rm", "s", "sh", "-c", script]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "hook\n"), "{}", run.errors);
    let run = stack.go(&["run", "--rm", "bare", "no-such-program"]);
    assert!(run.code == Some(127) && run.errors.contains("no-such-program"), "{run:?}");
    assert!(one_offs(&stack).is_empty());
    let run = stack.go(&["--dry-run", "run", "--rm", "bare", "true"]);
    assert!(run.is_success() && run.errors.contains("-run-"), "{run:?}");
    assert!(stack.containers().is_empty());
}

#[test]
fn the_interrupt_key_ends_it_in_every_mix() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { s: { image: IMAGE, init: true, stop_grace_period: 1s } }");
    let runs = || stack.names().iter().any(|name| name.starts_with("s-run-") && !name.contains(' '));
    for mix in 0..8_u8 {
        let on = [mix & 1 > 0, mix & 2 > 0, mix & 4 > 0];
        let terminal = Terminal::mixed(stack.command(Tool::Ours, &["run", "--rm", "s", "sleep", "1000"]), on);
        until("it runs", runs);
        terminal.types("\u{3}");
        assert_eq!(terminal.end().0, Some(130), "{on:?}");
        assert!(one_offs(&stack).is_empty(), "{on:?}");
    }
}

#[test]
fn a_hook_does_not_hold_the_output_up() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  s: { image: IMAGE, init: true, stop_grace_period: 1s, post_start: [{ command: [sh, -c, 'until test -e /go; do usleep 20000; done; exit 7'] }] }
",
    );
    let script = "stty -echo; echo re''ady; read word; touch /go; sleep 1; echo got $word; exit 5";
    let terminal = Terminal::begin(stack.command(Tool::Ours, &["run", "--rm", "s", "sh", "-c", script]));
    // The hook waits for what the session is told only after its first output.
    terminal.shows("ready");
    terminal.types("word\r");
    let (code, screen) = terminal.end();
    assert!(code == Some(5) && screen.contains("got word"), "{screen}");
    assert!(screen.contains("code 7"), "the hook has failed, which is told after the session: {screen}");
    // A session that leaves its container leaves the hook, too.
    let terminal =
        Terminal::begin(stack.command(Tool::Ours, &["run", "--rm", "s", "sh", "-c", "echo re''ady; exec sleep 1000"]));
    terminal.shows("ready");
    terminal.types("\u{10}\u{11}");
    let (code, screen) = terminal.end();
    assert!(code == Some(0) && screen.contains("detached"), "{screen}");
    assert_eq!(one_offs(&stack).len(), 1);
    // Another command of the project is not held up by a session whose hooks are over.
    let run = stack.go(&["run", "-d", "s", "touch", "/go"]);
    assert!(run.code.is_some(), "{run:?}");
}

#[test]
fn ports_of_dependencies_are_left_out_where_that_is_asked() {
    if !is_ready() {
        return;
    }
    let yaml = "
services:
  db: { image: IMAGE, init: true, stop_grace_period: 0s, ports: ['127.0.0.1:54329:5432'] }
  t: { image: IMAGE, depends_on: [db], ports: ['127.0.0.1:54328:80'] }
";
    // Two jobs beside each other, each with its own copy of the project.
    let stacks = [Stack::new(yaml), Stack::new(yaml)];
    for stack in &stacks {
        let run = stack.go(&["run", "--rm", "--no-deps-ports", "t", "echo", "done"]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), "done\n"), "{run:?}");
        assert_eq!(stack.inspect("db", "{{.HostConfig.PortBindings}}"), "map[]");
    }
    let run = stacks[0].go(&["run", "--rm", "--no-deps-ports", "t", "true"]);
    assert!(run.is_success() && !run.errors.contains("not as the file says"), "{run:?}");
    // The usual `up` publishes them again.
    stacks[0].ok(&["up", "-d", "db"]);
    assert!(stacks[0].inspect("db", "{{.HostConfig.PortBindings}}").contains("54329"));
}
