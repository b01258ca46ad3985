//! Which files of a context are sent.

use crate::common::real::{Running, Tool, docker, is_ready, say};
use crate::setup::Built;

/// Builds, and returns the bytes that were sent: names, attributes and contents.
#[track_caller]
fn sent(built: &Built) -> u64 {
    let run = built.stack.go(&["--progress", "json", "build"]);
    assert!(run.is_success(), "{run:?}");
    let objects = run.errors.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let sent =
        objects.filter(|object| object["details"] == "sending context").filter_map(|object| object["current"].as_u64());
    sent.max().unwrap_or_default()
}

#[test]
fn a_second_build_sends_what_has_changed() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nCOPY files /files\n");
    std::fs::create_dir_all(built.stack.folder.path().join("files")).unwrap();
    for number in 0..7 {
        let text = format!("{}{number}", built.stack.project).repeat(4_000_000 / built.stack.project.len());
        built.stack.file(&format!("files/{number}"), &text);
    }
    built.stack.file("elsewhere", &"x".repeat(1_000_000));
    let first = sent(&built);
    assert!(first > 28_000_000, "{first}");
    let image = built.image_id("a");
    let second = sent(&built);
    assert_eq!(built.image_id("a"), image);
    built.stack.file("files/3", &"changed".repeat(1000));
    let third = sent(&built);
    assert_ne!(built.image_id("a"), image);
    say(&format!("sent: {first} bytes, then {second}, then {third} after a change of 7,000 bytes"));
    assert!(second < 1024, "{second}");
    assert!((7_000..8_500).contains(&third), "{third}");
}

/// The engine sends the patterns back in the head of a call.
#[test]
fn a_long_ignore_file_is_no_hindrance() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nCOPY . /files/\n");
    let patterns: String = (0..2000).map(|number| format!("some/long/directory/number-{number}/**\n")).collect();
    built.stack.file(".dockerignore", &format!("{patterns}left-out\n"));
    built.stack.file("left-out", "x");
    built.stack.file("kept", "y");
    sent(&built);
    assert_eq!(built.inside("a", "cd /files; echo kept* left-out*"), "kept left-out*");
}

#[test]
fn files_that_the_dockerfile_does_not_name_are_not_sent() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nCOPY link /file\nCOPY some-*.txt /texts/\n");
    for name in ["large", "some-a.txt", "some-b.txt", "target"] {
        let text = if name == "large" { "x".repeat(5_000_000) } else { format!("{name}\n") };
        built.stack.file(name, &text);
    }
    std::os::unix::fs::symlink("target", built.stack.folder.path().join("link")).unwrap();
    let bytes = sent(&built);
    assert!(bytes < 10_000, "{bytes}");
    assert_eq!(built.inside("a", "cat /file /texts/*"), "target\nsome-a.txt\nsome-b.txt");
}

#[test]
fn a_large_context_says_what_makes_it_large() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nCOPY small /small\nCOPY . /all\nRUN rm -rf /all\n");
    built.stack.file("small", "x");
    std::fs::create_dir_all(built.stack.folder.path().join("data/deep")).unwrap();
    for (name, bytes) in [("data/deep/blob", 60_000_000), ("other", 2_000_000)] {
        std::fs::File::create(built.stack.folder.path().join(name)).unwrap().set_len(bytes).unwrap();
    }
    for builder in ["1", "0"] {
        let run = built.go_with(&[("DOCKER_BUILDKIT", builder)], &["--progress", "plain", "build"]);
        assert!(run.is_success(), "{run:?}");
        for words in ["62 MB", "`data` 60 MB", "`other` 2 MB", "a line `data` in .dockerignore"] {
            assert!(run.errors.contains(words), "{builder} {words}: {}", run.errors);
        }
        built.stack.file(".dockerignore", "data\n");
        let run = built.go_with(&[("DOCKER_BUILDKIT", builder)], &["--progress", "plain", "build"]);
        assert!(run.is_success() && !run.errors.contains("the build context has"), "{run:?}");
        std::fs::remove_file(built.stack.folder.path().join(".dockerignore")).unwrap();
    }
}

/// Both tools, and both builders, must leave the same files out.
#[test]
fn patterns_mean_what_they_mean_to_docker_compose() {
    if !Tool::Peer.is_ready() {
        return;
    }
    let files = [
        "a.md",
        "README.md",
        "docs/a.md",
        "docs/keep/x",
        "docs/keep/y.md",
        "src/x.log",
        "src/deep/y.log",
        "src/main",
        "tmp/a",
        "x/tmp/b",
        "node_modules/p/q",
        "z/node_modules/r",
        "[odd]",
        "space name",
        "{a,b}",
        "file1",
        "filex",
    ];
    for patterns in [
        "*.md\n!README.md\n",
        "docs\n!docs/keep\n",
        "**/*.log\n# comment\n\n",
        "*\n!src\nsrc/deep\n",
        "*/tmp\n/tmp/\n",
        "**/node_modules\n",
        "\\[odd]\n{a,b}\nspace name\n",
        "file[0-9]\n  README.md  \n",
        "!*.md\nsrc/**\n",
        ".dockerignore\nDockerfile\n",
        "docs/*\n!docs/keep/*.md\n",
    ] {
        let found: Vec<String> = [(Tool::Ours, "1"), (Tool::Ours, "0"), (Tool::Peer, "1")]
            .map(|(tool, builder)| {
                let built = Built::new("services: { a: { build: . } }");
                built.dockerfile("FROM IMAGE\nCOPY . /all\n");
                for file in files {
                    let path = built.stack.folder.path().join(file);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, file).unwrap();
                }
                built.stack.file(".dockerignore", patterns);
                let mut command = built.stack.command(tool, &["build"]);
                command.env("DOCKER_BUILDKIT", builder);
                let run = Running::begin(command).end();
                assert!(run.is_success(), "{tool:?} {patterns:?}: {run:?}");
                let found =
                    built.inside("a", "cd /all && find . -not -name Dockerfile -not -name .dockerignore | sort");
                docker(&["rmi", "-f", &format!("{}-a", built.stack.project)]);
                found
            })
            .to_vec();
        // The classic builder gets an excluded Dockerfile all the same, and compose.yaml is in all of them.
        assert_eq!(found[0], found[2], "BuildKit, {patterns:?}");
        assert_eq!(found[1], found[2], "classic, {patterns:?}");
    }
}
