//! Plans of `down`.

use crate::common::{engine, observed, plan_up, project, run};
use crate::setup::{CHAIN, brought_up};
use expect_test::expect;
use inception::model::Observed;
use inception::plan::{DownOptions, Plan, RemoveImages, UpOptions, down, lint, render};

#[tokio::test(start_paused = true)]
async fn down_removes_dependents_first_and_keeps_data() {
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
    assert!(crate::common::containers(&engine).await.is_empty());
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

const PROFILES: &str = "
services:
  web: { image: app:1, volumes: ['data:/data'] }
  tool: { image: app:1, profiles: [tools], volumes: ['data:/data', 'own:/own'] }
volumes: { data: , own: }
";

/// Brings up all services of a file, also those with profiles, and marks the containers of `ended` as exited.
async fn up_with(yaml: &str, ended: &[&str]) -> Observed {
    let enabled = yaml.replace("profiles: [tools]", "labels: { profile: tools }");
    let (_, mut observed) = brought_up(&enabled).await;
    for container in observed.containers.iter_mut() {
        if ended.contains(&container.service().unwrap()) {
            container.state = inception::model::ContainerState::Exited;
        }
    }
    observed
}

/// Returns the steps of a plan as `verb target`, and its diagnostics as `code: message / help`.
fn told(plan: &Plan) -> (Vec<String>, Vec<String>) {
    assert!(lint(plan).is_empty());
    let steps = render(plan);
    let steps = steps.lines().map(|line| {
        let words: Vec<&str> =
            line.split_whitespace().skip_while(|word| !word.chars().all(char::is_alphabetic)).collect();
        let text = words.join(" ");
        let end = [" asked", " no such service"].into_iter().find_map(|reason| text.find(reason)).unwrap();
        text[..end].to_owned()
    });
    let words = plan.diagnostics.iter().map(|one| {
        assert!(!one.is_error(), "{one:?}");
        format!("{}: {} / {}", one.code, one.message, one.help.as_deref().unwrap_or_default())
    });
    (steps.collect(), words.collect())
}

#[tokio::test(start_paused = true)]
async fn down_leaves_containers_of_inactive_profiles_and_what_they_use() {
    let observed = up_with(PROFILES, &[]).await;
    let options =
        DownOptions { volumes: true, images: RemoveImages::All, remove_orphans: true, ..DownOptions::default() };
    let (steps, words) = told(&down(&project(PROFILES), &observed, &options));
    assert_eq!(steps, ["stop web#1", "remove web#1"]);
    expect![[r#"
        inactive-profile: containers of services whose profiles are not active stay: `p-tool-1` / include them with `--profile tools`
        still-in-use: network `p_default` stays, for `p-tool-1` uses it / `--profile tools` removes both
        still-in-use: volume `p_data` stays, for `p-tool-1` uses it / `--profile tools` removes both
        volume-not-in-file: volumes of this project that no active service of the file uses stay: `p_own` / remove them by name with `docker volume rm`
        still-in-use: image `app:1` stays, for `p-tool-1` uses it / `--profile tools` removes both"#]]
    .assert_eq(&words.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_network_goes_where_only_an_ended_container_of_an_inactive_profile_was_on_it() {
    let observed = up_with(PROFILES, &["tool"]).await;
    let (steps, words) = told(&down(&project(PROFILES), &observed, &DownOptions::default()));
    assert_eq!(steps, ["stop web#1", "remove web#1", "remove network default"]);
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].starts_with("inactive-profile: "), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_network_with_an_orphan_stays_and_goes_with_it() {
    let (_, observed) = brought_up("services: { a: { image: app:1 }, x: { image: app:1 }, y: { image: app:1 } }").await;
    let wanted = project("services: { a: { image: app:1 } }");
    let (steps, words) = told(&down(&wanted, &observed, &DownOptions::default()));
    assert_eq!(steps, ["stop a#1", "remove a#1"]);
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].starts_with("orphans: "), "{words:?}");
    let expected =
        "still-in-use: network `p_default` stays, for orphan `p-x-1`, `p-y-1` use it / `--remove-orphans` removes both";
    assert_eq!(words[1], expected);
    let options = DownOptions { remove_orphans: true, ..DownOptions::default() };
    let (steps, words) = told(&down(&wanted, &observed, &options));
    assert!(steps.contains(&"remove network default".to_owned()) && words.is_empty(), "{steps:?} {words:?}");
}

#[tokio::test(start_paused = true)]
async fn with_services_orphans_go_when_asked_and_named_volumes_are_told_to_stay() {
    let before = "services: { a: { image: app:1 }, b: { image: app:1 }, x: { image: app:1 } }\nvolumes: { data: }";
    let before = before.replace("b: { image: app:1 }", "b: { image: app:1, volumes: ['data:/data'] }");
    let (_, observed) = brought_up(&before).await;
    let wanted = project(&before.replace(", x: { image: app:1 }", ""));
    let options =
        DownOptions { services: ["b".into()].into(), remove_orphans: true, volumes: true, ..DownOptions::default() };
    let (steps, words) = told(&down(&wanted, &observed, &options));
    assert_eq!(steps, ["stop b#1", "remove b#1", "stop x#1", "remove x#1"]);
    assert_eq!(
        words,
        [
            "no-effect: `--volumes` removes no named volume where services are named; so these stay: `p_data` / run `down -v` \
          without a service"
        ]
    );
}
