//! Projects that are known by their name: `-p NAME` without `-f`, and files that cannot be used.

use std::path::Path;
use std::process::Command;

use crate::common::real::{Run, Running, Stack, is_ready, told};

const ONE: &str = "services: { web: { image: IMAGE, init: true, stop_grace_period: 1s, command: [sh, -c, 'echo here; exec sleep 1000'] } }";

/// Runs the program with `-p` and the stack's name in a directory.
fn by_name(stack: &Stack, directory: &Path, arguments: &[&str]) -> Run {
    let mut command: Command = stack.command(stack.tool, &[&["-p", &stack.project], arguments].concat());
    command.current_dir(directory).env_remove("COMPOSE_PROJECT_NAME");
    Running::begin(command).end()
}

/// Returns whether the container of `web` runs.
fn state(stack: &Stack) -> String {
    stack.inspect("web", "{{.State.Status}}")
}

#[test]
fn a_name_goes_by_labels_whatever_file_lies_in_the_directory() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.ok(&["up", "-d"]);
    let elsewhere = tempfile::tempdir().unwrap();
    for file in
        ["services: { other: { image: nothing, secrets: [s] } }\nsecrets: { s: { file: ./gone } }", "services: ["]
    {
        std::fs::write(elsewhere.path().join("compose.yaml"), file).unwrap();
        let go = |arguments: &[&str], expected: &str| {
            let run = by_name(&stack, elsewhere.path(), arguments);
            assert!(run.is_success() && !run.errors.contains("error"), "{arguments:?}: {run:?}");
            assert_eq!(state(&stack), expected, "{arguments:?}");
            run.out
        };
        assert_eq!(go(&["ps", "--services"], "running"), "web\n");
        assert!(go(&["logs", "web"], "running").contains("here"));
        go(&["stop", "-t", "0"], "exited");
        go(&["start", "web"], "running");
        go(&["restart", "-t", "0"], "running");
        go(&["pause"], "paused");
        go(&["unpause"], "running");
        go(&["kill"], "exited");
        go(&["start"], "running");
        let run = by_name(&stack, elsewhere.path(), &["stop", "wbe"]);
        assert!(run.is_success() && run.errors.contains("did you mean `web`?"), "{run:?}");
    }
    let run = by_name(&stack, elsewhere.path(), &["-f", "compose.yaml", "down"]);
    assert!(!run.is_success() && state(&stack) == "running", "a file that is named must be sound: {run:?}");
    let mut command = stack.command(stack.tool, &["down"]);
    command.current_dir(elsewhere.path()).env_remove("COMPOSE_PROJECT_NAME");
    let run = Running::begin(command).end();
    assert!(!run.is_success() && state(&stack) == "running", "the directory's name is not given: {run:?}");
    let run = by_name(&stack, elsewhere.path(), &["rm", "-fs"]);
    assert!(run.is_success() && stack.containers().is_empty(), "{run:?}");
    let run = by_name(&stack, elsewhere.path(), &["down"]);
    assert!(run.is_success() && stack.count() == 0, "{run:?}");
    let run = by_name(&stack, elsewhere.path(), &["down", "--rmi", "all"]);
    assert!(run.is_success(), "{run:?}");
}

#[test]
fn a_service_that_left_the_file_is_stopped_by_name() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.ok(&["up", "-d"]);
    stack.write("services: { other: { image: IMAGE } }");
    let run = by_name(&stack, stack.folder.path(), &["stop", "-t", "0"]);
    assert!(run.is_success() && state(&stack) == "exited", "{run:?}");
}

#[test]
fn by_name_the_project_s_own_file_keeps_its_hooks_and_its_protected_volumes() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    profiles: [tools]
    volumes: [kept:/kept, data:/data]
    pre_stop: [{ command: [sh, -c, 'echo stopped > /kept/mark'] }]
volumes: { kept: { x-protected: true }, data: }
",
    );
    stack.ok(&["--profile", "tools", "up", "-d"]);
    let run = by_name(&stack, stack.folder.path(), &["down", "-v"]);
    assert!(!run.is_success() && run.errors.contains("is protected and is not removed"), "{run:?}");
    assert_eq!(stack.volumes().len(), 2, "nothing was begun");
    let run = by_name(&stack, stack.folder.path(), &["down"]);
    assert!(run.is_success() && stack.containers().is_empty(), "{run:?}");
    let volume = format!("{}_kept:/kept", stack.project);
    let mark = told(&["run", "--rm", "-v", &volume, crate::common::real::IMAGE, "cat", "/kept/mark"]);
    assert_eq!(mark, "stopped", "the hook has run");
}

