//! `up`, a second `up`, scaling, `down`.

use std::time::Duration;

use crate::common::proxy::Proxy;
use crate::common::real::{Running, Stack, Tool, docker};

crate::scenarios! {
    a_first_up_makes_everything,
    a_second_up_changes_nothing,
    replicas_are_added_and_removed,
    orphans_go_only_when_asked,
    down_leaves_the_volumes_and_nothing_else,
    down_takes_what_is_no_longer_in_the_file,
    a_dry_run_changes_nothing,
    one_tool_takes_over_what_the_other_made,
    a_job_that_has_ended_lets_its_dependents_start,
    a_missing_directory_is_made_unless_the_file_says_otherwise,
    a_stopped_container_is_started_again,
    hooks_run_after_starts_and_before_stops,
    drift_finds_nothing_right_after_an_up,
    a_restart_policy_brings_a_container_back,
}

pub const PAIR: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    environment: { TITLE: a }
    depends_on: { db: { condition: service_healthy } }
  db:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    command: [sh, -c, 'touch /ready; exec sleep 1000']
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, retries: 30 }
    volumes: [data:/data]
volumes: { data: }
";

/// Whether `db` of [`PAIR`] would pass its health check. The engine's own result may come later, and no test waits for
/// it.
pub fn is_ready(stack: &Stack) -> bool {
    stack.exec("db", &["sh", "-c", "test -e /ready && echo yes"]).trim() == "yes"
}

fn a_first_up_makes_everything(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    stack.both("both services run under their names", stack.names() == ["db-1", "web-1"]);
    stack.both("there is one network", stack.networks() == [format!("{}_default", stack.project)]);
    stack.both("there is one volume", stack.volumes() == [format!("{}_data", stack.project)]);
    stack.both("db is as its health check wants it", is_ready(&stack));
}

fn a_second_up_changes_nothing(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.ok(&["up", "-d"]);
    stack.both("ids and start times are kept", stack.containers() == before);
    stack.ok(&["up", "-d", "--wait"]);
    stack.both("also with --wait", stack.containers() == before);
}

fn replicas_are_added_and_removed(tool: Tool) {
    let yaml = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, scale: 2 } }";
    let stack = Stack::with(tool, yaml);
    stack.ok(&["up", "-d"]);
    let first = stack.containers();
    stack.ok(&["up", "-d", "--scale", "a=4"]);
    stack.both("there are four", stack.names() == ["a-1", "a-2", "a-3", "a-4"]);
    stack.both("the first two are left alone", stack.containers()[..2] == first);
    stack.write(&yaml.replace("scale: 2", "scale: 1"));
    stack.ok(&["up", "-d"]);
    stack.both("one is left, the first", stack.names() == ["a-1"] && stack.containers()[..] == first[..1]);
    stack.ok(&["up", "-d", "--scale", "a=0"]);
    stack.both("none is left", stack.containers().is_empty());
}

fn orphans_go_only_when_asked(tool: Tool) {
    let both = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s }, b: { image: IMAGE, init: true, stop_grace_period: 0s } }";
    let stack = Stack::with(tool, both);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.write("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    stack.ok(&["up", "-d"]);
    stack.both("the orphan stays", stack.containers() == before);
    stack.ok(&["up", "-d", "--remove-orphans"]);
    stack.both("it goes when asked, and only it", stack.containers()[..] == before[..1]);
}

fn down_leaves_the_volumes_and_nothing_else(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    stack.put("db", "/data/mark", "kept");
    stack.ok(&["down"]);
    stack.both("only the volume stays", stack.count() == 1 && stack.volumes().len() == 1);
    stack.ok(&["down"]);
    stack.ok(&["up", "-d"]);
    stack.both("with its data", stack.exec("db", &["cat", "/data/mark"]) == "kept");
    stack.ok(&["down", "-v"]);
    stack.both("with -v nothing stays", stack.count() == 0);
}

fn down_takes_what_is_no_longer_in_the_file(tool: Tool) {
    let stack = Stack::with(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s }, b: { image: IMAGE, init: true, stop_grace_period: 0s } }",
    );
    stack.ok(&["up", "-d"]);
    stack.write("services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }");
    let run = stack.go(&["down"]);
    let is_clean = stack.count() == 0;
    let is_told = run.errors.contains("uses it") && run.errors.contains("--remove-orphans");
    stack.ours("nothing of the project is left, or it is said what and why", is_clean || is_told);
    stack.ok(&["down", "--remove-orphans"]);
    stack.both("with --remove-orphans everything goes", stack.count() == 0);
}

