//! Services that share a namespace or the volumes of another service (`network_mode`, `pid`, `ipc`, `volumes_from`).

use std::collections::BTreeSet;

use crate::common::{plan_up, project, run};
use crate::setup::{SIDECAR, brought_up, refused};
use expect_test::expect;
use inception::model::{Definition, Observed};
use inception::plan::{Lifecycle, Recreate, UpOptions, drift, lifecycle, render};

#[tokio::test(start_paused = true)]
async fn a_container_is_not_created_without_the_service_whose_namespace_or_volumes_it_shares() {
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
async fn a_container_that_shares_the_network_of_a_started_one_is_restarted_though_it_is_not_selected() {
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
    let plan = plan_up(&changed, &crate::common::observed(&engine).await, &alone("vpn"));
    expect![[r#"
        1       start    vpn#1  not running
        2 <- 1  wait     vpn#1  until running
        3 <- 1  restart  app#1  shares the network of `vpn`, which is started again
        4 <- 3  wait     app#1  until running
    "#]]
    .assert_eq(&render(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_container_that_loses_the_network_of_a_replaced_container_is_warned_of() {
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
async fn a_container_that_started_before_the_one_whose_network_it_shares_is_restarted() {
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

#[tokio::test(start_paused = true)]
async fn a_container_that_shares_something_of_a_replaced_one_is_removed_first() {
    for shared in ["network_mode: 'service:vpn'", "pid: 'service:vpn'", "ipc: 'service:vpn'", "volumes_from: [vpn]"] {
        let yaml = format!(
            "services: {{ vpn: {{ image: app:1, environment: {{ A: '1' }} }}, app: {{ image: app:1, {shared} }} }}"
        );
        let (engine, observed) = brought_up(&yaml).await;
        let changed = project(&yaml.replace("'1'", "'2'"));
        let options = UpOptions { recreate: Recreate::Force, ..UpOptions::default() };
        let plan = plan_up(&changed, &observed, &options);
        let removal = |service: &str| {
            let is_removal = |step: &&inception::plan::Step| {
                matches!(step.action, inception::plan::Action::RemoveContainer { .. })
                    && step.target.service().is_some_and(|name| name.as_str() == service)
            };
            plan.steps.iter().find(is_removal).unwrap()
        };
        assert!(removal("vpn").after.contains(&removal("app").id), "{shared}: {}", render(&plan));
        assert!(run(&engine, &plan).await.is_success(), "{shared}");
    }
}
