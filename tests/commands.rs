//! The program on the real engine, as people run it. Skipped, loudly, where no engine answers.
//!
//! Images are made from the system's static busybox, so no registry is needed. Each test has a project of its own and
//! removes what it made, also when it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::real::{IMAGE, Stack, Stranger, Tool, docker, is_ready, say, told};

const TWO: &str = "
services:
  web:
    image: IMAGE
    command: [sh, -c, 'echo hello from web; exec sleep 1000']
    init: true
    stop_grace_period: 1s
    depends_on: { db: { condition: service_healthy } }
    environment: { TITLE: '${TITLE:-a}' }
  db:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    command: [sh, -c, 'sleep 0.3; touch /ready; exec sleep 1000']
    healthcheck: { test: [CMD, test, -e, /ready], interval: 5s }
    volumes: [data:/data]
volumes: { data: }
";

/// Waits until something is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "not so within a minute: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

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

/// Tests and what they need, as CI runs them.
const SUITE: &str = "
services:
  db: { image: IMAGE, init: true, command: [sh, -c, 'DB'] }
  tests: { image: IMAGE, init: true, command: [sh, -c, 'TESTS'] }
";

fn suite(db: &str, tests: &str) -> Stack {
    Stack::new(&SUITE.replace("DB", db).replace("TESTS", tests))
}

#[test]
fn the_asked_exit_code_is_that_of_the_asked_service_whatever_ends_first() {
    if !is_ready() {
        return;
    }
    let stack = suite("sleep 1; exit 0", "exec sleep 1000");
    let (code, _, errors) = stack.run(&["up", "--exit-code-from", "tests"]);
    assert_eq!(code, 143, "it was stopped: {errors}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_container_that_has_ended_before_it_is_followed_ends_all() {
    if !is_ready() {
        return;
    }
    let stack = suite("exec sleep 1000", "echo done");
    let (code, out, errors) = stack.run(&["up", "--abort-on-container-exit"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("done"), "{out}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_job_that_others_wait_for_ends_nothing() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  migrate: { image: IMAGE, command: ['true'] }
  tests: { image: IMAGE, command: [sh, -c, 'sleep 1; exit 3'], depends_on: { migrate: { condition: service_completed_successfully } } }
",
    );
    assert_eq!(stack.run(&["up", "--abort-on-container-exit"]).0, 3);
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
fn a_job_that_fails_at_once_ends_an_attached_up_like_any_other() {
    if !is_ready() {
        return;
    }
    let stack = suite("exec sleep 1000", "exit 3");
    let (code, _, errors) = stack.run(&["up", "--exit-code-from", "tests"]);
    assert_eq!(code, 3, "{errors}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn an_attached_up_stays_with_what_runs_when_a_job_fails_at_once() {
    if !is_ready() {
        return;
    }
    let stack = suite("sleep 2; echo late; exec sleep 1000", "exit 3");
    let running = stack.begin(&["up"]);
    until("it has written", || told(&["logs", &stack.name("db")]).contains("late"));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.errors.contains("tests-1 exited with code 3"), "{run:?}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_signal_during_the_start_of_an_attached_up_stops_what_was_started() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  web: { image: IMAGE, init: true, depends_on: { db: { condition: service_healthy } } }
  db: { image: IMAGE, init: true, healthcheck: { test: [CMD, 'false'], interval: 1s, start_period: 1000s } }
",
    );
    let running = stack.begin(&["up"]);
    until("db runs", || stack.is_running("db"));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(stack.names(), ["db-1 exited", "web-1 created"]);
}

#[test]
fn a_second_signal_kills_what_is_being_stopped() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"services: { a: { image: IMAGE, stop_grace_period: 1000s, command: [sh, -c, 'trap "touch /told" TERM; touch /set; while :; do sleep 0.1; done'] } }"#,
    );
    let running = stack.begin(&["up"]);
    // A first process that has not said what to do with the signal never hears of it.
    until("it listens", || docker(&["exec", &stack.name("a"), "test", "-e", "/set"]).status.success());
    running.signal(rustix::process::Signal::INT);
    until("it is told to stop", || docker(&["exec", &stack.name("a"), "test", "-e", "/told"]).status.success());
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(stack.inspect("a", "{{.State.ExitCode}}"), "137");
}

#[test]
fn an_attached_up_prints_what_is_new_also_after_a_restart() {
    if !is_ready() {
        return;
    }
    let stack = suite("echo old; exec sleep 1000", "sleep 1; echo $$(date +%s%N) began; exit 1");
    stack.ok(&["up", "-d", "db"]);
    let yaml = std::fs::read_to_string(stack.folder.path().join("compose.yaml")).unwrap();
    stack.write(&yaml.replace("tests: {", "tests: { restart: always,"));
    let running = stack.begin(&["up"]);
    let count = || told(&["inspect", "-f", "{{.RestartCount}}", &stack.name("tests")]).parse().unwrap_or(0);
    until("it has been restarted", || count() >= 3);
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    let mut lines: Vec<&str> = run.out.lines().filter(|line| line.ends_with("began")).collect();
    let printed = lines.len();
    lines.dedup();
    assert!(lines.len() >= 3 && lines.len() == printed, "each run's output once: {run:?}");
    assert!(run.errors.contains("exited with code 1 (restarting)"), "{run:?}");
    assert!(!run.out.contains("old"), "{run:?}");
}

#[test]
fn what_ends_while_images_are_built_is_started_again() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  db: { image: IMAGE, init: true }
  app: { build: ., image: 'PROJECT', init: true }
",
    );
    // The image goes after the stack, also when the test fails.
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\n"));
    stack.ok(&["up", "-d", "--build"]);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN sleep 8 && echo {}\n", stack.project));
    let running = stack.begin(&["up", "-d", "--build"]);
    let step = format!("echo {}", stack.project);
    until("it is being built", || told(&["ps", "--no-trunc", "--format", "{{.Command}}"]).contains(&step));
    docker(&["kill", &stack.name("db")]);
    let run = running.end();
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stack.names(), ["app-1", "db-1"]);
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
fn a_project_can_be_taken_down_without_its_file() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(TWO);
    stack.ok(&["up", "-d"]);
    std::fs::remove_file(stack.folder.path().join("compose.yaml")).unwrap();
    assert_eq!(stack.ok(&["ps", "-q"]).lines().count(), 2);
    stack.ok(&["down"]);
    assert_eq!(stack.count(), 1, "the volume stays");
    stack.ok(&["down", "-v"]);
    assert_eq!(stack.count(), 0);
}

