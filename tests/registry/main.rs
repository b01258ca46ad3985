//! Registry logins in requests, and on which machine the engine is. The adapter and the program talk to a small engine
//! that records every request, and to the real engine. Without a real engine those tests are skipped with a message.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
mod noting;
mod place;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::StreamExt;
use inception::engine::docker::{DockerEngine, Wanted};
use inception::engine::{BuildEngine, ImageEngine, ReadEngine};
use inception::env::Environment;
use inception::model::{BuildContext, BuildRequest};
use serde_json::{Value, json};

use common::proxy::Proxy;
use common::real::{Stack, docker, is_ready, told};
use noting::NotingEngine;

const HUB: &str = "https://index.docker.io/v1/";
/// In the standard alphabet, the base64 encoding of this password has a `+` and a `/`.
const PASSWORD: &str = "a?>b~~~c?>>>";

/// Writes Docker's configuration, with logins for Docker Hub and for one other registry.
fn config(folder: &Path) {
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("user:{PASSWORD}"));
    let config = json!({"auths": {HUB: {"auth": auth}, "https://host.test/v1/": {"identitytoken": "token"}}});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

async fn connect(host: String, config: &Path) -> DockerEngine {
    let folder = config.to_str().unwrap().to_owned();
    // The classic builder gets all logins with the request of a build.
    let variables = [("DOCKER_CONFIG".to_owned(), folder), ("DOCKER_BUILDKIT".to_owned(), "0".to_owned())];
    let wanted = Wanted { host: Some(host), context: None };
    DockerEngine::connect(&wanted, &Environment::new(variables, config)).await.unwrap()
}

/// Returns the decoded value of a login header.
fn decoded(value: &str) -> Value {
    serde_json::from_slice(&URL_SAFE.decode(value).unwrap()).unwrap()
}

fn request(directory: &Path) -> BuildRequest {
    std::fs::write(directory.join("Dockerfile"), "FROM host.test/private\n").unwrap();
    BuildRequest { context: BuildContext::Directory(directory.to_owned()), ..BuildRequest::default() }
}

#[tokio::test]
async fn a_build_sends_the_logins_of_all_registries() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), NotingEngine::new(json!({})));
    config(folder.path());
    let docker = connect(engine.host(), folder.path()).await;
    let events: Vec<_> = docker.build_image(request(folder.path())).await.unwrap().collect().await;
    assert!(events.iter().all(Result::is_ok), "{events:?}");
    let logins = decoded(&engine.header("/build", "x-registry-config").unwrap());
    assert_eq!(logins.as_object().unwrap().len(), 2);
    assert_eq!((&logins[HUB]["username"], &logins[HUB]["password"]), (&json!("user"), &json!(PASSWORD)));
    assert_eq!(logins["host.test"]["identitytoken"], json!("token"));
}

#[tokio::test]
async fn a_pull_and_a_look_at_a_digest_send_the_login_of_their_registry_alone() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), NotingEngine::new(json!({})));
    config(folder.path());
    let docker = connect(engine.host(), folder.path()).await;
    for (image, expected) in [
        ("docker.io/a/b:1", json!({"username": "user", "password": PASSWORD, "serveraddress": HUB})),
        ("a", json!({"username": "user", "password": PASSWORD, "serveraddress": HUB})),
        ("host.test/a", json!({"identitytoken": "token", "serveraddress": "host.test"})),
    ] {
        let _ = docker.pull_image(image, None).await.unwrap().collect::<Vec<_>>().await;
        assert_eq!(docker.image_digest(image).await.unwrap(), "sha256:2");
        for path in ["/images/create", "/distribution/"] {
            let mut login = decoded(&engine.header(path, "x-registry-auth").unwrap());
            login.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(login, expected, "{path} for {image}");
        }
    }
    docker.image_digest("elsewhere.test/a").await.unwrap();
    assert_eq!(engine.header("/distribution/", "x-registry-auth"), None);
}

#[tokio::test]
async fn without_logins_nothing_is_sent() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), NotingEngine::new(json!({})));
    let docker = connect(engine.host(), folder.path()).await;
    let _ = docker.build_image(request(folder.path())).await.unwrap().collect::<Vec<_>>().await;
    let _ = docker.pull_image("a", None).await.unwrap().collect::<Vec<_>>().await;
    assert_eq!(engine.header("/build", "x-registry-config"), None);
    assert_eq!(engine.header("/images/create", "x-registry-auth"), None);
}

