//! Networks and volumes: address pools, drivers and their options, names.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::told::Checks;
use super::words::{is_boolean, is_cidr, is_engine_name};
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::deepest;
use crate::loader::tree::Node;
use crate::model::Span;

/// The longest name of an interface, in characters.
const LONGEST_INTERFACE: usize = 15;
/// The longest name of a directory, in bytes; a volume's directory has the volume's name.
const LONGEST_NAME: usize = 255;
/// Options of the driver `bridge` that are booleans.
const SWITCHES: [&str; 4] = ["default_bridge", "enable_icc", "enable_ip_masquerade", "inhibit_ipv4"];

/// Checks a network that the run may create.
pub(super) fn network(checks: &mut Checks<'_>, value: &Json, node: Option<&Node>, span: Span) {
    checks.pools(value, node, span);
    if value.flag("external").unwrap_or_default() {
        return;
    }
    let place = |fields: &[&str]| deepest(node, fields).unwrap_or(span);
    let driver = value.text("driver").unwrap_or_default();
    if matches!(driver.as_str(), "host" | "null" | "none") {
        let message = format!("`{}.driver`: no network can be made with the driver `{driver}`", checks.path);
        let path = format!("{}.driver", checks.path);
        let word = if driver == "host" { "host" } else { "none" };
        let help = format!("say `network_mode: {word}` in the service");
        checks.diagnostics.push(Diagnostic::error("bad-value", place(&["driver"]), message).at(path).help(help));
    }
    if value.text("name").is_some_and(|name| name == "default") {
        let message = format!("`{}.name`: the engine keeps the name `default` for itself", checks.path);
        checks.refuse("name", place(&["name"]), message);
    }
    for (key, text) in value.pairs("driver_opts") {
        let Some((expected, fits)) = driver_option(&driver, &key, &text) else { continue };
        if !fits {
            let shown = crate::text::escape_controls(&key).into_owned();
            checks.expect(&format!("driver_opts.{shown}"), place(&["driver_opts", &key]), expected, &text);
        }
    }
}

/// Returns the expected form of a network driver's option, and whether the value has it; `None` for an option without
/// rules.
fn driver_option(driver: &str, key: &str, text: &str) -> Option<(&'static str, bool)> {
    if matches!(driver, "" | "bridge") {
        let is_interface = |name: &str| {
            name.len() <= LONGEST_INTERFACE
                && !name.contains(|char: char| char == '/' || char == ':' || char.is_whitespace())
        };
        return match key.strip_prefix("com.docker.network.") {
            Some("driver.mtu") => Some(("a number of bytes such as `1500`", text.parse::<u32>().is_ok())),
            Some("bridge.name") => Some(("the name of an interface, of at most 15 characters", is_interface(text))),
            Some("bridge.host_binding_ipv4") => {
                Some(("an address such as `127.0.0.1`", text.is_empty() || text.parse::<IpAddr>().is_ok()))
            }
            Some(rest) if rest.strip_prefix("bridge.").is_some_and(|name| SWITCHES.contains(&name)) => {
                Some(("`true` or `false`, in quotes", is_boolean(text)))
            }
            _ => None,
        };
    }
    match (driver, key) {
        ("macvlan", "macvlan_mode") => Some((
            "one of `bridge`, `private`, `vepa`, `passthru`",
            matches!(text, "" | "bridge" | "private" | "vepa" | "passthru"),
        )),
        ("ipvlan", "ipvlan_mode") => Some(("one of `l2`, `l3`, `l3s`", matches!(text, "" | "l2" | "l3" | "l3s"))),
        _ => None,
    }
}

/// Checks a volume that the run may create.
pub(super) fn volume(checks: &mut Checks<'_>, value: &Json, node: Option<&Node>, span: Span) {
    let name = value.text("name").unwrap_or_default();
    let is_local = value.text("driver").is_none_or(|driver| matches!(driver.as_str(), "" | "local"));
    if value.flag("external").unwrap_or_default() || !is_local {
        return;
    }
    if !is_engine_name(&name) {
        checks.expect("name", span, "at least two letters, digits, `_`, `.` or `-`, a letter or digit first", &name);
    } else if name.len() > LONGEST_NAME {
        let message = format!("`{}.name` is longer than {LONGEST_NAME} bytes", checks.path);
        checks.refuse("name", span, message);
    }
    let options = value.pairs("driver_opts");
    let place = |key: &str| deepest(node, &["driver_opts", key]).unwrap_or(span);
    for key in options.keys().filter(|key| !matches!(key.as_str(), "type" | "o" | "device" | "size")) {
        let shown = crate::text::escape_controls(key).into_owned();
        let path = format!("{}.driver_opts.{shown}", checks.path);
        let message = format!("`{path}`: the driver `local` has no option `{shown}`");
        let fault = Diagnostic::error("bad-value", place(key), message).at(path);
        checks.diagnostics.push(fault.help("it has `type`, `device`, `o` and `size`"));
    }
    let has = |key: &str| options.contains_key(key);
    let lacks = match (has("type"), has("device"), has("o")) {
        (true, false, _) | (_, false, true) => "device",
        (false, true, _) => "type",
        _ => return,
    };
    let message =
        format!("`{}.driver_opts` needs `{lacks}`, too: the driver `local` mounts a device of a type", checks.path);
    checks.refuse("driver_opts", place(""), message);
}

