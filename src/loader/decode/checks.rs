//! Refuses values that docker compose accepts and the engine refuses in the middle of a run. With these checks the run
//! does not begin, so nothing is left half done.
//!
//! Compat: `config` prints such values, as docker compose does. Only commands that create something check them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

use super::get::Get;
use super::spans::ServiceSpans;
use crate::diag::Diagnostic;
use crate::loader::syntax::duration;
use crate::loader::tree::{Node, Value};
use crate::model::{Span, image_name};

/// Bytes of the smallest memory limit that the engine accepts (6 MiB since Engine 20.10).
const LEAST_MEMORY: i64 = 6 << 20;
/// Nanoseconds of the shortest duration that the engine accepts in a health check (1 ms).
const LEAST_TIME_NS: i64 = 1_000_000;

/// The checks of one resource.
pub(super) struct Checks<'a> {
    /// Path of the resource, such as `services.web`.
    path: String,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// Checks a service.
pub(super) fn service(name: &str, value: &Json, spans: &ServiceSpans<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut checks = Checks { path: format!("services.{name}"), diagnostics };
    if let Some(node) = spans.node {
        checks.nul(node, &checks.path.clone());
    }
    checks.names(value, spans);
    checks.numbers(value, spans);
    checks.addresses(value, spans);
    checks.healthcheck(value, spans);
    checks.modes(value, spans);
    checks.mount_points(value, spans);
}

/// Checks the address pools of a network.
pub(super) fn network(key: &str, value: &Json, node: Option<&Node>, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    let mut checks = Checks { path: format!("networks.{key}"), diagnostics };
    let ipam = node.and_then(|node| node.get("ipam")).and_then(|ipam| ipam.get("config"));
    let nodes = ipam.map(Node::items).unwrap_or_default();
    let pools = value.get("ipam").map(|ipam| ipam.list("config")).unwrap_or_default();
    for (index, pool) in pools.iter().enumerate() {
        let place = |field: &str| {
            let node = nodes.get(index);
            node.and_then(|node| node.get(field)).or(node).map_or(span, |node| node.span)
        };
        for (field, is_range) in [("subnet", true), ("ip_range", true), ("gateway", false)] {
            let Some(text) = pool.text(field).filter(|text| !text.is_empty()) else { continue };
            let fits = if is_range { is_cidr(&text) } else { text.parse::<IpAddr>().is_ok() };
            if !fits {
                let expected = if is_range { "a range such as `10.5.0.0/24`" } else { "an address such as `10.5.0.1`" };
                checks.expect(&format!("ipam.config[{index}].{field}"), place(field), expected, &text);
            }
        }
        for (name, address) in pool.pairs("aux_addresses") {
            if address.parse::<IpAddr>().is_err() {
                let path = format!("ipam.config[{index}].aux_addresses.{name}");
                checks.expect(&path, place("aux_addresses"), "an address such as `10.5.0.2`", &address);
            }
        }
    }
}

/// Checks the name of a volume.
pub(super) fn volume(key: &str, value: &Json, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    let name = value.text("name").unwrap_or_default();
    let is_external = value.flag("external").unwrap_or_default();
    if !is_external && value.text("driver").is_none_or(|driver| driver == "local") && !is_engine_name(&name) {
        let mut checks = Checks { path: format!("volumes.{key}"), diagnostics };
        checks.expect("name", span, "at least two letters, digits, `_`, `.` or `-`, a letter or digit first", &name);
    }
}