fn a_dry_run_changes_nothing(tool: Tool) {
    let proxy = Proxy::new();
    let stack = Stack::with(tool, PAIR);
    let watched = |arguments: &[&str]| {
        proxy.arm(None);
        let mut command = stack.command(tool, arguments);
        command.env("DOCKER_HOST", proxy.host());
        let run = Running::begin(command).end();
        assert!(run.is_success(), "{run:?}");
        proxy.writes()
    };
    stack.both("a first up is not begun", watched(&["--dry-run", "up", "-d"]) == 0 && stack.count() == 0);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.write(&PAIR.replace("TITLE: a", "TITLE: b"));
    stack.both("nothing is recreated", watched(&["--dry-run", "up", "-d"]) == 0 && stack.containers() == before);
    stack.both("nothing is removed", watched(&["--dry-run", "down"]) == 0 && stack.containers() == before);
}

fn one_tool_takes_over_what_the_other_made(tool: Tool) {
    let other = tool.other();
    if !other.is_ready() {
        return;
    }
    let more = "
  jobs: { image: IMAGE, init: true, stop_grace_period: 0s, scale: 2, networks: [back], volumes: ['/tmp', cache:/cache], labels: { a: b } }
  side: { image: IMAGE, init: true, stop_grace_period: 0s, network_mode: 'service:db', command: [sleep, '1000'] }
volumes: { data: , cache: { labels: { x: y } } }
networks: { back: { internal: true } }
";
    let stack = Stack::with(tool, &PAIR.replace("volumes: { data: }\n", more.trim_start_matches('\n')));
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    for next in [other, tool, other] {
        stack.ok_with(next, &["up", "-d"]);
        assert_eq!(stack.containers(), before, "{next:?} after {tool:?}");
    }
    stack.ok_with(other, &["down", "-v"]);
    stack.both("the other takes it down, too", stack.count() == 0);
}

fn a_job_that_has_ended_lets_its_dependents_start(tool: Tool) {
    let stack = Stack::with(
        tool,
        "
services:
  app:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    depends_on: { job: { condition: service_completed_successfully } }
    volumes: [data:/data]
  job: { image: IMAGE, command: [sh, -c, 'echo ran >> /data/log'], volumes: [data:/data] }
volumes: { data: }
",
    );
    stack.ok(&["up", "-d"]);
    stack.both("the job has ended, the service runs", stack.names() == ["app-1", "job-1 exited"]);
    stack.both("the job was first", stack.exec("app", &["cat", "/data/log"]) == "ran");
    let before = stack.containers();
    stack.ok(&["up", "-d"]);
    stack.ours("a job that is done is not done again", stack.exec("app", &["cat", "/data/log"]) == "ran");
    stack.ours("nothing changes", stack.containers() == before);
    stack.write(
        "
services:
  app:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    depends_on: { job: { condition: service_completed_successfully } }
    volumes: [data:/data]
  job: { image: IMAGE, command: [sh, -c, 'exit 4'], volumes: [data:/data] }
volumes: { data: }
",
    );
    let run = stack.go(&["up", "-d"]);
    stack.both("a job that fails is told by the exit code", !run.is_success());
}

fn a_missing_directory_is_made_unless_the_file_says_otherwise(tool: Tool) {
    for (bind, is_made) in [
        ("", true),
        (", bind: { create_host_path: true }", true),
        (", bind: { create_host_path: false }", false),
        (", bind: { propagation: rprivate }", false),
    ] {
        let stack = Stack::with(
            tool,
            &format!(
                "services: {{ a: {{ image: IMAGE, init: true, stop_grace_period: 0s, volumes: [{{ type: bind, source: ./gone, target: /x{bind} }}] }} }}"
            ),
        );
        let run = stack.go(&["up", "-d"]);
        stack.both(bind, run.is_success() == is_made && stack.folder.path().join("gone").exists() == is_made);
    }
}

fn a_stopped_container_is_started_again(tool: Tool) {
    let stack = Stack::with(tool, PAIR);
    stack.ok(&["up", "-d"]);
    let (web, db) = (stack.id("web"), stack.inspect("db", "{{.State.StartedAt}}"));
    docker(&["kill", &stack.name("web")]);
    stack.ok(&["up", "-d"]);
    stack.both("the same container runs again", stack.id("web") == web && stack.is_running("web"));
    stack.both("the other was left alone", stack.inspect("db", "{{.State.StartedAt}}") == db);
}

