//! Plans of `start`, `stop`, `restart`, `kill` and `rm`.

use std::collections::BTreeSet;

use crate::common::{engine, observed, plan_up, project, run};
use crate::setup::{SIDECAR, brought_up, stopped};
use expect_test::{Expect, expect};
use inception::model::Observed;
use inception::plan::{Lifecycle, UntilReady, UpOptions, lifecycle, lint, render};

/// Brings a project up, stops it if `is_stopped`, and compares the plan of a command.
#[track_caller]
fn check_lifecycle(yaml: &str, is_stopped: bool, command: &Lifecycle, expected: &Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let project = project(yaml);
    let text = runtime.block_on(async {
        let engine = engine();
        let plan = plan_up(&project, &observed(&engine).await, &UpOptions::default());
        assert!(run(&engine, &plan).await.is_success());
        if is_stopped {
            let stop =
                lifecycle(&project, &observed(&engine).await, &BTreeSet::new(), &Lifecycle::Stop { grace: None });
            assert_eq!(lint(&stop), Vec::<String>::new());
            run(&engine, &stop).await;
        }
        let plan = lifecycle(&project, &observed(&engine).await, &BTreeSet::new(), command);
        assert_eq!(lint(&plan), Vec::<String>::new());
        render(&plan)
    });
    expected.assert_eq(&text);
}

const HOOKED: &str = "
services:
  web: { image: app:1, depends_on: [db], pre_stop: [{ command: [a] }, { command: [b] }], post_start: [{ command: [c] }] }
  db: { image: app:1 }
";