impl Checks<'_> {
    /// Checks the address pools of a network.
    fn pools(&mut self, value: &Json, node: Option<&Node>, span: Span) {
        let ipam = node.and_then(|node| node.get("ipam")).and_then(|ipam| ipam.get("config"));
        let nodes = ipam.map(Node::items).unwrap_or_default();
        let ipam = value.get("ipam").unwrap_or(&Json::Null);
        let is_external = value.flag("external").unwrap_or_default();
        let is_usual = ipam.text("driver").is_none_or(|driver| matches!(driver.as_str(), "" | "default"));
        for (index, pool) in ipam.list("config").iter().enumerate() {
            let place = |field: &str| {
                let node = nodes.get(index);
                node.and_then(|node| node.get(field)).or(node).map_or(span, |node| node.span)
            };
            let told = self.diagnostics.len();
            self.pool_values(index, pool, &place);
            if told == self.diagnostics.len() && is_usual && !is_external {
                self.pool(index, pool, &place);
            }
        }
        let is_bridge = value.text("driver").is_none_or(|driver| matches!(driver.as_str(), "" | "bridge"));
        if is_bridge && is_usual && !is_external {
            self.one_pool_a_family(ipam, |index| nodes.get(index).map_or(span, |node| node.span));
        }
    }

    /// Checks that the values of a pool are addresses and ranges.
    fn pool_values(&mut self, index: usize, pool: &Json, place: &dyn Fn(&str) -> Span) {
        for (field, is_range) in [("subnet", true), ("ip_range", true), ("gateway", false)] {
            let Some(text) = pool.text(field).filter(|text| !text.is_empty()) else { continue };
            let fits = if is_range { is_cidr(&text) } else { text.parse::<IpAddr>().is_ok() };
            if !fits {
                let expected = if is_range { "a range such as `10.5.0.0/24`" } else { "an address such as `10.5.0.1`" };
                self.expect(&format!("ipam.config[{index}].{field}"), place(field), expected, &text);
            }
        }
        for (name, address) in pool.pairs("aux_addresses") {
            if address.parse::<IpAddr>().is_err() {
                let path = format!("ipam.config[{index}].aux_addresses.{name}");
                self.expect(&path, place("aux_addresses"), "an address such as `10.5.0.2`", &address);
            }
        }
    }

    /// Checks that the addresses of a pool belong to its subnet, and that no two are the same.
    fn pool(&mut self, index: usize, pool: &Json, place: &dyn Fn(&str) -> Span) {
        let path = |field: &str| format!("ipam.config[{index}].{field}");
        let text = |field: &str| pool.text(field).filter(|text| !text.is_empty());
        let aux = pool.pairs("aux_addresses");
        let Some(subnet) = text("subnet") else {
            let needs = ["ip_range", "gateway"].into_iter().find(|field| text(field).is_some());
            if let Some(field) = needs.or((!aux.is_empty()).then_some("aux_addresses")) {
                let message = format!("`{}.{}` needs the `subnet` that it is part of", self.path, path(field));
                self.refuse(&path(field), place(field), message);
            }
            return;
        };
        let expected = format!("an address of {subnet} that nothing else has");
        let mut taken: Vec<IpAddr> = ends(&subnet);
        let gateway = text("gateway").map(|text| ("gateway".to_owned(), "gateway", text));
        let others = aux.into_iter().map(|(name, text)| (format!("aux_addresses.{name}"), "aux_addresses", text));
        for (field, at, text) in gateway.into_iter().chain(others) {
            let Ok(address) = text.parse::<IpAddr>() else { continue };
            if !holds(&subnet, address) || taken.contains(&address) {
                self.expect(&path(&field), place(at), &expected, &text);
            }
            taken.push(address);
        }
        if let Some(range) = text("ip_range")
            && range.contains(':') != subnet.contains(':')
        {
            self.expect(&path("ip_range"), place("ip_range"), &format!("a part of {subnet}"), &range);
        }
    }

    /// Refuses a second subnet of the same address family: a bridge has one address for each family.
    fn one_pool_a_family(&mut self, ipam: &Json, place: impl Fn(usize) -> Span) {
        let mut seen: [Option<Span>; 2] = [None, None];
        for (index, pool) in ipam.list("config").iter().enumerate() {
            let Some(subnet) = pool.text("subnet").filter(|text| is_cidr(text)) else { continue };
            let first = &mut seen[usize::from(subnet.contains(':'))];
            let Some(first) = *first else {
                *first = Some(place(index));
                continue;
            };
            let path = format!("{}.ipam.config[{index}].subnet", self.path);
            let message = format!("`{path}`: a network of the driver `bridge` has one subnet of each address family");
            let fault = Diagnostic::error("bad-value", place(index), message).at(path);
            self.diagnostics.push(fault.related(first, "the other one").help("remove one of them"));
        }
    }
}

/// Returns an address as a number, and the number of its bits.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

/// Returns the first address of a subnet, and how many bits differ between its addresses.
fn parts(subnet: &str) -> Option<(IpAddr, u32)> {
    let (base, prefix) = subnet.split_once('/')?;
    let base: IpAddr = base.parse().ok()?;
    Some((base, bits(base).1.checked_sub(prefix.parse().ok()?)?))
}

/// Returns whether an address belongs to a subnet.
fn holds(subnet: &str, address: IpAddr) -> bool {
    let Some((base, free)) = parts(subnet) else { return false };
    let high = |address: IpAddr| bits(address).0.checked_shr(free).unwrap_or(0);
    base.is_ipv4() == address.is_ipv4() && high(base) == high(address)
}

/// Returns the first and the last address of an IPv4 subnet. They are reserved: network address and broadcast.
fn ends(subnet: &str) -> Vec<IpAddr> {
    match parts(subnet) {
        Some((IpAddr::V4(base), free)) if (2..=32).contains(&free) => {
            let mask = u32::MAX.checked_shr(32 - free).unwrap_or(u32::MAX);
            let base = u32::from(base) & !mask;
            vec![IpAddr::V4(base.into()), IpAddr::V4((base | mask).into())]
        }
        _ => Vec::new(),
    }
}
