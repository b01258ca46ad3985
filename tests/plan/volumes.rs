//! Named and anonymous volumes: kept, refused, recreated by name, protected.

use crate::common::{engine, observed, plan_up, project, run};
use crate::setup::{CHAIN, brought_up};
use expect_test::expect;
use inception::model::{Definition, Observed};
use inception::plan::{DownOptions, Loss, UpOptions, down, impacts, render};

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

#[tokio::test(start_paused = true)]
async fn a_changed_volume_is_made_anew_only_where_it_is_given_up_by_name() {
    let (engine, observed) = brought_up(CHAIN).await;
    let changed = project(&CHAIN.replace("data: }", "data: { driver_opts: { type: none, o: bind, device: /srv } } }"));
    let options = UpOptions { recreate_volumes: ["data".to_owned()].into(), ..UpOptions::default() };
    let plan = plan_up(&changed, &observed, &options);
    assert!(!plan.diagnostics.iter().any(inception::diag::Diagnostic::is_error), "{:?}", plan.diagnostics);
    expect![[r#"
        1       stop    db#1         volume `data` is recreated
        2 <- 1  remove  db#1         volume `data` is recreated
        3 <- 2  remove  volume data  driver_opts.device (unset) → `/srv`; driver_opts.o (unset) → `bind`; driver_opts.type (unset) → `none`; its data is given up by --recreate-volume
        4 <- 3  create  volume data  driver_opts.device (unset) → `/srv`; driver_opts.o (unset) → `bind`; driver_opts.type (unset) → `none`; its data is given up by --recreate-volume
        5 <- 4  create  db#1         volume `data` is recreated
        6 <- 5  start   db#1         volume `data` is recreated
        7 <- 6  wait    db#1         until running
    "#]]
    .assert_eq(&render(&plan));
    let told = impacts(&plan, &changed, &observed, &options);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].losses, [Loss::ContainerFiles, Loss::Volume("p_data".into())]);
    assert!(run(&engine, &plan).await.is_success());
    let after = crate::common::observed(&engine).await;
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

const SCRATCH: &str = "
services:
  web: { image: app:1, depends_on: [db], volumes: [/scratch] }
  db: { image: app:1, volumes: [/data] }
  named: { image: app:1, volumes: [vol:/v] }
volumes: { vol: }
";

/// Returns the services whose containers a plan replaces, each with the reason.
fn replaced(plan: &inception::plan::Plan) -> Vec<String> {
    let of = |one: &inception::plan::Replacement| {
        let inception::plan::ContainerRef::Planned(step) = one.new else { return String::new() };
        let step = &plan.steps[step.index()];
        format!("{}: {}", one.group, step.reason)
    };
    plan.replacements.iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn renewed_volumes_cost_a_container_that_is_as_the_file_says() {
    let (engine, observed) = brought_up(SCRATCH).await;
    let volumes = |observed: &Observed, service: &str| -> Vec<String> {
        let one = observed.containers.iter().find(|one| one.service() == Some(service)).unwrap();
        one.mounts.iter().map(|mount| mount.name.clone()).collect()
    };
    let options = UpOptions { renew_anonymous_volumes: true, ..UpOptions::default() };
    let plan = plan_up(&project(SCRATCH), &observed, &options);
    let asked = |name: &str| format!("{name}: asked by --renew-anon-volumes");
    assert_eq!(replaced(&plan), [asked("db"), asked("web")], "named volumes are no reason");
    let told = impacts(&plan, &project(SCRATCH), &observed, &options);
    assert!(told.iter().all(|one| one.losses.contains(&Loss::AnonymousVolumes)), "{told:?}");
    assert!(run(&engine, &plan).await.is_success());
    let after = crate::common::observed(&engine).await;
    for service in ["web", "db"] {
        assert_ne!(volumes(&after, service), volumes(&observed, service), "{service}");
    }
    assert_eq!(volumes(&after, "named"), volumes(&observed, "named"));
    assert!(plan_up(&project(SCRATCH), &after, &UpOptions::default()).is_empty(), "nothing is left to do");
}

#[tokio::test(start_paused = true)]
async fn volumes_of_services_that_nobody_named_are_not_renewed() {
    let (_, observed) = brought_up(SCRATCH).await;
    let options = UpOptions { renew_anonymous_volumes: true, services: ["web".into()].into(), ..UpOptions::default() };
    let plan = plan_up(&project(SCRATCH), &observed, &options);
    assert_eq!(replaced(&plan), ["web: asked by --renew-anon-volumes"]);
    let options = UpOptions { recreate: inception::plan::Recreate::Never, ..options };
    assert!(plan_up(&project(SCRATCH), &observed, &options).is_empty());
}

#[tokio::test(start_paused = true)]
async fn volumes_that_come_from_another_container_are_no_reason_to_renew() {
    let yaml = "services: { web: { image: app:1, volumes_from: [db] }, db: { image: app:1, volumes: [/data] } }";
    let (_, observed) = brought_up(yaml).await;
    let options = |name: &str| UpOptions {
        renew_anonymous_volumes: true,
        services: [name.into()].into(),
        ..UpOptions::default()
    };
    assert_eq!(replaced(&plan_up(&project(yaml), &observed, &options("web"))), [""; 0]);
    let plan = plan_up(&project(yaml), &observed, &options("db"));
    assert_eq!(replaced(&plan), ["db: asked by --renew-anon-volumes"]);
}
