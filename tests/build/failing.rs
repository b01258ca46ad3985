//! What a failed or interrupted build tells, and what it leaves.

use rustix::process::Signal;

use crate::common::real::{is_ready, is_running, told};
use crate::setup::Built;

#[test]
fn a_failing_step_shows_its_line_with_a_mark_and_its_last_lines() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\n\n  RUN for i in $(seq 40); do \\\n        echo line-$((i + 100)); done; \\\n      sleep 1; ls /nonexisting\nCMD x\n");
    for (builder, quiet) in [("1", false), ("1", true), ("0", false)] {
        let flags: &[&str] = if quiet { &["build", "-q"] } else { &["build"] };
        let run = built.go_with(&[("DOCKER_BUILDKIT", builder)], flags);
        assert_eq!(run.code, Some(1));
        let place = format!("{}/Dockerfile:3:3", built.stack.folder.path().canonicalize().unwrap().display());
        for words in ["2/", "line 3 of the Dockerfile", &place, "^^^^", "line-140", "/nonexisting: No such file"] {
            assert!(run.errors.contains(words), "{words}: {}", run.errors);
        }
        assert!(!run.errors.contains("line-120"), "only the last twenty lines: {}", run.errors);
    }
}

#[test]
fn a_dockerfile_that_cannot_be_understood_is_pointed_at() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nRUNN x\n");
    let run = built.stack.go(&["build"]);
    assert_eq!(run.code, Some(1));
    assert!(run.errors.contains("Dockerfile:2:1") && run.errors.contains("RUNN"), "{run:?}");
}

#[test]
fn an_interrupted_or_killed_build_leaves_no_step_running_and_no_image() {
    if !is_ready() {
        return;
    }
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let built = Built::new("services: { a: { build: . } }");
        built.dockerfile("FROM IMAGE\nRUN sleep 1234 && echo PROJECT\n");
        let word = format!("sleep 1234 && echo {}", built.stack.project);
        let running = built.stack.begin(&["build"]);
        until("the step runs", || is_running(&word));
        running.signal(signal);
        let run = running.end();
        assert!(!run.is_success() && !run.is_cut_off, "{run:?}");
        until("the step has ended", || !is_running(&word));
        assert_eq!(told(&["images", "-q", &format!("{}-a", built.stack.project)]), "");
    }
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "not so within a minute: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
