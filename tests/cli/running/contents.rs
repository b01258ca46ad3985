//! Configs and secrets in containers: their owners, and which of them are copied in.

use std::os::unix::fs::{PermissionsExt, chown};

use crate::common::real::{IMAGE, Run, Stack, Stranger, docker, is_ready, told};

/// Returns owner, mode and content of a file in a service's container.
fn file(stack: &Stack, service: &str, path: &str) -> String {
    format!("{} {}", stack.exec(service, &["stat", "-c", "%u:%g %a", path]), stack.exec(service, &["cat", path]))
}

#[track_caller]
fn up(stack: &Stack) -> Run {
    let run = stack.go(&["up", "-d", "-t", "0"]);
    assert!(run.is_success(), "{run:?}");
    run
}

/// Builds an image with its own users, whose `/etc/passwd` is a link. The image is removed when the value is dropped.
fn image_with_users(stack: &Stack) -> Stranger {
    let name = format!("{}-users", stack.project);
    let lines = [
        format!("FROM {IMAGE}"),
        "RUN mkdir -p /etc /data && ln -s ../data/users /etc/passwd".to_owned(),
        "RUN echo 'root:x:0:0::/:/bin/sh' > /data/users && echo 'app:x:1005:1006::/:/bin/sh' >> /data/users".to_owned(),
        "RUN echo 'root:x:0:' > /etc/group && echo 'staff:x:50:app' >> /etc/group".to_owned(),
        "USER app".to_owned(),
    ];
    stack.file("Dockerfile", &lines.join("\n"));
    let folder = stack.folder.path().to_str().unwrap();
    // The classic builder needs no plugin.
    let mut build = std::process::Command::new("docker");
    let output = build.env("DOCKER_BUILDKIT", "0").args(["build", "-q", "-t", &name, folder]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Stranger::new("image", &name, &["image", "inspect", &name])
}

#[test]
fn contents_belong_to_the_containers_user() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("");
    let (image, stack) = (image_with_users(&stack), stack);
    let text = "
x: &x { image: USERS, init: true, stop_grace_period: 0s, configs: [c], secrets: [s] }
services:
  image: { <<: *x }
  numbers: { <<: *x, user: '1000:1001' }
  number: { <<: *x, user: '1005' }
  name: { <<: *x, user: 'app:staff' }
  root: { <<: *x, user: root }
  owned: { <<: *x, configs: [{ source: c, uid: '7', gid: staff, mode: 0440 }], user: root }
configs: { c: { content: said } }
secrets: { s: { environment: WORD } }";
    stack.write(&text.replace("x: &x", "x-x: &x").replace("USERS", &image.name));
    stack.file(".env", "WORD=hushed\n");
    up(&stack);
    for (service, owner) in [
        ("image", "1005:1006"),
        ("numbers", "1000:1001"),
        ("number", "1005:1006"),
        ("name", "1005:50"),
        ("root", "0:0"),
    ] {
        assert_eq!(file(&stack, service, "/c"), format!("{owner} 444 said"), "{service}");
        assert_eq!(file(&stack, service, "/run/secrets/s"), format!("{owner} 444 hushed"), "{service}");
    }
    assert_eq!(file(&stack, "owned", "/c"), "7:50 440 said");
    let ids = stack.containers();
    up(&stack);
    assert_eq!(stack.containers(), ids, "nothing to do");
}

#[test]
fn an_owner_whom_the_image_does_not_have_is_root_and_told() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, configs: [{ source: c, uid: ghost }] } }
configs: { c: { content: said } }",
    );
    let run = up(&stack);
    assert!(run.errors.contains("warning[owner-unknown]: the image has no user `ghost`"), "{run:?}");
    assert_eq!(file(&stack, "a", "/c"), "0:0 444 said");
}

#[test]
fn a_file_is_copied_in_where_its_owner_is_set_or_the_user_could_not_read_it() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "x-x: &x { image: IMAGE, init: true, stop_grace_period: 0s }
services:
  owned: { <<: *x, user: '1005', secrets: [{ source: s, uid: '1005', mode: 0400 }] }
  user: { <<: *x, user: '1005:1006', secrets: [s] }
  root: { <<: *x, secrets: [s], configs: [{ source: s, target: /x }] }
  sealed: { <<: *x, read_only: true, secrets: [{ source: s, mode: 0440 }] }
