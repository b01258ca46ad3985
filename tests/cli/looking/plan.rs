//! Saved plans, and volumes that are given up by name.

use crate::common::real::{IMAGE, Stack, Stranger, docker, is_ready};

/// One service with a volume, a limit, and a secret variable.
pub const ONE: &str = "
services:
  web:
    image: IMAGE
    command: [sleep, '1000']
    init: true
    stop_grace_period: 0s
    environment: { TITLE: a, DB_PASSWORD: hidden }
    volumes: [data:/data]
    mem_limit: 64m
volumes: { data: }
";

#[test]
fn a_saved_plan_runs_as_it_was_shown_from_anywhere_and_only_once() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    assert_eq!(stack.run(&["plan", "-o", "first.json"]).0, 2);
    stack.ok(&["up", "--plan", "first.json", "-d"]);
    let id = stack.id("web");
    let (code, _, told) = stack.run(&["up", "--plan", "first.json", "-d"]);
    assert_eq!((code, stack.id("web")), (1, id.clone()), "{told}");
    assert!(told.contains("plan-outdated") && told.contains("only in the saved plan"), "{told}");

    stack.write(&ONE.replace("TITLE: a", "TITLE: b").replace("hidden", "other"));
    let (code, text, _) = stack.run(&["plan", "-o", "second.json"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("environment.TITLE \"a\" → \"b\"") && text.contains("DB_PASSWORD (secret) → (secret)"),
        "{text}"
    );
    let kept = std::fs::read_to_string(stack.folder.path().join("second.json")).unwrap();
    assert!(!kept.contains("hidden") && !kept.contains("other"), "{kept}");
    stack.write(&ONE.replace("TITLE: a", "TITLE: c"));
    assert_eq!((stack.run(&["up", "--plan", "second.json", "-d"]).0, stack.id("web")), (1, id), "another file now");
}

#[test]
fn a_saved_plan_is_for_one_engine_and_foresees_all_that_it_does() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { app: { build: ., image: 'PROJECT', init: true } }");
    // The image is removed after the stack, also when the test fails.
    let (_image, stack) = (Stranger::image(&stack.project), stack);
    stack.file("Dockerfile", &format!("FROM {IMAGE}\n"));
    assert_eq!(stack.run(&["plan", "--build", "-o", "first.json"]).0, 2);
    let path = stack.folder.path().join("first.json");
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut other = kept.clone();
    other["engine"] = "another".into();
    stack.file("other.json", &other.to_string());
    let (code, _, told) = stack.run(&["up", "--plan", "other.json", "-d"]);
    assert!(code == 1 && told.contains("another engine"), "{told}");
    assert_eq!(stack.count(), 0);
    stack.ok(&["up", "--plan", "first.json", "-d"]);
    assert!(stack.is_running("app"));
    let (code, _, told) = stack.run(&["plan", "--build", "-o", "second.json"]);
    assert!(code == 1 && told.contains("plan-not-foreseen") && told.contains("`app`"), "{told}");
    assert!(!stack.folder.path().join("second.json").exists());
    assert_eq!(stack.run(&["plan", "-o", "third.json"]).0, 0);
}

#[test]
fn a_changed_volume_is_made_anew_only_by_its_name_and_a_renamed_container_gets_its_name_back() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.ok(&["up", "-d"]);
    stack.put("web", "/data/mark", "precious");
    stack.write(&ONE.replace("data: }", "data: { driver_opts: { type: tmpfs, device: tmpfs } } }"));
    for arguments in [&["up", "-d"][..], &["up", "-d", "-y"], &["up", "-d", "--recreate-volume", "other"]] {
        assert_eq!(stack.run(arguments).0, 1, "{arguments:?}");
        assert_eq!(stack.exec("web", &["cat", "/data/mark"]).trim(), "precious");
    }
    let (code, plan, _) = stack.run(&["plan", "--recreate-volume", "data"]);
    assert_eq!(code, 2);
    assert!(plan.contains("IS REMOVED WITH ALL DATA"), "{plan}");
    let (code, _, told) = stack.run(&["up", "-d", "--recreate-volume", "data"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("removed, with all their data"), "{told}");
    assert_ne!(stack.exec("web", &["cat", "/data/mark"]).trim(), "precious");
    assert_eq!(stack.run(&["plan", "--recreate-volume", "data"]).0, 0);
    let name = stack.name("web");
    docker(&["rename", &name, &format!("{name}-odd")]);
    stack.ok(&["up", "-d"]);
    assert_eq!(stack.names(), ["web-1"]);
}