/// What is wrong is told with its place, and nothing is made.
#[track_caller]
fn refused(yaml: &str, words: &[&str]) {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(yaml);
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "`{word}` is missing in:\n{errors}");
    }
    assert_eq!(stack.count(), 0, "something was made:\n{errors}");
}

#[test]
fn a_missing_secret_file_is_pointed_at() {
    refused(
        "services: { a: { image: IMAGE, secrets: [s] } }\nsecrets:\n  s:\n    file: ./gone.txt\n",
        &["compose.yaml:4:11", "gone.txt"],
    );
}

#[test]
fn a_required_variable_is_pointed_at() {
    refused(
        "services:\n  a:\n    image: ${WHICH:?say which image}\n",
        &["compose.yaml:3:12", "WHICH", "say which image"],
    );
}

#[test]
fn an_unknown_key_is_pointed_at_with_the_right_one() {
    refused("services:\n  a:\n    imgae: x\n", &["compose.yaml:3:5", "imgae", "did you mean `image`?"]);
}

#[test]
fn a_cycle_names_every_service_on_it() {
    refused(
        "services:\n  a: { image: IMAGE, depends_on: [b] }\n  b: { image: IMAGE, depends_on: [c] }\n  c: { image: IMAGE, depends_on: [a] }\n",
        &["a -> b -> c -> a", "compose.yaml:2:"],
    );
}

#[test]
fn an_undefined_network_is_pointed_at() {
    refused(
        "services:\n  a: { image: IMAGE, networks: [fornt] }\nnetworks: { front: }\n",
        &["undefined network `fornt`", "did you mean `front`?", "compose.yaml:2:"],
    );
}

#[test]
fn a_taken_port_names_its_holder_before_anything_starts() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    refused(
        &format!("services:\n  a:\n    image: IMAGE\n    ports: ['{port}:80']\n"),
        &[&port.to_string(), "already taken", "compose.yaml:4:13", "pid"],
    );
}

