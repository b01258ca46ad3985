//! Builds.

use crate::common::real::{IMAGE, Stack, Stranger, docker, is_ready, is_running, told};
use crate::setup::until;

#[test]
fn what_ends_while_images_are_built_is_started_again() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  db: { image: IMAGE, init: true }
  app: { build: ., image: 'PROJECT', init: true }
",
    );
    // The image goes after the stack, also when the test fails.
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\n"));
    stack.ok(&["up", "-d", "--build"]);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN sleep 8 && echo {}\n", stack.project));
    let running = stack.begin(&["up", "-d", "--build"]);
    let step = format!("sleep 8 && echo {}", stack.project);
    until("it is being built", || is_running(&step));
    docker(&["kill", &stack.name("db")]);
    let run = running.end();
    assert!(run.is_success(), "{run:?}");
    assert_eq!(stack.names(), ["app-1", "db-1"]);
}

#[test]
fn a_broken_dockerfile_shows_the_failing_step() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . } }");
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo so far so good && false\n"));
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1);
    for words in ["RUN echo so far so good && false", "so far so good", "line 2 of the Dockerfile"] {
        assert!(errors.contains(words), "{errors}");
    }
    assert_eq!(stack.count(), 0);
}

#[test]
fn services_with_one_build_change_nothing_the_second_time_and_their_images_can_be_removed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . }, b: { build: . }, c: { build: . } }");
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo {} > /project\nCOPY Dockerfile /\n", stack.project));
    stack.ok(&["up", "-d", "--build", "-t", "1"]);
    let before = stack.containers();
    stack.ok(&["up", "-d", "--build", "-t", "1"]);
    assert_eq!(stack.containers(), before);
    stack.ok(&["down", "--rmi", "all", "-t", "1"]);
    assert_eq!(told(&["images", "-q", &format!("{}-*", stack.project)]), "");
}

#[test]
fn colours_of_a_build_are_dropped_and_other_control_characters_shown() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . } }");
    let run = r#"RUN printf "\033[91mred\033[0m \033[2Jx\n" >&2 && false"#;
    stack.file("Dockerfile", &format!("FROM {IMAGE}\n{run}\n"));
    let (code, _, errors) = stack.run(&["build"]);
    assert_eq!(code, 1);
    assert!(errors.contains(r"red \u{1b}[2Jx") && !errors.contains(r"\u{1b}[91m"), "{errors}");
}

#[test]
fn lines_that_a_build_prints_are_shown_only_when_asked_for() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { app: { build: ., image: 'PROJECT' } }");
    // The image goes after the stack, also when the test fails.
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    // The printed word differs from the words of the instruction, which is always shown.
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo {} printed-$((40 + 2))\n", stack.project));
    let build = |flags: &[&str]| {
        let (code, _, errors) = stack.run(&[flags, &["build", "--no-cache"]].concat());
        assert_eq!(code, 0, "{errors}");
        errors
    };
    let plain = build(&["--progress", "plain"]);
    assert!(plain.contains("step 2/") && !plain.contains("printed-42"), "{plain}");
    for flags in [&["--progress", "plain", "--verbose"], &["--progress", "plain", "--debug"]] {
        let verbose = build(flags);
        assert!(verbose.contains("printed-42"), "{verbose}");
    }
    let json = build(&["--progress", "json"]);
    assert!(json.contains("printed-42"), "{json}");
}

/// A pattern that cannot be parsed would let files into the image that it should exclude.
#[test]
fn a_bad_pattern_in_dockerignore_is_refused_with_its_place() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { build: . } }");
    stack.file("Dockerfile", "FROM IMAGE\n");
    stack.file(".dockerignore", "ok\n  secret[\n");
    for arguments in [&["build"][..], &["up", "-d"]] {
        let (code, _, errors) = stack.run(arguments);
        assert_eq!(code, 1, "{errors}");
        assert!(errors.contains("ignore-pattern") && errors.contains(".dockerignore:2:9: "), "{errors}");
        assert!(errors.contains("compose.yaml:1:"), "{errors}");
        assert!(!errors.contains("secret["), "the file may be a link to any file: {errors}");
    }
    assert_eq!(stack.count(), 0);
}

#[test]
fn a_quiet_build_tells_its_end_and_always_why_it_failed() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { app: { build: ., image: 'PROJECT', init: true, stop_grace_period: 0s } }");
    // The image goes after the stack, also when the test fails.
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo {}\n", stack.project));
    let run = stack.go(&["up", "-d", "--build", "--quiet-build", "--quiet-pull"]);
    assert!(run.is_success() && run.errors.contains("  Built") && !run.errors.contains("step 2/"), "{run:?}");
    let run = stack.go(&["run", "--rm", "--build", "--quiet-build", "-T", "app", "echo", "done"]);
    assert!(run.out == "done\n" && !run.errors.contains("step 2/"), "{run:?}");
    // What is unchanged would not be built.
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo again {}\n", stack.project));
    let run = stack.go(&["create", "--build", "--quiet-pull"]);
    assert!(run.is_success() && run.errors.contains("step 2/"), "{run:?}");
    let run = stack.go(&["build", "-q"]);
    assert_eq!((run.code, run.out.as_str(), run.errors.as_str()), (Some(0), "", ""));
    stack.file("Dockerfile", &format!("FROM {IMAGE}\nRUN echo so far so good && ls /nonexisting\n"));
    for arguments in [&["build", "-q"][..], &["up", "-d", "--build", "--quiet-build"]] {
        let run = stack.go(arguments);
        assert_eq!(run.code, Some(1), "{arguments:?}");
        for words in ["so far so good", "/nonexisting: No such file", "line 2 of the Dockerfile"] {
            assert!(run.errors.contains(words), "{words}: {run:?}");
        }
    }
}
