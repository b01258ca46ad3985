//! Plans for what people do: the text is what `inception plan` prints.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{engine, observed, plan_up, project, run};
use expect_test::{Expect, expect};
use inception::plan::{DownOptions, Recreate, UpOptions, down, lint, render};

/// Brings `before` up on a fake engine, then shows the plan for `after`.
#[track_caller]
fn check(before: &str, after: &str, options: &UpOptions, expected: &Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let text = runtime.block_on(async {
        let engine = engine();
        if !before.is_empty() {
            let plan = plan_up(&project(before), &observed(&engine).await, &UpOptions::default());
            let outcome = run(&engine, &plan).await;
            assert!(outcome.is_success(), "{:?}", outcome.failures);
        }
        render(&plan_up(&project(after), &observed(&engine).await, options))
    });
    expected.assert_eq(&text);
}

const CHAIN: &str = "
services:
  web: { image: app:1, depends_on: { db: { condition: service_healthy } } }
  db: { image: db:1, volumes: [data:/data] }
volumes: { data: }
";

#[test]
fn a_fresh_project_starts_dependencies_first() {
    check(
        "",
        CHAIN,
        &UpOptions::default(),
        &expect![[r#"
        1         create  network default  does not exist
        2         create  volume data      does not exist
        3 <- 1,2  create  db#1             does not exist
        4 <- 3    start   db#1             does not exist
        5 <- 4    wait    db#1             until running
        6 <- 1    create  web#1            does not exist
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
            3 <- 2  start     web#1'  image → "app:2"; image 100000000000 → 200000000000
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
            3 <- 2  start     web#1'  environment.DB_PASSWORD → (secret); environment.TITLE → "b"
            4 <- 3  wait      web#1'  until ready; else the old one comes back
            5 <- 4  remove    web#1   gives way to the new `p-web-1`
            6 <- 5  rename    web#1'  takes the final name
        "#]],
    );
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
fn a_replaced_dependency_is_waited_for_before_its_dependent_gives_way() {
    let after = CHAIN.replace(":1", ":2");
    check(
        CHAIN,
        &after,
        &UpOptions::default(),
        &expect![[r#"
            1         recreate  db#1'   image → "db:2"; image 300000000000 → 400000000000
            2 <- 1    stop      db#1    gives way to the new `p-db-1`
            3 <- 2    start     db#1'   image → "db:2"; image 300000000000 → 400000000000
            4 <- 3    wait      db#1'   until ready; else the old one comes back
            5 <- 4    remove    db#1    gives way to the new `p-db-1`
            6 <- 5    rename    db#1'   takes the final name
            7         recreate  web#1'  image → "app:2"; image 100000000000 → 200000000000
            8 <- 4    wait      db#1'   until healthy
            9 <- 7,8  stop      web#1   gives way to the new `p-web-1`
            10 <- 9   start     web#1'  image → "app:2"; image 100000000000 → 200000000000
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
            2 <- 1  start     web#1'  image → "app:2"; image 100000000000 → 200000000000
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
async fn down_goes_the_other_way_and_keeps_data() {
    let engine = engine();
    let project = project(CHAIN);
    let plan = plan_up(&project, &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let plan = down(&project, &observed(&engine).await, &DownOptions::default());
    assert!(lint(&plan).is_empty());
    expect![[r#"
        1       stop    web#1            asked by `down`
        2 <- 1  remove  web#1            asked by `down`
        3       stop    db#1             asked by `down`
        4 <- 3  remove  db#1             asked by `down`
        5       remove  network default  asked by `down`
    "#]]
    .assert_eq(&render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    assert!(common::containers(&engine).await.is_empty());
    assert!(engine.removed_volumes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_changed_volume_is_refused_before_anything_is_done() {
    let engine = engine();
    let plan = plan_up(&project(CHAIN), &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let changed = project(&CHAIN.replace("data: }", "data: { driver_opts: { type: none, o: bind, device: /srv } } }"));
    let plan = plan_up(&changed, &observed(&engine).await, &UpOptions::default());
    let told: Vec<&str> = plan.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code).collect();
    assert_eq!(told, ["volume-changed"]);
}
