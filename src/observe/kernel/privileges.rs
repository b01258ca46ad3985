//! Users, capabilities, the filter of system calls, and whether new privileges can be had (`/proc/PID/status`, proc(5)).

use super::files;
use crate::model::inside::Section;

/// Names by number (capabilities(7), linux/capability.h).
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Reads the sections about privileges.
pub(super) fn sections(pid: i64) -> Vec<Section> {
    let mut process = Section::new(
        "process",
        "The main process is number 1 inside, and an ordinary process of this machine outside.",
    );
    let mut rights = Section::new(
        "privileges",
        "Capabilities are the parts of root's power that the process has; the filter refuses system calls that containers do not need.",
    );
    let text = match files::text(&format!("/proc/{pid}/status")) {
        Ok(text) => text,
        Err(reason) => {
            process.unread = Some(reason.clone());
            rights.unread = Some(reason);
            return vec![process, rights];
        }
    };
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default().to_owned()
    };
    process.add("program", field("Name"), "");
    process.add("number on this machine", pid.to_string(), "");
    let inside = field("NSpid").split_whitespace().last().unwrap_or("unknown").to_owned();
    process.add("number inside", inside, "");
    let user = field("Uid").split_whitespace().next().unwrap_or("unknown").to_owned();
    process.add("user", user.clone(), if user == "0" { "root, of the container and of this machine" } else { "" });
    rights.add("capabilities", named(&field("CapEff")), "in force");
    rights.add("bounding set", named(&field("CapBnd")), "what any process inside can have at most");
    let seccomp = match field("Seccomp").as_str() {
        "0" => ("off", "every system call is allowed"),
        "1" => ("strict", "only read, write and exit are allowed"),
        "2" => ("filter", "a profile decides"),
        _ => ("unknown", ""),
    };
    rights.add("seccomp", seccomp.0, seccomp.1);
    let is_closed = field("NoNewPrivs") == "1";
    let words =
        if is_closed { "set-user-id programs gain nothing" } else { "a set-user-id program makes a process root" };
    rights.add("no-new-privileges", if is_closed { "yes" } else { "no" }, words);
    let profile = files::value(&format!("/proc/{pid}/attr/current")).filter(|text| !text.is_empty());
    rights.add("security profile", profile.unwrap_or_else(|| "none".to_owned()), "of AppArmor or SELinux");
    vec![process, rights]
}

/// Returns the names of a mask in hexadecimal digits.
fn named(mask: &str) -> String {
    let Ok(bits) = u64::from_str_radix(mask, 16) else { return "unknown".to_owned() };
    let names: Vec<&str> =
        CAPABILITIES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| *name).collect();
    match names.len() {
        0 => "none".to_owned(),
        all if all >= 38 => format!("all {all}"),
        _ => names.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_the_names_of_their_capabilities() {
        assert_eq!(named("0000000000000401"), "CHOWN NET_BIND_SERVICE");
        assert_eq!((named("0"), named("1ffffffffff")), ("none".to_owned(), "all 41".to_owned()));
    }
}
