//! Control groups: version, limits, use, pressure, throttling (cgroups(7); Documentation/admin-guide/cgroup-v1 and -v2).

use std::collections::BTreeMap;

use super::files;
use crate::model::inside::Section;

const ROOT: &str = "/sys/fs/cgroup";

/// Reads the section about control groups.
pub(super) fn section(pid: i64) -> Section {
    let mut section = Section::new(
        "cgroup",
        "A control group counts and limits what its processes use; at the memory limit the kernel ends one of them, at the processor limit they wait.",
    );
    let text = match files::text(&format!("/proc/{pid}/cgroup")) {
        Ok(text) => text,
        Err(reason) => {
            section.unread = Some(reason);
            return section;
        }
    };
    let paths = paths(&text);
    match files::exists(&format!("{ROOT}/cgroup.controllers")) {
        true => version_2(&mut section, paths.get("").map_or("/", String::as_str)),
        false => version_1(&mut section, &paths),
    }
    section
}

/// Reads `/proc/PID/cgroup`: the path of each controller; of version 2 the controller is empty.
fn paths(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        controllers.split(',').for_each(|one| drop(found.insert(one.to_owned(), path.to_owned())));
    }
    found
}

fn version_2(section: &mut Section, path: &str) {
    section.add("version", "2", "one tree for all controllers");
    section.add("path", path, "");
    let read = |name: &str| files::value(&format!("{ROOT}{path}/{name}"));
    let limit = read("memory.max").unwrap_or_default();
    memory(section, &read("memory.current").unwrap_or_default(), if limit == "max" { "" } else { &limit });
    let max = read("cpu.max").unwrap_or_default();
    let (quota, period) = max.split_once(' ').unwrap_or(("max", "100000"));
    processor(section, quota, period, &read("cpu.stat").unwrap_or_default());
    processes(section, &read("pids.current").unwrap_or_default(), &read("pids.max").unwrap_or_default());
    for (file, name) in [
        ("cpu.pressure", "processor pressure"),
        ("memory.pressure", "memory pressure"),
        ("io.pressure", "disk pressure"),
    ] {
        if let Some(share) = read(file).as_deref().and_then(pressure) {
            section.add(name, format!("{share} %"), "of the last minute some process waited for it");
        }
    }
    let kills = read("memory.events").as_deref().and_then(|text| field(text, "oom_kill"));
    section.add("killed for memory", kills.unwrap_or(0).to_string(), "processes since the start");
}

fn version_1(section: &mut Section, paths: &BTreeMap<String, String>) {
    section.add("version", "1", "a tree for each controller");
    let path = |controller: &str| paths.get(controller).cloned().unwrap_or_default();
    section.add("path", path("memory"), "of the controller for memory");
    let read = |controller: &str, name: &str| files::value(&format!("{ROOT}/{controller}{}/{name}", path(controller)));
    let limit = read("memory", "memory.limit_in_bytes").unwrap_or_default();
    // Without a limit the kernel shows the largest number of pages.
    let is_unlimited = limit.parse::<u64>().is_ok_and(|bytes| bytes > 1 << 60);
    memory(
        section,
        &read("memory", "memory.usage_in_bytes").unwrap_or_default(),
        if is_unlimited { "" } else { &limit },
    );
    let quota = read("cpu", "cpu.cfs_quota_us").unwrap_or_default();
    let period = read("cpu", "cpu.cfs_period_us").unwrap_or_default();
    let quota = if quota.starts_with('-') { "max" } else { &quota };
    processor(section, quota, &period, &read("cpu", "cpu.stat").unwrap_or_default());
    processes(
        section,
        &read("pids", "pids.current").unwrap_or_default(),
        &read("pids", "pids.max").unwrap_or_default(),
    );
    let kills = read("memory", "memory.oom_control").as_deref().and_then(|text| field(text, "oom_kill"));
    section.add("killed for memory", kills.unwrap_or(0).to_string(), "processes since the start");
    section.add("pressure", "unknown", "control groups of version 1 do not tell it");
}

fn memory(section: &mut Section, used: &str, limit: &str) {
    let shown = |text: &str| text.parse::<u64>().map_or_else(|_| "unknown".to_owned(), mebibytes);
    section.add("memory used", shown(used), "with the cache of files");
    match limit {
        "" => section.add("memory limit", "none", "the whole machine's"),
        limit => section.add("memory limit", shown(limit), ""),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn processor(section: &mut Section, quota: &str, period: &str, stat: &str) {
    match (quota.parse::<f64>(), period.parse::<f64>()) {
        (Ok(quota), Ok(period)) if period > 0.0 => {
            section.add(
                "processor limit",
                format!("{} processors", quota / period),
                format!("{quota} of each {period} microseconds"),
            );
        }
        _ => section.add("processor limit", "none", "all processors"),
    }
    let (periods, throttled) = (field(stat, "nr_periods").unwrap_or(0), field(stat, "nr_throttled").unwrap_or(0));
    section.add(
        "throttled",
        format!("{throttled} of {periods} periods"),
        "in which the processes had to wait for the next period",
    );
}

fn processes(section: &mut Section, current: &str, max: &str) {
    let limit = if max.is_empty() {
        "unknown"
    } else if max == "max" {
        "none"
    } else {
        max
    };
    section.add("processes", if current.is_empty() { "unknown" } else { current }, "with threads");
    section.add("process limit", limit, "");
}

/// Returns the number behind a word at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// Returns `avg60` of the line `some`.
fn pressure(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("some"))?;
    line.split(' ').find_map(|word| word.strip_prefix("avg60="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_both_versions_are_read() {
        assert_eq!(paths("4:cpu,cpuacct:/a\n0::/b\n").get("cpuacct").map(String::as_str), Some("/a"));
        assert_eq!(paths("0::/b\n").get("").map(String::as_str), Some("/b"));
        assert_eq!(field("nr_periods 3\nnr_throttled 2\n", "nr_throttled"), Some(2));
        assert_eq!(pressure("some avg10=0.00 avg60=1.50 avg300=0 total=1\nfull avg10=0"), Some("1.50"));
        let mut section = Section::default();
        processor(&mut section, "50000", "100000", "");
        assert_eq!(section.entries[0].value, "0.5 processors");
    }
}
