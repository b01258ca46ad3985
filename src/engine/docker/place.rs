//! Whether an engine is this machine's: whether the host paths and ports that it speaks of are those that this program sees.
//!
//! An address does not tell. A unix socket may be forwarded by `ssh`, lead to a virtual machine, or be mounted into the
//! container that this program runs in; a port of `localhost` may be forwarded, too. Evidence tells, the cheap first:
//!
//! 1. *Who serves the socket* (`SO_PEERCRED`; no request). An engine's own program or the service manager, seen from
//!    outside of any container: this machine. A process that cannot be seen (number 0): this program is in a container.
//!    A process with process numbers of its own: the engine is in a container.
//! 2. *What the engine says of its machine* (`GET /info`; one request, made only where the first is not enough, as with a
//!    relay): kernel, host name and memory are ours, and the engine's data directory is here.
//!
//! One machine can still show its files and ports differently to two processes: `views` compares what both see.
//!
//! Where evidence is missing the engine counts as another machine's: then nothing of this machine is judged for it.

#![expect(clippy::disallowed_methods, reason = "compares facts of the kernel with those of the engine")]

use std::path::Path;

use serde_json::Value;

/// Programs that serve an engine's socket: engines, and the service manager where it has opened the socket for them.
const SERVERS: [&str; 3] = ["dockerd", "podman", "systemd"];

/// The kernel's own numbers of the namespaces that it begins with (`PROC_*_INIT_INO`).
const FIRST: [(&str, &str); 4] = [
    ("pid", "pid:[4026531836]"),
    ("uts", "uts:[4026531838]"),
    ("ipc", "ipc:[4026531839]"),
    ("cgroup", "cgroup:[4026531835]"),
];

/// How requests reach the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A unix socket, and the number of the process that serves it as seen from here; 0 where it cannot be seen.
    Unix { server: u32 },
    /// A port of this machine.
    Loopback,
    /// A network, or `ssh`.
    Remote,
}

/// What a connection alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Here,
    Elsewhere,
    /// The engine must be asked ([`is_this_machine`]).
    Unclear,
}

/// Judges a connection.
pub(super) fn judge(way: Way) -> Verdict {
    match way {
        Way::Unix { server } if is_in_container(server) => Verdict::Elsewhere,
        Way::Unix { server } => judge_server(server, name_of(server).as_deref(), is_outside_of_containers()),
        Way::Loopback => Verdict::Unclear,
        Way::Remote => Verdict::Elsewhere,
    }
}

fn judge_server(server: u32, name: Option<&str>, is_outside: bool) -> Verdict {
    match name {
        _ if server == 0 => Verdict::Elsewhere,
        // A container that shares the machine's process numbers sees the engine, too.
        Some(name) if is_outside && SERVERS.contains(&name) => Verdict::Here,
        _ => Verdict::Unclear,
    }
}

/// Whether the processes of the engine's containers can be looked up by this program: it must see the engine's own process,
/// or be outside of containers.
pub(super) fn sees_processes(way: Way) -> bool {
    let Way::Unix { server } = way else { return false };
    let is_engine = || name_of(server).is_some_and(|name| SERVERS.contains(&name.as_str()));
    server != 0 && (is_outside_of_containers() || is_engine())
}

/// Returns the process that sees files and ports as the engine does: the engine itself, or else the first process.
pub(super) fn observer(way: Way) -> u32 {
    match way {
        Way::Unix { server } if name_of(server).is_some_and(|name| SERVERS.contains(&name.as_str())) => server,
        _ => 1,
    }
}

/// Whether a process has process numbers of its own below those of this program, as an engine in a container has.
fn is_in_container(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
}

fn name_of(process: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{process}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Whether this program is in the namespaces that the kernel began with. Not so in a container, even in one that shares some
/// of them; nor in a Linux inside of Linux (LXC, WSL), where the engine may still be next to this program.
fn is_outside_of_containers() -> bool {
    FIRST.iter().all(|(kind, first)| {
        std::fs::read_link(format!("/proc/self/ns/{kind}")).is_ok_and(|namespace| namespace == Path::new(first))
    })
}

/// What this machine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// `/proc/sys/kernel/osrelease`.
    pub kernel: String,
    /// `/proc/sys/kernel/hostname`.
    pub name: String,
    /// `MemTotal` of `/proc/meminfo`, in bytes.
    pub memory: Option<u64>,
}