impl Checks<'_> {
    fn refuse(&mut self, field: &str, span: Span, message: String) {
        let path = format!("{}.{field}", self.path);
        self.diagnostics.push(Diagnostic::error("bad-value", span, message).at(path));
    }

    /// Reports a value that is not as the engine expects it.
    fn expect(&mut self, field: &str, span: Span, expected: &str, found: &str) {
        let shown: String = crate::text::escape_controls(found).chars().take(80).collect();
        let message = format!("`{}.{field}` must be {expected}, but is `{shown}`", self.path);
        self.refuse(field, span, message);
    }

    /// Refuses NUL characters: a text for the kernel ends at NUL, so the process would get a shorter text than the file
    /// has.
    fn nul(&mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Text(text) if text.contains('\0') => {
                let message = format!("`{path}` holds a NUL character, which no process can be given");
                self.diagnostics.push(Diagnostic::error("bad-value", node.span, message).at(path));
            }
            Value::List(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.nul(item, &format!("{path}[{index}]")));
            }
            Value::Map(map) => {
                map.iter().for_each(|(key, entry)| self.nul(&entry.node, &format!("{path}.{key}")));
            }
            _ => {}
        }
    }

    /// Checks the image, the container's name and the signal.
    fn names(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        if let Some(image) = value.text("image")
            && let Err(reason) = image_name::check(&image)
        {
            let shown = crate::text::escape_controls(&image).into_owned();
            let message = format!("`{}.image`: `{shown}` is no image name: {reason}", self.path);
            self.refuse("image", spans.attribute("image"), message);
        }
        if let Some(name) = value.text("container_name").filter(|name| !name.is_empty() && !is_engine_name(name)) {
            let expected = "at least two letters, digits, `_`, `.` or `-`, a letter or digit first";
            self.expect("container_name", spans.attribute("container_name"), expected, &name);
        }
        if let Some(signal) = value.text("stop_signal").filter(|name| !name.is_empty() && !is_signal(name)) {
            let expected = "a signal such as `SIGTERM`";
            self.expect("stop_signal", spans.attribute("stop_signal"), expected, &signal);
        }
    }

    /// Checks the limits of processors and memory.
    fn numbers(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let limits = |group: &str, key: &str| value.pointer(&format!("/deploy/resources/{group}/{key}"));
        let cpus = value.get("cpus").map(|cpus| ("cpus", spans.attribute("cpus"), cpus));
        let limited =
            limits("limits", "cpus").map(|cpus| ("deploy.resources.limits.cpus", spans.attribute("deploy"), cpus));
        for (field, span, cpus) in cpus.into_iter().chain(limited) {
            let number = cpus.as_f64().or_else(|| cpus.as_str()?.parse().ok()).unwrap_or(f64::NAN);
            if !number.is_finite() || number < 0.0 {
                self.expect(field, span, "a number of processors such as `0.5`", &plain(cpus));
            }
        }
        let memory = value.int("mem_limit").or_else(|| limits("limits", "memory").and_then(whole));
        if let Some(bytes) = memory.filter(|bytes| *bytes != 0 && *bytes < LEAST_MEMORY) {
            let field = if value.get("mem_limit").is_some() { "mem_limit" } else { "deploy.resources.limits.memory" };
            let span = spans.attribute(if field == "mem_limit" { field } else { "deploy" });
            self.expect(field, span, "at least `6m`, the least the engine gives", &bytes.to_string());
        }
        if let (Some(swap), Some(memory)) = (value.int("memswap_limit"), memory)
            && swap > 0
            && swap < memory
        {
            let expected = "memory and swap together, so not less than the memory limit";
            self.expect("memswap_limit", spans.attribute("memswap_limit"), expected, &swap.to_string());
        }
    }

    /// Checks the addresses of networks and hosts.
    fn addresses(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        if let Some(mac) = value.text("mac_address").filter(|mac| !mac.is_empty() && !is_mac(mac)) {
            self.expect("mac_address", spans.attribute("mac_address"), "an address such as `02:42:ac:11:65:43`", &mac);
        }
        for (network, attachment) in value.get("networks").and_then(Json::as_object).into_iter().flatten() {
            let place = |field: &str| spans.field("networks", network, field);
            let mut check = |field: &str, expected: &str, fits: &dyn Fn(&str) -> bool| {
                if let Some(text) = attachment.text(field).filter(|text| !text.is_empty() && !fits(text)) {
                    self.expect(&format!("networks.{network}.{field}"), place(field), expected, &text);
                }
            };
            check("ipv4_address", "an address such as `10.5.0.2`", &|text| text.parse::<Ipv4Addr>().is_ok());
            check("ipv6_address", "an address such as `fd00::2`", &|text| text.parse::<Ipv6Addr>().is_ok());
            check("mac_address", "an address such as `02:42:ac:11:65:43`", &is_mac);
        }
        for (index, entry) in value.texts("extra_hosts").iter().enumerate() {
            let Some((_, address)) = entry.split_once('=') else { continue };
            let bare = address.trim_start_matches('[').trim_end_matches(']');
            if bare != "host-gateway" && bare.parse::<IpAddr>().is_err() {
                let field = format!("extra_hosts[{index}]");
                self.expect(&field, spans.attribute("extra_hosts"), "`name=address`, or `name=host-gateway`", entry);
            }
        }
    }

    /// Checks the durations of the health check.
    fn healthcheck(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let Some(check) = value.get("healthcheck") else { return };
        for field in ["interval", "timeout", "start_period", "start_interval"] {
            let Some(text) = check.text(field) else { continue };
            if duration::parse(&text).is_some_and(|nanos| nanos != 0 && nanos < LEAST_TIME_NS) {
                let span = spans.field("healthcheck", "", field);
                self.expect(&format!("healthcheck.{field}"), span, "a duration of at least `1ms`", &text);
            }
        }
        // Compat: docker compose prints such a health check, and refuses to create the container.
        if check.get("start_interval").is_some() && check.get("start_period").is_none() {
            let path = format!("{}.healthcheck.start_interval", self.path);
            let message = format!("`{path}` requires `start_period`: it is the interval within it");
            let fault = Diagnostic::error("invalid", spans.field("healthcheck", "", "start_interval"), message);
            self.diagnostics.push(fault.at(path).help("add `start_period:`, or leave `start_interval` out"));
        }
    }

    /// Checks the file modes of secrets and configs.
    fn modes(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
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

/// Returns a value as it is written.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a whole number, also in quotes.
fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Returns whether a text is a range of addresses, such as `10.5.0.0/24`.
fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// Returns whether a text is a MAC address of 48 bits for Go's `net.ParseMAC`: `02:42:ac:11:65:43`, with `-`, or
/// `0242.ac11.6543`.
fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-', '.']).collect();
    let width = if text.contains('.') { 4 } else { 2 };
    let separators = [':', '-', '.'].iter().filter(|separator| text.contains(**separator)).count();
    separators == 1
        && parts.len() == 12 / width
        && parts.iter().all(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns whether the engine accepts a name for a container or a volume: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn is_engine_name(name: &str) -> bool {
    let is_first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    name.len() > 1 && is_first && name.bytes().all(fits)
}

/// Returns whether a text is a signal: a number, or a name with or without `SIG` in any case (moby
/// `signal.ParseSignal`).
fn is_signal(text: &str) -> bool {
    const NAMES: [&str; 35] = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
        "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
    ];
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = name.strip_prefix("RTMIN+").or_else(|| name.strip_prefix("RTMAX-"));
    NAMES.contains(&name) || name == "RTMAX" || real_time.is_some_and(|rest| rest.parse::<u8>().is_ok_and(|n| n < 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_from_others() {
        for good in ["02:42:ac:11:65:43", "02-42-AC-11-65-43", "0242.ac11.6543"] {
            assert!(is_mac(good), "{good}");
        }
        for bad in ["", "02:42", "02:42:ac:11:65:4g", "02-42:ac-11-65-43", "0242ac116543"] {
            assert!(!is_mac(bad), "{bad}");
        }
        assert!(is_cidr("10.0.0.0/8") && is_cidr("fd00::/64") && !is_cidr("10.0.0.0") && !is_cidr("10.0.0.0/33"));
        assert!(is_signal("SIGTERM") && is_signal("term") && is_signal("9") && is_signal("SIGRTMIN+3"));
        assert!(!is_signal("NOSUCH") && !is_signal("0") && !is_signal("99"));
        assert!(is_engine_name("a.b-c_1") && !is_engine_name("a") && !is_engine_name("-ab") && !is_engine_name("a b"));
    }
}