#[test]
fn a_build_on_the_real_engine_is_sent_with_logins_and_shows_none() {
    if !is_ready() {
        return;
    }
    let (mut stack, proxy) = (Stack::new("services: { a: { build: ., image: 'PROJECT' } }"), Proxy::new());
    stack.host = Some(proxy.host());
    stack.file("Dockerfile", &format!("FROM {}\n", common::real::IMAGE));
    let folder = tempfile::tempdir().unwrap();
    config(folder.path());
    let mut command = stack.command(stack.tool, &["build"]);
    command.env("DOCKER_CONFIG", folder.path()).env("DOCKER_BUILDKIT", "0");
    let run = common::real::Running::begin(command).end();
    docker(&["rmi", "-f", &stack.project]);
    assert!(run.is_success(), "{run:?}");
    let build = proxy.seen().into_iter().find(|request| request.path.contains("/build?")).unwrap();
    let logins = decoded(build.header("x-registry-config").unwrap());
    assert_eq!(logins[HUB]["password"], json!(PASSWORD));
    assert!(!run.out.contains(PASSWORD) && !run.errors.contains(PASSWORD), "{run:?}");
}

#[test]
fn a_context_that_the_classic_builder_cannot_use_is_refused_before_anything_starts() {
    let engine = NotingEngine::new(json!({}));
    let mut stack = Stack::new("");
    stack.host = Some(engine.host());
    stack.variables.push(("DOCKER_BUILDKIT", "0".to_owned()));
    let base = "  base: { build: . }\n";
    for (build, expected) in [
        ("{ context: 'oci-layout://./layout' }", "an image layout (`oci-layout://`)"),
        ("{ context: 'docker-image://a' }", "an image (`docker-image://`)"),
        ("{ context: 'ssh://git@host.test/a' }", "a git repository by `ssh://`"),
        ("{ context: 'service:base' }", "the image of another service"),
        ("{ context: 's3://bucket' }", "an address of an unknown scheme"),
        ("{ context: ., additional_contexts: { other: ./other } }", "the additional build context `other`"),
        ("{ context: ., additional_contexts: [ 'base=service:base' ] }", "the additional build context `base`"),
        ("{ context: 'https://host.test/a.git', dockerfile_inline: FROM a }", "has a `dockerfile_inline`"),
    ] {
        stack.write(&format!("services:\n  a:\n    build: {build}\n  other: {{ image: IMAGE }}\n{base}"));
        stack.file("Dockerfile", "FROM a\n");
        for arguments in [&["up", "-d"][..], &["build", "a"]] {
            let run = stack.go(arguments);
            assert_eq!(run.code, Some(1), "{build}: {run:?}");
            assert!(run.errors.contains(expected) && run.errors.contains("compose.yaml:3:"), "{build}: {run:?}");
        }
    }
    assert_eq!(engine.writes(), Vec::<String>::new());
}

