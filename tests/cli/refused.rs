//! What is refused before anything is created: each mistake is reported with its place.

use crate::common::real::{IMAGE, Stack, Tool, is_ready, say, told};

/// Checks that a mistake is reported with its place, and that nothing is created.
#[track_caller]
fn refused(yaml: &str, words: &[&str]) {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(yaml);
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "`{word}` is missing in:\n{errors}");
    }
    assert_eq!(stack.count(), 0, "something was made:\n{errors}");
}

#[test]
fn a_missing_secret_file_is_pointed_at() {
    refused(
        "services: { a: { image: IMAGE, secrets: [s] } }\nsecrets:\n  s:\n    file: ./gone.txt\n",
        &["compose.yaml:4:11", "gone.txt"],
    );
}

#[test]
fn a_required_variable_is_pointed_at() {
    refused(
        "services:\n  a:\n    image: ${WHICH:?say which image}\n",
        &["compose.yaml:3:12", "WHICH", "say which image"],
    );
}

#[test]
fn an_unknown_key_is_pointed_at_with_the_right_one() {
    refused("services:\n  a:\n    imgae: x\n", &["compose.yaml:3:5", "imgae", "did you mean `image`?"]);
}

#[test]
fn a_cycle_names_every_service_on_it() {
    refused(
        "services:\n  a: { image: IMAGE, depends_on: [b] }\n  b: { image: IMAGE, depends_on: [c] }\n  c: { image: IMAGE, depends_on: [a] }\n",
        &["a -> b -> c -> a", "compose.yaml:2:"],
    );
}

#[test]
fn an_undefined_network_is_pointed_at() {
    refused(
        "services:\n  a: { image: IMAGE, networks: [fornt] }\nnetworks: { front: }\n",
        &["undefined network `fornt`", "did you mean `front`?", "compose.yaml:2:"],
    );
}

#[test]
fn a_taken_port_names_its_holder_before_anything_starts() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    refused(
        &format!("services:\n  a:\n    image: IMAGE\n    ports: ['{port}:80']\n"),
        &[&port.to_string(), "already taken", "compose.yaml:4:13", "pid"],
    );
}

#[test]
fn a_device_and_a_bind_that_are_not_there_are_pointed_at_together() {
    refused(
        "services:\n  a:\n    image: IMAGE\n    devices: [/dev/gone]\n    volumes:\n      - { type: bind, source: ./gone, target: /x, bind: { create_host_path: false } }\n",
        &["/dev/gone", "compose.yaml:6:9", "does not exist"],
    );
}

#[test]
fn a_kernel_parameter_that_the_kernel_does_not_know_is_pointed_at() {
    refused(
        "services:\n  a:\n    image: IMAGE\n    sysctls: { net.nothing.here: '1', net.ipv4.conf.eth0.rp_filter: '0' }\n",
        &["/proc/sys/net/nothing/here", "compose.yaml:2:", "does not exist"],
    );
}

#[test]
fn all_faults_of_files_values_machine_and_plan_are_told_in_one_run() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    refused(
        &format!(
            "services:
  a:
    image: IMAGE
    env_file: gone.env
    secrets: [s]
    ports: ['{port}:80']
    restart: sometimes
    cpus: 5000
    depends_on: {{ b: {{ condition: service_healthy }} }}
  b:
    image: IMAGE
    command: [sleep, '1000']
    label_file: gone.labels
    pid: container:gone-container
secrets: {{ s: {{ file: ./gone.txt }} }}
"
        ),
        &[
            "gone.env",
            "compose.yaml:4:15",
            "gone.labels",
            "gone.txt",
            "already taken",
            "restart policy `sometimes`",
            "may use 5000 processors",
            "neither the file nor the image",
            "needs the container `gone-container`",
        ],
    );
}

#[test]
fn a_fault_of_a_service_is_not_followed_by_its_consequences() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  a: { imgae: IMAGE, build: ./gone, secrets: [s] }
  b: { image: IMAGE, network_mode: 'service:nosuch' }
secrets: { s: { file: ./gone.txt } }
",
    );
    let (code, _, errors) = stack.run(&["up", "-d"]);
    assert_eq!(code, 1, "{errors}");
    for word in ["unknown key `imgae`", "undefined service `nosuch`", "gone.txt"] {
        assert!(errors.contains(word), "`{word}` is missing in:\n{errors}");
    }
    assert!(!errors.contains("build-context-missing") && !errors.contains("parent-missing"), "{errors}");
}