#[test]
fn the_variable_s_name_is_enough_where_the_files_cannot_be_used_and_costs_no_volume() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(&format!("{}\nvolumes: {{ data: }}", ONE.replace("init", "volumes: ['data:/data'], init")));
    stack.ok(&["up", "-d"]);
    stack.write("services: [");
    assert_eq!(stack.ok(&["ps", "--services"]), "web\n");
    stack.ok(&["stop", "-t", "0"]);
    assert_eq!(state(&stack), "exited");
    let run = stack.go(&["down", "-v"]);
    assert!(run.is_success() && run.errors.contains("labels-alone"), "{run:?}");
    assert!(run.errors.contains("compose.yaml:1:"), "the mistake is told at its place: {run:?}");
    assert!(stack.containers().is_empty() && stack.volumes().len() == 1, "the file may protect it: {run:?}");
    let run = stack.go(&["up", "-d"]);
    assert!(!run.is_success() && run.errors.contains("error["), "`up` needs the file: {run:?}");
    stack.write(ONE);
    let run = stack.go(&["stop", "wbe"]);
    assert!(!run.is_success() && run.errors.contains("no such service: `wbe`"), "a slip is no broken file: {run:?}");
}

#[test]
fn the_name_in_an_env_file_is_enough_too() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.ok(&["up", "-d"]);
    stack.write("services: [");
    stack.file(".env", &format!("COMPOSE_PROJECT_NAME={}\n", stack.project));
    let mut command = stack.command(stack.tool, &["kill"]);
    command.env_remove("COMPOSE_PROJECT_NAME");
    let run = Running::begin(command).end();
    assert!(run.is_success() && state(&stack) == "exited", "{run:?}");
}

#[test]
fn commands_that_create_nothing_go_on_without_env_files() {
    if !is_ready() {
        return;
    }
    let yaml = ONE.replace("init", "env_file: gone.env, label_file: gone.labels, secrets: [s], configs: [c], init")
        + "\nsecrets: { s: { file: ./gone.secret } }\nconfigs: { c: { file: ./gone.config } }";
    let stack = Stack::new(&yaml);
    let files = ["gone.env", "gone.labels", "gone.secret", "gone.config"];
    files.iter().for_each(|name| stack.file(name, "A=1\n"));
    stack.ok(&["up", "-d"]);
    let remove = |name: &str| std::fs::remove_file(stack.folder.path().join(name)).unwrap();
    files[..2].iter().for_each(|name| remove(name));
    for arguments in [&["up", "-d"][..], &["create"], &["plan"], &["config"]] {
        let run = stack.go(arguments);
        assert!(!run.is_success() && run.errors.contains("error[file-not-found]"), "{arguments:?}: {run:?}");
    }
    for arguments in [
        &["ps", "-q"][..],
        &["logs"],
        &["stop", "-t", "0"],
        &["start"],
        &["restart", "-t", "0"],
        &["pause"],
        &["unpause"],
        &["kill"],
        &["start", "web"],
        &["build"],
        &["ps", "-a"],
        &["logs"],
        &["pull", "--policy", "missing"],
        &["stop"],
        &["rm", "-fs"],
        &["config", "--services"],
        &["config", "--images"],
        &["down", "-t", "0"],
    ] {
        if arguments[0] == "build" {
            // What is started mounts these files.
            files[2..].iter().for_each(|name| remove(name));
        }
        let run = stack.go(arguments);
        assert!(run.is_success() && run.errors.contains("warning[file-not-found]"), "{arguments:?}: {run:?}");
    }
    assert_eq!(stack.count(), 0);
}

#[test]
fn containers_of_inactive_profiles_stay_at_down_and_go_with_their_profile() {
    if !is_ready() {
        return;
    }
    let tool = "tool: { image: IMAGE, init: true, stop_grace_period: 1s, profiles: [tools] }";
    let stack = Stack::new(&ONE.replace("web:", &format!("{tool}, web:")));
    stack.ok(&["--profile", "tools", "up", "-d"]);
    for arguments in [&["stop"][..], &["kill"], &["down"], &["down", "--remove-orphans", "-v"]] {
        let run = stack.go(arguments);
        assert!(run.is_success() && run.errors.contains("inactive-profile"), "{arguments:?}: {run:?}");
        assert!(stack.is_running("tool"), "{arguments:?}: {run:?}");
    }
    assert_eq!(stack.names(), ["tool-1"]);
    assert_eq!(stack.networks().len(), 1, "it is on the network");
    stack.ok(&["--profile", "tools", "down"]);
    assert_eq!(stack.count(), 0);
    stack.ok(&["--profile", "*", "up", "-d"]);
    let run = by_name(&stack, stack.folder.path(), &["down"]);
    assert!(run.is_success() && stack.count() == 0, "by name nothing is inactive: {run:?}");
}

