//! Configs and secrets: what is put into a container, and when a content counts as changed.

use crate::common::{engine, observed, project, run};
use crate::setup::brought_up;
use expect_test::expect;
use inception::model::{ContainerState, Observed};
use inception::plan::{UpOptions, lint, render};

#[test]
fn what_is_no_file_of_the_host_cannot_be_put_into_a_read_only_root() {
    let wanted =
        project("services: { web: { image: app:1, read_only: true, configs: [c] } }\nconfigs: { c: { content: x } }");
    let content = inception::plan::Content { digest: "1".to_owned(), bytes: Some(b"x".as_slice().into()) };
    let contents = inception::plan::Contents { configs: [("c".to_owned(), content)].into(), ..Default::default() };
    let plan = inception::plan::up(&wanted, &Observed::default(), &contents, &UpOptions::default());
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["read-only-root"]);
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
