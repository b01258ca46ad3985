//! On which machine the engine is. Paths and ports of this machine are judged only for an engine on this machine.

use super::*;

/// Returns what an engine on this machine answers to `GET /info`.
fn own() -> Value {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{file}")).unwrap_or_default();
    let memory: u64 = read("meminfo").split_whitespace().nth(1).unwrap().parse().unwrap();
    json!({
        "KernelVersion": read("sys/kernel/osrelease").trim(), "Name": read("sys/kernel/hostname").trim(),
        "MemTotal": memory * 1024, "DockerRootDir": "/",
    })
}

/// Returns the answer of [`own`] with one field changed.
fn but(word: &str, value: Value) -> Value {
    let mut info = own();
    info[word] = value;
    info
}

#[tokio::test]
async fn an_engine_behind_a_relay_is_asked_once_what_machine_it_is_on() {
    let folder = tempfile::tempdir().unwrap();
    for (info, expected) in [
        (own(), true),
        (but("Name", json!("docker-desktop")), false),
        (but("KernelVersion", json!("5.10.0")), false),
        (but("MemTotal", json!(1)), false),
        (but("DockerRootDir", json!("/not/here")), false),
    ] {
        // The test process serves the socket, as a relay (`ssh`, `socat`) would.
        let engine = NotingEngine::new(info.clone());
        let docker = connect(engine.host(), folder.path()).await;
        assert_eq!(engine.count("/info"), 0);
        assert_eq!(docker.is_local().await, expected, "{info}");
        assert_eq!(docker.is_local().await, expected, "{info}");
        assert_eq!(engine.count("/info"), 1);
    }
}

#[test]
fn the_real_engine_is_this_machines_also_through_a_relay() {
    let own_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if !is_ready() || name_of_engine() != own_name.trim() {
        return;
    }
    let (folder, proxy) = (tempfile::tempdir().unwrap(), Proxy::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let docker = connect("unix:///var/run/docker.sock".to_owned(), folder.path()).await;
        assert!(docker.is_local().await && docker.is_this_machines().await);
        let docker = connect(proxy.host(), folder.path()).await;
        assert!(docker.is_local().await && docker.is_this_machines().await);
    });
    let paths: Vec<String> = proxy.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/_ping", "/v1.41/info"]);
}

/// Plans a stack with a path that does not exist and a port that is taken on this machine.
fn plan(engine: &NotingEngine, port: u16) -> common::real::Run {
    let mut stack = Stack::new(&format!(
        "services:\n  a:\n    image: a\n    ports: ['{port}:80']\n    volumes:\n      - {{ type: bind, source: \
         /not/here, target: /x, bind: {{ create_host_path: false }} }}\n"
    ));
    stack.host = Some(engine.host());
    stack.go(&["plan"])
}

#[test]
fn paths_and_ports_of_this_machine_are_judged_only_for_an_engine_of_it() {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let run = plan(&NotingEngine::new(own()), port);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("/not/here") && run.errors.contains(&port.to_string()), "{run:?}");
    let run = plan(&NotingEngine::new(but("Name", json!("elsewhere"))), port);
    assert_eq!(run.code, Some(2), "{run:?}");
}

/// Plans a stack with a path that does not exist on this machine. The program runs in a container, with the engine's
/// socket and the machine's files mounted.
fn plan_in_container(options: &[&str]) -> std::process::Output {
    let stack = Stack::new(
        "services:\n  a:\n    image: IMAGE\n    volumes:\n      - { type: bind, source: /not/here, target: /x, bind: { \
         create_host_path: false } }\n",
    );
    let script = format!(
        "cd '{}' && exec '{}' -p {} plan",
        stack.folder.path().display(),
        env!("CARGO_BIN_EXE_inception"),
        stack.project
    );
    let mounts = ["run", "--rm", "--network", "none", "-v", "/:/machine"];
    docker(&[&mounts, options, &[common::real::IMAGE, "chroot", "/machine", "/bin/sh", "-c", &script]].concat())
}

#[test]
fn a_program_in_a_container_judges_no_paths_unless_all_evidence_is_there() {
    let own_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if !is_ready() || name_of_engine() != own_name.trim() {
        return;
    }
    for (options, code) in [
        (&[][..], 2),
        // The engine's process is visible, but the host name differs.
        (&["--pid", "host"], 2),
        (&["--uts", "host"], 2),
        (&["--pid", "host", "--uts", "host"], 1),
    ] {
        let output = plan_in_container(options);
        assert_eq!(output.status.code(), Some(code), "{options:?}: {output:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(errors.contains("/not/here"), code == 1, "{options:?}: {errors}");
    }
}

/// Runs the program by a shell script with its own mounts (`-m`) or its own network (`-n`). Returns `None`, with a
/// message, where this user may not create them.
fn apart(stack: &Stack, kind: &str, script: &str) -> Option<common::real::Run> {
    let can = std::process::Command::new("unshare").args([kind, "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        common::real::say("\n*** SKIPPED: `unshare` is not allowed here: views apart were not tested ***\n");
        return None;
    }
    let command = stack.command(common::real::Tool::Ours, &[]);
    let mut shell = std::process::Command::new("unshare");
    shell
        .args([kind, "sh", "-c", script, "sh"])
        .arg(common::real::Tool::Ours.program())
        .current_dir(stack.folder.path());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(common::real::Running::begin(shell).end())
}

#[test]
fn paths_and_ports_that_only_the_program_or_the_engine_sees_are_not_judged() {
    let own_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if !is_ready() || name_of_engine() != own_name.trim() {
        return;
    }
    let stack = Stack::new(
        "services:
  a:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    volumes: [{ type: bind, source: ./only/there, target: /there, bind: { create_host_path: false } }]
    secrets: [s]
secrets: { s: { file: ./only/s } }",
    );
    std::fs::create_dir_all(stack.folder.path().join("only/there")).unwrap();
    let hide = "mount -t tmpfs none only && echo hushed > only/s && exec \"$1\" up -d";
    let Some(run) = apart(&stack, "-m", hide) else { return };
    assert!(run.is_success(), "{run:?}");
    // The engine does not see the file, so its content was copied into the container.
    assert_eq!(stack.exec("a", &["cat", "/run/secrets/s"]), "hushed");

    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    stack.write(&format!("services: {{ a: {{ image: IMAGE, ports: ['{port}:80'] }} }}"));
    let busy = format!(
        "ip link set lo up; busybox nc -lp {port} & sleep 0.5; \"$1\" plan; code=$?; kill $! 2>/dev/null; exit $code"
    );
    let Some(run) = apart(&stack, "-n", &busy) else { return };
    assert_eq!(run.code, Some(2), "the port is free where the engine is: {run:?}");
}

#[test]
fn a_secret_whose_file_is_not_here_is_left_to_an_engine_elsewhere() {
    let yaml = "services: { a: { image: a, secrets: [s] } }\nsecrets: { s: { file: ./not-here } }";
    let plan = |info: Value| {
        let engine = NotingEngine::new(info);
        let mut stack = Stack::new(yaml);
        stack.host = Some(engine.host());
        stack.go(&["plan"])
    };
    let run = plan(own());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("error[content-missing]"), "{run:?}");
    let run = plan(but("Name", json!("elsewhere")));
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.errors.contains("warning[content-elsewhere]"), "{run:?}");
}
