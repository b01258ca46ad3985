//! `up -d`, a second `up`, and what an `up` that fails leaves.

use crate::common::real::{Running, Stack, docker, is_ready};
use crate::setup::{TWO, suite};

#[test]
fn up_twice_changes_nothing_and_down_leaves_only_the_data() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(TWO);
    assert_eq!(stack.run(&["plan"]).0, 2);
    stack.ok(&["up", "-d", "--wait"]);
    let (id, started) = (stack.inspect("web", "{{.Id}}"), stack.inspect("web", "{{.State.StartedAt}}"));
    stack.ok(&["up", "-d"]);
    assert_eq!((stack.inspect("web", "{{.Id}}"), stack.inspect("web", "{{.State.StartedAt}}")), (id, started));
    assert_eq!(stack.run(&["plan"]).0, 0);
    assert_eq!(stack.ok(&["ps", "--format", "json"]).lines().count(), 2);
    assert!(stack.ok(&["logs", "web"]).contains("hello from web"));
    stack.ok(&["down"]);
    assert_eq!(stack.count(), 1, "the volume stays");
    stack.ok(&["down", "-v"]);
    assert_eq!(stack.count(), 0);
}

#[test]
fn a_change_is_explained_and_replaces_only_what_changed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(TWO);
    stack.ok(&["up", "-d", "--wait"]);
    let db = stack.inspect("db", "{{.Id}}");
    stack.write(&TWO.replace(":-a", ":-b"));
    let (code, plan, _) = stack.run(&["plan"]);
    assert_eq!(code, 2);
    assert!(plan.contains("environment.TITLE \"a\" → \"b\""), "{plan}");
    assert!(!plan.contains("recreate  db#1"), "{plan}");
    stack.ok(&["up", "-d"]);
    assert_eq!(stack.inspect("db", "{{.Id}}"), db);
    assert!(stack.inspect("web", "{{.Config.Env}}").contains("TITLE=b"));
    assert_eq!(stack.run(&["plan"]).0, 0);
}

#[test]
fn a_replacement_that_fails_gives_the_old_container_back() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(TWO);
    stack.ok(&["up", "-d", "--wait"]);
    let web = stack.inspect("web", "{{.Id}}");
    stack.write(&TWO.replace(
        "exec sleep 1000']\n    init: true\n    stop_grace_period: 1s\n    depends_on",
        "exit 3']\n    init: true\n    stop_grace_period: 1s\n    depends_on",
    ));
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("exited with code 3") && errors.contains("hello from web"), "{errors}");
    assert_eq!(stack.inspect("web", "{{.Id}}"), web);
    assert_eq!(stack.inspect("web", "{{.State.Running}}"), "true");
}

#[test]
fn a_container_that_dies_at_once_makes_the_exit_code_tell() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, command: [sh, -c, 'echo no luck >&2; exit 7'] } }");
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1);
    assert!(errors.contains("exited with code 7") && errors.contains("no luck"), "{errors}");
}

#[test]
fn what_others_can_do_without_is_a_warning_unless_it_was_asked_for() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  a: { image: IMAGE, init: true, depends_on: { opt: { condition: service_completed_successfully, required: false } } }
  opt: { image: IMAGE, command: [sh, -c, 'exit 7'] }
",
    );
    let told = |arguments: &[&str]| {
        let (code, _, errors) = stack.run(arguments);
        (code, errors.matches("warning[").count(), errors.matches("error[").count())
    };
    assert_eq!(told(&["up", "-d", "a"]), (0, 1, 0));
    assert_eq!(told(&["up", "-d"]), (1, 0, 1));
    stack.ok(&["stop"]);
    assert_eq!(told(&["start", "a"]), (0, 1, 0));
    assert_eq!(stack.names(), ["a-1", "opt-1 exited"]);
}

#[test]
fn services_that_options_name_must_be_there() {
    if !is_ready() {
        return;
    }
    let stack = suite("exec sleep 1000", "exec sleep 1000");
    for options in [["--exit-code-from", "test"], ["--attach", "test"], ["--scale", "test=2"]] {
        let (code, _, errors) = stack.run(&[["up"].as_slice(), &options].concat());
        assert_eq!(code, 1, "{errors}");
        assert!(errors.contains("no such service: `test`") && errors.contains("`tests`?"), "{errors}");
    }
    assert_eq!(stack.count(), 0);
}

#[test]
fn configs_and_secrets_reach_the_container_and_a_changed_one_is_noticed() {
    if !is_ready() {
        return;
    }
    let yaml = |text: &str| {
        format!(
            "services: {{ a: {{ image: IMAGE, command: [sleep, '1000'], init: true, configs: [c], secrets: [s] }} }}\nconfigs: {{ c: {{ content: '{text}' }} }}\nsecrets: {{ s: {{ file: ./s.txt }} }}"
        )
    };
    let stack = Stack::new(&yaml("one"));
    stack.file("s.txt", "hidden");
    stack.ok(&["up", "-d"]);
    let read = |path: &str| {
        String::from_utf8_lossy(&docker(&["exec", &format!("{}-a-1", stack.project), "cat", path]).stdout).into_owned()
    };
    assert_eq!((read("/c"), read("/run/secrets/s")), ("one".to_owned(), "hidden".to_owned()));
    stack.write(&yaml("two"));
    stack.file("s.txt", "other");
    let plan = stack.run(&["plan"]).1;
    assert!(plan.contains("content of secret `s` changed"), "{plan}");
    assert!(!plan.contains("hidden") && !plan.contains("other"), "{plan}");
    stack.ok(&["up", "-d"]);
    assert_eq!((read("/c"), read("/run/secrets/s")), ("two".to_owned(), "other".to_owned()));
}

