//! `volume`: what it says of volumes, and backups of their contents, on a real engine.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

use std::path::PathBuf;

use common::proxy::{At, Fault, Proxy};
use common::real::{Stack, docker, is_ready, told};

const STACK: &str = "
services:
  a: { image: IMAGE, init: true, command: sleep 1000, volumes: ['data:/data', 'logs:/logs:ro'] }
volumes:
  data:
  logs:
  later:
";

/// Everything about the files of a directory that a backup is to keep: kind, mode, owner, size, names, links, contents.
const LOOK: &str = "cd /data && find . | sort | while read -r one; do stat -c '%n %F %a %u:%g %h %s' \"$one\"; done; \
     find . -type f | sort | while read -r one; do sha256sum \"$one\"; done; readlink link";

const FILL: &str = "cd /data && mkdir -p 'odd dir/sub' && echo hello > 'odd dir/ü\"$x' && chmod 4750 'odd dir/ü\"$x' && \
     chown 1234:4321 'odd dir' && ln -s /nowhere link && ln 'odd dir/ü\"$x' second && mkfifo pipe && \
     dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000 2>/dev/null && \
     touch $(printf 'x%.0s' $(seq 200)) && dd if=/dev/urandom of=noise bs=1M count=3 2>/dev/null && chown 7:8 .";

fn started() -> Option<Stack> {
    is_ready().then(|| {
        let stack = Stack::new(STACK);
        stack.ok(&["up", "-d"]);
        stack.exec("a", &["sh", "-c", FILL]);
        stack
    })
}

fn file(stack: &Stack, name: &str) -> PathBuf {
    stack.folder.path().join(name)
}

fn helpers(stack: &Stack) -> String {
    told(&["ps", "-aq", "--filter", &format!("label=dev.inception.volume-helper={}", stack.project)])
}

#[test]
fn volumes_are_listed_with_size_users_and_orphans() {
    let Some(stack) = started() else { return };
    let text = stack.ok(&["volume", "ls"]);
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("data").contains(&stack.name("a")) && line("data").contains("used"), "{text}");
    assert!(line("later").contains("missing"), "{text}");
    // `logs` is no longer in the file.
    stack.write(&STACK.replace(", 'logs:/logs:ro'", "").replace("  logs:\n", ""));
    let objects = stack.ok(&["volume", "ls", "--format", "json"]);
    let found: Vec<serde_json::Value> = objects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |key: &str| found.iter().find(|one| one["Key"] == key).unwrap();
    assert_eq!(of("logs")["Standing"], "orphan", "{objects}");
    assert!(of("data")["SizeBytes"].as_u64().unwrap() > 3_000_000, "{objects}");
    assert!(of("data")["DiskTotalBytes"].as_u64().unwrap() > 0, "{objects}");
    let document: serde_json::Value =
        serde_json::from_str(&stack.ok(&["volume", "inspect", "data", "--format", "json"])).unwrap();
    assert_eq!(document["Users"][0]["Path"], "/data");
    assert_eq!(document["Users"][0]["IsWritable"], true);
    let run = stack.go(&["volume", "inspect", "nothing"]);
    assert!(!run.is_success() && run.errors.contains("no-such-volume"), "{run:?}");
}

