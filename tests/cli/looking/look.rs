//! Commands that only look: `port`, `top`, `images`, `ls`, `volumes`, `events`, `wait`; and `scale`. If docker compose
//! is installed, its output for the same containers is compared.

use std::collections::BTreeSet;

use crate::common::real::{Run, Running, Stack, Tool, is_ready};
use serde_json::Value;

const STACK: &str = "
services:
  a: { image: IMAGE, init: true, command: sleep 1000, ports: ['127.0.0.1::80', '127.0.0.1::53/udp'], volumes: [data:/d] }
  b: { image: IMAGE, init: true, command: sh -c 'exit 3' }
  c: { image: IMAGE, init: true, command: sleep 1000, scale: 2 }
volumes: { data: {} }
";

fn started() -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(STACK);
        // `up` ends with 1, because `b` fails.
        stack.run(&["up", "-d"]);
        assert_eq!(stack.names().len(), 4);
        stack
    })
}

/// Returns docker compose's answer; `None` if it is not installed.
fn peer(stack: &Stack, arguments: &[&str]) -> Option<Run> {
    Tool::Peer.is_ready().then(|| Running::begin(stack.command(Tool::Peer, arguments)).end())
}

/// Checks that both programs print the same and end with the same code.
#[track_caller]
fn as_the_peer(stack: &Stack, arguments: &[&str]) {
    let ours = stack.go(arguments);
    if let Some(theirs) = peer(stack, arguments) {
        ours.assert_as(&theirs, arguments);
    }
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn port_prints_the_address_on_the_host() {
    let Some(stack) = started() else { return };
    assert!(stack.ok(&["port", "a", "80"]).starts_with("127.0.0.1:"));
    as_the_peer(&stack, &["port", "a", "80"]);
    as_the_peer(&stack, &["port", "--protocol", "udp", "a", "53"]);
    for (arguments, words) in [
        (&["port", "a", "53"][..], "publishes no port 53/tcp"),
        (&["port", "b", "80"], "is not running"),
        (&["port", "b", "80"], "exited with code 3"),
        (&["port", "--index", "3", "c", "80"], "has no container number 3"),
        (&["port", "z", "80"], "no such service: `z`"),
    ] {
        as_the_peer(&stack, arguments);
        let (code, out, errors) = stack.run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
}

#[test]
fn top_shows_a_row_for_each_process() {
    let Some(stack) = started() else { return };
    let text = stack.ok(&["top", "c"]);
    let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0][..4], ["SERVICE", "#", "UID", "PID"]);
    assert_eq!(cells[1..].iter().map(|row| row[1]).collect::<BTreeSet<_>>(), ["1", "2"].into());
    assert!(text.contains("sleep 1000"), "{text}");
    assert_eq!(stack.ok(&["top", "b"]), "");
    assert_eq!(stack.run(&["top", "z"]).0, 1);
}

#[test]
fn images_lists_the_image_behind_each_container() {
    let Some(stack) = started() else { return };
    let text = stack.ok(&["images", "c"]);
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.lines()
            .next()
            .unwrap()
            .split_whitespace()
            .eq("CONTAINER REPOSITORY TAG PLATFORM IMAGE ID SIZE CREATED".split(' '))
    );
    as_the_peer(&stack, &["images", "-q"]);
    let ours: Value = serde_json::from_str(&stack.ok(&["images", "--format", "json", "a"])).unwrap();
    if let Some(theirs) = peer(&stack, &["images", "--format", "json", "a"]) {
        let theirs: Value = serde_json::from_str(&theirs.out).unwrap();
        assert!(keys(&ours[0]).is_superset(&keys(&theirs[0])), "{ours} {theirs}");
        for key in ["ID", "ContainerName", "Repository", "Tag", "Platform", "Size", "LastTagTime"] {
            assert_eq!(ours[0][key], theirs[0][key], "{key}");
        }
    }
}

