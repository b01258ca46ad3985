//! What the kernel knows of a running container, read from `/proc` and `/sys` of this machine.
//!
//! The container's main process must be a process of this machine (`ReadEngine::is_this_machines`). What this user may not
//! read is said in its section. Start at [`sections`].

mod cgroup;
mod files;
mod network;
mod privileges;

use std::collections::BTreeMap;

use crate::model::inside::Section;

/// A process whose namespaces are compared with those of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The name to show: `this machine`, or a container.
    pub name: String,
    /// The process id.
    pub pid: i64,
}

/// Reads everything about a main process.
pub fn sections(pid: i64, others: &[Other], addresses: &[String]) -> Vec<Section> {
    let mut found = vec![namespaces(pid, others), cgroup::section(pid)];
    found.extend(privileges::sections(pid));
    found.push(mounts(pid));
    found.push(network::interfaces(pid));
    found.push(network::names(pid));
    found.push(network::rules(addresses));
    found
}

/// The namespaces and what each one hides.
const NAMESPACES: [(&str, &str); 7] = [
    ("pid", "own numbers of processes"),
    ("net", "own interfaces, addresses, ports"),
    ("mnt", "own file systems"),
    ("ipc", "own shared memory"),
    ("uts", "own host name"),
    ("user", "own users"),
    ("cgroup", "own view of control groups"),
];

fn namespaces(pid: i64, others: &[Other]) -> Section {
    let mut section = Section::new(
        "namespaces",
        "A namespace hides a part of the machine from the processes in it; the same number means that two share it.",
    );
    let theirs: Vec<(&str, BTreeMap<&str, String>)> =
        others.iter().map(|one| (one.name.as_str(), ids(one.pid))).collect();
    let own = ids(pid);
    for (kind, what) in NAMESPACES {
        let Some(id) = own.get(kind) else { continue };
        let sharing: Vec<&str> =
            theirs.iter().filter(|(_, all)| all.get(kind) == Some(id)).map(|(name, _)| *name).collect();
        let remark = match sharing.as_slice() {
            [] => what.to_owned(),
            names => format!("shared with {}", names.join(", ")),
        };
        section.add(kind, id, remark);
    }
    if own.is_empty() {
        section.unread = Some(files::reason(&format!("/proc/{pid}/ns/pid")));
    }
    section
}

fn ids(pid: i64) -> BTreeMap<&'static str, String> {
    let id = |(kind, _): (&'static str, &str)| {
        let target = files::link(&format!("/proc/{pid}/ns/{kind}"))?;
        let id = target.split_once('[')?.1.trim_end_matches(']').to_owned();
        Some((kind, id))
    };
    NAMESPACES.into_iter().filter_map(id).collect()
}

fn mounts(pid: i64) -> Section {
    let mut section = Section::new(
        "mounts",
        "What the container sees as its files: the image's layers as one overlay, and volumes, binds and files of the engine over it.",
    );
    match files::text(&format!("/proc/{pid}/mountinfo")) {
        Ok(text) => text.lines().filter_map(mount).for_each(|(target, kind, remark)| section.add(target, kind, remark)),
        Err(reason) => section.unread = Some(reason),
    }
    section
}

/// Reads a line of `/proc/PID/mountinfo` (proc(5)). Mounts of the kernel's own file systems are left out.
fn mount(line: &str) -> Option<(String, String, String)> {
    let (first, second) = line.split_once(" - ")?;
    let fields: Vec<&str> = first.split(' ').collect();
    let (root, target, options) = (*fields.get(3)?, *fields.get(4)?, *fields.get(5)?);
    let kind = second.split(' ').next()?;
    if matches!(kind, "proc" | "sysfs" | "cgroup" | "cgroup2" | "mqueue" | "devpts")
        || (target.starts_with("/proc/") || target.starts_with("/sys/"))
    {
        return None;
    }
    let is_read_only = options.split(',').any(|word| word == "ro");
    let access = if is_read_only { "read-only" } else { "read and write" };
    let from = if root == "/" { String::new() } else { format!(", from {root}") };
    Some((target.to_owned(), kind.to_owned(), format!("{access}{from}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_without_those_of_the_kernel() {
        let bind = "812 790 8:1 /srv/data /data ro,relatime - ext4 /dev/sda1 rw";
        assert_eq!(mount(bind), Some(("/data".to_owned(), "ext4".to_owned(), "read-only, from /srv/data".to_owned())));
        assert_eq!(mount("1 2 0:5 / /proc rw - proc proc rw"), None);
    }
}