#[test]
fn a_bind_source_that_is_not_there_is_told_and_refused_over_a_file_of_the_image() {
    if !is_ready() {
        return;
    }
    let folder = |stack: &Stack, name: &str| stack.folder.path().join(name);
    let stack = Stack::new(
        "services: { a: { image: IMAGE, command: [sleep, '1000'], init: true, volumes: ['./made:/data'] } }",
    );
    let (code, _, told) = stack.run(&["plan"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("warning[bind-source-missing]") && told.contains("owned by root"), "{told}");
    assert!(!folder(&stack, "made").exists());
    let (code, _, told) = stack.run(&["up", "-d"]);
    assert!(code == 0 && told.contains("warning[bind-source-missing]"), "{told}");
    assert!(folder(&stack, "made").is_dir());
    let (_, _, told) = stack.run(&["up", "-d"]);
    assert!(!told.contains("bind-source-missing"), "{told}");

    refused(
        "services:\n  a:\n    image: IMAGE\n    command: [sleep, '1000']\n    volumes:\n      - ./gone:/bin/busybox\n",
        &["bind-over-file", "compose.yaml:6:9", "a file of the image"],
    );
}

#[test]
fn a_value_that_only_the_engine_refuses_is_refused_before_anything_is_made() {
    for (attribute, words) in [
        ("cap_add: [NOSUCH]", "no capability `NOSUCH`"),
        ("cpus: 5000", "processors"),
        ("mem_limit: 100000000000000000000g", "a size that a machine can have"),
        ("cpuset: '4000'", "4000"),
        ("sysctls: { vm.max_map_count: '262144' }", "the whole machine"),
        ("network_mode: nosuch-network", "no network of that name"),
        ("entrypoint: []", "no command"),
    ] {
        let image = if attribute.starts_with("entrypoint") { "command: []," } else { "command: [sleep, '1000']," };
        if attribute.starts_with("entrypoint") && has_command() {
            continue;
        }
        refused(&format!("services: {{ a: {{ image: IMAGE, {image} {attribute} }} }}\n"), &[words]);
    }
}

/// Returns whether the image of the tests has a command.
fn has_command() -> bool {
    is_ready() && told(&["image", "inspect", "--format", "{{json .Config.Cmd}}", IMAGE]) != "null"
}

#[test]
fn what_the_engine_is_too_old_for_is_refused_before_anything_is_made() {
    if !is_ready() {
        return;
    }
    let api = told(&["version", "--format", "{{.Server.APIVersion}}"]);
    let minor: u32 = api.rsplit('.').next().and_then(|minor| minor.parse().ok()).expect("1.41 or the like");
    if minor >= 49 {
        say(&format!("SKIPPED: this engine speaks {api} and can do all of it"));
        return;
    }
    refused(
        "services:\n  a:\n    image: IMAGE\n    networks: { default: { gw_priority: 1, interface_name: x } }\n    volumes: [{ type: image, source: IMAGE, target: /x }]\n",
        &["needs Engine API 1.4"],
    );
}

#[test]
fn drivers_and_runtimes_that_are_not_there_are_refused_all_at_once_before_anything_is_made() {
    refused(
        "services:
  a:
    image: IMAGE
    volumes: [data:/v]
    networks: [n]
    runtime: gone-runtime
    logging: { driver: gone-log }
volumes:
  data:
    driver: gone-volume
networks:
  n:
    driver: gone-network
",
        &[
            "services.a.runtime",
            "no runtime `gone-runtime`",
            "take one that is there: ",
            "no logging driver `gone-log`",
            "volumes.data.driver",
            "no volume driver `gone-volume`",
            "no network driver `gone-network`",
        ],
    );
}

#[test]
fn a_missing_build_context_is_pointed_at() {
    refused("services:\n  a:\n    build: ./gone\n", &["compose.yaml:3:12", "gone"]);
}

#[test]
fn no_engine_says_what_was_tried() {
    let stack = Stack::named(Tool::Ours, "services: { a: { image: x } }", "none".to_owned());
    let (code, _, errors) = stack.run(&["-H", "unix:///nowhere/engine.sock", "ps"]);
    assert_eq!(code, 1);
    assert!(errors.contains("unix:///nowhere/engine.sock") && errors.contains("--host"), "{errors}");
}

#[test]
fn flags_that_cannot_be_honoured_are_refused_with_words_of_ours() {
    for (arguments, words) in [
        (&["ps", "--format", "{{.Nmae}}"], "there is no field `.Nmae`"),
        (&["ps", "--format", "jsno"], "`jsno` is no format"),
        (&["ps", "--filter", "bogus=1"], "the only filter is `status=STATE`"),
        (&["build", "--sbom", "true"], "`build --sbom` is not there"),
        (&["build", "--provenance", "true"], "`build --provenance` is not there"),
        (&["up", "--watch", "a"], "there is nothing to watch"),
    ] {
        let (code, out, errors) = Stack::new("services: { a: { image: IMAGE } }").run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
}