#[test]
fn a_device_and_a_bind_that_are_not_there_are_pointed_at_together() {
    refused(
        "services:\n  a:\n    image: IMAGE\n    devices: [/dev/gone]\n    volumes:\n      - { type: bind, source: ./gone, target: /x, bind: { create_host_path: false } }\n",
        &["/dev/gone", "compose.yaml:6:9", "does not exist"],
    );
}

#[test]
fn what_the_engine_is_too_old_for_is_refused_before_anything_is_made() {
    if !is_ready() {
        return;
    }
    let api = told(&["version", "--format", "{{.Server.APIVersion}}"]);
    let minor: u32 = api.rsplit('.').next().and_then(|minor| minor.parse().ok()).expect("1.41 or the like");
    if minor >= 49 {
        say(&format!("SKIPPED: this engine speaks {api} and can do all of it"));
        return;
    }
    refused(
        "services:\n  a:\n    image: IMAGE\n    networks: { default: { gw_priority: 1, interface_name: x } }\n    volumes: [{ type: image, source: IMAGE, target: /x }]\n",
        &["needs Engine API 1.4"],
    );
}

#[test]
fn drivers_and_runtimes_that_are_not_there_are_refused_all_at_once_before_anything_is_made() {
    refused(
        "services:
  a:
    image: IMAGE
    volumes: [data:/v]
    networks: [n]
    runtime: gone-runtime
    logging: { driver: gone-log }
volumes:
  data:
    driver: gone-volume
networks:
  n:
    driver: gone-network
",
        &[
            "services.a.runtime",
            "no runtime `gone-runtime`",
            "take one that is there: ",
            "no logging driver `gone-log`",
            "volumes.data.driver",
            "no volume driver `gone-volume`",
            "no network driver `gone-network`",
        ],
    );
}

#[test]
fn a_missing_build_context_is_pointed_at() {
    refused("services:\n  a:\n    build: ./gone\n", &["compose.yaml:3:12", "gone"]);
}

#[test]
fn a_broken_dockerfile_shows_the_failing_step() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . } }");
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo so far so good && false\n"));
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1);
    for words in ["RUN echo so far so good && false", "so far so good", "line 2 of the Dockerfile"] {
        assert!(errors.contains(words), "{errors}");
    }
    assert_eq!(stack.count(), 0);
}

#[test]
fn no_engine_says_what_was_tried() {
    let stack = Stack::named(Tool::Ours, "services: { a: { image: x } }", "none".to_owned());
    let (code, _, errors) = stack.run(&["-H", "unix:///nowhere/engine.sock", "ps"]);
    assert_eq!(code, 1);
    assert!(errors.contains("unix:///nowhere/engine.sock") && errors.contains("--host"), "{errors}");
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

#[test]
fn services_with_one_build_change_nothing_the_second_time_and_their_images_can_be_removed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . }, b: { build: . }, c: { build: . } }");
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo {} > /project\nCOPY Dockerfile /\n", stack.project));
    stack.ok(&["up", "-d", "--build", "-t", "1"]);
    let before = stack.containers();
    stack.ok(&["up", "-d", "--build", "-t", "1"]);
    assert_eq!(stack.containers(), before);
    stack.ok(&["down", "--rmi", "all", "-t", "1"]);
    assert_eq!(told(&["images", "-q", &format!("{}-*", stack.project)]), "");
}

/// A grace period of its own: with 0 s engine 20.10 takes the root of what it starts again away (docs/reliability.md).
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

/// The volumes that containers of a stack have noted, with their places.
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
    // The engine mounts what one container has in no order.
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
fn what_containers_say_while_they_are_stopped_is_printed_and_their_ends_are_told() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"
services:
  web: { image: IMAGE, command: [sh, -c, 'trap "sleep 1; echo last words; exit 5" TERM; for i in $$(seq 40); do sleep 0.1; done; touch /set; while :; do sleep 0.1; done'] }
  job: { image: IMAGE, init: true, command: [sh, -c, 'sleep 2; exit 3'] }
"#,
    );
    for option in ["--abort-on-container-exit", "--abort-on-container-failure", "--exit-code-from=web"] {
        let run = stack.go(&["up", option]);
        assert_eq!(run.code, Some(if option.contains("from") { 5 } else { 3 }), "{option}: {run:?}");
        assert!(run.out.contains("web-1  | last words"), "{option}: {run:?}");
        for words in ["job-1 exited with code 3\n", "web-1 exited with code 5\n"] {
            assert_eq!(run.errors.matches(words).count(), 1, "{option}: {run:?}");
        }
    }
    let running = stack.begin(&["up", "web"]);
    until("it is followed for long", || docker(&["exec", &stack.name("web"), "test", "-e", "/set"]).status.success());
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert!(run.code == Some(130) && run.out.contains("web-1  | last words"), "{run:?}");
}

