//! Plans of `run`.

use crate::common::{observed, project, run};
use crate::setup::{CHAIN, brought_up};
use expect_test::{Expect, expect};
use inception::model::{Contents, Health, Observed, ObservedContainer, labels};
use inception::plan::{self, Action, ContainerRef, OneOff, Plan, UpOptions, lint, render};

fn one() -> OneOff {
    OneOff {
        service: "web".into(),
        name: "p-web-run-0123456789ab".into(),
        slug: "0123456789ab".to_owned(),
        client: Some("1@2@3".to_owned()),
        ..OneOff::default()
    }
}

fn planned(yaml: &str, observed: &Observed, one: &OneOff) -> Plan {
    let plan = plan::run(&project(yaml), observed, &Contents::default(), &UpOptions::default(), one);
    assert_eq!(lint(&plan), Vec::<String>::new(), "\n{}", render(&plan));
    plan
}

fn check(yaml: &str, observed: &Observed, one: &OneOff, expected: &Expect) {
    expected.assert_eq(&render(&planned(yaml, observed, one)));
}

#[tokio::test(start_paused = true)]
async fn a_one_off_waits_for_its_dependencies_and_touches_nothing_else() {
    let before = CHAIN.replace("depends_on: { db: { condition: service_healthy } }", "command: x");
    let (engine, found) = brought_up(&before).await;
    check(
        CHAIN,
        &found,
        &one(),
        &expect![[r#"
            1       wait    db#1                              until healthy
            2 <- 1  create  container p-web-run-0123456789ab  asked by `run`
            3 <- 2  start   container p-web-run-0123456789ab  asked by `run`
        "#]],
    );
    let mut changed: Vec<ObservedContainer> = found.containers.iter().cloned().collect();
    changed.iter_mut().filter(|one| one.service() == Some("db")).for_each(|one| one.health = Health::Healthy);
    let healthy = Observed { containers: changed.into(), ..found.clone() };
    check(
        CHAIN,
        &healthy,
        &one(),
        &expect![[r#"
            1       create  container p-web-run-0123456789ab  asked by `run`
            2 <- 1  start   container p-web-run-0123456789ab  asked by `run`
        "#]],
    );
    check(
        CHAIN,
        &found,
        &OneOff { no_dependencies: true, ..one() },
        &expect![[r#"
            1       create  container p-web-run-0123456789ab  asked by `run`
            2 <- 1  start   container p-web-run-0123456789ab  asked by `run`
        "#]],
    );
    let plan = planned(CHAIN, &found, &OneOff { no_dependencies: true, ..one() });
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(observed(&engine).await.containers.iter().count(), found.containers.iter().count() + 1);
}

#[test]
fn a_one_off_has_names_and_labels_of_its_own() {
    let yaml = "
services:
  web:
    image: app:1
    restart: always
    container_name: fixed
    stdin_open: true
    networks: { default: { aliases: [www] } }
    post_start: [{ command: [x] }]
";
    let made = |one: &OneOff| {
        let plan = planned(yaml, &Observed::default(), one);
        let steps: Vec<_> = plan.steps.iter().map(|step| (step.action.clone(), step.is_optional)).collect();
        let hook = steps.iter().find(|(action, _)| matches!(action, Action::RunHook { .. })).unwrap();
        assert!(hook.1, "the container may end before its hook");
        steps
            .into_iter()
            .find_map(|(action, _)| match action {
                Action::CreateContainer { spec, .. } => Some(spec),
                _ => None,
            })
            .unwrap()
    };
    let spec = made(&one());
    assert_eq!(spec.name.as_str(), "p-web-run-0123456789ab");
    assert_eq!(spec.networks[0].aliases, ["p-web-run-0123456789ab"]);
    assert_eq!(spec.restart, inception::model::RestartPolicy::No);
    assert!(spec.attach && spec.stdin_once && !spec.auto_remove);
    let label = |key: &str| spec.labels.get(key).map(String::as_str);
    assert_eq!((label(labels::ONEOFF), label(labels::NUMBER)), (Some("True"), None));
    assert_eq!((label(labels::SLUG), label(labels::CLIENT)), (Some("0123456789ab"), Some("1@2@3")));
    let spec = made(&OneOff { has_aliases: true, client: None, auto_remove: true, ..one() });
    assert_eq!(spec.networks[0].aliases, ["p-web-run-0123456789ab", "web", "www"]);
    assert!(!spec.attach && !spec.stdin_once && spec.auto_remove);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused() {
    let (_, found) = brought_up(CHAIN).await;
    let plan = planned(CHAIN, &found, &OneOff { name: "p-web-1".into(), ..one() });
    let codes: Vec<_> = plan.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code).collect();
    assert_eq!(codes, ["container-name-taken"]);
    let is_new = |step: &plan::Step| match &step.action {
        Action::StartContainer { container } => matches!(container, ContainerRef::Planned(_)),
        _ => true,
    };
    assert!(plan.steps.iter().all(is_new));
}
