//! Names of containers: set in the file, changed by hand, held by another container or by an orphan.

use std::collections::BTreeSet;

use crate::common::{observed, plan_up, project, run};
use crate::setup::{brought_up, refused};
use expect_test::expect;
use inception::engine::{ChangeEngine, RemoveOptions};
use inception::model::Observed;
use inception::plan::{Recreate, UpOptions, drift, render};

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
    // Compat: the names of docker compose 1 (`p_web_1`) are accepted.
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
        let observed = crate::common::observed(&engine).await;
        let is_named =
            |one: &inception::model::ObservedContainer| one.name.as_str() == format!("p-web-{}", one.number().unwrap());
        assert!(plan_up(&project(yaml), &observed, &UpOptions::default()).is_empty());
        observed.containers.len() == 2 && observed.containers.iter().all(is_named)
    };
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
    let force = UpOptions { recreate: Recreate::Force, ..UpOptions::default() };
    let plan = plan_up(&project(yaml), &exchange().await, &force);
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
    // Container 2 holds the name that the new replica 1 is to get.
    rename(1, "odd").await;
    rename(2, "p-web-1").await;
    let observed = crate::common::observed(&engine).await;
    let gone = observed.containers.iter().find(|one| one.number() == Some(1)).unwrap();
    engine.remove_container(&gone.id, RemoveOptions { force: true, volumes: false }).await.unwrap();
    let plan = plan_up(&project(yaml), &crate::common::observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success() && is_right().await);
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

#[test]
fn several_replicas_cannot_have_one_name() {
    let yaml = "services: { db: { image: app:1, container_name: one } }";
    let scale = |number| UpOptions { scale: [("db".into(), number)].into(), ..UpOptions::default() };
    assert!(refused(yaml, &Observed::default(), &scale(1)).is_empty());
    assert_eq!(refused(yaml, &Observed::default(), &scale(2)), ["scale-and-name"]);
}

const RENAMED: &str = "
services: { new: { image: app:1, container_name: fixed, volumes: [data:/data] } }
volumes: { data: }
";

/// `old` was renamed to `new` in the file: both would write to the same volume, and both want the same container name.
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

/// `up` of one service leaves `db` alone, so the container of `db` keeps the name, and the engine would refuse it
/// twice.
#[tokio::test(start_paused = true)]
async fn the_name_of_a_service_that_is_not_selected_is_taken() {
    let (_, mut observed) = brought_up("services: { db: { image: app:1 } }").await;
    let yaml = "services: { db: { image: app:1 }, web: { image: app:1 } }";
    observed.containers[0].name = "p-web-1".into();
    let only_web = UpOptions { services: ["web".into()].into(), ..UpOptions::default() };
    assert_eq!(refused(yaml, &observed, &only_web), ["container-name-taken"]);
    assert!(refused(yaml, &observed, &UpOptions::default()).is_empty(), "both are selected: the names are exchanged");
}

/// The old container was removed by hand. Nobody has checked yet that the new one stays up.
#[tokio::test(start_paused = true)]
async fn a_replacement_that_was_not_finished_is_waited_for_before_it_counts() {
    let yaml = "services: { web: { image: app:1 } }";
    let (_, mut observed) = brought_up(yaml).await;
    observed.containers[0].name = "0123456789ab_p-web-1".into();
    expect![[r#"
        1       rename  web#1  an earlier run did not finish: it still has its temporary name
        2 <- 1  wait    web#1  until running
    "#]]
    .assert_eq(&render(&plan_up(&project(yaml), &observed, &UpOptions::default())));
}
