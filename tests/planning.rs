//! Plans for what people do: the text is what `inception plan` prints.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{engine, observed, plan_up, project, run};
use expect_test::{Expect, expect};
use inception::engine::{ChangeEngine, ImageEngine, RemoveOptions};
use inception::model::{ContainerState, DefinedEndpoint, Definition, Observed};
use inception::plan::{
    DownOptions, Downtime, ImageOptions, Lifecycle, Loss, Recreate, RemoveImages, UpOptions, down, drift, images,
    impacts, lifecycle, lint, render,
};

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
async fn down_goes_the_other_way_and_keeps_data() {
    let engine = engine();
    let project = project(CHAIN);
    let plan = plan_up(&project, &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let plan = down(&project, &observed(&engine).await, &DownOptions::default());
    assert!(lint(&plan).is_empty());
    expect![[r#"
        1         stop    web#1            asked by `down`
        2 <- 1    remove  web#1            asked by `down`
        3 <- 2    stop    db#1             asked by `down`
        4 <- 2,3  remove  db#1             asked by `down`
        5 <- 2,4  remove  network default  asked by `down`
    "#]]
    .assert_eq(&render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    assert!(common::containers(&engine).await.is_empty());
    assert!(engine.removed_volumes().is_empty());
}

#[test]
fn down_removes_local_images_by_the_names_that_up_gave_them() {
    let project = project("services: { web: { build: . } }");
    let mut observed = Observed::default();
    for name in ["p-web", "p_web"] {
        observed.images.insert(inception::model::familiar(name), "sha256:1".into());
    }
    let told = |separator| {
        let options = DownOptions { images: RemoveImages::Local, separator, ..DownOptions::default() };
        render(&down(&project, &observed, &options))
    };
    assert!(told('-').contains("p-web") && !told('-').contains("p_web"), "{}", told('-'));
    assert!(told('_').contains("p_web") && !told('_').contains("p-web"), "{}", told('_'));
}

#[tokio::test(start_paused = true)]
async fn images_are_listed_only_where_containers_do_not_tell_them() {
    let engine = engine();
    let file = project(CHAIN);
    assert!(common::up(&engine, &file).await.unwrap().is_success());
    let listed = async || {
        let before = engine.calls().len();
        let observed = inception::observe::observe(&*engine, &common::interest(&file)).await.unwrap();
        let is_listed = engine.calls()[before..].iter().any(|call| call.name == "list_images");
        let wanted = images(&file, &observed, &UpOptions::default(), &ImageOptions::default());
        (is_listed, wanted.steps.len(), render(&plan_up(&file, &observed, &UpOptions::default())))
    };
    assert_eq!(listed().await, (false, 0, String::new()), "all as it was made");

    engine.tag_image("app:2", "app:1").await.unwrap();
    let (is_listed, to_get, plan) = listed().await;
    assert!(is_listed && to_get == 0 && plan.contains("web#1"), "another image has the name:\n{plan}");

    engine.remove_image("app:1").await.unwrap();
    let (is_listed, to_get, _) = listed().await;
    assert!(is_listed && to_get == 1, "the name is gone");
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

/// Brings `before` up on a fake engine and returns what is there then.
async fn brought_up(before: &str) -> (std::sync::Arc<inception::engine::fake::FakeEngine>, Observed) {
    let engine = engine();
    let plan = plan_up(&project(before), &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let observed = observed(&engine).await;
    (engine, observed)
}

#[tokio::test(start_paused = true)]
async fn a_changed_volume_is_made_anew_only_where_it_is_given_up_by_name() {
    let (engine, observed) = brought_up(CHAIN).await;
    let changed = project(&CHAIN.replace("data: }", "data: { driver_opts: { type: none, o: bind, device: /srv } } }"));
    let options = UpOptions { recreate_volumes: ["data".to_owned()].into(), ..UpOptions::default() };
    let plan = plan_up(&changed, &observed, &options);
    assert!(!plan.diagnostics.iter().any(inception::diag::Diagnostic::is_error), "{:?}", plan.diagnostics);
    expect![[r#"
        1       stop    db#1         volume `data` is made anew
        2 <- 1  remove  db#1         volume `data` is made anew
        3 <- 2  remove  volume data  driver_opts.device (unset) → `/srv`; driver_opts.o (unset) → `bind`; driver_opts.type (unset) → `none`; its data is given up by --recreate-volume
        4 <- 3  create  volume data  driver_opts.device (unset) → `/srv`; driver_opts.o (unset) → `bind`; driver_opts.type (unset) → `none`; its data is given up by --recreate-volume
        5 <- 4  create  db#1         volume `data` is made anew
        6 <- 5  start   db#1         volume `data` is made anew
        7 <- 6  wait    db#1         until running
    "#]]
    .assert_eq(&render(&plan));
    let told = impacts(&plan, &changed, &observed, &options);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].losses, [Loss::ContainerFiles, Loss::Volume("p_data".into())]);
    assert!(run(&engine, &plan).await.is_success());
    let after = common::observed(&engine).await;
    assert!(plan_up(&changed, &after, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_not_given_up_where_it_is_unknown_protected_or_somebody_elses() {
    let (_, observed) = brought_up(CHAIN).await;
    let told = |volume: &str, name: &str| {
        let wanted = project(&CHAIN.replace("data: }", volume));
        let options = UpOptions { recreate_volumes: [name.to_owned()].into(), ..UpOptions::default() };
        let plan = plan_up(&wanted, &observed, &options);
        let removes = plan.steps.iter().any(|step| matches!(step.action, inception::plan::Action::RemoveVolume { .. }));
        assert!(!removes, "{}", render(&plan));
        plan.diagnostics.first().map(|one| one.code)
    };
    assert_eq!(told("data: { driver: other } }", "date"), Some("undefined"));
    assert_eq!(told("data: { driver: other, x-protected: true } }", "data"), Some("volume-protected"));
    assert_eq!(told("data: }", "p_data"), Some("volume-unchanged"));
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

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_it_means_for_each_service() {
    let both = |image: &str| {
        format!(
            "services: {{ first: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }}, last: {{ image: '{image}', stop_grace_period: 3s, ports: ['81:80'], deploy: {{ update_config: {{ order: start-first }} }} }}, many: {{ image: '{image}', scale: 2, deploy: {{ update_config: {{ parallelism: 1 }} }} }} }}"
        )
    };
    let (_, observed) = brought_up(&both("app:1")).await;
    let wanted = project(&both("app:2"));
    let plan = plan_up(&wanted, &observed, &UpOptions::default());
    let told: Vec<_> = impacts(&plan, &wanted, &observed, &UpOptions::default())
        .into_iter()
        .map(|impact| (impact.service.to_string(), impact.downtime, impact.order))
        .collect();
    let stop = std::time::Duration::from_secs(3);
    assert_eq!(
        told,
        [
            ("first".to_owned(), Downtime::None, Some(("start-first", "asked by `update_config.order`".to_owned()))),
            (
                "last".to_owned(),
                Downtime::WhileReplaced { stop },
                Some(("stop-first", "both would need host port 81".to_owned()))
            ),
            ("many".to_owned(), Downtime::Reduced, Some(("stop-first", "the default".to_owned()))),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_was_renamed_by_hand_gets_its_name_back_unless_it_is_taken() {
    let yaml = "services: { web: { image: app:1 } }";
    let (_, mut observed) = brought_up(yaml).await;
    observed.containers[0].name = "odd".into();
    let plan = |observed: &Observed| render(&plan_up(&project(yaml), observed, &UpOptions::default()));
    expect![[r#"
        1  rename  web#1  was renamed to `odd`
    "#]]
    .assert_eq(&plan(&observed));
    // Compat: docker compose's older names are names, too.
    observed.containers[0].name = "p_web_1".into();
    assert_eq!(plan(&observed), "");
    observed.containers[0].name = "odd".into();
    let mut other = observed.containers[0].clone();
    (other.id, other.name) = ("x".into(), "p-web-1".into());
    other.labels.clear();
    observed.containers.push(other);
    assert_eq!(plan(&observed), "");
}

#[tokio::test(start_paused = true)]
async fn names_that_were_exchanged_by_hand_are_given_back() {
    let yaml = "services: { web: { image: app:1, scale: 2 } }";
    let (engine, _) = brought_up(yaml).await;
    let rename = async |number: u32, name: &str| {
        let observed = observed(&engine).await;
        let found = observed.containers.iter().find(|one| one.number() == Some(number)).unwrap();
        engine.rename_container(&found.id, &name.into()).await.unwrap();
    };
    let exchange = async || {
        rename(1, "odd").await;
        rename(2, "p-web-1").await;
        rename(1, "p-web-2").await;
        observed(&engine).await
    };
    let observed = exchange().await;
    let told = drift(&project(yaml), &observed, &BTreeSet::new(), '-');
    assert_eq!(told.iter().map(|one| one.help.as_str()).collect::<Vec<_>>(), ["`inception up web`"; 2]);
    let plan = plan_up(&project(yaml), &observed, &UpOptions::default());
    expect![[r#"
        1         rename  web#1  was renamed to `p-web-2`
        2         rename  web#2  was renamed to `p-web-1`
        3 <- 1,2  rename  web#1  takes the final name
        4 <- 1,2  rename  web#2  takes the final name
    "#]]
    .assert_eq(&render(&plan));
    let is_right = async || {
        let observed = common::observed(&engine).await;
        let is_named =
            |one: &inception::model::ObservedContainer| one.name.as_str() == format!("p-web-{}", one.number().unwrap());
        assert!(plan_up(&project(yaml), &observed, &UpOptions::default()).is_empty());
        observed.containers.len() == 2 && observed.containers.iter().all(is_named)
    };
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
    let force = UpOptions { recreate: Recreate::Force, ..UpOptions::default() };
    let plan = plan_up(&project(yaml), &exchange().await, &force);
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
    // A name that a new replica is to have.
    rename(1, "odd").await;
    rename(2, "p-web-1").await;
    let observed = common::observed(&engine).await;
    let gone = observed.containers.iter().find(|one| one.number() == Some(1)).unwrap();
    engine.remove_container(&gone.id, RemoveOptions { force: true, volumes: false }).await.unwrap();
    let plan = plan_up(&project(yaml), &common::observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
}

#[tokio::test(start_paused = true)]
async fn drift_is_what_was_changed_by_hand() {
    let yaml = "services: { web: { image: app:1, mem_limit: 64m, restart: always, networks: [front] }, gone: { image: app:1, networks: [front] } }\nnetworks: { front: }";
    let (engine, mut observed) = brought_up(yaml).await;
    let wanted = project(yaml);
    let told = |observed: &Observed| -> Vec<String> {
        drift(&wanted, observed, &BTreeSet::new(), '-')
            .iter()
            .map(|one| format!("{} {}: {} → {}", one.target, one.attribute, one.expected, one.found))
            .collect()
    };
    assert_eq!(told(&observed), Vec::<String>::new());
    let position = observed.containers.iter().position(|one| one.service() == Some("web")).unwrap();
    let mut made = Definition::default();
    made.set("mem_limit", "134217728");
    made.set("restart", "always");
    observed.definitions.insert(observed.containers[position].id.clone(), made);
    observed.containers[position].name = "odd".into();
    observed.containers[position].networks.insert("bridge".into(), Default::default());
    let mut stranger = observed.containers[position].clone();
    observed.containers.retain(|one| one.service() != Some("gone"));
    (stranger.id, stranger.name) = ("x".into(), "stranger".into());
    stranger.labels.clear();
    observed.containers.push(stranger);
    assert_eq!(
        told(&observed),
        [
            "network `p_front` users: only this project's containers → container `stranger`",
            "container `p-gone-1` state: present → missing",
            "container `p-web-1` name: p-web-1 → odd",
            "container `p-web-1` networks: p_front → bridge, p_front",
            "container `p-web-1` mem_limit: 67108864 → 134217728",
        ]
    );
    drop(engine);
}

#[tokio::test(start_paused = true)]
async fn what_the_file_has_changed_of_networks_and_volumes_is_no_drift() {
    let (_, observed) = brought_up(CHAIN).await;
    for data in ["data: { labels: { a: b } }", "data: { driver_opts: { type: tmpfs } }"] {
        let changed =
            CHAIN.replace("data: }", &format!("{data} }}\nnetworks: {{ default: {{ labels: {{ a: b }} }} }}"));
        assert_eq!(drift(&project(&changed), &observed, &BTreeSet::new(), '-'), []);
    }
}

#[test]
fn a_name_that_others_hold_is_refused_before_anything_is_done() {
    let mut observed = Observed::default();
    observed.containers.push(inception::model::ObservedContainer { name: "p-web-1".into(), ..Default::default() });
    let project = project("services: { web: { image: app:1 } }");
    let plan = plan_up(&project, &observed, &UpOptions::default());
    let told = plan.diagnostics.iter().find(|one| one.code == "container-name-taken");
    assert!(told.is_some_and(|one| one.is_error()), "{:?}", plan.diagnostics);
}

/// Brings a project up, stops it where asked, and shows the plan of a command.
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
        &Lifecycle::Start,
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

/// Brings a project up, stops all of it, and returns what is there then.
async fn stopped(yaml: &str) -> Observed {
    let (engine, observed) = brought_up(yaml).await;
    let stop = lifecycle(&project(yaml), &observed, &BTreeSet::new(), &Lifecycle::Stop { grace: None });
    assert!(run(&engine, &stop).await.is_success());
    common::observed(&engine).await
}

/// Plans a `start` of these services and checks that the plan is sound.
fn plan_start(yaml: &str, observed: &Observed, services: &[&str]) -> inception::plan::Plan {
    let named = services.iter().map(|name| (*name).into()).collect();
    let plan = lifecycle(&project(yaml), observed, &named, &Lifecycle::Start);
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

/// Returns the codes of errors of an `up` of `yaml`.
fn refused(yaml: &str, observed: &Observed, options: &UpOptions) -> Vec<&'static str> {
    let plan = plan_up(&project(yaml), observed, options);
    plan.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code).collect()
}

#[tokio::test(start_paused = true)]
async fn what_shares_something_of_a_service_without_a_container_is_not_made_without_it() {
    let alone = UpOptions { services: ["app".into()].into(), no_dependencies: true, ..UpOptions::default() };
    let scaled = UpOptions { scale: [("vpn".into(), 0)].into(), ..UpOptions::default() };
    for shared in ["network_mode: 'service:vpn'", "pid: 'service:vpn'", "ipc: 'service:vpn'", "volumes_from: [vpn]"] {
        let yaml = format!("services: {{ vpn: {{ image: app:1 }}, app: {{ image: app:1, scale: 2, {shared} }} }}");
        assert_eq!(refused(&yaml, &Observed::default(), &alone), ["parent-missing"], "{shared}");
        assert_eq!(refused(&yaml, &Observed::default(), &scaled), ["parent-missing"], "{shared}");
        assert!(refused(&yaml, &Observed::default(), &UpOptions::default()).is_empty());
        let (_, observed) = brought_up(&yaml).await;
        assert!(refused(&yaml, &observed, &alone).is_empty(), "{shared}: the container that is there is joined");
        assert_eq!(refused(&yaml, &observed, &scaled), ["parent-missing"], "{shared}");
    }
}

#[tokio::test(start_paused = true)]
async fn anonymous_volumes_go_with_a_replica_where_the_file_or_the_image_declares_them() {
    let yaml = "services: { web: { image: app:1, volumes: [/declared, /dropped, /memory] } }";
    let after = project(
        "services: { web: { image: app:2, volumes: ['/declared/'], tmpfs: ['/memory/:size=1m'], volumes_from: ['container:other'] } }",
    );
    let (_, mut observed) = brought_up(yaml).await;
    let volume = |target: &str, digit: &str| inception::model::ObservedMount {
        kind: "volume".to_owned(),
        name: digit.repeat(64),
        destination: target.to_owned(),
        ..Default::default()
    };
    observed.containers[0].mounts = vec![
        volume("/declared", "a"),
        volume("/dropped", "b"),
        volume("/memory", "c"),
        volume("/image", "d"),
        volume("/given", "e"),
    ];
    let mut other = observed.containers[0].clone();
    (other.id, other.name, other.mounts) = ("x".into(), "other".into(), vec![volume("/given", "f")]);
    other.labels.clear();
    observed.containers.push(other);
    let inherited = |observed: &Observed| {
        let plan = plan_up(&after, observed, &UpOptions::default());
        assert_eq!(plan.redefined().len(), 1);
        let inception::plan::Action::CreateContainer { spec, .. } = &plan.steps[0].action else { panic!() };
        let taken = spec.mounts.iter().filter(|mount| mount.is_taken_over());
        taken.map(|mount| mount.target.clone()).collect::<Vec<_>>()
    };
    assert_eq!(inherited(&observed), ["/declared", "/dropped", "/image"], "rather too much than data that is gone");
    let mut made = Definition::default();
    for path in ["/image", "/memory", "/given"] {
        made.add_volume_of_image(path);
    }
    observed.definitions.insert(observed.containers[0].id.clone(), made);
    assert_eq!(inherited(&observed), ["/declared", "/image"]);
}

fn listening(address: &str) -> Observed {
    let listener = inception::model::Listener {
        address: address.parse().unwrap(),
        port: 8080,
        protocol: "tcp",
        holder: Some("httpd (pid 7)".to_owned()),
    };
    Observed { listeners: vec![listener], ..Observed::default() }
}

#[tokio::test(start_paused = true)]
async fn ports_of_what_has_no_network_of_its_own_are_nobodys() {
    let yaml = |more: &str| format!("services: {{ web: {{ image: app:1, ports: ['8080:80'], {more} }} }}");
    let default = UpOptions::default();
    assert_eq!(refused(&yaml(""), &listening("0.0.0.0"), &default), ["port-taken"]);
    for mode in ["host", "none", "'container:x'"] {
        let yaml = yaml(&format!("network_mode: {mode}"));
        assert!(refused(&yaml, &listening("0.0.0.0"), &default).is_empty(), "{mode}");
    }
    // What listens may be the container that leaves the host's network in this run.
    let (_, observed) = brought_up(&yaml("network_mode: host")).await;
    let observed = Observed { listeners: listening("0.0.0.0").listeners, ..observed };
    let plan = plan_up(&project(&yaml("")), &observed, &default);
    let told: Vec<_> = plan.diagnostics.iter().map(|one| (one.code, one.is_error())).collect();
    assert_eq!(told, [("port-taken", false)]);
    let other = "services: { web: { image: app:1, network_mode: host }, next: { image: app:1, ports: ['8080:80'] } }";
    assert_eq!(refused(other, &observed, &default), ["port-taken"], "it stays on the host's network");
}

#[tokio::test(start_paused = true)]
async fn fixed_addresses_that_the_engine_would_refuse_are_refused_before_anything_is_made() {
    let on = |network: &str, address: &str| {
        format!(
            "services: {{ a: {{ image: app:1, networks: {{ n: {{ {address} }} }} }} }}\nnetworks: {{ n: {network} }}"
        )
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    let told = |network: &str, address: &str| refused(&on(network, address), &nothing, &default);
    let v4 = |network: &str, address: &str| told(network, &format!("ipv4_address: {address}"));
    let plain = "{ ipam: { config: [{ subnet: 10.5.0.0/24 }] } }";
    for address in ["10.5.1.2", "10.5.0.0", "10.5.0.255", "10.5.0.1"] {
        assert_eq!(v4(plain, address), ["address-unusable"], "{address}");
    }
    assert!(v4(plain, "10.5.0.2").is_empty());
    assert_eq!(v4("{}", "10.5.0.2"), ["address-unusable"], "no subnet");
    let full = "{ ipam: { config: [{ subnet: 10.5.0.0/24, gateway: 10.5.0.254, aux_addresses: { x: 10.5.0.9 } }] } }";
    assert_eq!(v4(full, "10.5.0.254"), ["address-unusable"]);
    assert_eq!(v4(full, "10.5.0.9"), ["address-unusable"]);
    assert!(v4(full, "10.5.0.1").is_empty(), "the gateway is another");
    // Where the engine puts the gateway is not known then.
    assert!(v4("{ internal: true, ipam: { config: [{ subnet: 10.5.0.0/24 }] } }", "10.5.0.1").is_empty());
    assert!(v4("{ ipam: { config: [{ subnet: 10.5.0.0/24, ip_range: 10.5.0.128/25 }] } }", "10.5.0.1").is_empty());
    // Other drivers have rules of their own.
    assert!(v4("{ driver: macvlan }", "10.5.0.2").is_empty());
    let both = "{ enable_ipv6: true, ipam: { config: [{ subnet: 10.5.0.0/24 }, { subnet: 'fd00:5::/64' }] } }";
    assert!(told(both, "ipv4_address: 10.5.0.2, ipv6_address: 'fd00:5::2'").is_empty());
    assert_eq!(told(both, "ipv4_address: 10.5.0.2, ipv6_address: 'fd00:6::2'"), ["address-unusable"]);
    assert_eq!(told("{ enable_ipv6: true }", "ipv6_address: 'fd00:6::2'"), ["address-unusable"]);
    // Without IPv6 the engine passes over it.
    assert!(told(plain, "ipv6_address: 'fd00:6::2'").is_empty());
    let (_, observed) = brought_up_fixed().await;
    let kept = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
    assert!(refused(&on(plain, "ipv4_address: 10.6.0.2"), &observed, &kept).is_empty(), "nothing is made");
}

async fn brought_up_fixed() -> (std::sync::Arc<inception::engine::fake::FakeEngine>, Observed) {
    brought_up(
        "services: { a: { image: app:1, networks: { n: { ipv4_address: 10.5.0.2 } } } }
networks: { n: { ipam: { config: [{ subnet: 10.5.0.0/24 }] } } }",
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn an_image_is_there_by_its_name_and_by_its_id_in_short() {
    let observed = observed(&engine()).await;
    for (name, is_there) in [
        ("app:1", true),
        ("100000000000", true),
        ("1000000000000", true),
        ("a00000000000", false),
        ("10000000", true),
        ("1000000", false),
    ] {
        let plan = images(
            &project(&format!("services: {{ a: {{ image: '{name}' }} }}")),
            &observed,
            &UpOptions::default(),
            &ImageOptions::default(),
        );
        assert_eq!(plan.is_empty(), is_there, "{name}: {}", render(&plan));
    }
}

#[test]
fn an_interface_is_one_networks() {
    let yaml = |name: &str| {
        format!(
            "services: {{ a: {{ image: app:1 }} }}
networks: {{ default: {{ driver_opts: {{ com.docker.network.bridge.name: {name} }} }} }}"
        )
    };
    let named = |name: &str, interface: &str| inception::model::ObservedNetwork {
        name: name.into(),
        driver_opts: [("com.docker.network.bridge.name".to_owned(), interface.to_owned())].into(),
        ..Default::default()
    };
    let observed = Observed { networks: vec![named("bridge", "docker0"), named("other", "")], ..Observed::default() };
    let default = UpOptions::default();
    assert_eq!(refused(&yaml("docker0"), &observed, &default), ["bridge-taken"]);
    assert!(refused(&yaml("shop0"), &observed, &default).is_empty());
    assert!(refused(&yaml("''"), &observed, &default).is_empty(), "the engine chooses");
    assert!(refused(&yaml("docker0, x: y }, driver: macvlan, labels: {"), &observed, &default).is_empty());
    let two = "services: { a: { image: app:1, networks: [m, n] } }
networks:
  m: { driver_opts: { com.docker.network.bridge.name: shop0 } }
  n: { driver_opts: { com.docker.network.bridge.name: shop0 } }";
    assert_eq!(refused(two, &observed, &default), ["bridge-taken"]);
}

#[test]
fn an_address_is_one_containers() {
    let two = |more: &str| {
        format!(
            "services:
  a: {{ image: app:1, networks: {{ n: {{ ipv4_address: 10.5.0.2 }} }} }}
  b: {{ image: app:1, networks: {{ n: {{ ipv4_address: 10.5.0.2 }} }} {more} }}
networks: {{ n: {{ ipam: {{ config: [{{ subnet: 10.5.0.0/24 }}] }} }} }}"
        )
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    assert_eq!(refused(&two(""), &nothing, &default), ["address-taken"]);
    let turns = two(", depends_on: { a: { condition: service_completed_successfully } }");
    assert!(refused(&turns, &nothing, &default).is_empty(), "a has given it back by then");
    let without_b = UpOptions { scale: [("b".into(), 0)].into(), ..UpOptions::default() };
    assert!(refused(&two(""), &nothing, &without_b).is_empty());
    let twice = UpOptions { scale: [("a".into(), 2), ("b".into(), 0)].into(), ..UpOptions::default() };
    assert_eq!(refused(&two(""), &nothing, &twice), ["address-taken"]);
}

#[test]
fn each_family_of_addresses_has_its_own_ports() {
    let both = |first: &str, second: &str| {
        format!("services: {{ web: {{ image: app:1, ports: ['{first}:8080:80', '{second}:8080:80'] }} }}")
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    assert!(refused(&both("0.0.0.0", "[::]"), &nothing, &default).is_empty());
    assert!(refused(&both("127.0.0.1", "[::]"), &nothing, &default).is_empty());
    assert_eq!(refused(&both("0.0.0.0", "127.0.0.1"), &nothing, &default), ["port-twice"]);
    let one = |address: &str| format!("services: {{ web: {{ image: app:1, ports: ['{address}:8080:80'] }} }}");
    assert!(refused(&one("[::1]"), &listening("0.0.0.0"), &default).is_empty());
    // What listens on `::` mostly has IPv4, too.
    assert_eq!(refused(&one("0.0.0.0"), &listening("::"), &default), ["port-taken"]);
}

#[tokio::test(start_paused = true)]
async fn what_loses_a_network_for_a_moment_gets_back_all_aliases_and_addresses() {
    let yaml = |label: &str, image: &str| {
        format!(
            "services:
  web: {{ image: '{image}', networks: {{ n: {{ aliases: [www], ipv4_address: 10.9.0.10 }} }} }}
  db: {{ image: app:1, networks: {{ n: {{ aliases: [primary-db], ipv4_address: 10.9.0.11 }} }} }}
networks: {{ n: {{ labels: {{ v: '{label}' }}, ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}"
        )
    };
    let (_, mut observed) = brought_up(&yaml("1", "app:1")).await;
    // A list tells fixed addresses, and of what is not in the file nothing more is known.
    let mut orphan = observed.containers[0].clone();
    (orphan.id, orphan.name) = ("x".into(), "p-old-1".into());
    orphan.labels.insert("com.docker.compose.service".to_owned(), "old".to_owned());
    orphan.networks.values_mut().for_each(|endpoint| endpoint.fixed_ipv4 = Some("10.9.0.12".to_owned()));
    observed.containers.push(orphan);
    let options = UpOptions { services: ["web".into()].into(), no_dependencies: true, ..UpOptions::default() };
    let plan = plan_up(&project(&yaml("2", "app:2")), &observed, &options);
    let connected = plan.steps.iter().filter_map(|step| match &step.action {
        inception::plan::Action::ConnectNetwork { endpoint, .. } => Some(&**endpoint),
        _ => None,
    });
    let again = connected.chain(&plan.replacements[0].reconnects);
    let mut told: Vec<_> =
        again.map(|one| format!("{} {}", one.aliases.join(","), one.ipv4_address.as_deref().unwrap_or("-"))).collect();
    told.sort();
    assert_eq!(
        told,
        ["p-db-1,db,primary-db 10.9.0.11", "p-old-1,old 10.9.0.12", "p-web-1,web,www 10.9.0.10"],
        "{}",
        render(&plan)
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_stop_first_where_old_and_new_would_write_to_one_anonymous_volume() {
    let yaml = |image: &str| {
        format!("services: {{ web: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }} }}")
    };
    let (_, mut observed) = brought_up(&yaml("app:1")).await;
    observed.containers[0].mounts.push(inception::model::ObservedMount {
        kind: "volume".to_owned(),
        name: "a".repeat(64),
        destination: "/data".to_owned(),
        ..Default::default()
    });
    let wanted = project(&yaml("app:2"));
    let plan = plan_up(&wanted, &observed, &UpOptions::default());
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["start-first-impossible"]);
    let told = impacts(&plan, &wanted, &observed, &UpOptions::default());
    assert!(matches!(told[0].downtime, Downtime::WhileReplaced { .. }), "{told:?}");
    let why = "both would write to the volume at `/data`".to_owned();
    assert_eq!(told[0].order, Some(("stop-first", why)));
}

#[test]
fn what_is_only_created_restarts_nobody() {
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

#[test]
fn several_replicas_cannot_have_one_name() {
    let yaml = "services: { db: { image: app:1, container_name: one } }";
    let scale = |number| UpOptions { scale: [("db".into(), number)].into(), ..UpOptions::default() };
    assert!(refused(yaml, &Observed::default(), &scale(1)).is_empty());
    assert_eq!(refused(yaml, &Observed::default(), &scale(2)), ["scale-and-name"]);
}

#[test]
fn a_range_of_ports_must_have_one_for_each_replica() {
    let yaml = |port: &str| format!("services: {{ web: {{ image: app:1, scale: 3, ports: ['{port}'] }} }}");
    let told = |port: &str| refused(&yaml(port), &Observed::default(), &UpOptions::default());
    assert_eq!(told("8001-8002:80"), ["port-twice"]);
    assert!(told("8001-8003:80").is_empty());
    assert!(told("80").is_empty());
    let plan = plan_up(&project(&yaml("8001-8002:80")), &Observed::default(), &UpOptions::default());
    assert_eq!(
        plan.diagnostics[0].message,
        "3 replicas of service `web` cannot all have one of the host ports 8001-8002"
    );
    let scaled = UpOptions { scale: [("web".into(), 2)].into(), ..UpOptions::default() };
    assert!(refused(&yaml("8001-8002:80"), &Observed::default(), &scaled).is_empty());
}

#[test]
fn what_is_no_file_of_the_host_cannot_be_put_into_a_read_only_root() {
    let wanted =
        project("services: { web: { image: app:1, read_only: true, configs: [c] } }\nconfigs: { c: { content: x } }");
    let content = inception::plan::Content { digest: "1".to_owned(), bytes: Some(b"x".as_slice().into()) };
    let contents = inception::plan::Contents { configs: [("c".to_owned(), content)].into(), ..Default::default() };
    let plan = inception::plan::up(&wanted, &Observed::default(), &contents, &UpOptions::default());
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["read-only-root"]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_was_asked_and_what_really_goes() {
    let yaml = "services: { web: { image: app:1, scale: 2, depends_on: [db] }, db: { image: app:1 } }";
    let (_, mut observed) = brought_up(yaml).await;
    let wanted = project(yaml);
    let options = UpOptions {
        services: ["web".into()].into(),
        recreate_dependencies: Recreate::Force,
        renew_anonymous_volumes: true,
        scale: [("web".into(), 1)].into(),
        ..UpOptions::default()
    };
    let plan = plan_up(&wanted, &observed, &options);
    assert!(render(&plan).contains("asked by --always-recreate-deps"), "{}", render(&plan));
    let told = |observed: &Observed| impacts(&plan, &wanted, observed, &options);
    let found = told(&observed);
    assert_eq!((found[1].service.as_str(), &found[1].downtime), ("web", &Downtime::Fewer));
    assert_eq!(found[0].losses, [Loss::ContainerFiles], "it has no anonymous volumes");
    let volume =
        inception::model::ObservedMount { kind: "volume".to_owned(), name: "a".repeat(64), ..Default::default() };
    observed.containers.iter_mut().for_each(|one| one.mounts.push(volume.clone()));
    assert_eq!(told(&observed)[0].losses, [Loss::ContainerFiles, Loss::AnonymousVolumes]);
}

const ADDRESSED: &str = "
services: { web: { image: app:1, networks: { n: { aliases: [www], ipv4_address: 10.9.0.10 } } } }
networks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
";

#[tokio::test(start_paused = true)]
async fn a_container_that_has_lost_its_address_is_recreated() {
    let (_, mut observed) = brought_up(ADDRESSED).await;
    let plan_at = |observed: &mut Observed, address: &str| {
        let networks = &mut observed.containers[0].networks;
        networks.values_mut().for_each(|endpoint| endpoint.ip_address = address.to_owned());
        plan_up(&project(ADDRESSED), observed, &UpOptions::default())
    };
    assert!(plan_at(&mut observed, "10.9.0.10").is_empty());
    let plan = plan_at(&mut observed, "10.9.0.2");
    assert_eq!(plan.steps[0].reason.to_string(), "not at its address 10.9.0.10 on network `n`");
}

#[tokio::test(start_paused = true)]
async fn lost_aliases_and_addresses_are_drift() {
    let (_, mut observed) = brought_up(ADDRESSED).await;
    let id = observed.containers[0].id.clone();
    let mut told = |aliases: &[&str], address: &str| {
        let aliases = aliases.iter().map(ToString::to_string).collect();
        let endpoint = DefinedEndpoint { aliases, ipv4_address: address.to_owned(), ..Default::default() };
        let mut made = Definition::default();
        made.add_endpoint("p_n", endpoint);
        observed.definitions.insert(id.clone(), made);
        let found = drift(&project(ADDRESSED), &observed, &BTreeSet::new(), '-');
        found.iter().map(|one| format!("{}: {} → {}", one.attribute, one.expected, one.found)).collect::<Vec<_>>()
    };
    assert!(told(&["p-web-1", "web", "www", "more"], "10.9.0.10").is_empty());
    assert_eq!(told(&["p-web-1", "web"], ""), ["aliases: web, www → web", "ipv4_address: 10.9.0.10 → (unset)"]);
}

const SIDECAR: &str = "
services:
  vpn: { image: app:1, networks: [n] }
  app: { image: app:1, network_mode: 'service:vpn' }
  web: { image: app:1, networks: [n] }
networks: { n: { labels: { v: '1' } } }
";

#[tokio::test(start_paused = true)]
async fn what_shares_the_network_of_what_is_started_again_is_restarted_though_it_is_not_selected() {
    let (engine, observed) = brought_up(SIDECAR).await;
    let alone =
        |name: &str| UpOptions { services: [name.into()].into(), no_dependencies: true, ..UpOptions::default() };
    let changed = project(&SIDECAR.replace("'1'", "'2'"));
    let plan = plan_up(&changed, &observed, &alone("web"));
    assert!(render(&plan).contains("restart     app#1"), "{}", render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    let wanted = project(SIDECAR);
    let only = BTreeSet::from(["vpn".into()]);
    let stop = lifecycle(&wanted, &observed, &only, &Lifecycle::Stop { grace: None });
    assert!(run(&engine, &stop).await.is_success());
    let plan = plan_up(&changed, &common::observed(&engine).await, &alone("vpn"));
    expect![[r#"
        1       start    vpn#1  not running
        2 <- 1  wait     vpn#1  until running
        3 <- 1  restart  app#1  shares the network of `vpn`, which is started again
        4 <- 3  wait     app#1  until running
    "#]]
    .assert_eq(&render(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_start_restarts_what_shares_the_network_of_what_it_starts() {
    let (engine, observed) = brought_up(SIDECAR).await;
    let only = BTreeSet::from(["vpn".into()]);
    let stop = lifecycle(&project(SIDECAR), &observed, &only, &Lifecycle::Stop { grace: None });
    assert!(run(&engine, &stop).await.is_success());
    let observed = common::observed(&engine).await;
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
async fn what_loses_its_network_because_the_one_that_has_it_is_replaced_is_told_of() {
    let (_, observed) = brought_up(SIDECAR).await;
    let told = |services: &[&str]| {
        let services = services.iter().map(|name| (*name).into()).collect();
        let options = UpOptions { services, recreate: Recreate::Force, ..UpOptions::default() };
        let plan = plan_up(&project(SIDECAR), &observed, &options);
        plan.diagnostics.iter().map(|one| format!("{}: {}", one.code, one.message)).collect::<Vec<_>>()
    };
    let cut = "joined-cut-off: container `p-app-1` will have no network: it shares that of `p-vpn-1`, which is removed";
    assert_eq!(told(&["vpn"]), [cut]);
    assert_eq!(told(&["web"]), Vec::<String>::new());
    assert_eq!(told(&["vpn", "app"]), Vec::<String>::new());
    assert_eq!(told(&[]), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_started_before_the_one_whose_network_it_shares_is_restarted() {
    let (_, mut observed) = brought_up(SIDECAR).await;
    let wanted = project(SIDECAR);
    let plan = plan_up(&wanted, &observed, &UpOptions::default());
    assert!(plan.is_empty());
    assert_eq!(plan.redefined().len(), 2, "the one and the other are looked at, and nobody else");
    let mut started = |app: &str, vpn: &str| {
        for (service, time) in [("app", app), ("vpn", vpn)] {
            let id = observed.containers.iter().find(|one| one.service() == Some(service)).unwrap().id.clone();
            let mut made = Definition::default();
            made.set_started_at(time);
            observed.definitions.insert(id, made);
        }
        let drifted = drift(&wanted, &observed, &BTreeSet::new(), '-');
        let plan = plan_up(&wanted, &observed, &UpOptions::default());
        assert_eq!(plan.is_empty(), drifted.is_empty(), "{drifted:?}");
        render(&plan)
    };
    assert_eq!(started("2026-01-01T00:00:01.123Z", "2026-01-01T00:00:01.12Z"), "");
    expect![[r#"
        1       restart  app#1  shares the network of `vpn`, which is started again
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&started("2026-01-01T00:00:01.12Z", "2026-01-01T00:00:01.123Z"));
}

#[test]
fn a_content_that_could_not_be_read_before_is_no_change() {
    use inception::plan::{Content, Contents};
    let yaml = "services: { web: { image: app:1, secrets: [s, t] } }\nsecrets: { s: { file: ./s }, t: { file: ./t } }";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (engine, project) = (engine(), project(yaml));
        let known = |pairs: &[(&str, &str)]| {
            let content = |digest: &str| Content { digest: digest.to_owned(), bytes: None };
            let secrets = pairs.iter().map(|(key, digest)| ((*key).to_owned(), content(digest))).collect();
            Contents { secrets, ..Contents::default() }
        };
        let plan = |observed: &Observed, contents: &Contents| {
            render(&inception::plan::up(&project, observed, contents, &UpOptions::default()))
        };
        let first =
            inception::plan::up(&project, &observed(&engine).await, &known(&[("t", "1")]), &UpOptions::default());
        assert!(run(&engine, &first).await.is_success());
        let observed = observed(&engine).await;
        assert_eq!(plan(&observed, &known(&[("s", "5"), ("t", "1")])), "");
        assert!(
            plan(&observed, &known(&[("t", "2")])).contains("content of secret"),
            "{}",
            plan(&observed, &known(&[("t", "2")]))
        );
    });
}

const ALIKE: &str = "
services:
  a: { build: ctx }
  b: { build: ctx, environment: { X: y } }
  c: { build: { context: ctx, dockerfile: other } }
  d: { build: { context: ctx, target: last } }
";

#[test]
fn builds_of_one_dockerfile_run_one_after_the_other_so_that_they_share_layers() {
    let wish = |no_cache: bool| ImageOptions { build: true, no_cache, ..ImageOptions::default() };
    let text =
        |no_cache| render(&images(&project(ALIKE), &Observed::default(), &UpOptions::default(), &wish(no_cache)));
    expect![[r#"
        1       build  image p-a  asked by --build
        2 <- 1  build  image p-b  asked by --build
        3       build  image p-c  asked by --build
        4 <- 2  build  image p-d  asked by --build
    "#]]
    .assert_eq(&text(false));
    expect![[r#"
        1  build  image p-a  asked by --build
        2  build  image p-b  asked by --build
        3  build  image p-c  asked by --build
        4  build  image p-d  asked by --build
    "#]]
    .assert_eq(&text(true));
}

#[tokio::test(start_paused = true)]
async fn images_are_removed_one_after_the_other() {
    let (engine, _) = brought_up("services: { a: { image: app:1 }, b: { image: app:2 }, c: { image: app:1 } }").await;
    let wanted = project("services: { a: { image: app:1 }, b: { image: app:2 }, c: { image: app:1 } }");
    let options = DownOptions { images: RemoveImages::All, ..DownOptions::default() };
    let plan = down(&wanted, &observed(&engine).await, &options);
    expect![[r#"
        1             stop    c#1              asked by `down`
        2 <- 1        remove  c#1              asked by `down`
        3             stop    b#1              asked by `down`
        4 <- 3        remove  b#1              asked by `down`
        5             stop    a#1              asked by `down`
        6 <- 5        remove  a#1              asked by `down`
        7 <- 2,4,6    remove  network default  asked by `down`
        8 <- 2,4,6    remove  image app:1      asked by --rmi
        9 <- 2,4,6,8  remove  image app:2      asked by --rmi
    "#]]
    .assert_eq(&render(&plan));
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
    assert_eq!(text(&[], true), "1  kill  a#1     asked by `kill`\n2  kill  gone#1  asked by `kill`\n");
}

/// The run that made it may have died before it put its files in, and nothing on the engine tells.
#[tokio::test(start_paused = true)]
async fn what_has_never_run_gets_its_configs_and_secrets_before_it_starts() {
    let yaml = "
        services: { web: { image: app:1, configs: [word] }, plain: { image: app:1 } }
        configs: { word: { content: said } }";
    let (_, mut observed) = brought_up(yaml).await;
    for container in observed.containers.iter_mut() {
        container.state = ContainerState::Created;
    }
    let content = inception::plan::Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    let contents = inception::plan::Contents { configs: [("word".to_owned(), content)].into(), ..Default::default() };
    let wanted = project(yaml);
    let up = |options: &UpOptions| inception::plan::up(&wanted, &observed, &contents, options);
    let plan = up(&UpOptions::default());
    assert!(lint(&plan).is_empty());
    expect![[r#"
        1       start  plain#1  not running
        2 <- 1  wait   plain#1  until running
        3       fill   web#1    has never run: its configs and secrets are put into it once more
        4 <- 3  start  web#1    not running
        5 <- 4  wait   web#1    until running
    "#]]
    .assert_eq(&render(&plan));
    let created = UpOptions { start: false, ..UpOptions::default() };
    assert!(up(&created).is_empty(), "`create` again has nothing to do");
}

/// It was made for both, but an engine that takes one at a time may have been told only the first.
#[tokio::test(start_paused = true)]
async fn what_has_never_run_is_connected_to_the_networks_it_lacks() {
    let yaml = "services: { web: { image: app:1, networks: [a, b] } }\nnetworks: { a: , b: }";
    let (_, mut observed) = brought_up(yaml).await;
    observed.containers[0].state = ContainerState::Created;
    observed.containers[0].networks.retain(|name, _| name.as_str() == "p_a");
    let plan = plan_up(&project(yaml), &observed, &UpOptions::default());
    expect![[r#"
        1       connect  web#1  not attached to network `b`
        2 <- 1  start    web#1  not attached to network `b`
        3 <- 2  wait     web#1  until running
    "#]]
    .assert_eq(&render(&plan));
}

const RENAMED: &str = "
services: { new: { image: app:1, container_name: fixed, volumes: [data:/data] } }
volumes: { data: }
";

/// A renamed service: old and new would write to one volume, and want one name.
#[tokio::test(start_paused = true)]
async fn orphans_are_gone_before_anything_starts() {
    let (engine, before) = brought_up(&RENAMED.replace("new:", "old:")).await;
    let options = UpOptions { remove_orphans: true, ..UpOptions::default() };
    let plan = plan_up(&project(RENAMED), &before, &options);
    expect![[r#"
        1         stop    old#1  no such service in the file
        2 <- 1    remove  old#1  no such service in the file
        3 <- 2    create  new#1  does not exist
        4 <- 2,3  start   new#1  does not exist
        5 <- 4    wait    new#1  until running
    "#]]
    .assert_eq(&render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(refused(RENAMED, &before, &UpOptions::default()), ["container-name-taken"]);
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_two_keys_name_is_protected_by_each() {
    let yaml = |second: &str| {
        format!(
            "services: {{ web: {{ image: app:1, volumes: ['aa:/a', 'bb:/b'] }} }}
volumes: {{ aa: {{ name: one }}, bb: {{ name: one, {second} }} }}"
        )
    };
    let (_, observed) = brought_up(&yaml("labels: {}")).await;
    let options = DownOptions { volumes: true, ..DownOptions::default() };
    let removes = |second: &str| {
        let plan = down(&project(&yaml(second)), &observed, &options);
        plan.steps.iter().any(|step| matches!(step.action, inception::plan::Action::RemoveVolume { .. }))
    };
    assert!(removes("labels: {}"));
    assert!(!removes("x-protected: true"));
    assert!(!removes("external: true"));
}

/// The run that replaced it died before it restarted what asks for that.
#[tokio::test(start_paused = true)]
async fn after_a_crash_what_was_to_be_restarted_is_restarted() {
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
    let careful = UpOptions { is_after_crash: true, ..calm };
    expect![[r#"
        1       restart  app#1  `db` is replaced and `restart: true` asks for it
        2 <- 1  wait     app#1  until running
    "#]]
    .assert_eq(&render(&plan_up(&project(&yaml(2)), &after, &careful)));
}

/// Giving back leaves it as it was: it may lack its configs and secrets.
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
async fn what_cannot_be_started_is_made_anew() {
    let project = project("services: { web: { image: app:1 } }");
    let engine = engine();
    let created = plan_up(&project, &observed(&engine).await, &UpOptions { start: false, ..UpOptions::default() });
    assert!(run(&engine, &created).await.is_success());
    let seen = observed(&engine).await;
    let unstartable = seen.containers.iter().map(|one| one.id.clone()).collect();
    let plan = plan_up(&project, &seen, &UpOptions { unstartable, ..UpOptions::default() });
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
