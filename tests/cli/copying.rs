//! `cp`, `export` and `commit`. Where docker compose is installed, it copies the same beside us.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use crate::common::real::{Run, Running, Stack, Tool, docker, is_ready, told};

const STACK: &str = "
services:
  a: { image: IMAGE, init: true, command: sleep 1000 }
  c: { image: IMAGE, init: true, command: sleep 1000, scale: 2 }
  b: { image: IMAGE, command: 'true' }
";

/// A stack whose folder has `d/` with a file, a link, a second name and an empty directory.
fn started() -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(STACK);
        stack.run(&["up", "-d"]);
        let folder = stack.folder.path().join("d");
        std::fs::create_dir_all(folder.join("empty")).unwrap();
        std::fs::write(folder.join("file"), "content").unwrap();
        std::fs::set_permissions(folder.join("file"), PermissionsExt::from_mode(0o4750)).unwrap();
        std::fs::hard_link(folder.join("file"), folder.join("same")).unwrap();
        std::os::unix::fs::symlink("file", folder.join("link")).unwrap();
        std::os::unix::fs::chown(folder.join("empty"), Some(1234), Some(4321)).unwrap();
        stack
    })
}

/// What stands under a path of this machine, by name: kind, mode, and where a link leads.
fn tree(path: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, path: &Path, found: &mut BTreeMap<String, String>) {
        let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
        let link = std::fs::read_link(path).map(|link| link.display().to_string()).unwrap_or_default();
        // Mode bits of links mean nothing; set-user-id is a deliberate difference.
        let mode = if metadata.is_symlink() { 0 } else { metadata.mode() & 0o1777 };
        let name = path.strip_prefix(root).unwrap().display().to_string();
        found.insert(name, format!("{:?} {mode:o} {link}", metadata.file_type().is_dir()));
        for entry in std::fs::read_dir(path).into_iter().flatten() {
            walk(root, &entry.unwrap().path(), found);
        }
    }
    let mut found = BTreeMap::new();
    walk(path, path, &mut found);
    found
}

/// Runs in a folder of its own inside the stack's.
fn run_in(stack: &Stack, tool: Tool, folder: &str, arguments: &[&str]) -> Run {
    let mut command = stack.command(tool, arguments);
    command.current_dir(stack.folder.path().join(folder));
    Running::begin(command).end()
}

#[test]
fn files_go_in_with_owners_modes_and_links() {
    let Some(stack) = started() else { return };
    stack.ok(&["cp", "d", "a:/new"]);
    let look = "cd /new && stat -c '%n %a %u:%g %h' file empty && readlink link && cat same";
    assert_eq!(stack.exec("a", &["sh", "-c", look]), "file 4750 0:0 2\nempty 755 1234:4321 2\nfile\ncontent");
    // A link as it is, and what it leads to.
    stack.ok(&["cp", "d/link", "a:/new/empty"]);
    stack.ok(&["cp", "-L", "d/link", "a:/new/whole"]);
    let look = "readlink /new/empty/link; readlink /new/whole; cat /new/whole";
    assert_eq!(stack.exec("a", &["sh", "-c", look]), "file\ncontent");
}

#[test]
fn files_come_out_with_modes_and_links_and_with_owners_where_asked() {
    let Some(stack) = started() else { return };
    stack.ok(&["cp", "d", "a:/new"]);
    stack.ok(&["cp", "a:/new", "out"]);
    stack.ok(&["cp", "-a", "a:/new", "kept"]);
    let at = |path: &str| std::fs::symlink_metadata(stack.folder.path().join(path)).unwrap();
    assert_eq!((at("out/file").mode() & 0o7777, at("out/file").nlink()), (0o750, 2));
    assert_eq!(at("kept/file").mode() & 0o7777, 0o4750);
    assert_eq!(std::fs::read_link(stack.folder.path().join("out/link")).unwrap(), Path::new("file"));
    let me = rustix::process::geteuid().as_raw();
    assert_eq!((at("out/empty").uid(), at("kept/empty").uid(), at("kept/empty").gid()), (me, 1234, 4321));
    // A link of the container as it is, and what it leads to, under the link's name.
    stack.ok(&["cp", "a:/new/link", "as-is"]);
    stack.ok(&["cp", "-L", "a:/new/link", "out/empty"]);
    assert!(at("as-is").is_symlink());
    assert_eq!(std::fs::read_to_string(stack.folder.path().join("out/empty/link")).unwrap(), "content");
}

