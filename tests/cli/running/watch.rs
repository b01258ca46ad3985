//! `watch` and `up --watch`: what happens in containers when files change.

use std::os::unix::fs::{MetadataExt, symlink};

use crate::common::real::{Running, Stack, docker, is_ready, told};
use crate::setup::until;
use rustix::process::Signal;

const SYNCED: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    command: [sh, -c, 'mkdir -p /srv/app/sub; chown -R 7:8 /srv/app; touch /made; exec sleep 1000']
    develop:
      watch:
        - { action: sync, path: ./src, target: /srv/app, ignore: [skip/] }
";

/// Waits until a command in the first container of `web` prints something.
#[track_caller]
fn until_printed(stack: &Stack, command: &[&str], expected: &str) {
    until(&format!("{command:?} prints {expected:?}"), || stack.exec("web", command) == expected);
}

fn ended(stack: &Stack, watching: Running) -> String {
    watching.signal(Signal::INT);
    let run = watching.end();
    assert_eq!(run.code, Some(130), "{}: {run:?}", stack.project);
    run.errors
}

/// A stack with files in `src`, whose `web` runs.
fn started(yaml: &str, files: &[(&str, &str)]) -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(yaml);
        for (name, text) in files {
            put(&stack, name, text);
        }
        stack.ok(&["up", "-d"]);
        until("the container has begun", || stack.exec("web", &["ls", "/made"]) == "/made");
        stack
    })
}

fn put(stack: &Stack, name: &str, text: &str) {
    let path = stack.folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Waits until `watch` follows the files: it then syncs what is changed again and again.
fn until_followed(stack: &Stack) {
    let mut number = 0;
    until("changes are followed", || {
        number += 1;
        put(stack, "src/probe", &number.to_string());
        !stack.exec("web", &["cat", "/srv/app/probe"]).is_empty()
    });
}

#[test]
fn changed_files_are_synced_with_links_modes_and_the_owner_of_their_directory() {
    let Some(stack) = started(SYNCED, &[("src/old", "1"), ("src/sub/gone", "1")]) else { return };
    let watching = stack.begin(&["watch", "--no-up"]);
    until_followed(&stack);
    assert_eq!(stack.exec("web", &["ls", "/srv/app/old"]), "", "what has not changed is not synced");
    docker(&["exec", &stack.name("web"), "sh", "-c", "cd /srv/app; echo 0 > own; chown 9:9 own; touch sub/gone"]);
    put(&stack, "src/own", "new");
    put(&stack, "src/sub/deep/run", "text");
    put(&stack, "src/skip/no", "no");
    let run = stack.folder.path().join("src/sub/deep/run");
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o751)).unwrap();
    symlink("sub/deep/run", stack.folder.path().join("src/link")).unwrap();
    std::fs::remove_file(stack.folder.path().join("src/sub/gone")).unwrap();
    let stat = |path: &str| stack.exec("web", &["stat", "-c", "%F %u:%g %a", path]);
    until("all is synced", || stack.exec("web", &["cat", "/srv/app/link", "/srv/app/own"]) == "textnew");
    until("the mode is synced", || stat("/srv/app/sub/deep/run") == "regular file 7:8 751");
    assert_eq!(
        stat("/srv/app/own"),
        format!("regular file 9:9 {:o}", run.with_file_name("../../own").metadata().unwrap().mode() & 0o777)
    );
    assert_eq!(stat("/srv/app/link"), "symbolic link 7:8 777");
    assert_eq!(stat("/srv/app/sub/deep"), "directory 7:8 755");
    until_printed(&stack, &["ls", "/srv/app/sub"], "deep");
    assert_eq!(stack.exec("web", &["ls", "/srv/app"]), "link\nown\nprobe\nsub");
    ended(&stack, watching);
}

#[test]
fn a_branch_switch_of_thousands_of_files_is_one_batch() {
    let Some(stack) = started(SYNCED, &[("src/old", "1")]) else { return };
    let watching = stack.begin(&["watch", "--no-up"]);
    until_followed(&stack);
    // Written beside, then moved: all is there at once, as far as the watching can tell.
    for number in 0..5000 {
        put(&stack, &format!("new/{}/{number}", number % 50), &number.to_string());
    }
    std::fs::rename(stack.folder.path().join("new"), stack.folder.path().join("src/new")).unwrap();
    until_printed(&stack, &["sh", "-c", "find /srv/app/new -type f | wc -l"], "5000");
    assert_eq!(stack.exec("web", &["cat", "/srv/app/new/49/4999"]), "4999");
    let errors = ended(&stack, watching);
    let batches: Vec<&str> = errors.lines().filter(|line| line.contains(" synced ") && line.contains("(new")).collect();
    assert_eq!(batches.len(), 1, "{errors}");
    assert!(batches[0].contains("synced 505"), "all directories and files: {errors}");
}

