//! `up --build` leaves a build out where its result is known. Whatever may change the result is noticed.

use crate::common::real::{IMAGE, OTHER, Stranger, docker, is_ready, told};
use crate::setup::{Built, has_containerd_store};

const SERVICE: &str = "init: true, stop_grace_period: 0s, command: [sleep, '1000']";

/// Runs `up --build`; returns whether the builder was asked.
#[track_caller]
fn is_asked(built: &Built) -> bool {
    let run = built.stack.go(&["--progress", "plain", "up", "-d", "--build"]);
    assert!(run.is_success(), "{run:?}");
    let image = format!("Image {}-a  ", built.stack.project);
    assert!(run.errors.contains(&format!("{image}Building")), "{run:?}");
    !run.errors.contains(&format!("{image}Unchanged"))
}

#[test]
fn every_change_of_the_inputs_is_noticed_and_nothing_else() {
    if !is_ready() {
        return;
    }
    let built = Built::new(&format!("services: {{ a: {{ build: ., {SERVICE} }} }}"));
    // A base image of the test's own, because it moves.
    let base = Stranger::image(&format!("{}-base:1", built.stack.project));
    let dockerfile = "FROM PROJECT-base:1\nCOPY file /file\nRUN cat /file > /copy\n";
    built.dockerfile(dockerfile);
    built.stack.file(".dockerignore", "left\n");
    built.stack.file("file", "one");
    assert!(is_asked(&built));
    let (first, container) = (built.image_id("a"), built.stack.containers());
    if has_containerd_store() {
        // The builder asks a registry for base images there, so it is asked in every run.
        assert!(is_asked(&built));
        assert_eq!((built.image_id("a"), built.stack.containers()), (first, container));
        return;
    }
    built.stack.file("left", "x");
    for _ in 0..2 {
        assert!(!is_asked(&built), "nothing has changed");
        assert_eq!((built.image_id("a"), built.stack.containers()), (first.clone(), container.clone()));
    }

    // Size and time stay as they were.
    let path = built.stack.folder.path().join("file");
    let time = path.metadata().unwrap().modified().unwrap();
    built.stack.file("file", "two");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert!(is_asked(&built), "a file has changed");

    built.stack.file("file", "three");
    assert!(is_asked(&built) && !is_asked(&built));
    assert_eq!(built.stack.exec("a", &["cat", "/copy"]), "three");

    docker(&["tag", OTHER, &base.name]);
    assert!(is_asked(&built) && !is_asked(&built), "the base image has moved");
    let label =
        told(&["image", "inspect", "-f", "{{index .Config.Labels \"other\"}}", &format!("{}-a", built.stack.project)]);
    assert_eq!(label, "yes");

    let image = built.image_id("a");
    docker(&["tag", IMAGE, &format!("{}-a", built.stack.project)]);
    assert!(is_asked(&built), "the name means another image");
    assert_eq!(built.image_id("a"), image);

    built.dockerfile(&format!("{dockerfile}ENV A=b\n"));
    assert!(is_asked(&built) && !is_asked(&built), "the Dockerfile has changed");

    built.stack.write(&format!("services: {{ a: {{ build: {{ context: ., args: {{ X: '1' }} }}, {SERVICE} }} }}"));
    assert!(is_asked(&built) && !is_asked(&built), "an argument has changed");

    let run = built.stack.go(&["--progress", "plain", "build"]);
    assert!(run.is_success() && run.errors.contains("Cached"), "`build` asks the builder: {run:?}");
}

#[test]
fn builds_that_may_change_unseen_are_always_carried_out() {
    if !is_ready() {
        return;
    }
    for key in ["pull_policy: build, build: { context: ., no_cache: true }", "build: { context: ., secrets: [s] }"] {
        let built = Built::new(&format!(
            "services: {{ a: {{ {key}, {SERVICE} }} }}\nsecrets: {{ s: {{ file: ./Dockerfile }} }}"
        ));
        built.dockerfile("FROM IMAGE\nRUN echo PROJECT\n");
        assert!(is_asked(&built) && is_asked(&built), "{key}");
    }
}