#[test]
fn an_attached_up_follows_what_another_run_puts_in_the_place_of_a_container_or_beside_it() {
    if !is_ready() {
        return;
    }
    let yaml = |words: &str| {
        "services: { web: { image: IMAGE, init: true, stop_grace_period: 1s, command: [sh, -c, 'echo WORDS'] } }"
            .replace("WORDS", words)
    };
    let stack = Stack::new(&yaml("first; exec sleep 1000"));
    let running = stack.begin(&["up", "--abort-on-container-exit"]);
    until("it runs", || stack.is_running("web"));
    // It is followed once the start has been found good.
    std::thread::sleep(std::time::Duration::from_secs(2));
    stack.write(&yaml("second; exec sleep 1000"));
    stack.ok(&["up", "-d", "--scale", "web=2"]);
    stack.write(&yaml("third; exit 3"));
    assert_eq!(stack.run(&["up", "-d", "--scale", "web=2"]).0, 1);
    stack.ok(&["kill"]);
    let run = running.end();
    assert_eq!(run.code, Some(137), "{run:?}");
    for words in ["web-1  | first\n", "web-1  | second\n", "web-2  | second\n", "web-1  | third\n"] {
        assert!(run.out.contains(words), "{words}: {run:?}");
    }
    assert!(run.errors.contains("web-1 has been recreated\n"), "{run:?}");
    assert!(run.errors.contains("web-2 exited with code 137\n"), "{run:?}");
}

#[test]
fn ps_shows_the_fields_that_a_template_names() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true }, b: { image: IMAGE, init: true } }");
    stack.ok(&["up", "-d", "--menu=false"]);
    assert_eq!(stack.ok(&["ps", "--format", "{{.Service}} {{ .State }}/{{.ExitCode}}"]), "a running/0\nb running/0\n");
    let table = stack.ok(&["ps", "--format", r"table {{.Service}}\t{{.Name}}"]);
    assert_eq!(table, format!("SERVICE   NAME\na         {}\nb         {}\n", stack.name("a"), stack.name("b")));
    assert_eq!(stack.ok(&["ps", "--no-trunc", "--format", "{{.ID}}", "a"]).trim(), stack.id("a"));
    assert_eq!(stack.ok(&["ps", "--filter", "status=exited"]).lines().count(), 1);
}

#[test]
fn flags_that_cannot_be_honoured_are_refused_with_words_of_ours() {
    for (arguments, words) in [
        (&["ps", "--format", "{{.Nmae}}"], "there is no field `.Nmae`"),
        (&["ps", "--format", "jsno"], "`jsno` is no format"),
        (&["ps", "--filter", "bogus=1"], "the only filter is `status=STATE`"),
        (&["build", "--ssh", "default"], "`build --ssh` is not there"),
        (&["build", "--memory", "1g"], "`build --memory` is not there"),
        (&["up", "--watch", "a"], "`up --watch` is not there"),
    ] {
        let (code, out, errors) = Stack::new("services: { a: { image: IMAGE } }").run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
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

#[test]
fn colours_of_a_build_are_dropped_and_other_control_characters_shown() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . } }");
    let run = r#"RUN printf "\033[91mred\033[0m \033[2Jx\n" >&2 && false"#;
    stack.file("Dockerfile", &format!("FROM {IMAGE}\n{run}\n"));
    let (code, _, errors) = stack.run(&["build"]);
    assert_eq!(code, 1);
    assert!(errors.contains(r"red \u{1b}[2Jx") && !errors.contains(r"\u{1b}[91m"), "{errors}");
}

#[test]
fn a_stop_within_its_grace_is_no_silence_of_the_engine() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { a: { image: IMAGE, stop_grace_period: 10s, command: [sh, -c, 'trap : TERM; while :; do sleep 1; done'] } }";
    let stack = Stack::new(yaml);
    stack.ok(&["up", "-d"]);
    let (code, _, errors) = stack.run(&["stop"]);
    assert!(code == 0 && !errors.contains("no answer"), "{errors}");
}
