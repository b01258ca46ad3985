//! Processes of this machine that belong to a container, found by their control groups.
//!
//! An engine that was killed while it started a container may not know that a process of the container is running.

#![expect(clippy::disallowed_methods, reason = "reads the processes of this machine from /proc")]

use crate::model::ContainerId;

/// A process of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process's id on this machine.
    pub pid: u32,
    /// The kernel's short name of the program (`/proc/PID/comm`): at most 15 bytes, which the program may choose
    /// freely.
    pub name: String,
}

impl Process {
    /// Returns whether the process is the runtime's `runc init`, which waits for the order to run the container's
    /// program. It has done nothing yet.
    pub fn is_waiting(&self) -> bool {
        self.name.starts_with("runc:[")
    }
}

/// Returns the processes in the container's control group and in groups below.
///
/// `None` if this program may not see processes of other users, or if there is no `/proc`. The caller must know that
/// the container's processes are processes of this machine (`DockerEngine::is_this_machines`).
pub fn of_container(id: &ContainerId) -> Option<Vec<Process>> {
    // Under `hidepid` a user sees only own processes, and process 1 is not among them.
    std::fs::read_to_string("/proc/1/cgroup").ok()?;
    Some(whose_group_tells(id.as_str()))
}

fn whose_group_tells(word: &str) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of_group =
        |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|all| all.contains(word));
    let named = |pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        Process { pid, name: name.trim_end().to_owned() }
    };
    pids.filter(of_group).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_control_group() {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        let group = own.lines().next().and_then(|line| line.split_once(':')).unwrap().1;
        let found = whose_group_tells(group);
        assert!(found.iter().any(|process| process.pid == std::process::id() && !process.is_waiting()), "{found:?}");
        assert_eq!(of_container(&ContainerId::from("0123abcd".repeat(8).as_str())), Some(Vec::new()));
    }

    #[test]
    fn what_has_not_begun_is_told_from_what_is_at_work() {
        let process = |name: &str| Process { pid: 1, name: name.to_owned() };
        assert!(process("runc:[2:INIT]").is_waiting());
        assert!(!process("mariadbd").is_waiting());
        assert!(!process("").is_waiting());
    }
}
