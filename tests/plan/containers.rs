//! What `up` does with the containers of a service: create, start, replace, restart or keep them, and how many.

use crate::common::{engine, observed, plan_up, project, run};
use crate::setup::{CHAIN, brought_up, check};
use expect_test::expect;
use inception::model::{ContainerState, Definition, Observed};
use inception::plan::{Recreate, UpOptions, render};

#[test]
fn a_fresh_project_starts_dependencies_first() {
    check(
        "",
        CHAIN,
        &UpOptions::default(),
        &expect![[r#"
            1         create  volume data      does not exist
            2         create  network default  does not exist
            3 <- 1,2  create  db#1             does not exist
            4 <- 3    start   db#1             does not exist
            5 <- 4    wait    db#1             until running
            6 <- 2    create  web#1            does not exist
            7 <- 4    wait    db#1             until healthy
            8 <- 6,7  start   web#1            does not exist
            9 <- 8    wait    web#1            until running
        "#]],
    );
}

#[test]
fn a_second_up_has_nothing_to_do() {
    check(CHAIN, CHAIN, &UpOptions::default(), &expect![""]);
}

#[test]
fn the_old_container_goes_only_after_the_new_one_runs() {
    let after = CHAIN.replace("app:1", "app:2");
    check(
        CHAIN,
        &after,
        &UpOptions::default(),
        &expect![[r#"
            1       recreate  web#1'  image → "app:2"; image 100000000000 → 200000000000
            2 <- 1  stop      web#1   gives way to the new `p-web-1`
            3 <- 2  start     web#1'  takes over
            4 <- 3  wait      web#1'  until ready; else the old one comes back
            5 <- 4  remove    web#1   gives way to the new `p-web-1`
            6 <- 5  rename    web#1'  takes the final name
        "#]],
    );
}

#[test]
fn a_changed_variable_is_named_and_a_secret_one_is_masked() {
    let before = "services: { web: { image: app:1, environment: { TITLE: a, DB_PASSWORD: x } } }";
    let after = "services: { web: { image: app:1, environment: { TITLE: b, DB_PASSWORD: y } } }";
    check(
        before,
        after,
        &UpOptions::default(),
        &expect![[r#"
            1       recreate  web#1'  environment.DB_PASSWORD → (secret); environment.TITLE → "b"
            2 <- 1  stop      web#1   gives way to the new `p-web-1`
            3 <- 2  start     web#1'  takes over
            4 <- 3  wait      web#1'  until ready; else the old one comes back
            5 <- 4  remove    web#1   gives way to the new `p-web-1`
            6 <- 5  rename    web#1'  takes the final name
        "#]],
    );
}

#[test]
fn a_replaced_dependency_is_waited_for_before_its_dependent_gives_way() {
    let after = CHAIN.replace(":1", ":2");
    check(
        CHAIN,
        &after,
        &UpOptions::default(),
        &expect![[r#"
            1         recreate  db#1'   image → "db:2"; image 300000000000 → 400000000000
            2 <- 1    stop      db#1    gives way to the new `p-db-1`
            3 <- 2    start     db#1'   takes over
            4 <- 3    wait      db#1'   until ready; else the old one comes back
            5 <- 4    remove    db#1    gives way to the new `p-db-1`
            6 <- 5    rename    db#1'   takes the final name
            7         recreate  web#1'  image → "app:2"; image 100000000000 → 200000000000
            8 <- 4    wait      db#1'   until healthy
            9 <- 7,8  stop      web#1   gives way to the new `p-web-1`
            10 <- 9   start     web#1'  takes over
            11 <- 10  wait      web#1'  until ready; else the old one comes back
            12 <- 11  remove    web#1   gives way to the new `p-web-1`
            13 <- 12  rename    web#1'  takes the final name
        "#]],
    );
}

#[test]
fn start_first_runs_both_side_by_side() {
    let yaml = |image: &str| {
        format!("services: {{ web: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }} }}")
    };
    check(
        &yaml("app:1"),
        &yaml("app:2"),
        &UpOptions::default(),
        &expect![[r#"
            1       recreate  web#1'  image → "app:2"; image 100000000000 → 200000000000
            2 <- 1  start     web#1'  takes over
            3 <- 2  wait      web#1'  until ready
            4 <- 3  stop      web#1   gives way to the new `p-web-1`
            5 <- 4  wait      web#1'  until ready; else the old one comes back
            6 <- 5  remove    web#1   gives way to the new `p-web-1`
            7 <- 6  rename    web#1'  takes the final name
        "#]],
    );
}

#[test]
fn no_recreate_leaves_what_differs() {
    let options = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
    check(CHAIN, &CHAIN.replace("app:1", "app:2"), &options, &expect![""]);
}

#[test]
fn a_finished_job_that_others_wait_for_is_not_run_again() {
    let yaml = "services: { web: { image: app:1, depends_on: { job: { condition: service_completed_successfully } } }, job: { image: job:1 } }";
    check(yaml, yaml, &UpOptions::default(), &expect![""]);
}

#[tokio::test(start_paused = true)]
async fn old_values_are_told_where_the_container_was_looked_at() {
    let before = "services: { web: { image: app:1, environment: { TITLE: a, DB_PASSWORD: x } } }";
    let (_, mut observed) = brought_up(before).await;
    let after = project(&before.replace("TITLE: a", "TITLE: b"));
    let first = plan_up(&after, &observed, &UpOptions::default());
    let redefined = first.redefined();
    assert_eq!(redefined.len(), 1);
    let mut made = Definition::default();
    made.set("environment.TITLE", "a");
    observed.definitions = redefined.into_iter().map(|id| (id, made.clone())).collect();
    let plan = plan_up(&after, &observed, &UpOptions::default());
    assert_eq!(plan.steps[0].reason.to_string(), "environment.TITLE \"a\" → \"b\"");
}

#[test]
fn a_dependency_that_is_only_created_restarts_no_dependent() {
    let yaml = |image: &str| {
        format!(
            "services: {{ db: {{ image: '{image}' }}, web: {{ image: app:1, depends_on: {{ db: {{ condition: service_started, restart: true }} }} }} }}"
        )
    };
    check(
        &yaml("app:1"),
        &yaml("app:2"),
        &UpOptions { start: false, ..UpOptions::default() },
        &expect![[r#"
            1       recreate  db#1'  image → "app:2"; image 100000000000 → 200000000000
            2 <- 1  stop      db#1   gives way to the new `p-db-1`
            3 <- 2  remove    db#1   gives way to the new `p-db-1`
            4 <- 3  rename    db#1'  takes the final name
        "#]],
    );
}

/// The earlier run replaced `db` and died before it restarted `app` (`restart: true`).
#[tokio::test(start_paused = true)]
async fn after_a_crash_dependents_that_were_to_be_restarted_are_restarted() {
    let yaml = |value: u32| {
        format!(
            "services:
  app: {{ image: app:1, depends_on: {{ db: {{ condition: service_started, restart: true }} }} }}
  db: {{ image: db:1, environment: {{ A: '{value}' }} }}"
        )
    };
    let (engine, before) = brought_up(&yaml(1)).await;
    let mut replaced = plan_up(&project(&yaml(2)), &before, &UpOptions::default());
    let restarts = replaced.steps.iter().position(|step| step.target.name() == "p-app-1").unwrap();
    replaced.steps.truncate(restarts);
    assert!(run(&engine, &replaced).await.is_success());
    let mut after = observed(&engine).await;
    for container in after.containers.iter() {
        let mut made = Definition::default();
        let is_new = container.name.as_str() == "p-db-1";
        made.set_started_at(if is_new { "2026-01-01T00:00:02Z" } else { "2026-01-01T00:00:01Z" });
        after.definitions.insert(container.id.clone(), made);
    }
    let calm = UpOptions::default();
    assert!(plan_up(&project(&yaml(2)), &after, &calm).is_empty());
    after.known.is_after_crash = true;
    expect![[r#"
        1       restart  app#1  `db` is replaced and `restart: true` asks for it
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&render(&plan_up(&project(&yaml(2)), &after, &calm)));
}

/// A container that has never run may lack its configs and secrets.
#[tokio::test(start_paused = true)]
async fn an_old_container_that_has_never_run_is_not_started_by_an_undo() {
    let yaml = |value: u32| format!("services: {{ web: {{ image: app:1, environment: {{ A: '{value}' }} }} }}");
    let (engine, before) = brought_up(&yaml(1)).await;
    let mut begun = plan_up(&project(&yaml(2)), &before, &UpOptions::default());
    begun.steps.truncate(1);
    begun.replacements.clear();
    assert!(run(&engine, &begun).await.is_success());
    let mut after = observed(&engine).await;
    for (state, was_running) in [(ContainerState::Exited, true), (ContainerState::Created, false)] {
        after.containers.iter_mut().find(|one| one.name.as_str() == "p-web-1").unwrap().state = state;
        let plan = plan_up(&project(&yaml(3)), &after, &UpOptions::default());
        assert_eq!(plan.replacements[0].was_running, was_running, "{state:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_cannot_be_started_is_created_anew() {
    let project = project("services: { web: { image: app:1 } }");
    let engine = engine();
    let created = plan_up(&project, &observed(&engine).await, &UpOptions { start: false, ..UpOptions::default() });
    assert!(run(&engine, &created).await.is_success());
    let mut seen = observed(&engine).await;
    seen.known.unstartable = seen.containers.iter().map(|one| one.id.clone()).collect();
    let plan = plan_up(&project, &seen, &UpOptions::default());
    expect![[r#"
        1       recreate  web#1'  the engine was killed while it started it, and cannot start it any more
        2 <- 1  start     web#1'  takes over
        3 <- 2  wait      web#1'  until ready; else the new one goes
        4 <- 3  remove    web#1   gives way to the new `p-web-1`
        5 <- 4  rename    web#1'  takes the final name
    "#]]
    .assert_eq(&render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    let seen = observed(&engine).await;
    assert_eq!(seen.containers.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["p-web-1"]);
    assert!(plan_up(&project, &seen, &UpOptions::default()).is_empty());
}

/// An earlier round of the run has given the container back: the container may be in a crash loop.
#[tokio::test(start_paused = true)]
async fn a_container_that_the_run_has_given_back_must_stay_up() {
    let yaml = "services: { web: { image: app:1 } }";
    let (_, mut seen) = brought_up(yaml).await;
    assert!(plan_up(&project(yaml), &seen, &UpOptions::default()).is_empty());
    seen.known.given_back = seen.containers.iter().map(|one| one.id.clone()).collect();
    let plan = plan_up(&project(yaml), &seen, &UpOptions::default());
    expect![[r#"
        1  wait  web#1  until running
    "#]]
    .assert_eq(&render(&plan));
}

#[test]
fn scaling_down_takes_the_highest_number() {
    let options = UpOptions { scale: [("web".into(), 1)].into(), ..UpOptions::default() };
    check(
        "services: { web: { image: app:1, scale: 2 } }",
        "services: { web: { image: app:1, scale: 2 } }",
        &options,
        &expect![[r#"
        1       stop    web#2  only 1 wanted
        2 <- 1  remove  web#2  only 1 wanted
    "#]],
    );
}

#[test]
fn a_number_of_replicas_with_too_many_digits_is_refused_and_nothing_is_made_in_it() {
    let scaled = UpOptions { scale: [("web".into(), 4_000_000_000)].into(), ..UpOptions::default() };
    for (yaml, options) in [
        ("services: { web: { image: app:1, deploy: { replicas: 4000000000 } } }", UpOptions::default()),
        ("services: { web: { image: app:1 } }", scaled),
    ] {
        let plan = plan_up(&project(yaml), &Observed::default(), &options);
        let told: Vec<&str> = plan.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(told, ["too-many-replicas"]);
        assert!(plan.steps.len() < 10);
    }
}