#[test]
fn ls_lists_projects_by_their_containers() {
    let Some(stack) = started() else { return };
    let name = format!("name={}", stack.project);
    for arguments in [
        &["ls", "-a", "--format", "json", "--filter", &name][..],
        &["ls", "--format", "json", "--filter", &name],
        &["ls", "-q", "--filter", &name],
        &["ls", "-q", "--filter", "bogus=1"],
    ] {
        as_the_peer(&stack, arguments);
    }
    let text = stack.ok(&["ls", "-a", "--filter", &name]);
    assert!(text.contains("exited(1), running(3)"), "{text}");
}

#[test]
fn volumes_lists_the_volumes_of_services() {
    let Some(stack) = started() else { return };
    as_the_peer(&stack, &["volumes", "-q"]);
    as_the_peer(&stack, &["volumes", "b", "-q"]);
    assert_eq!(stack.run(&["volumes", "z"]).0, 1);
    assert_eq!(stack.ok(&["volumes", "-q", "a"]), format!("{}_data\n", stack.project));
    let ours: Value = serde_json::from_str(&stack.ok(&["volumes", "--format", "json"])).unwrap();
    if let Some(theirs) = peer(&stack, &["volumes", "--format", "json"]) {
        assert_eq!(keys(&ours), keys(&serde_json::from_str(&theirs.out).unwrap()));
    }
}

/// Lets `b` run once more, and returns the events of the last seconds that hold its end, by our program and by docker compose
/// where it is installed. The engine keeps its last 256 events only, and other tests make many: so `b` runs again where they
/// have pushed its end out meanwhile.
fn events(stack: &Stack, arguments: &[&str]) -> (Vec<Value>, Option<Vec<Value>>) {
    let asked = [&["events", "--json", "--since", "10s", "--until", "0s"], arguments].concat();
    let rows = |text: &str| -> Vec<Value> { text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect() };
    let has_ended = |rows: &[Value]| rows.iter().any(|one| one["service"] == "b" && one["action"] == "die");
    for _ in 0..20 {
        stack.run(&["start", "b"]);
        let (theirs, ours) = (peer(stack, &asked).map(|run| rows(&run.out)), rows(&stack.ok(&asked)));
        if has_ended(&ours) && theirs.as_ref().is_none_or(|rows| has_ended(rows)) {
            return (ours, theirs);
        }
    }
    panic!("`b` has ended twenty times, and no event tells");
}

#[test]
fn events_tell_what_has_happened_and_end_where_they_were_asked_to() {
    let Some(stack) = started() else { return };
    let (all, _) = events(&stack, &[]);
    let die = all.iter().rfind(|one| one["service"] == "b" && one["action"] == "die").unwrap();
    assert_eq!(die["attributes"]["exitCode"], "3");
    assert_eq!(keys(die), ["action", "attributes", "id", "service", "time", "type"].map(str::to_owned).into());
    let (ours, theirs) = events(&stack, &["b"]);
    assert!(ours.iter().all(|one| one["service"] == "b"));
    if let Some(mut theirs) = theirs {
        for one in &mut theirs {
            one["attributes"].as_object_mut().unwrap().remove("dev.inception.fields");
        }
        // Older events may have been pushed out between the two questions.
        let last = |rows: &[Value]| rows[rows.len() - 2..].to_vec();
        assert_eq!(last(&ours), last(&theirs));
    }
    let lines = |text: &str| text.lines().any(|line| line.contains(" container die ") && line.contains("exitCode=3"));
    let is_told = (0..20).any(|_| {
        stack.run(&["start", "b"]);
        lines(&stack.ok(&["events", "--since", "10s", "--until", "0s", "b"]))
    });
    assert!(is_told);
}

#[test]
fn wait_ends_with_the_code_of_the_last_container() {
    let Some(stack) = started() else { return };
    let (code, out, _) = stack.run(&["wait", "b"]);
    assert_eq!((code, out), (3, format!("container \"{}\" exited with status code 3\n", stack.name("b"))));
    assert_eq!(stack.run(&["wait", "z"]).0, 1);
    let waiting = stack.begin(&["wait", "a"]);
    stack.ok(&["kill", "a"]);
    assert_eq!(waiting.end().code, Some(137));
}

