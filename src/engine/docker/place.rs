//! Whether an engine is on this machine: whether its host paths and ports are those that this program sees.
//!
//! The address does not show that. A unix socket may be forwarded by `ssh`, lead to a virtual machine, or be mounted
//! into the container in which this program runs; a port of `localhost` may be forwarded, too. So there are two kinds
//! of evidence:
//!
//! 1. *The process that serves the socket* (`SO_PEERCRED`; no request). An engine's program or the service manager,
//!    seen from outside of any container: this machine. A process that cannot be seen (number 0): this program is in a
//!    container. A process in a process namespace of its own: the engine is in a container.
//! 2. *What the engine tells about its machine* (`GET /info`; one request, only if the first is not enough, as with a
//!    relay): kernel, host name and memory are those of this machine, and the engine's data directory exists here.
//!
//! Two processes on one machine may still see different files and ports: `views` compares what both see.
//!
//! Without evidence the engine counts as on another machine, and nothing of this machine is judged for it.

#![expect(clippy::disallowed_methods, reason = "compares facts of the kernel with those of the engine")]

use std::path::Path;

use serde_json::Value;

/// Programs that serve an engine's socket: engines, and the service manager if it has opened the socket for them.
const SERVERS: [&str; 3] = ["dockerd", "podman", "systemd"];

/// The kernel's fixed numbers of its initial namespaces (`PROC_*_INIT_INO`).
const FIRST: [(&str, &str); 4] = [
    ("pid", "pid:[4026531836]"),
    ("uts", "uts:[4026531838]"),
    ("ipc", "ipc:[4026531839]"),
    ("cgroup", "cgroup:[4026531835]"),
];

/// How requests reach the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A unix socket, and the number of the process that serves it, as seen from here; 0 if it cannot be seen.
    Unix { server: u32 },
    /// A port of this machine.
    Loopback,
    /// A network, or `ssh`.
    Remote,
}

/// What a connection alone shows.
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
        // A container with the machine's process namespace sees the engine, too, so this program must be outside.
        Some(name) if is_outside && SERVERS.contains(&name) => Verdict::Here,
        _ => Verdict::Unclear,
    }
}

/// Returns whether this program can look up the processes of the engine's containers: it sees the engine's own process,
/// or it runs outside of containers.
pub(super) fn sees_processes(way: Way) -> bool {
    let Way::Unix { server } = way else { return false };
    let is_engine = || name_of(server).is_some_and(|name| SERVERS.contains(&name.as_str()));
    server != 0 && (is_outside_of_containers() || is_engine())
}

/// Returns a process that sees the same files and ports as the engine: the engine itself, or else process 1.
pub(super) fn observer(way: Way) -> u32 {
    match way {
        Way::Unix { server } if name_of(server).is_some_and(|name| SERVERS.contains(&name.as_str())) => server,
        _ => 1,
    }
}

/// Returns whether a process is in a process namespace below that of this program, as an engine in a container is.
fn is_in_container(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
}

fn name_of(process: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{process}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Returns whether this program is in the kernel's initial namespaces. It is not in a container, even if that shares
/// some of them; nor in a Linux inside Linux (LXC, WSL), where the engine may still be beside this program.
fn is_outside_of_containers() -> bool {
    FIRST.iter().all(|(kind, first)| {
        std::fs::read_link(format!("/proc/self/ns/{kind}")).is_ok_and(|namespace| namespace == Path::new(first))
    })
}

/// Facts about a machine.
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
    /// Returns the facts about this machine; blank without `/proc`.
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
/// Kernel and host name must be there and be the same. Memory and data directory may be missing, but must not
/// contradict: two virtual machines of one image often have the same name.
pub(super) fn is_this_machine(info: &Value, own: &Machine) -> bool {
    let says = |word: &str| info.get(word).and_then(Value::as_str).filter(|text| !text.is_empty());
    let is_same = |word: &str, own: &str| says(word) == Some(own);
    let memory = info.get("MemTotal").and_then(Value::as_u64).filter(|bytes| *bytes > 0);
    let contradicts = memory.zip(own.memory).is_some_and(|(theirs, ours)| theirs != ours);
    // A container with the machine's host name does not have the machine's directories.
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
        // With the machine's process namespace (`pid: host`) the engine is visible, but must be asked.
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
        // The answers of Podman and of old engines lack fields.
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