#[test]
fn a_stop_waits_for_the_end_of_hooks_and_needs_none_of_them() {
    check_lifecycle(
        HOOKED,
        false,
        &Lifecycle::Stop { grace: None },
        &expect![[r#"
        1           run   web#1  pre_stop hook
        2 <- 1      run   web#1  pre_stop hook
        3 <- 1,2    stop  web#1  asked by `stop`
        4 <- 1,2,3  stop  db#1   asked by `stop`
    "#]],
    );
    check_lifecycle(
        HOOKED,
        false,
        &Lifecycle::Restart { grace: None, no_dependencies: false },
        &expect![[r#"
        1           restart  db#1   asked by `restart`
        2 <- 1      wait     db#1   until running
        3 <- 1      run      web#1  pre_stop hook
        4 <- 1,3    run      web#1  pre_stop hook
        5 <- 1,3,4  restart  web#1  asked by `restart`
        6 <- 5      run      web#1  post_start hook
        7 <- 6      wait     web#1  until running
    "#]],
    );
    check_lifecycle(
        HOOKED,
        false,
        &Lifecycle::Remove { stop: true, volumes: false },
        &expect![[r#"
        1         run     web#1  pre_stop hook
        2 <- 1    run     web#1  pre_stop hook
        3 <- 1,2  stop    web#1  asked by `rm`
        4 <- 3    remove  web#1  asked by `rm`
        5 <- 4    stop    db#1   asked by `rm`
        6 <- 5    remove  db#1   asked by `rm`
    "#]],
    );
}

#[test]
fn a_start_waits_for_what_its_dependencies_must_have_become() {
    let yaml = "
services:
  web: { image: app:1, depends_on: { db: { condition: service_healthy }, job: { condition: service_completed_successfully }, extra: { condition: service_healthy, required: false } } }
  db: { image: db:1 }
  extra: { image: db:1 }
  job: { image: job:1 }
";
    check_lifecycle(
        yaml,
        true,
        &Lifecycle::Start { wait: None },
        &expect![[r#"
        1                  start  db#1     asked by `start`
        2 <- 1             wait   db#1     until running
        3                  start  extra#1  asked by `start`
        4 <- 3             wait   extra#1  until running
        5                  start  job#1    asked by `start`
        6 <- 5             wait   job#1    until running
        7 <- 1             wait   db#1     until healthy
        8 <- 3             wait   extra#1  until healthy
        9 <- 5             wait   job#1    until completed
        10 <- 1,3,5,7,8,9  start  web#1    asked by `start`
        11 <- 10           wait   web#1    until running
    "#]],
    );
}

#[test]
fn a_start_that_waits_asks_all_containers_to_be_ready() {
    let yaml = "
services:
  web: { image: app:1, depends_on: [db] }
  db: { image: db:1, healthcheck: { test: [CMD, x] } }
";
    let wait = Some(UntilReady { limit: Some(std::time::Duration::from_secs(9)) });
    check_lifecycle(
        yaml,
        true,
        &Lifecycle::Start { wait },
        &expect![[r#"
        1       start  db#1   asked by `start`
        2 <- 1  wait   db#1   until ready
        3 <- 1  start  web#1  asked by `start`
        4 <- 3  wait   web#1  until ready
    "#]],
    );
    // What runs already is waited for, too.
    check_lifecycle(
        "services: { db: { image: db:1 } }",
        false,
        &Lifecycle::Start { wait },
        &expect![[r#"
        1  wait  db#1  until ready
    "#]],
    );
}

/// Plans a `start` of the services; the plan must pass the lint.
pub fn plan_start(yaml: &str, observed: &Observed, services: &[&str]) -> inception::plan::Plan {
    let named = services.iter().map(|name| (*name).into()).collect();
    let plan = lifecycle(&project(yaml), observed, &named, &Lifecycle::Start { wait: None });
    assert_eq!(lint(&plan), Vec::<String>::new());
    plan
}

#[tokio::test(start_paused = true)]
async fn a_start_of_one_service_starts_what_it_depends_on_but_does_no_work_again() {
    let yaml = "
services:
  web: { image: app:1, depends_on: { app: { condition: service_started }, job: { condition: service_completed_successfully } } }
  app: { image: app:1, depends_on: { db: { condition: service_healthy } } }
  db: { image: db:1 }
  job: { image: job:1 }
  other: { image: app:1 }
";
    let observed = stopped(yaml).await;
    expect![[r#"
        1         start  db#1   asked by `start`
        2 <- 1    wait   db#1   until running
        3 <- 1    wait   db#1   until healthy
        4 <- 1,3  start  app#1  asked by `start`
        5 <- 4    wait   app#1  until running
        6 <- 4    start  web#1  asked by `start`
        7 <- 6    wait   web#1  until running
    "#]]
    .assert_eq(&render(&plan_start(yaml, &observed, &["web"])));
    let job = render(&plan_start(yaml, &observed, &["job"]));
    assert!(job.contains("start  job#1"), "it was asked for: {job}");
}

#[tokio::test(start_paused = true)]
async fn a_start_does_not_fail_for_what_others_can_do_without() {
    let yaml = "services: { web: { image: app:1, depends_on: { opt: { condition: service_started, required: false } } }, opt: { image: app:1 } }";
    let observed = stopped(yaml).await;
    let optional = |services: &[&str]| {
        let steps = plan_start(yaml, &observed, services).steps;
        steps.iter().filter(|step| step.is_optional).map(|step| step.target.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(optional(&["web"]), ["p-opt-1"]);
    assert_eq!(optional(&["web", "opt"]), Vec::<String>::new());
    assert_eq!(optional(&[]), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_start_without_a_container_is_refused_and_says_which_service_has_none() {
    let yaml = "services: { web: { image: app:1, depends_on: [db] }, db: { image: app:1 }, none: { image: app:1, scale: 0 }, opt: { image: app:1 },
        free: { image: app:1, depends_on: { opt: { condition: service_started, required: false } } } }";
    let told = |observed: &Observed, services: &[&str]| -> Vec<(bool, String)> {
        let plan = plan_start(yaml, observed, services);
        assert!(plan.diagnostics.iter().all(|one| one.code == "no-container"), "{:?}", plan.diagnostics);
        plan.diagnostics.into_iter().map(|one| (one.is_error(), one.message)).collect()
    };
    let error = |words: &str| (true, words.to_owned());
    let nothing = Observed::default();
    assert_eq!(told(&nothing, &[]), [error("project `p` has no container to start")]);
    assert_eq!(told(&nothing, &["web", "none"]), [error("service `web` has no container to start")]);
    let mut observed = stopped(yaml).await;
    assert_eq!(told(&observed, &[]), []);
    observed.containers.retain(|one| one.service() != Some("db"));
    let needed = [error("service `db`, which `web` depends on, has no container to start")];
    assert_eq!(told(&observed, &[]), needed);
    assert_eq!(told(&observed, &["web"]), needed);
    assert_eq!(told(&observed, &["db"]), [error("service `db` has no container to start")]);
    observed.containers.retain(|one| one.service() == Some("free"));
    let spared = (false, "service `opt`, which `free` can do without, has no container to start".to_owned());
    assert_eq!(told(&observed, &[]), [spared]);
}

#[tokio::test(start_paused = true)]
async fn a_start_restarts_containers_that_share_the_network_of_a_started_one() {
    let (engine, observed) = brought_up(SIDECAR).await;
    let only = BTreeSet::from(["vpn".into()]);
    let stop = lifecycle(&project(SIDECAR), &observed, &only, &Lifecycle::Stop { grace: None });
    assert!(run(&engine, &stop).await.is_success());
    let observed = crate::common::observed(&engine).await;
    expect![[r#"
        1       start    vpn#1  asked by `start`
        2 <- 1  wait     vpn#1  until running
        3 <- 1  restart  app#1  shares the network of `vpn`, which is started again
        4 <- 3  wait     app#1  until running
    "#]]
    .assert_eq(&render(&plan_start(SIDECAR, &observed, &["vpn"])));
    let all = render(&plan_start(SIDECAR, &observed, &[]));
    assert!(all.contains("restart  app#1"), "it runs, and has lost its network: {all}");
}

#[tokio::test(start_paused = true)]
async fn a_signal_reaches_orphans_where_that_is_asked_and_no_service_is_named() {
    let (_, observed) = brought_up("services: { a: { image: app:1 }, gone: { image: app:1 } }").await;
    let wanted = project("services: { a: { image: app:1 } }");
    let text = |services: &[&str], orphans: bool| {
        let services = services.iter().map(|name| (*name).into()).collect();
        render(&lifecycle(&wanted, &observed, &services, &Lifecycle::Kill { signal: "TERM".to_owned(), orphans }))
    };
    let one = "1  kill  a#1  asked by `kill`\n";
    assert_eq!(text(&[], false), one);
    assert_eq!(text(&["a"], true), one);
    let kill = Lifecycle::Kill { signal: "TERM".to_owned(), orphans: true };
    let plan = lifecycle(&wanted, &observed, &BTreeSet::from(["a".into()]), &kill);
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["no-effect"], "the flag does nothing");
    assert_eq!(text(&[], true), "1  kill  a#1     asked by `kill`\n2  kill  gone#1  asked by `kill`\n");
}

fn restart(no_dependencies: bool) -> Lifecycle {
    Lifecycle::Restart { grace: None, no_dependencies }
}

fn plan_restart(yaml: &str, observed: &Observed, services: &[&str], no_dependencies: bool) -> String {
    let services = services.iter().map(|name| (*name).into()).collect();
    let plan = lifecycle(&project(yaml), observed, &services, &restart(no_dependencies));
    assert_eq!(lint(&plan), Vec::<String>::new());
    render(&plan)
}

const CONDITIONS: &str = "
services:
  app: { image: app:1, depends_on: { db: { condition: service_healthy, restart: true }, job: { condition: service_completed_successfully } } }
  db: { image: db:1 }
  job: { image: job:1 }
";

#[tokio::test(start_paused = true)]
async fn a_restart_waits_for_conditions_as_a_start_does() {
    let (_, mut observed) = brought_up(CONDITIONS).await;
    let all = expect![[r#"
        1             restart  db#1   asked by `restart`
        2 <- 1        wait     db#1   until running
        3             restart  job#1  asked by `restart`
        4 <- 3        wait     job#1  until running
        5 <- 1        wait     db#1   until healthy
        6 <- 3        wait     job#1  until completed
        7 <- 1,3,5,6  restart  app#1  asked by `restart`
        8 <- 7        wait     app#1  until running
    "#]];
    all.assert_eq(&plan_restart(CONDITIONS, &observed, &[], false));
    // `app` has `restart: true` for `db`, so it waits for `db` again. It does not wait for `job`, which has completed.
    expect![[r#"
        1         restart  db#1   asked by `restart`
        2 <- 1    wait     db#1   until running
        3 <- 1    wait     db#1   until healthy
        4 <- 1,3  restart  app#1  asked by `restart`
        5 <- 4    wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["db"], false));
    // The conditions of `app` already hold: nothing to wait for.
    expect![[r#"
        1       restart  app#1  asked by `restart`
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["app"], false));
    // A failed job stays failed: the services that depend on it are not restarted.
    observed.containers.iter_mut().filter(|one| one.service() == Some("job")).for_each(|one| one.exit_code = Some(3));
    expect![[r#"
        1       wait     job#1  until completed
        2 <- 1  restart  app#1  asked by `restart`
        3 <- 2  wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["app"], false));
    expect![[r#"
        1       restart  app#1  asked by `restart`
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["app"], true));
}

/// A `restart` of a stopped service acts like `start`: dependencies first.
#[tokio::test(start_paused = true)]
async fn a_restart_of_a_stopped_service_starts_its_dependencies() {
    let observed = stopped(CONDITIONS).await;
    expect![[r#"
        1         start    db#1   asked by `start`
        2 <- 1    wait     db#1   until running
        3 <- 1    wait     db#1   until healthy
        4 <- 1,3  restart  app#1  asked by `restart`
        5 <- 4    wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["app"], false));
    expect![[r#"
        1       restart  app#1  asked by `restart`
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&plan_restart(CONDITIONS, &observed, &["app"], true));
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_failed_job_are_left_alone_by_a_restart() {
    let yaml = "services:
  app: { image: app:1, depends_on: { job: { condition: service_completed_successfully } } }
  free: { image: app:1, depends_on: { job: { condition: service_completed_successfully, required: false } } }
  job: { image: broken:1 }";
    let engine = engine();
    assert!(
        !run(&engine, &plan_up(&project(yaml), &observed(&engine).await, &UpOptions::default())).await.is_success()
    );
    let observed = observed(&engine).await;
    let plan = lifecycle(&project(yaml), &observed, &BTreeSet::new(), &restart(false));
    assert!(!run(&engine, &plan).await.is_success());
    let is_restarted = |name: &str| {
        let one = observed.containers.iter().find(|one| one.service() == Some(name)).unwrap();
        engine.calls().iter().any(|call| call.name == "restart_container" && call.target == one.id.as_str())
    };
    assert!(is_restarted("job") && !is_restarted("app"));
    assert!(is_restarted("free"), "`required: false`");
}

#[tokio::test(start_paused = true)]
async fn commands_that_end_containers_tell_of_those_of_inactive_profiles() {
    let (_, observed) = brought_up("services: { a: { image: app:1 }, tool: { image: app:1 } }").await;
    let wanted = project("services: { a: { image: app:1 }, tool: { image: app:1, profiles: [tools] } }");
    let kill = Lifecycle::Kill { signal: "KILL".to_owned(), orphans: true };
    for (command, tells) in [
        (Lifecycle::Stop { grace: None }, true),
        (kill, true),
        (Lifecycle::Remove { stop: true, volumes: false }, true),
        (Lifecycle::Remove { stop: false, volumes: false }, false),
        (Lifecycle::Start { wait: None }, false),
        (Lifecycle::Restart { grace: None, no_dependencies: false }, false),
        (Lifecycle::Pause, false),
    ] {
        let plan = lifecycle(&wanted, &observed, &BTreeSet::new(), &command);
        assert!(!render(&plan).contains("tool"), "{command:?}");
        let words: Vec<String> = plan.diagnostics.iter().map(|one| format!("{}: {}", one.code, one.message)).collect();
        let expected =
            "inactive-profile: containers of services whose profiles are not active go on running: `p-tool-1`";
        assert_eq!(words, if tells { vec![expected] } else { Vec::new() }, "{command:?}");
        let named = lifecycle(&wanted, &observed, &BTreeSet::from(["a".into()]), &command);
        assert!(!named.diagnostics.iter().any(|one| one.code == "inactive-profile"), "{command:?}");
    }
}