#[test]
fn copies_arrive_where_docker_compose_puts_them() {
    let Some(stack) = started() else { return };
    stack.ok(&["cp", "d", "a:/s"]);
    let mut results = BTreeMap::new();
    for tool in [Tool::Ours, Tool::Peer] {
        if !tool.is_ready() {
            continue;
        }
        let folder = format!("{tool:?}").to_lowercase();
        let path = stack.folder.path().join(&folder);
        std::fs::create_dir_all(path.join("there")).unwrap();
        std::fs::write(path.join("here"), "old").unwrap();
        let inside = format!("/{folder}");
        stack.exec("a", &["sh", "-c", &format!("mkdir -p {inside}/there && echo old > {inside}/here")]);
        let mut codes = Vec::new();
        for (source, target) in [
            ("/s", "there"),
            ("/s/.", "there"),
            ("/s", "n1"),
            ("/s/.", "n2"),
            ("/s/", "n3/"),
            ("/s", "here"),
            ("/s/file", "there"),
            ("/s/file", "n4"),
            ("/s/file", "n5/"),
            ("/s/file", "here"),
            ("/nope", "n6"),
            ("/s/file", "no/way"),
            ("s/file", "./n7"),
            ("/s/empty/../file", "n8"),
        ] {
            codes.push(run_in(&stack, tool, &folder, &["cp", &format!("a:{source}"), target]).code);
        }
        for (source, target) in [
            ("../d", "there"),
            ("../d/.", "there"),
            ("../d", "m1"),
            ("../d/.", "m2"),
            ("../d/", "m3/"),
            ("../d", "here"),
            ("../d/file", "there"),
            ("../d/file", "m4"),
            ("../d/file", "m5/"),
            ("../d/file", "here"),
            ("nope", "m6"),
            ("../d/file", "no/way"),
        ] {
            codes.push(run_in(&stack, tool, &folder, &["cp", source, &format!("a:{inside}/{target}")]).code);
        }
        let list = format!("cd {inside} && find . | sort | while read n; do stat -c '%n %a %u %F' $n; done");
        results.insert(folder, (codes, tree(&path), stack.exec("a", &["sh", "-c", &list])));
    }
    let (codes, out, inside) = &results["ours"];
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 18, "{codes:?}");
    assert_eq!(out["there/s/link"], "false 0 file");
    assert!(inside.contains("./here 4750 0 regular file"), "{inside}");
    if let Some((theirs, their_out, their_inside)) = results.get("peer") {
        assert_eq!(codes, theirs);
        assert_eq!(out, their_out);
        assert_eq!(inside, their_inside);
    }
}

#[test]
fn every_replica_gets_the_files_and_one_gives_them() {
    let Some(stack) = started() else { return };
    let run = stack.go(&["cp", "d/file", "c:/x"]);
    let word = |number: u32| format!(" {0}-c-{number} copy d/file to {0}-c-{number}:/x Copied\n", stack.project);
    assert!(
        run.is_success() && run.out.is_empty() && [1, 2].iter().all(|one| run.errors.contains(&word(*one))),
        "{run:?}"
    );
    stack.ok(&["cp", "--index", "2", "d/file", "c:/only-two"]);
    let cat = |number: u32, path: &str| told(&["exec", &format!("{}-c-{number}", stack.project), "cat", path]);
    assert_eq!((cat(1, "/x"), cat(2, "/x")), ("content".to_owned(), "content".to_owned()));
    assert_eq!((cat(1, "/only-two"), cat(2, "/only-two")), (String::new(), "content".to_owned()));
    assert_ne!(stack.go(&["cp", "c:/only-two", "y"]).code, Some(0));
    stack.ok(&["cp", "--index=2", "c:/only-two", "y"]);
    // By labels alone, and out of a container that does not run.
    let folder = tempfile::tempdir().unwrap();
    let mut command = stack.command(Tool::Ours, &["-p", &stack.project, "cp", "b:/bin/busybox", "box"]);
    command.current_dir(folder.path());
    assert!(Running::begin(command).end().is_success());
    assert_eq!(
        folder.path().join("box").metadata().unwrap().len(),
        Path::new("/bin/busybox").metadata().unwrap().len()
    );
}

#[test]
fn what_run_left_gets_files_only_with_all() {
    let Some(stack) = started() else { return };
    let label = |name: &str, value: &str| format!("com.docker.compose.{name}={value}");
    let labels = [label("project", &stack.project), label("service", "a"), label("oneoff", "True")];
    let name = format!("{}-a-run-1", stack.project);
    let labels = labels.iter().flat_map(|label| ["--label", label.as_str()]);
    let arguments: Vec<&str> =
        ["create", "--name", &name].into_iter().chain(labels).chain(["inception-test/busybox:1"]).collect();
    assert!(docker(&arguments).status.success());
    stack.ok(&["cp", "d/file", "a:/x"]);
    let is_there = || docker(&["cp", &format!("{name}:/x"), "-"]).status.success();
    assert!(!is_there());
    stack.ok(&["cp", "--all", "d/file", "a:/x"]);
    assert!(is_there());
}