#[test]
fn what_fails_while_it_runs_is_told_at_its_service() {
    if !is_ready() {
        return;
    }
    let yaml = "
services:
  web: { image: IMAGE, command: [sh, -c, 'echo boom; exit 3'] }
  job: { image: IMAGE, command: [nothing-here] }
";
    let stack = Stack::new(yaml);
    let run = stack.go(&["up", "-d", "--wait"]);
    assert!(!run.is_success(), "{run:?}");
    for words in [
        "error[not-up]: container `PROJECT-web-1` exited with code 3\n --> compose.yaml:3:3\n",
        "error[engine]: cannot start container `PROJECT-job-1`\n --> compose.yaml:4:3\n",
        "= help: the image has no such program",
    ] {
        let words = words.replace("PROJECT", &stack.project);
        assert!(run.errors.contains(&words), "{words}: {}", run.errors);
    }
}

/// The grace period is not 0: Engine 20.10 removes the root directory of such a container at a restart
/// (docs/reliability.md).
const ANONYMOUS: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 5s
    command: [sh, -c, 'COMMAND']
    volumes: ['.:/told', VOLUMES]
  side:
    image: IMAGE
    init: true
    stop_grace_period: 5s
    command: [sh, -c, 'SIDE']
    volumes_from: [web]
";

/// Returns the volumes that containers of a stack have noted, with their paths.
fn noted(stack: &Stack) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(stack.folder.path().join("mounts")).unwrap_or_default();
    let volume = |line: &str| {
        let mut fields = line.split(' ').skip(3);
        let name = fields.next()?.strip_suffix("/_data")?.rsplit('/').next()?.to_owned();
        Some((name, fields.next()?.to_owned()))
    };
    text.lines().filter_map(volume).collect()
}

#[test]
fn a_failed_update_leaves_no_volumes_of_its_own_and_takes_none_of_others() {
    if !is_ready() {
        return;
    }
    let stays = "exec sleep 1000";
    let fails = "cat /proc/self/mountinfo >> /told/mounts; exit 3";
    let yaml = |web: &str, volumes: &str, side: &str| {
        ANONYMOUS.replace("COMMAND", web).replace("VOLUMES", volumes).replace("SIDE", side)
    };
    let stack = Stack::new(&yaml(stays, "/kept", stays));
    stack.ok(&["up", "-d"]);
    stack.put("web", "/kept/word", "precious");
    stack.write(&yaml(fails, "/kept, /more", stays));
    assert_eq!(stack.run(&["up", "-d"]).0, 1);
    assert_eq!(stack.run(&["up", "-d", "-V"]).0, 1);
    let (kept, gone): (Vec<_>, Vec<_>) =
        noted(&stack).into_iter().partition(|(name, _)| docker(&["volume", "inspect", name]).status.success());
    // The engine mounts the volumes of one container in any order.
    let places = |list: &[(String, String)]| {
        let mut all: Vec<_> = list.iter().map(|(_, place)| place.clone()).collect();
        all.sort();
        all
    };
    assert_eq!(
        (places(&kept), places(&gone)),
        (vec!["/kept".to_owned()], ["/kept", "/more", "/more"].map(str::to_owned).to_vec())
    );
    for service in ["web", "side"] {
        assert_eq!(stack.exec(service, &["cat", "/kept/word"]), "precious");
    }
}

#[test]
fn what_does_not_run_is_not_called_running() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true }, job: { image: IMAGE, command: ['true'] } }");
    stack.ok(&["create"]);
    let words = |arguments: &[&str]| stack.run(arguments).2;
    let is_told = |errors: &str, name: &str, word: &str| errors.contains(&format!("{}  {word}\n", stack.name(name)));
    for arguments in [&["create"][..], &["up", "--no-start"]] {
        let errors = words(arguments);
        assert!(is_told(&errors, "a", "Created") && !errors.contains("Running"), "{arguments:?}: {errors}");
    }
    docker(&["start", &stack.name("a")]);
    docker(&["start", "-a", &stack.name("job")]);
    let errors = words(&["create"]);
    assert!(is_told(&errors, "a", "Running") && is_told(&errors, "job", "Exited"), "{errors}");
}

/// Jobs of `su`, `sudo -E` and cron have a run-time directory that is missing, of another user, or none at all.
#[test]
fn a_run_time_directory_that_cannot_be_used_refuses_nothing() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    let others = stack.folder.path().join("others");
    std::fs::create_dir(&others).unwrap();
    let missing = others.join("none");
    // Only root can give a directory to another user.
    let is_given = std::os::unix::fs::chown(&others, Some(4711), None).is_ok();
    for directory in [std::path::Path::new("/proc/none"), &missing, &others] {
        let mut command = stack.command(stack.tool, &["up", "-d"]);
        command.env("XDG_RUNTIME_DIR", directory);
        let run = Running::begin(command).end();
        assert!(run.is_success() && !run.errors.contains("lock"), "{}: {run:?}", directory.display());
    }
    assert!(!missing.exists());
    if is_given && rustix::process::geteuid().is_root() {
        assert_eq!(std::fs::read_dir(&others).unwrap().count(), 0, "nothing that its owner could not use");
    }
}

#[test]
fn renewed_anonymous_volumes_are_empty_though_nothing_has_changed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, volumes: [/scratch] } }");
    stack.ok(&["up", "-d"]);
    stack.put("a", "/scratch/old", "x");
    let volume = stack.inspect("a", "{{(index .Mounts 0).Name}}");
    stack.ok(&["up", "-d", "-V"]);
    assert_eq!(stack.exec("a", &["ls", "/scratch"]), "");
    assert!(!docker(&["volume", "inspect", &volume]).status.success(), "the old volume is gone");
    let (_, plan, _) = stack.run(&["plan"]);
    assert!(!plan.contains("recreate"), "{plan}");
}
