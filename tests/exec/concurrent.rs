//! Two runs at the same time, on one machine or on two. Each accepts what the other has already done.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, run, up};
use crate::setup::{FINAL, after, networks, prepared};
use inception::engine::fake::Fault;
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine, RemoveOptions};
use inception::plan::UpOptions;

#[tokio::test(start_paused = true)]
async fn a_new_container_stays_when_the_old_one_is_gone_though_the_run_fails() {
    let engine = engine();
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    let old = engine.inspect_container("p-web-1").await.unwrap().id;
    let wanted = project("services: { web: { image: app:2 } }");
    let plan = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    // The reply to this run's wait is lost. Meanwhile another machine has finished the same replacement.
    let world = Arc::new(engine.client(0));
    engine.set_faults(move |call| {
        if call.name == "inspect_container" {
            let (world, old) = (world.clone(), old.clone());
            tokio::spawn(
                async move { world.remove_container(&old, RemoveOptions { force: true, volumes: false }).await },
            );
            return Fault::Fail(ErrorKind::Connection);
        }
        Fault::None
    });
    let first = tokio::time::timeout(Duration::from_secs(600), run(&engine, &plan)).await.unwrap();
    engine.clear_faults();
    assert!(!first.is_success());
    assert_eq!(containers(&engine).await.len(), 1);
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_another_run_makes_while_a_doubled_network_is_settled_is_found() {
    let engine = engine();
    let plan =
        plan_up(&project("services: { web: { image: app:1 } }"), &observed(&engine).await, &UpOptions::default());
    let spec = plan.steps.iter().find_map(|step| match &step.action {
        inception::plan::Action::CreateContainer { spec, .. } => Some((**spec).clone()),
        _ => None,
    });
    let (other, spec) = (Arc::new(engine.client(7)), spec.unwrap());
    let mut is_first = true;
    engine.set_faults(move |call| {
        if call.client != 7 && call.name == "create_container" && std::mem::take(&mut is_first) {
            let (other, spec) = (other.clone(), spec.clone());
            tokio::spawn(async move { other.create_container(&spec).await });
            return Fault::Fail(ErrorKind::Ambiguous);
        }
        Fault::None
    });
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_end_as_one() {
    for delay in (0..2000).step_by(50) {
        let engine = prepared(true).await;
        let wanted = project(&after());
        let later = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            up(&engine, &wanted).await
        };
        let (one, other) = tokio::join!(up(&engine, &wanted), later);
        for outcome in [one.unwrap(), other.unwrap()] {
            assert!(outcome.is_success(), "after {delay} ms: {:?} {:?}", outcome.failures, outcome.leftovers);
        }
        assert_eq!(containers(&engine).await, FINAL, "after {delay} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_another_machine_has_finished_is_not_begun_again() {
    let engine = engine();
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    let wanted = project("services: { web: { image: app:2 } }");
    let late = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    let outcome = run(&engine, &late).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_that_a_concurrent_run_has_just_taken_for_the_same_network_is_no_refusal() {
    let yaml = "services: { web: { image: 'app:1', networks: [n] } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }";
    let engine = engine();
    engine.set_script(|call| inception::engine::fake::Turn {
        work: Duration::from_millis(if call.name == "create_network" { 100 } else { 5 }),
        ..Fault::None.into()
    });
    let wanted = project(yaml);
    let (one, other) = tokio::join!(up(&engine, &wanted), up(&engine, &wanted));
    for outcome in [one.unwrap(), other.unwrap()] {
        assert!(outcome.is_success(), "{:?}", outcome.failures);
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_on_other_networks_is_not_taken_for_the_same_one() {
    let yaml = |name: &str| {
        format!("services: {{ web: {{ image: 'app:1', networks: [n] }} }}\nnetworks: {{ n: {{ name: '{name}' }} }}")
    };
    let engine = engine();
    let late = plan_up(&project(&yaml("one")), &observed(&engine).await, &UpOptions::default());
    assert!(up(&engine, &project(&yaml("other"))).await.unwrap().is_success());
    assert!(!run(&engine, &late).await.is_success(), "the name is taken by a container for another file");
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["other"]"#]);
}