/// The file is an ordinary archive: what it holds is brought back by other programs alone.
#[test]
fn a_backup_holds_owners_modes_links_and_odd_names() {
    let Some(stack) = started() else { return };
    let before = stack.exec("a", &["sh", "-c", LOOK]);
    stack.ok(&["volume", "backup", "data", "-o", "data.tar.zst"]);
    assert_eq!(helpers(&stack), "");
    let told_by = stack.ok(&["volume", "verify", "data.tar.zst"]);
    assert!(told_by.contains("data: "), "{told_by}");
    assert_eq!(mode(&file(&stack, "data.tar.zst")), 0o600, "contents of volumes are for their owner alone");
    stack.exec("a", &["sh", "-c", "cd /data && find . -mindepth 1 -delete && chown 0:0 ."]);
    let mut zstd = std::fs::File::open(file(&stack, "data.tar.zst")).unwrap();
    let mut plain = std::fs::File::create(file(&stack, "plain.tar")).unwrap();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut zstd).unwrap();
    std::io::copy(&mut decoder, &mut plain).unwrap();
    let copied =
        docker(&["cp", "-a", &file(&stack, "plain.tar").display().to_string(), &format!("{}:/", stack.name("a"))]);
    assert!(copied.status.success());
    stack.exec("a", &["sh", "-c", "cd / && tar -xpf plain.tar data"]);
    assert_eq!(stack.exec("a", &["sh", "-c", LOOK]), before);
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn writers_are_paused_meanwhile_and_go_on() {
    let Some(stack) = started() else { return };
    // Two files that are always written in this order: a copy at one moment never has the second ahead of the first.
    let writer = "i=0; while :; do i=$((i+1)); echo $i > /data/first; echo $i > /data/second; done";
    docker(&["exec", "-d", &stack.name("a"), "sh", "-c", writer]);
    let run = stack.go(&["volume", "backup", "-o", "all.tar.zst"]);
    assert!(run.is_success() && run.errors.contains("paused while its volumes are read"), "{run:?}");
    assert!(stack.is_running("a") && stack.inspect("a", "{{.State.Paused}}") == "false");
    let mut zstd = std::fs::File::open(file(&stack, "all.tar.zst")).unwrap();
    let decoder = ruzstd::decoding::StreamingDecoder::new(&mut zstd).unwrap();
    let mut found = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(decoder).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        if name == "data/first" || name == "data/second" {
            let text = std::io::read_to_string(&mut entry).unwrap();
            found.insert(name, text.trim().parse::<u64>().unwrap_or(0));
        }
    }
    let (first, second) = (found["data/first"], found["data/second"]);
    // An empty file is one that was just being written.
    assert!(first == 0 || second == 0 || first == second || first == second + 1, "{found:?}");
}

#[test]
fn an_altered_or_cut_off_backup_is_refused() {
    let Some(stack) = started() else { return };
    stack.ok(&["volume", "backup", "data", "-o", "data.tar.zst"]);
    let whole = std::fs::read(file(&stack, "data.tar.zst")).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(file(&stack, "bad.tar.zst"), bytes).unwrap();
        let run = stack.go(&["volume", "verify", "bad.tar.zst"]);
        assert!(run.code == Some(1) && run.errors.contains("bad-backup"), "{what}: {run:?}");
    };
    // The frame's header, the manifest, the data, the checksums, the frame's own checksum.
    for at in [0, 4, 60, 400, whole.len() / 2, whole.len() - 200, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        refused(&bytes, &format!("a bit of byte {at} of {}", whole.len()));
    }
    for length in [0, 3, 200, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..length], &format!("the first {length} bytes"));
    }
    refused(&[&whole[..], &[0][..]].concat(), "a byte behind the end");
}

#[test]
fn killed_at_any_request_the_next_command_lets_everything_go_on() {
    let Some(mut stack) = started() else { return };
    let proxy = Proxy::new();
    stack.host = Some(proxy.host());
    for number in 1.. {
        proxy.arm(Some((At::Request(number), Fault::KillAfter)));
        let run = stack.go(&["volume", "backup", "-o", "all.tar.zst"]);
        let was_struck = proxy.struck().is_some();
        proxy.disarm();
        if !was_struck {
            assert!(run.is_success() && number > 5, "{run:?}");
            break;
        }
        assert!(!run.is_success(), "killed at request {number}: {run:?}");
        // Any command that changes the project does it.
        let is_backup = number % 2 == 0;
        stack.ok(if is_backup { &["volume", "backup", "-o", "again.tar.zst"] } else { &["up", "-d"] });
        assert_eq!(helpers(&stack), "", "killed at request {number}");
        assert_eq!(stack.inspect("a", "{{.State.Paused}}"), "false", "killed at request {number}");
        if is_backup {
            stack.ok(&["volume", "verify", "again.tar.zst"]);
        }
        if file(&stack, "all.tar.zst").exists() {
            stack.ok(&["volume", "verify", "all.tar.zst"]);
        }
    }
}

#[test]
fn volumes_of_other_projects_are_never_touched() {
    let Some(stack) = started() else { return };
    let other = Stack::new(&STACK.replace("  data:\n", &format!("  data: {{ name: {}_data }}\n", stack.project)));
    let text = other.ok(&["volume", "ls"]);
    assert!(text.lines().any(|line| line.starts_with("data") && line.contains("missing")), "{text}");
    let run = other.go(&["volume", "backup", "data", "-o", "stolen.tar.zst"]);
    assert!(!run.is_success() && run.errors.contains("no-such-volume"), "{run:?}");
    assert!(!file(&other, "stolen.tar.zst").exists());
}
