//! Limits: processors, memory, processes, `ulimits`.

use serde_json::Value as Json;

use super::told::Checks;
use super::words::{self, ULIMITS};
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;
use crate::loader::report::nearest;

/// The smallest memory limit that the engine accepts, in bytes (6 MiB since Engine 20.10).
const LEAST_MEMORY: i64 = 6 << 20;
/// More bytes than any machine has (1 EiB). A number beyond 64 bits was reduced to the largest 64-bit number before.
const ABSURD: i64 = 1 << 60;
/// The most open files that the kernel allows a process (`nr_open` cannot be larger).
const MOST_FILES: i64 = i32::MAX as i64;

impl Checks<'_> {
    /// Checks the limits of a service.
    pub(super) fn limits(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        self.processors(value, spans);
        self.memory(value, spans);
        self.sizes(value, spans);
        self.ulimits(value, spans);
        let whole = |key: &str| value.int(key);
        if let Some(score) = whole("oom_score_adj").filter(|score| !(-1000..=1000).contains(score)) {
            self.expect("oom_score_adj", spans.attribute("oom_score_adj"), "from -1000 to 1000", &score.to_string());
        }
        if let Some(percent) = whole("mem_swappiness").filter(|percent| !(-1..=100).contains(percent)) {
            self.expect("mem_swappiness", spans.attribute("mem_swappiness"), "from 0 to 100", &percent.to_string());
        }
    }

    fn processors(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let own = value.get("cpus").map(|cpus| ("cpus", spans.attribute("cpus"), cpus));
        let place = ["deploy", "resources", "limits", "cpus"];
        let limited = value
            .pointer("/deploy/resources/limits/cpus")
            .map(|cpus| ("deploy.resources.limits.cpus", spans.at(&place), cpus));
        let mut is_limited = false;
        for (field, span, cpus) in own.into_iter().chain(limited) {
            let number = cpus.as_f64().or_else(|| cpus.as_str()?.parse().ok()).unwrap_or(f64::NAN);
            if !number.is_finite() || number < 0.0 {
                self.expect(field, span, "a number of processors such as `0.5`", &plain(cpus));
            } else if number > 0.0 && number < 0.01 {
                self.expect(field, span, "at least `0.01`, the least the engine gives", &plain(cpus));
            }
            is_limited |= number > 0.0;
        }
        let (period, quota) = (value.int("cpu_period").unwrap_or(0), value.int("cpu_quota").unwrap_or(0));
        for (field, number) in [("cpu_period", period), ("cpu_quota", quota)] {
            if is_limited && number > 0 {
                let message = format!("`{}`: `cpus` and `{field}` exclude each other", self.path);
                self.exclusive(field, spans.attribute(field), message);
            }
        }
        if period != 0 && !(1000..=1_000_000).contains(&period) {
            self.expect("cpu_period", spans.attribute("cpu_period"), "from 1000 to 1000000 µs", &period.to_string());
        }
        if quota > 0 && quota < 1000 {
            self.expect("cpu_quota", spans.attribute("cpu_quota"), "at least 1000 µs", &quota.to_string());
        }
        let (period, runtime) = (value.int("cpu_rt_period").unwrap_or(0), value.int("cpu_rt_runtime").unwrap_or(0));
        if period != 0 && runtime > period {
            let expected = "at most `cpu_rt_period`, of which it is a part";
            self.expect("cpu_rt_runtime", spans.attribute("cpu_rt_runtime"), expected, &runtime.to_string());
        }
        if let Some(set) = value.text("cpuset").filter(|set| !set.is_empty() && !words::is_cpuset(set)) {
            self.expect("cpuset", spans.attribute("cpuset"), "numbers of processors such as `0-2,4`", &set);
        }
    }

    fn memory(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let mut amount = |own: &'static str, group: &'static str| {
            let deployed = || value.pointer(&format!("/deploy/resources/{group}/memory")).and_then(whole);
            let (field, span, bytes) = match value.int(own) {
                Some(bytes) => (own.to_owned(), spans.attribute(own), bytes),
                None => (
                    format!("deploy.resources.{group}.memory"),
                    spans.at(&["deploy", "resources", group, "memory"]),
                    deployed()?,
                ),
            };
            // Compat: for the engine a negative reservation is none.
            if bytes != 0 && bytes < LEAST_MEMORY && (bytes > 0 || group == "limits") {
                self.expect(&field, span, "at least `6m`, the least the engine gives", &bytes.to_string());
                return None;
            }
            Some((field, span, bytes)).filter(|(.., bytes)| *bytes > 0)
        };
        let limit = amount("mem_limit", "limits");
        let reserved = amount("mem_reservation", "reservations");
        if let (Some((field, span, reserved)), Some((other, _, limit))) = (&reserved, &limit)
            && reserved > limit
        {
            let expected = format!("at most the limit of `{other}`, {limit} bytes");
            self.expect(field, *span, &expected, &reserved.to_string());
        }
        let swap = value.int("memswap_limit").filter(|swap| *swap > 0);
        let deployed = value.pointer("/deploy/resources/limits/memory").and_then(whole);
        let has_limit = value.int("mem_limit").or(deployed).is_some_and(|bytes| bytes != 0);
        let expected = "memory and swap together, so not less than the memory limit";
        let span = spans.attribute("memswap_limit");
        match (swap, &limit) {
            (Some(swap), Some((.., limit))) if swap < *limit => {
                self.expect("memswap_limit", span, expected, &swap.to_string());
            }
            (Some(_), None) if !has_limit => {
                let message = format!("`{}.memswap_limit` needs `mem_limit`: it limits both together", self.path);
                self.refuse("memswap_limit", span, message);
            }
            _ => {}
        }
    }

    /// Refuses sizes that are negative or absurdly large.
    fn sizes(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let own = ["mem_limit", "mem_reservation", "memswap_limit", "shm_size"];
        let mut sizes: Vec<(String, crate::model::Span, Option<i64>)> =
            own.iter().map(|key| ((*key).to_owned(), spans.attribute(key), value.int(key))).collect();
        for group in ["limits", "reservations"] {
            let bytes = value.pointer(&format!("/deploy/resources/{group}/memory")).and_then(whole);
            let span = spans.at(&["deploy", "resources", group, "memory"]);
            sizes.push((format!("deploy.resources.{group}.memory"), span, bytes));
        }
        let of_build = value.get("build").and_then(|build| build.int("shm_size"));
        sizes.push(("build.shm_size".to_owned(), spans.at(&["build", "shm_size"]), of_build));
        for (index, mount) in value.list("volumes").iter().enumerate() {
            let bytes = mount.get("tmpfs").and_then(|tmpfs| tmpfs.int("size"));
            sizes.push((format!("volumes[{index}].tmpfs.size"), spans.item("volumes", index), bytes));
        }
        for (field, span, bytes) in sizes {
            let is_negative = field.ends_with("shm_size") && bytes.is_some_and(|bytes| bytes < 0);
            if bytes.is_some_and(|bytes| bytes >= ABSURD) || is_negative {
                let message = format!("`{}.{field}` must be a size that a machine can have, such as `64m`", self.path);
                self.refuse(&field, span, message);
            }
        }
    }

    fn ulimits(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        for (name, limit) in value.get("ulimits").and_then(Json::as_object).into_iter().flatten() {
            let span = spans.key("ulimits", name);
            let shown = crate::text::escape_controls(name).into_owned();
            let path = format!("ulimits.{shown}");
            if !ULIMITS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("`{}.{path}`: the kernel has no limit `{shown}`", self.path);
                let fault = Diagnostic::error("bad-value", span, message).at(format!("{}.{path}", self.path));
                let near = nearest(name, ULIMITS);
                self.diagnostics.push(match near {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault.help(format!("it has {}", ULIMITS.join(", "))),
                });
                continue;
            }
            let of = |key: &str| limit.as_i64().unwrap_or_else(|| limit.int(key).unwrap_or_default());
            let (soft, hard) = (of("soft"), of("hard"));
            // -1 means no limit.
            let amount = |limit: i64| if limit < 0 { i64::MAX } else { limit };
            if amount(soft) > amount(hard) {
                let expected = format!("at most the hard limit, {hard}");
                self.expect(&format!("{path}.soft"), span, &expected, &soft.to_string());
            } else if name.eq_ignore_ascii_case("nofile") && amount(hard) > MOST_FILES {
                self.expect(&path, span, "a number of files: the kernel has no unlimited one", &hard.to_string());
            }
        }
    }
}

/// Returns a value as the file writes it.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a whole number, also in quotes.
fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
