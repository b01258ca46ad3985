//! What is refused before anything is made: each mistake is told with its place.

use crate::common::real::{Stack, Tool, is_ready, say, told};

/// What is wrong is told with its place, and nothing is made.
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
        (&["build", "--ssh", "default"], "`build --ssh` is not there"),
        (&["build", "--memory", "1g"], "`build --memory` is not there"),
        (&["up", "--watch", "a"], "`up --watch` is not there"),
    ] {
        let (code, out, errors) = Stack::new("services: { a: { image: IMAGE } }").run(arguments);
        assert!(code == 1 && out.is_empty() && errors.contains(words), "{arguments:?}: {errors}");
    }
}