/// The grace period is not 0: when Engine 20.10 restarts such a container, it removes the root directory, and no
/// command can run in the container any more.
const HOOKS: &str = "
services:
  a:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    volumes: [log:/log]
    post_start: [{ command: [sh, -c, 'echo start >> /log/lines'] }]
    pre_stop: [{ command: [sh, -c, 'echo stop >> /log/lines'] }]
volumes: { log: }
";

fn hooks_run_after_starts_and_before_stops(tool: Tool) {
    let stack = Stack::with(tool, HOOKS);
    let lines = || stack.exec("a", &["sh", "-c", "cat /log/lines; : > /log/lines"]).replace('\n', " ");
    stack.ok(&["up", "-d"]);
    stack.both("after a first start", lines().trim() == "start");
    stack.ok(&["up", "-d", "--scale", "a=2"]);
    stack.ok(&["up", "-d", "--scale", "a=1"]);
    stack.both("of a replica that comes and goes", lines().trim() == "start stop");
    stack.ok(&["rm", "-sf"]);
    stack.ok(&["up", "-d"]);
    stack.both("at a removal", lines().trim() == "stop start");
    stack.ok(&["restart"]);
    stack.ours("at a restart", lines().trim() == "stop start");
    stack.ok(&["stop"]);
    stack.ok(&["start"]);
    stack.ours("at a stop", lines().trim() == "stop start");
    stack.ok(&["up", "-d", "--force-recreate"]);
    stack.ours("at a replacement", lines().trim() == "stop start");
}

/// Some of everything that `drift` compares.
const COMPARED: &str = "
services:
  a:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    restart: on-failure:3
    ports: ['127.0.0.1::80']
    environment: { TITLE: a }
    healthcheck: { test: [CMD, 'true'], interval: 1s }
    networks: { n: { aliases: [www] }, other: }
    volumes: [data:/data]
    secrets: [key]
  b: { image: IMAGE, init: true, stop_grace_period: 0s, network_mode: 'service:a' }
  job: { image: IMAGE, command: [sh, -c, 'exit 0'] }
volumes: { data: }
networks: { n: { labels: { v: '1' } }, other: }
secrets: { key: { file: ./key } }
";

fn drift_finds_nothing_right_after_an_up(tool: Tool) {
    let stack = Stack::with(tool, COMPARED);
    stack.file("key", "secret");
    stack.ok(&["up", "-d"]);
    let is_done = || stack.inspect("job", "{{.State.Status}}") == "exited";
    stack.both("the job ends", comes_true(is_done));
    stack.both("the secret is there", stack.exec("a", &["cat", "/run/secrets/key"]) == "secret");
    // The stack was created by either tool.
    let run = Running::begin(stack.command(Tool::Ours, &["drift"])).end();
    stack.both(&format!("nothing was changed by hand: {run:?}"), run.is_success());
    docker(&["rename", &stack.name("a"), &format!("{}-odd", stack.project)]);
    let run = Running::begin(stack.command(Tool::Ours, &["drift"])).end();
    stack.both(&format!("a new name is found: {run:?}"), run.code == Some(2) && run.out.contains("-odd"));
}

/// Waits until a condition holds. Returns false when it does not hold in time.
fn comes_true(holds: impl Fn() -> bool) -> bool {
    (0..400).any(|_| {
        let is_so = holds();
        if !is_so {
            std::thread::sleep(Duration::from_millis(50));
        }
        is_so
    })
}

fn a_restart_policy_brings_a_container_back(tool: Tool) {
    let fails_once = "[sh, -c, 'test -e /data/failed || { touch /data/failed; exit 1; }; exec sleep 1000']";
    let yaml = format!(
        "
services:
  a: {{ image: IMAGE, init: true, stop_grace_period: 0s, restart: on-failure, command: {fails_once}, volumes: [data:/data] }}
volumes: {{ data: }}
"
    );
    let stack = Stack::with(tool, &yaml);
    stack.go(&["up", "-d"]);
    let is_back = || stack.is_running("a") && stack.exec("a", &["ls", "/data"]) == "failed";
    stack.both("the container comes back", comes_true(is_back));
    let settled = stack.containers();
    stack.ok(&["up", "-d"]);
    stack.both("then there is nothing to do", stack.containers() == settled);
}