#[test]
fn a_network_with_an_orphan_is_planned_to_stay() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(&ONE.replace("web:", "x: { image: IMAGE, init: true, stop_grace_period: 1s }, web:"));
    stack.ok(&["up", "-d"]);
    stack.write(ONE);
    let run = stack.go(&["down"]);
    let words = format!("stays, for orphan `{}` uses it", stack.name("x"));
    assert!(run.is_success() && run.errors.contains(&words), "{run:?}");
    assert!(run.errors.contains("`--remove-orphans` removes both"), "{run:?}");
    stack.ok(&["down", "--remove-orphans"]);
    assert_eq!(stack.count(), 0);
}

#[test]
fn options_without_an_effect_are_told_or_refused() {
    if !is_ready() {
        return;
    }
    let service = "{ image: IMAGE, init: true, stop_grace_period: 1s";
    let stack =
        Stack::new(&format!("services: {{ q: {service} }}, z: {service} }}, t: {service}, profiles: [tools] }} }}"));
    for (arguments, words) in [
        (&["up", "-d", "--scale", "q=3", "z"][..], "`--scale q=3` has no effect: service `q` is not part of this run"),
        (&["create", "--scale", "q=3", "z"], "`--scale q=3` has no effect"),
        (&["plan", "--scale", "q=3", "z"], "`--scale q=3` has no effect"),
        (&["up", "-d", "--scale", "t=2"], "no such service: `t`, for no active profile enables it"),
        (&["up", "--exit-code-from", "q", "z"], "`--exit-code-from q` has no effect"),
        (&["up", "-d", "--attach", "z"], "--detach cannot be combined with --attach"),
        (&["up", "--wait", "--attach-dependencies"], "--wait cannot be combined with --attach-dependencies"),
        (&["up", "--wait", "--exit-code-from", "q"], "--wait cannot be combined with --exit-code-from"),
        (&["logs", "--index", "1"], "--index needs the name of one service"),
        (&["logs", "--index", "1", "q", "z"], "--index needs the name of one service"),
        (&["logs", "--index", "4", "z"], "service `z` has no container with the number 4"),
    ] {
        let run = stack.go(arguments);
        assert!(!run.is_success() && run.errors.contains(words), "{arguments:?}: {run:?}");
        assert_eq!(stack.count(), 0, "{arguments:?}");
    }
    let mut command = stack.command(stack.tool, &["up", "-d", "--remove-orphans"]);
    command.env("COMPOSE_IGNORE_ORPHANS", "1");
    let run = Running::begin(command).end();
    assert!(!run.is_success() && run.errors.contains("exclude each other") && stack.count() == 0, "{run:?}");
    for (arguments, words) in [
        (
            &["up", "-d", "--timestamps", "--no-attach", "z"][..],
            "`--timestamps`, `--no-attach` have no effect: no output is",
        ),
        (&["up", "--no-start", "--wait", "--no-color"], "`--wait` has no effect: nothing is started"),
        (
            &["up", "--no-start", "--attach", "q", "z"],
            "`--attach q` has no effect: service `q` is not part of this run",
        ),
        (&["up", "--no-start", "--no-attach", "y"], "`--no-attach y` has no effect: there is no service `y`"),
        (&["up", "-d", "--no-deps"], "`--no-deps` has no effect: no service is named"),
        (&["--profile", "tolos", "up", "-d"], "no service has the profile `tolos`"),
        (&["--profile", "tolos", "ps"], "did you mean `tools`?"),
        (&["kill", "--remove-orphans", "z"], "`--remove-orphans` has no effect where services are named"),
    ] {
        let run = stack.go(arguments);
        assert!(run.is_success() && run.errors.contains(words), "{arguments:?}: {run:?}");
    }
    let run = stack.go(&["up", "-d", "--detach=true", "--build=false", "--scale", "q=2", "q", "z"]);
    assert!(run.is_success() && !run.errors.contains("warning"), "{run:?}");
    assert_eq!(stack.names(), ["q-1", "q-2", "z-1"]);
}