#[test]
fn a_context_by_an_address_is_left_to_the_engine() {
    let engine = NotingEngine::new(json!({}));
    let mut stack = Stack::new("");
    stack.host = Some(engine.host());
    stack.variables.push(("DOCKER_BUILDKIT", "0".to_owned()));
    for context in ["https://host.test/a.git#main:dir", "git@host.test:a/b", "github.com/a/b", "git://host.test/a"] {
        stack.write(&format!("services: {{ a: {{ build: '{context}' }} }}"));
        stack.ok(&["build"]);
        let wanted = format!("remote={}", encoded(context));
        assert!(engine.writes().iter().any(|path| path.contains(&wanted)), "{wanted}: {:?}", engine.writes());
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[test]
fn config_leaves_contexts_that_are_no_paths_as_they_are() {
    let stack = Stack::new(
        "services: { a: { build: { context: 'oci-layout://./a', additional_contexts: { b: 'target:b', c: 'user@c:d', \
         e: 'git@e:f', g: 'github.com/g/h', i: 'HTTPS://i', j: 'service:k' } } }, k: { build: . } }",
    );
    let out = stack.ok(&["config"]);
    let folder = told_folder(&stack);
    for line in [
        "context: oci-layout://./a".to_owned(),
        format!("b: {folder}/target:b"),
        format!("c: {folder}/user@c:d"),
        "e: git@e:f".to_owned(),
        "g: github.com/g/h".to_owned(),
        "i: HTTPS://i".to_owned(),
        "j: service:k".to_owned(),
    ] {
        assert!(out.lines().any(|found| found.trim() == line), "{line}:\n{out}");
    }
}

fn told_folder(stack: &Stack) -> String {
    stack.folder.path().canonicalize().unwrap().display().to_string()
}

/// Returns the host name that the engine tells.
fn name_of_engine() -> String {
    told(&["info", "-f", "{{.Name}}"])
}

#[test]
fn push_sends_what_is_built_here_under_all_its_names() {
    let engine = NotingEngine::new(json!({}));
    let mut stack = Stack::new(
        "services:\n  web: { build: { context: ., tags: ['host.test/web:2'] }, image: 'host.test/web:1', depends_on: [db] }\n  \
         db: { build: ., image: host.test/db }\n  same: { build: ., image: 'host.test/db:latest' }\n  pulled: { image: host.test/x }\n  \
         nameless: { build: . }\n",
    );
    stack.host = Some(engine.host());
    let run = stack.go(&["push"]);
    assert!(run.is_success() && run.out.is_empty(), "{run:?}");
    for words in [" Image host.test/web:1  Pushed", " pulled Skipped", " nameless Skipped"] {
        assert!(run.errors.contains(words), "{words}: {run:?}");
    }
    let pushed = || {
        let mut all: Vec<String> = engine.writes().into_iter().filter(|path| path.contains("/push?")).collect();
        all.sort();
        all
    };
    assert_eq!(pushed().len(), 3, "{:?}", pushed());
    assert!(pushed()[1].contains("/images/host.test/web/push?tag=1"), "{:?}", pushed());
    assert!(stack.go(&["push", "-q", "web"]).errors.is_empty());
    assert_eq!(pushed().len(), 5);
    stack.ok(&["push", "--include-deps", "web"]);
    assert_eq!(pushed().len(), 8);
    assert!(stack.ok(&["--dry-run", "push"]).is_empty());
    assert_eq!(pushed().len(), 8);
}

#[test]
fn a_push_that_fails_ends_with_1_unless_failures_are_ignored() {
    let engine = NotingEngine::new(json!({}));
    let mut stack =
        Stack::new("services: { a: { build: ., image: denied.test/a }, b: { build: ., image: host.test/b } }");
    stack.host = Some(engine.host());
    let run = stack.go(&["push"]);
    assert!(
        run.code == Some(1) && run.errors.contains("denied: no access") && run.errors.contains("host.test/b  Pushed"),
        "{run:?}"
    );
    assert!(stack.go(&["push", "--ignore-push-failures"]).is_success());
}

#[test]
fn a_build_pushes_its_images_where_that_is_asked() {
    let engine = NotingEngine::new(json!({}));
    let mut stack = Stack::new(
        "services:\n  web: { build: { context: ., tags: ['host.test/web:2'] }, image: 'host.test/web:1', depends_on: [db] }\n  \
         db: { build: ., image: host.test/db }\n  bad: { build: ., image: denied.test/bad }\n  nameless: { build: { context: ., labels: { own: '1' } } }\n",
    );
    stack.host = Some(engine.host());
    stack.file("Dockerfile", "FROM scratch\n");
    let run = stack.go(&["build", "--memory", "64m", "web"]);
    assert!(run.code == Some(1) && run.errors.contains("BuildKit does not limit memory"), "{run:?}");
    stack.variables.push(("DOCKER_BUILDKIT", "0".to_owned()));
    let words = ["build", "--push", "--memory", "64m", "--provenance=false", "--sbom", "false", "web", "nameless"];
    let run = stack.go(&words);
    assert!(run.is_success() && run.errors.contains(" Image host.test/web:2  Pushed"), "{run:?}");
    let writes = engine.writes();
    let kind = |line: &String| if line.contains("/push?") { 'p' } else { 'b' };
    assert_eq!(writes.iter().map(kind).collect::<String>(), "bbpp", "all are built first: {writes:?}");
    assert!(writes[0].contains("&memory=67108864") && !writes.concat().contains("/host.test/db/"), "{writes:?}");
    let run = stack.go(&["build", "--push", "bad"]);
    assert!(run.code == Some(1) && run.errors.contains("denied: no access"), "{run:?}");
    assert!(stack.go(&["build", "--push", "-q", "web"]).errors.is_empty());
    for words in [["build", "--provenance=true"], ["build", "--memory=much"], ["build", "--sbom=generator=x"]] {
        assert_eq!(stack.go(&words).code, Some(1), "{words:?}");
    }
}

#[test]
fn a_pull_from_a_registry_that_is_busy_is_tried_again() {
    let engine = NotingEngine::new(json!({}));
    let mut stack = Stack::new(
        "services: { a: { image: busy.test/a }, b: { image: limited.test/b }, c: { image: denied.test/c } }",
    );
    stack.host = Some(engine.host());
    let tries = |image: &str| engine.writes().iter().filter(|line| line.contains(image)).count();
    let run = stack.go(&["pull", "a"]);
    assert!(run.is_success() && run.errors.contains("503 Service Unavailable; try 2 of 3 in 2 s"), "{run:?}");
    assert_eq!(tries("busy.test"), 3);
    let run = stack.go(&["pull", "b"]);
    assert!(run.code == Some(1) && run.errors.contains("toomanyrequests"), "{run:?}");
    assert_eq!(tries("limited.test"), 3);
    let run = stack.go(&["pull", "c"]);
    assert!(run.code == Some(1) && tries("denied.test") == 1, "no use in asking again: {run:?}");
}
