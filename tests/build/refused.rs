//! What the builder at hand cannot do is refused with its place, before anything starts.

use crate::common::real::is_ready;
use crate::setup::{Built, has_containerd_store, is_old};

#[test]
fn keys_beyond_the_classic_builder_are_refused() {
    if !is_ready() {
        return;
    }
    for (key, word) in [
        ("secrets: [s]", "secrets of a build"),
        ("ssh: [default]", "an agent of SSH"),
        ("cache_to: [type=inline]", "caches to write"),
        ("cache_from: ['type=local,src=c']", "a cache that is no image"),
        ("no_cache_filter: [a]", "stages without the cache"),
        ("privileged: true", "privileged steps"),
        ("entitlements: [network.host]", "entitlements"),
        ("additional_contexts: { a: . }", "the additional build context `a`"),
        ("isolation: hyperv", "only Windows"),
        ("provenance: true", "attestations are not there"),
        ("sbom: true", "attestations are not there"),
        ("platforms: [linux/amd64, linux/arm64]", "2 platforms"),
    ] {
        let built = Built::new(&format!(
            "services:\n  a:\n    build: {{ context: ., {key} }}\nsecrets: {{ s: {{ file: ./Dockerfile }} }}\n"
        ));
        built.dockerfile("FROM IMAGE\nRUN echo began\n");
        let run = built.go_with(&[("DOCKER_BUILDKIT", "0")], &["up", "-d"]);
        assert_eq!(run.code, Some(1), "{key}: {run:?}");
        assert!(run.errors.contains(word) && run.errors.contains("compose.yaml:3:"), "{key}: {run:?}");
        assert!(!run.errors.contains("RUN echo began") && built.stack.count() == 0, "{key}: {run:?}");
    }
}

#[test]
fn keys_beyond_buildkit_are_refused() {
    if !is_ready() {
        return;
    }
    let only_old = [
        ("shm_size: 1g", "a size of `/dev/shm`"),
        ("ulimits: { nofile: 1024 }", "limits of its steps"),
        ("additional_contexts: { a: . }", "the additional build context `a`"),
        ("dockerfile_inline: \"FROM IMAGE\\nRUN <<EOF\\necho\\nEOF\\n\"", "a here-document"),
    ];
    let always = [
        ("network: own", "BuildKit knows `default`, `host` and `none`"),
        ("cache_to: ['type=gha']", "of type `gha`"),
        ("cache_from: ['type=local']", "names no directory"),
        ("cache_from: ['type=gha']", "of type `gha`"),
        ("isolation: hyperv", "only Windows"),
        ("provenance: mode=max", "attestations are not there"),
        ("platforms: [linux/amd64, linux/arm64]", "2 platforms"),
        ("ssh: ['own=./Dockerfile']", "no socket of an agent"),
        ("secrets: [gone]", "there is no file"),
        ("secrets: [unset]", "variable `UNSET` is not set"),
    ];
    let only_own_store = [
        ("cache_to: ['type=local,dest=c']", "of type `local`, which only an image store of containerd"),
        ("cache_to: ['type=registry,ref=a/b']", "of type `registry`, which only an image store of containerd"),
    ];
    let old = only_old.iter().filter(|_| is_old());
    let own_store = only_own_store.iter().filter(|_| !has_containerd_store());
    for (key, word) in old.chain(own_store).chain(&always) {
        let built = Built::new(&format!(
            "services:\n  a:\n    build: {{ context: ., {key} }}\nsecrets: {{ gone: {{ file: ./gone }}, unset: {{ environment: UNSET }} }}\n"
        ));
        built.dockerfile("FROM IMAGE\nRUN echo began\n");
        let run = built.stack.go(&["build"]);
        assert_eq!(run.code, Some(1), "{key}: {run:?}");
        assert!(run.errors.contains(word) && run.errors.contains("compose.yaml:3:"), "{key}: {run:?}");
        assert!(!run.errors.contains("RUN echo began"), "{key}: {run:?}");
    }
}

#[test]
fn rights_that_the_engine_does_not_give_are_its_refusal() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: { context: ., privileged: true } } }");
    built.dockerfile("FROM IMAGE\nRUN true\n");
    let run = built.stack.go(&["build"]);
    assert!(run.code == Some(1) && run.errors.contains("security.insecure"), "{run:?}");
}