#[test]
fn wait_takes_the_project_down_where_it_is_asked_to() {
    let Some(stack) = started() else { return };
    assert_eq!(stack.run(&["wait", "--down-project", "a", "b"]).0, 3);
    assert!(stack.names().is_empty());
}

#[test]
fn scale_changes_numbers_and_nothing_else() {
    let Some(stack) = started() else { return };
    let id = stack.id("c");
    stack.ok(&["scale", "c=3"]);
    assert_eq!(stack.names().iter().filter(|name| name.starts_with("c-")).count(), 3);
    stack.ok(&["scale", "c=1"]);
    assert_eq!(stack.id("c"), id);
    assert_eq!(stack.names().iter().filter(|name| name.starts_with("c-")).count(), 1);
    for arguments in [&["scale"][..], &["scale", "z=1"], &["scale", "c"], &["scale", "c=x"]] {
        assert_eq!(stack.run(arguments).0, 1, "{arguments:?}");
    }
}

#[test]
fn all_work_from_the_labels_alone() {
    let Some(stack) = started() else { return };
    std::fs::remove_file(stack.folder.path().join("compose.yaml")).unwrap();
    stack.ok(&["port", "a", "80"]);
    assert!(!stack.ok(&["top", "a"]).is_empty());
    assert_eq!(stack.ok(&["images"]).lines().count(), 5);
    assert_eq!(stack.ok(&["volumes", "-q"]).lines().count(), 1);
    assert!(!events(&stack, &[]).0.is_empty());
    assert_eq!(stack.run(&["wait", "b"]).0, 3);
}

#[test]
fn stats_show_use_against_limits() {
    let Some(stack) = is_ready().then(|| {
        Stack::new(
            "
services:
  a: { image: IMAGE, init: true, command: sleep 1000, mem_limit: 64m, cpus: 0.5 }
  b: { image: IMAGE, command: 'true' }
",
        )
    }) else {
        return;
    };
    stack.run(&["up", "-d"]);
    let text = stack.ok(&["stats", "--no-stream"]);
    assert!(text.starts_with("CONTAINER ID   NAME ") && text.lines().count() == 2, "{text}");
    assert!(
        text.contains("/ 64MiB") && text.contains("cpu 0% of 0.5, memory ") && text.contains("% of 64MiB"),
        "{text}"
    );
    // By labels alone the file's limits are not known.
    let line = stack.ok(&[
        "-p",
        &stack.project,
        "stats",
        "--no-stream",
        "--no-trunc",
        "--format",
        "{{.ID}} {{.Declared}}",
        "a",
    ]);
    assert_eq!(line, format!("{} --\n", stack.id("a")));
    let arguments = ["stats", "-a", "--no-stream", "--format", "json"];
    let names = |text: &str| -> BTreeSet<String> {
        let objects = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        objects.map(|one| format!("{} {} {}", one["Name"], one["Container"], one["ID"])).collect()
    };
    let ours = stack.ok(&arguments);
    assert_eq!(names(&ours).len(), 2, "{ours}");
    if let Some(theirs) = peer(&stack, &arguments) {
        assert_eq!(names(&ours), names(&theirs.out));
        let first = |text: &str| keys(&serde_json::from_str(text.lines().next().unwrap()).unwrap());
        assert!(first(&ours).is_superset(&first(&theirs.out)));
    }
    assert_eq!(stack.run(&["stats", "z"]).0, 1);
}

#[test]
fn stats_go_on_until_they_are_stopped() {
    let Some(stack) = started() else { return };
    let mut command = stack.command(Tool::Ours, &["stats", "a"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let four: Vec<String> = lines.by_ref().take(4).map(Result::unwrap).collect();
    // Plain tables, one below the other: no terminal reads them.
    assert!(four[0] == four[2] && four[1].contains("-a-1 ") && !four.concat().contains('\x1b'), "{four:?}");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
}