#[test]
fn an_initial_sync_compares_contents_and_a_new_container_is_synced_again() {
    let yaml = SYNCED.replace("ignore: [skip/]", "initial_sync: true");
    let Some(stack) = started(&yaml, &[("src/old", "host"), ("src/same", "same")]) else { return };
    let file = std::fs::File::options().write(true).open(stack.folder.path().join("src/old")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
    let id = told(&["exec", &stack.name("web"), "sh", "-c", "printf same > /srv/app/same; stat -c %i /srv/app/same"]);
    let watching = stack.begin(&["watch", "--no-up"]);
    until_printed(&stack, &["cat", "/srv/app/old"], "host");
    assert_eq!(stack.exec("web", &["stat", "-c", "%i", "/srv/app/same"]), id, "the same content is left alone");
    until_followed(&stack);
    stack.ok(&["up", "-d", "--force-recreate"]);
    until_printed(&stack, &["cat", "/srv/app/old"], "host");
    until("what changed since comes, too", || !stack.exec("web", &["cat", "/srv/app/probe"]).is_empty());
    ended(&stack, watching);
}

const ACTIONS: &str = r#"
services:
  web:
    image: PROJECT-web
    build: { context: ., dockerfile_inline: "FROM IMAGE\nCOPY src /srv/app\n" }
    pull_policy: build
    init: true
    stop_grace_period: 0s
    command: [sh, -c, 'touch /made; exec sleep 1000']
    depends_on: [db]
    develop:
      watch:
        - { action: rebuild, path: ./package.json }
        - { action: sync+restart, path: ./etc, target: /etc/web }
        - { action: sync+exec, path: ./run, target: /run/web, exec: { command: [sh, -c, 'cat /run/web/* > /ran; echo done with it'] } }
        - { action: restart, path: ./flag }
  db: { image: IMAGE, init: true, stop_grace_period: 0s }
"#;

#[test]
fn each_action_does_what_it_says_and_leaves_dependencies_alone() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ACTIONS);
    for name in ["package.json", "etc/conf", "run/a", "src/x"] {
        put(&stack, name, "1");
    }
    let watching = stack.begin(&["watch"]);
    until("`watch` has brought the services up", || stack.exec("web", &["ls", "/made"]) == "/made");
    let (db, first) = (stack.id("db"), stack.id("web"));
    let begun = || stack.inspect("web", "{{.State.StartedAt}}");
    let mut number = 1;
    // Until the files are followed, a change is noticed all the same: the first look was before `up`.
    put(&stack, "run/a", "command");
    until_printed(&stack, &["cat", "/ran"], "command");
    let before = begun();
    put(&stack, "etc/conf", "two");
    until("`sync+restart` restarts", || begun() != before);
    until_printed(&stack, &["cat", "/etc/web/conf"], "two");
    let before = begun();
    put(&stack, "flag", "x");
    until("`restart` restarts", || begun() != before);
    assert_eq!(stack.id("web"), first);
    put(&stack, "src/x", "rebuilt");
    until("`rebuild` makes a new container", || {
        number += 1;
        put(&stack, "package.json", &number.to_string());
        stack.id("web") != first && stack.exec("web", &["cat", "/srv/app/x"]) == "rebuilt"
    });
    until_printed(&stack, &["cat", "/etc/web/conf"], "two");
    assert_eq!(stack.id("db"), db);
    let errors = ended(&stack, watching);
    assert!(errors.contains("-web-1: done with it\n"), "{errors}");
    assert!(errors.contains("web: rebuilding after a change of 1 file (.)"), "{errors}");
    docker(&["rmi", "-f", &format!("{}-web", stack.project)]);
}

#[test]
fn an_attached_up_watches_too_and_follows_the_new_container() {
    let yaml = SYNCED.replace("touch /made;", "touch /made; tail -n +1 -F /srv/app/told 2>/dev/null & ");
    let yaml = yaml.replace("      watch:\n", "      watch:\n        - { action: restart, path: ./flag }\n");
    if !is_ready() {
        return;
    }
    let stack = Stack::new(&yaml);
    put(&stack, "src/old", "1");
    let up = stack.begin(&["up", "--watch"]);
    until("the container has begun", || stack.exec("web", &["ls", "/made"]) == "/made");
    until_followed(&stack);
    // The restart of the only container does not end the command.
    let before = stack.inspect("web", "{{.State.StartedAt}}");
    put(&stack, "flag", "x");
    until("`restart` restarts", || stack.inspect("web", "{{.State.StartedAt}}") != before && stack.is_running("web"));
    put(&stack, "src/told", "said by a file\n");
    until_printed(&stack, &["cat", "/srv/app/told"], "said by a file");
    up.signal(Signal::INT);
    let run = up.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.errors.contains("watching for web: src -> /srv/app (sync)"), "{run:?}");
    assert_eq!(stack.names(), ["web-1 exited"]);
}

#[test]
fn what_cannot_be_watched_is_refused_or_told() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { web: { image: IMAGE } }");
    let run = stack.go(&["watch", "--no-up"]);
    assert!(run.code == Some(1) && run.errors.contains("there is nothing to watch"), "{run:?}");
    let run = stack.go(&["up", "--watch", "-d"]);
    assert!(run.code == Some(1) && run.errors.contains("--detach cannot be combined with --watch"), "{run:?}");
    stack.write("services: { web: { image: IMAGE, develop: { watch: [{ action: rebuild, path: . }] } } }");
    let run = stack.go(&["watch"]);
    assert!(run.code == Some(1) && run.errors.contains("it has no `build`"), "{run:?}");
    assert_eq!(stack.count(), 0);
}
