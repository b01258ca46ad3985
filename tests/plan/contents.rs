//! Configs and secrets: how they get into a container, and when a content counts as changed.

use crate::common::{engine, observed, project, run};
use crate::setup::brought_up;
use expect_test::expect;
use inception::model::{ContainerState, Content, Contents, FileSource, HostFile, ImageFacts, ImageId, Observed};
use inception::plan::{Action, UpOptions, images_with_unknown_user, lint, render};

#[test]
fn a_content_that_is_no_file_of_the_host_cannot_be_put_into_a_read_only_root() {
    let wanted =
        project("services: { web: { image: app:1, read_only: true, configs: [c] } }\nconfigs: { c: { content: x } }");
    let content = Content { digest: "1".to_owned(), bytes: Some(b"x".as_slice().into()) };
    let contents = Contents { configs: [("c".to_owned(), content)].into(), ..Default::default() };
    let plan = inception::plan::up(&wanted, &Observed::default(), &contents, &UpOptions::default());
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["read-only-root"]);
}

#[test]
fn a_content_that_could_not_be_read_before_is_no_change() {
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

/// The run that created the container may have died before it copied the files in. The engine does not tell.
#[tokio::test(start_paused = true)]
async fn a_container_that_has_never_run_gets_its_configs_and_secrets_before_it_starts() {
    let yaml = "
        services: { web: { image: app:1, configs: [word] }, plain: { image: app:1 } }
        configs: { word: { content: said } }";
    let (_, mut observed) = brought_up(yaml).await;
    for container in observed.containers.iter_mut() {
        container.state = ContainerState::Created;
    }
    let content = Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    let contents = Contents { configs: [("word".to_owned(), content)].into(), ..Default::default() };
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

/// Plans a service with the secret `s`. Returns `mounted`, or the file as it is copied in; then the codes of the
/// warnings.
fn placed(service: &str, file: HostFile, image_user: Option<&str>) -> (String, Vec<&'static str>) {
    let yaml = format!("services: {{ web: {{ image: app:1, {service} }} }}\nsecrets: {{ s: {{ file: ./s }} }}");
    let wanted = project(&yaml);
    let FileSource::File(path) = &wanted.secrets["s"].source else { panic!("a file") };
    let content = Content { digest: "1".to_owned(), bytes: Some(b"word".as_slice().into()) };
    let contents = Contents {
        secrets: [("s".to_owned(), content)].into(),
        files: [(path.clone(), file)].into(),
        ..Contents::default()
    };
    let image = ImageId::new("sha256:1");
    let mut observed = Observed { images: [("app:1".to_owned(), image.clone())].into(), ..Observed::default() };
    let plan = |observed: &Observed| inception::plan::up(&wanted, observed, &contents, &UpOptions::default());
    let asked = images_with_unknown_user(&wanted, &plan(&observed), &contents, &observed);
    if let Some(user) = image_user {
        assert_eq!(asked, [image.clone()].into(), "{service}: the user decides");
        observed
            .image_facts
            .insert(image, ImageFacts { has_command: true, user: user.to_owned(), ..ImageFacts::default() });
    }
    let plan = plan(&observed);
    let spec = plan.steps.iter().find_map(|step| match &step.action {
        Action::CreateContainer { spec, .. } => Some(spec),
        _ => None,
    });
    let spec = spec.unwrap();
    let shown = match (&spec.mounts[..], &spec.files[..]) {
        ([.., last], []) if last.target == "/run/secrets/s" || last.target == "/data/s" => "mounted".to_owned(),
        (_, [one]) => format!("{one:?}"),
        other => panic!("{other:?}"),
    };
    (shown, plan.diagnostics.iter().map(|one| one.code).collect())
}

const PRIVATE: HostFile = HostFile { uid: 0, gid: 0, mode: 0o600, is_elsewhere: false };
const PUBLIC: HostFile = HostFile { mode: 0o644, ..PRIVATE };

#[test]
fn a_file_is_mounted_unless_the_mount_would_not_do_what_is_asked() {
    let mounted = |service: &str, file: HostFile, image_user: Option<&str>| {
        assert_eq!(placed(service, file, image_user), ("mounted".to_owned(), vec![]), "{service}");
    };
    mounted("secrets: [s], user: '1005'", PUBLIC, None);
    mounted("secrets: [s], user: root", PRIVATE, None);
    mounted("secrets: [s], user: '0:5'", PRIVATE, None);
    mounted("secrets: [s], user: '1005'", HostFile { uid: 1005, ..PRIVATE }, None);
    mounted("secrets: [s], user: '1005:7'", HostFile { gid: 7, mode: 0o640, ..PRIVATE }, None);
    mounted("secrets: [s], user: '1005', group_add: ['7']", HostFile { gid: 7, mode: 0o640, ..PRIVATE }, None);
    mounted("secrets: [s]", PRIVATE, Some(""));
    mounted("secrets: [s], cap_drop: [ALL], cap_add: [CAP_DAC_OVERRIDE], user: root", PRIVATE, None);
    let copied = |service: &str, file: HostFile, image_user: Option<&str>, expected: &str| {
        assert_eq!(placed(service, file, image_user), (expected.to_owned(), vec![]), "{service}");
    };
    let own = r#"FileSpec(/run/secrets/s, 4 bytes, None:None 444 Some(Unreadable))"#;
    for service in ["secrets: [s], user: '1005'", "secrets: [s], user: www-data", "secrets: [s], user: '1005:7'"] {
        copied(service, PRIVATE, None, own);
    }
    copied("secrets: [s]", PRIVATE, Some("app"), own);
    // Root without `CAP_DAC_OVERRIDE` reads only what everybody may read.
    copied("secrets: [s], cap_drop: [ALL], user: root", HostFile { uid: 1000, ..PRIVATE }, None, own);
    copied(
        "secrets: [{ source: s, uid: '1005', mode: 0400 }]",
        PUBLIC,
        None,
        r#"FileSpec(/run/secrets/s, 4 bytes, Some("1005"):None 400 Some(Asked))"#,
    );
    copied(
        "secrets: [{ source: s, gid: '7' }]",
        PUBLIC,
        None,
        r#"FileSpec(/run/secrets/s, 4 bytes, None:Some("7") 444 Some(Asked))"#,
    );
    let elsewhere = HostFile { is_elsewhere: true, ..PUBLIC };
    copied("secrets: [s]", elsewhere, None, "FileSpec(/run/secrets/s, 4 bytes, None:None 444 Some(Elsewhere))");
}

#[test]
fn a_file_that_cannot_be_copied_in_is_mounted_with_a_warning() {
    for service in [
        "read_only: true, secrets: [{ source: s, mode: 0400 }]",
        "tmpfs: [/run], secrets: [{ source: s, mode: 0400 }]",
        "volumes: ['./data:/data'], secrets: [{ source: s, target: /data/s, uid: '5' }]",
        "read_only: true, user: '1005', secrets: [s]",
    ] {
        assert_eq!(placed(service, PRIVATE, None), ("mounted".to_owned(), vec!["content-mounted"]), "{service}");
    }
    let elsewhere = HostFile { is_elsewhere: true, ..PUBLIC };
    assert_eq!(
        placed("read_only: true, secrets: [s]", elsewhere, None),
        ("mounted".to_owned(), vec!["content-mounted"])
    );
}

#[test]
fn a_plan_says_which_files_are_copied_in_and_why() {
    let wanted = project(
        "services: { web: { image: app:1, secrets: [{ source: s, mode: 0400 }] } }\nsecrets: { s: { file: ./s } }",
    );
    let FileSource::File(path) = &wanted.secrets["s"].source else { panic!("a file") };
    let content = Content { digest: "1".to_owned(), bytes: Some(b"word".as_slice().into()) };
    let contents = Contents {
        secrets: [("s".to_owned(), content)].into(),
        files: [(path.clone(), PUBLIC)].into(),
        ..Contents::default()
    };
    let plan = inception::plan::up(&wanted, &Observed::default(), &contents, &UpOptions::default());
    let line = "does not exist; `/run/secrets/s` is copied in: its `uid`, `gid` or `mode` is set";
    assert!(render(&plan).contains(line), "{}", render(&plan));
}