secrets: { s: { file: ./s } }
configs: { s: { file: ./s } }",
    );
    stack.file("s", "hushed");
    let path = stack.folder.path().join("s");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    // Without root's rights the file keeps its owner.
    let _ = chown(&path, Some(12), Some(13));
    let plan = stack.go(&["plan"]);
    assert!(plan.out.contains("`/run/secrets/s` is copied in: its `uid`, `gid` or `mode` is set"), "{plan:?}");
    assert!(plan.out.contains("is copied in: the container's user may not read the file on the host"), "{plan:?}");
    let run = up(&stack);
    assert!(run.errors.contains("warning[content-mounted]: service `sealed`"), "{run:?}");
    assert_eq!(file(&stack, "owned", "/run/secrets/s"), "1005:0 400 hushed");
    assert_eq!(file(&stack, "user", "/run/secrets/s"), "1005:1006 444 hushed");
    let mounts = |service: &str| stack.inspect(service, "{{len .Mounts}}");
    assert_eq!(["owned", "user", "root", "sealed"].map(mounts), ["0", "0", "2", "1"]);
    let ids = stack.containers();
    up(&stack);
    assert_eq!(stack.containers(), ids, "nothing to do");
    stack.file("s", "changed");
    up(&stack);
    assert_eq!(file(&stack, "owned", "/run/secrets/s"), "1005:0 400 changed");
}

#[test]
fn an_image_with_a_user_cannot_read_what_only_root_may_read() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("");
    let (image, stack) = (image_with_users(&stack), stack);
    let text = "services: { a: { image: USERS, init: true, stop_grace_period: 0s, secrets: [s] } }\nsecrets: { s: { file: ./s } }";
    stack.write(&text.replace("USERS", &image.name));
    stack.file("s", "hushed");
    let path = stack.folder.path().join("s");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    up(&stack);
    assert_eq!(file(&stack, "a", "/run/secrets/s"), "1005:1006 444 hushed");
}

#[test]
fn containers_and_builds_get_the_proxies_of_dockers_configuration() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, network_mode: none, environment: { HTTP_PROXY: own } }
  b: { build: ., image: 'PROJECT', init: true, stop_grace_period: 0s, network_mode: none }",
    );
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    let dockerfile =
        format!("FROM {IMAGE}\nRUN test \"$HTTP_PROXY $no_proxy\" = 'http://u:word@10.9.9.9:3128 *.test'\n");
    stack.file("Dockerfile", &dockerfile);
    let without = stack.go(&["create", "a"]);
    assert!(without.is_success(), "{without:?}");
    let first = stack.id("a");
    let proxies = r#"{"proxies":{"default":{"httpProxy":"http://u:word@10.9.9.9:3128","noProxy":"*.test"}}}"#;
    stack.file("config.json", proxies);
    let go = |arguments: &[&str]| {
        let mut command = stack.command(stack.tool, arguments);
        command.env("DOCKER_CONFIG", stack.folder.path());
        let run = crate::common::real::Running::begin(command).end();
        assert!(!run.errors.contains("word") && !run.out.contains("word"), "{run:?}");
        run
    };
    assert!(go(&["create"]).is_success());
    assert_eq!(stack.id("a"), first, "the hash is the same");
    let environment = |service: &str| stack.inspect(service, "{{range .Config.Env}}{{println .}}{{end}}");
    for word in ["HTTP_PROXY=http://u:word@10.9.9.9:3128", "http_proxy=http://u:word@10.9.9.9:3128", "NO_PROXY=*.test"]
    {
        assert!(environment("b").contains(word), "{}", environment("b"));
    }
    assert!(!told(&["history", "--no-trunc", &stack.project]).contains("3128"));
    assert!(go(&["create", "--force-recreate", "a"]).is_success());
    assert!(environment("a").contains("HTTP_PROXY=own\n"), "{}", environment("a"));
    assert!(environment("a").contains("http_proxy=http://"), "{}", environment("a"));
    assert!(docker(&["inspect", &stack.name("a")]).status.success());
}
