//! Mounts, devices and the modes of files.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::told::Checks;
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;
use crate::model::Span;

/// Options of `tmpfs` that have no value.
const TMPFS_FLAGS: [&str; 28] = [
    "defaults",
    "ro",
    "rw",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "exec",
    "noexec",
    "sync",
    "async",
    "dirsync",
    "remount",
    "mand",
    "nomand",
    "atime",
    "noatime",
    "diratime",
    "nodiratime",
    "relatime",
    "norelatime",
    "strictatime",
    "nostrictatime",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
];
/// Files below `/proc` over which something can be mounted.
const PROC_FILES: [&str; 10] = [
    "cpuinfo",
    "diskstats",
    "loadavg",
    "meminfo",
    "net/dev",
    "slabinfo",
    "stat",
    "swaps",
    "uptime",
    "sys/kernel/ns_last_pid",
];

impl Checks<'_> {
    /// Checks the file modes of secrets and configs.
    pub(super) fn modes(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        for field in ["secrets", "configs"] {
            for (index, reference) in value.list(field).iter().enumerate() {
                let Some(mode) = reference.text("mode") else { continue };
                if u32::from_str_radix(&mode, 8).is_ok_and(|mode| mode <= 0o7777) {
                    continue;
                }
                let field_path = format!("{field}[{index}].mode");
                self.expect(&field_path, spans.item(field, index), "a file mode such as `0440`", &mode);
            }
        }
    }

    /// Checks the targets of mounts, and the options of `tmpfs`.
    pub(super) fn mounts(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        for (index, mount) in value.list("volumes").iter().enumerate() {
            let Some(target) = mount.text("target") else { continue };
            let place = (format!("volumes[{index}]"), spans.item("volumes", index));
            // Compat: `d:/data` is a Windows path, so the short form cannot name a volume of one letter.
            if !target.starts_with('/') && !target.contains('\\') {
                self.relative_target(place, &target);
                continue;
            }
            let source = mount.text("source").unwrap_or_default();
            self.target(place, &target, &source);
        }
        for (index, entry) in value.texts("tmpfs").iter().enumerate() {
            let place = (format!("tmpfs[{index}]"), spans.item("tmpfs", index));
            let (target, options) = entry.split_once(':').unwrap_or((entry, ""));
            if !target.starts_with('/') {
                self.relative_target(place, target);
                continue;
            }
            let unknown = options.split(',').find(|option| !option.is_empty() && !is_tmpfs_option(option));
            if let Some(option) = unknown {
                self.expect(&place.0, place.1, "`PATH:OPTIONS` with options such as `size=64m,mode=1777`", option);
            }
            self.target(place, target, "");
        }
        self.mount_points(value, spans);
    }

    fn relative_target(&mut self, (field, span): (String, Span), target: &str) {
        let message = format!(
            "service `{}`: the path in the container must be absolute, but is `{}`",
            self.path.trim_start_matches("services."),
            crate::text::escape_controls(target)
        );
        let fault = Diagnostic::error("bad-value", span, message).at(format!("{}.{field}", self.path));
        let help = "a volume with a name of one letter needs the long form: `{ type: volume, source: d, target: /d }`";
        self.diagnostics.push(if target.contains(':') { fault.help(help) } else { fault });
    }

    /// Refuses a target at which nothing can be mounted.
    fn target(&mut self, (field, span): (String, Span), target: &str, source: &str) {
        let parts: Vec<&str> = target.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        // The host's own `/proc` may be mounted over `/proc`.
        let is_of_proc = parts.first() == Some(&"proc") && !source.starts_with("/proc");
        let is_free = parts.len() > 1 && PROC_FILES.contains(&parts[1..].join("/").as_str());
        if parts.is_empty() || (is_of_proc && !is_free) {
            let shown = crate::text::escape_controls(target);
            let message = format!("`{}.{field}`: nothing can be mounted at `{shown}` of a container", self.path);
            self.refuse(&field, span, message);
        }
    }

    /// Checks the rules for devices.
    pub(super) fn devices(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        for (index, rule) in value.texts("device_cgroup_rules").iter().enumerate() {
            if !is_device_rule(rule) {
                let field = format!("device_cgroup_rules[{index}]");
                self.expect(&field, spans.item("device_cgroup_rules", index), "a rule such as `c 1:3 rwm`", rule);
            }
        }
    }

    /// Refuses two mounts with the same target, such as `/data` and `/data/`. Targets with equal texts are reported by
    /// `validate` already.
    fn mount_points(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let mut seen: BTreeMap<String, (String, Span)> = BTreeMap::new();
        let targets = |field: &'static str, folder: &'static str| {
            let items = value.list(field).iter().enumerate();
            items.filter_map(move |(index, item)| {
                let target = match item.as_str() {
                    Some(text) => text.split_once(':').map_or(text, |(target, _)| target).to_owned(),
                    None => item.text("target").or_else(|| item.text("source"))?,
                };
                let is_absolute = target.starts_with('/');
                Some((if is_absolute { target } else { format!("{folder}{target}") }, field, index))
            })
        };
        let mounts = targets("tmpfs", "").chain(targets("volumes", ""));
        let files = targets("secrets", "/run/secrets/").chain(targets("configs", "/"));
        for (target, field, index) in mounts.chain(files) {
            let cleaned = if target.len() > 1 { target.trim_end_matches('/').to_owned() } else { target.clone() };
            let span = spans.item(field, index);
            let Some((text, first)) = seen.insert(cleaned, (target.clone(), span)) else { continue };
            if text == target && matches!(field, "tmpfs" | "volumes") {
                continue;
            }
            let shown = crate::text::escape_controls(&target).into_owned();
            let message = format!("`{}`: two mounts have the mount point `{shown}`", self.path);
            let path = format!("{}.{field}[{index}]", self.path);
            let diagnostic = Diagnostic::error("bad-value", span, message).at(path);
            self.diagnostics.push(diagnostic.related(first, "the other one").help("remove one of them"));
        }
    }
}

fn is_tmpfs_option(option: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match option.split_once('=') {
        Some(("size" | "nr_inodes" | "nr_blocks", amount)) => {
            is_number(amount.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G', '%']))
        }
        Some(("mode", mode)) => u32::from_str_radix(mode, 8).is_ok(),
        Some(("uid" | "gid", id)) => is_number(id),
        Some((key, _)) => matches!(key, "mpol" | "huge"),
        None => TMPFS_FLAGS.contains(&option) || matches!(option, "rslave" | "unbindable" | "runbindable" | "noswap"),
    }
}

/// Returns whether a text is a rule for devices, such as `c 1:3 rwm` (moby `oci.deviceCgroupRuleRegex`).
fn is_device_rule(rule: &str) -> bool {
    let parts: Vec<&str> = rule.split(' ').collect();
    let [kind, number, rights] = parts.as_slice() else { return false };
    let is_part = |text: &str| text == "*" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    matches!(*kind, "a" | "b" | "c")
        && number.split_once(':').is_some_and(|(major, minor)| is_part(major) && is_part(minor))
        && (1..=3).contains(&rights.len())
        && rights.bytes().all(|byte| matches!(byte, b'r' | b'w' | b'm'))
}