impl Machine {
    /// Returns the machine that this program is on; blank where there is no `/proc`.
    pub(super) fn own() -> Self {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{file}")).unwrap_or_default();
        let kernel_says = |file: &str| read(&format!("sys/kernel/{file}")).trim_end().to_owned();
        let memory = read("meminfo").lines().find_map(|line| {
            line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        });
        Self { kernel: kernel_says("osrelease"), name: kernel_says("hostname"), memory }
    }
}

/// Returns whether an engine's answer to `GET /info` is about this machine.
///
/// Kernel and host name must be there and be ours. Memory and the data directory need not be told, but must not
/// contradict: two virtual machines of one image often have the same name.
pub(super) fn is_this_machine(info: &Value, own: &Machine) -> bool {
    let says = |word: &str| info.get(word).and_then(Value::as_str).filter(|text| !text.is_empty());
    let is_same = |word: &str, own: &str| says(word) == Some(own);
    let memory = info.get("MemTotal").and_then(Value::as_u64).filter(|bytes| *bytes > 0);
    let contradicts = memory.zip(own.memory).is_some_and(|(theirs, ours)| theirs != ours);
    // A container with the machine's host name has not the machine's directories.
    let is_missing = |path: &str| matches!(Path::new(path).try_exists(), Ok(false));
    is_same("KernelVersion", &own.kernel)
        && is_same("Name", &own.name)
        && !contradicts
        && !says("DockerRootDir").is_some_and(is_missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_engine_that_serves_its_socket_itself_is_this_machines() {
        for name in ["dockerd", "podman", "systemd"] {
            assert_eq!(judge_server(7, Some(name), true), Verdict::Here, "{name}");
        }
    }

    #[test]
    fn a_socket_mounted_into_this_programs_container_is_another_machines() {
        assert_eq!(judge_server(0, None, false), Verdict::Elsewhere);
        assert_eq!(judge_server(0, None, true), Verdict::Elsewhere);
        // With the machine's process numbers (`pid: host`) the engine is seen, and must be asked.
        assert_eq!(judge_server(7, Some("dockerd"), false), Verdict::Unclear);
    }

    #[test]
    fn of_what_a_relay_leads_to_only_the_engine_can_tell() {
        for name in [Some("ssh"), Some("socat"), Some("com.docker.back"), None] {
            assert_eq!(judge_server(7, name, true), Verdict::Unclear, "{name:?}");
        }
        assert_eq!(judge(Way::Loopback), Verdict::Unclear);
        assert_eq!(judge(Way::Remote), Verdict::Elsewhere);
    }

    #[test]
    fn an_engine_is_believed_that_says_what_this_machine_says() {
        let own = Machine { kernel: "6.1.0".into(), name: "box".into(), memory: Some(1024) };
        let check = |info: Value, expected: bool| assert_eq!(is_this_machine(&info, &own), expected, "{info}");
        check(json!({"KernelVersion": "6.1.0", "Name": "box", "MemTotal": 1024, "DockerRootDir": "/"}), true);
        // Podman's answer and those of old engines lack words.
        check(json!({"KernelVersion": "6.1.0", "Name": "box"}), true);
        check(json!({"KernelVersion": "6.1.0", "Name": "docker-desktop", "MemTotal": 1024}), false);
        check(json!({"KernelVersion": "5.10", "Name": "box", "MemTotal": 1024}), false);
        check(json!({"KernelVersion": "6.1.0", "Name": "box", "MemTotal": 2048}), false);
        check(json!({"KernelVersion": "6.1.0", "Name": "box", "DockerRootDir": "/not/here"}), false);
        check(json!({}), false);
        // Without `/proc` there is nothing to compare.
        assert!(!is_this_machine(&json!({"KernelVersion": "", "Name": ""}), &Machine::default()));
    }

    #[test]
    fn this_machine_is_known() {
        let own = Machine::own();
        assert!(!own.kernel.is_empty() && !own.name.is_empty() && own.memory.is_some_and(|bytes| bytes > 0), "{own:?}");
        assert!(name_of(std::process::id()).is_some());
        assert!(!is_in_container(std::process::id()));
    }
}