#[test]
fn archives_go_through_standard_input_and_output() {
    let Some(stack) = started() else { return };
    stack.ok(&["cp", "d", "a:/s"]);
    let mut from = stack.command(Tool::Ours, &["cp", "a:/s", "-"]);
    let mut from = from.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut to = stack.command(Tool::Ours, &["cp", "-", "c:/tmp-made"]);
    for number in [1, 2] {
        assert!(docker(&["exec", &format!("{}-c-{number}", stack.project), "mkdir", "/tmp-made"]).status.success());
    }
    let output = to.stdin(from.stdout.take().unwrap()).output().unwrap();
    assert!(output.status.success() && from.wait().unwrap().success(), "{}", String::from_utf8_lossy(&output.stderr));
    for number in [1, 2] {
        let name = format!("{}-c-{number}", stack.project);
        assert_eq!(
            told(&["exec", &name, "sh", "-c", "cat /tmp-made/s/same; readlink /tmp-made/s/link"]),
            "contentfile"
        );
    }
    // A file is no place for an archive, and what is no archive is refused.
    for (target, words) in [("a:/s/file", "is no directory"), ("a:/s", "cannot copy `-`")] {
        let mut command = stack.command(Tool::Ours, &["cp", "-", target]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &[b'x'; 2000]);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains(words), "{target}: {errors}");
    }
}

#[test]
fn what_cannot_be_copied_is_told() {
    let Some(stack) = started() else { return };
    for (arguments, words) in [
        (&["cp", "d/file", "x"][..], "unknown copy direction"),
        (&["cp", "a:/x", "c:/x"], "copying between services is not supported"),
        (&["cp", "d/file", "z:/x"], "no such service: `z`"),
        (&["cp", "--index", "7", "d/file", "c:/x"], "has no container number 7"),
        (&["cp", "nope", "a:/x"], "cannot copy `nope`"),
        (&["cp", "a:/nope", "x"], "there is no such path in container"),
        (&["cp", "d/file", "a:/no/way"], "there is no directory `/no` in container"),
        (&["cp", "d", "a:/bin/busybox"], "a directory cannot take the place of a file"),
    ] {
        let run = stack.go(arguments);
        assert!(run.code == Some(1) && run.out.is_empty() && run.errors.contains(words), "{arguments:?}: {run:?}");
        if Tool::Peer.is_ready() {
            let theirs = Running::begin(stack.command(Tool::Peer, arguments)).end();
            assert_eq!(theirs.code, run.code, "{arguments:?}: {theirs:?}");
        }
    }
    // A dry run copies nothing.
    assert!(stack.ok(&["--dry-run", "cp", "d/file", "a:/dry"]).is_empty());
    assert_eq!(stack.exec("a", &["ls", "/dry"]), "");
}

#[test]
fn export_gives_all_files_as_an_archive() {
    let Some(stack) = started() else { return };
    stack.ok(&["cp", "d", "b:/mine"]);
    let output = stack.command(Tool::Ours, &["export", "b"]).output().unwrap();
    let names = |bytes: &[u8]| -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    };
    assert!(output.status.success() && names(&output.stdout).contains(&"mine/file".to_owned()));
    stack.ok(&["export", "-o", "b.tar", "b"]);
    assert_eq!(std::fs::read(stack.folder.path().join("b.tar")).unwrap().len(), output.stdout.len());
    assert_eq!(stack.run(&["export", "-o", "no/such/b.tar", "b"]).0, 1);
    assert_eq!(stack.run(&["export", "z"]).0, 1);
}

#[test]
fn commit_makes_an_image_of_a_container() {
    let Some(stack) = started() else { return };
    let image = format!("inception-test/commit-{}:1", std::process::id());
    stack.ok(&["cp", "d/file", "a:/mine"]);
    let run = stack.go(&[
        "commit",
        "-a",
        "Jo",
        "-m",
        "why",
        "-c",
        "ENV A=b",
        "-c",
        "CMD [\"true\"]",
        "--pause=false",
        "a",
        &image,
    ]);
    let format = "{{.Author}} {{.Comment}} {{index .Config.Env 0}} {{.Config.Cmd}}";
    let shown = told(&["inspect", "-f", format, &image]);
    let content = told(&["run", "--rm", &image, "cat", "/mine"]);
    docker(&["rmi", &image]);
    assert!(run.is_success() && run.out.is_empty() && run.errors.contains("Committed as sha256:"), "{run:?}");
    assert!(shown.starts_with("Jo why ") && shown.ends_with("[true]"), "{shown}");
    assert_eq!(content, "content");
    assert_eq!(stack.run(&["commit", "z"]).0, 1);
}

#[test]
fn a_container_that_puts_a_link_in_the_way_does_not_write_outside_the_target() {
    let Some(stack) = started() else { return };
    let victim = stack.folder.path().join("victim");
    std::fs::create_dir(&victim).unwrap();
    stack.exec("a", &["sh", "-c", &format!("mkdir /evil && ln -s {} /evil/out", victim.display())]);
    stack.ok(&["cp", "a:/evil", "."]);
    stack.exec("a", &["sh", "-c", "rm /evil/out && mkdir /evil/out && echo evil > /evil/out/file"]);
    let run = stack.go(&["cp", "a:/evil", "."]);
    assert!(run.code == Some(1) && run.errors.contains("cannot take the place of a file"), "{run:?}");
    assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0);
}
