//! Rows of `ps`: the containers of a project.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::model::{ObservedContainer, ObservedPort, labels};

/// One container.
#[derive(Clone, Copy, Debug)]
pub struct ContainerRow<'a> {
    /// The observed container.
    pub container: &'a ObservedContainer,
    /// `--no-trunc`: commands and ids are not shortened.
    pub is_whole: bool,
    /// The current time in seconds since 1970, for ages.
    pub now: i64,
}

impl Row for ContainerRow<'_> {
    const FIELDS: &'static [Field] = &[
        ("Command", "COMMAND"),
        ("CreatedAt", "CREATED AT"),
        ("ExitCode", "EXIT CODE"),
        ("Health", "HEALTH"),
        ("ID", "CONTAINER ID"),
        ("Image", "IMAGE"),
        ("Labels", "LABELS"),
        ("LocalVolumes", "LOCAL VOLUMES"),
        ("Mounts", "MOUNTS"),
        ("Name", "NAME"),
        ("Names", "NAMES"),
        ("Networks", "NETWORKS"),
        ("Ports", "PORTS"),
        ("Project", "PROJECT"),
        ("Publishers", "PUBLISHERS"),
        ("RunningFor", "CREATED"),
        ("Service", "SERVICE"),
        ("Size", "SIZE"),
        ("State", "STATE"),
        ("Status", "STATUS"),
    ];
    const HAS_LABELS: bool = true;
    const TITLES: &'static [&'static str] = &["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"];
    const SHAPE: Shape = Shape::Lines;

    fn cells(&self) -> Vec<String> {
        let one = self.container;
        vec![
            one.name.to_string(),
            one.image.clone(),
            quoted(&one.command, self.is_whole),
            one.service().unwrap_or_default().to_owned(),
            self.age(),
            one.status.clone(),
            ports(&one.ports),
        ]
    }

    /// Compat: the shape of docker compose's `ps --format json`.
    fn object(&self) -> Value {
        let one = self.container;
        let mounts: Vec<&str> = one
            .mounts
            .iter()
            .map(|mount| if mount.name.is_empty() { mount.source.as_str() } else { mount.name.as_str() })
            .collect();
        let networks: Vec<&str> = one.networks.keys().map(|name| name.as_str()).collect();
        let label_list: Vec<String> = one.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let local = one.mounts.iter().filter(|mount| mount.kind == "volume").count();
        json!({
            "Command": quoted(&one.command, self.is_whole),
            "CreatedAt": created_at(one.created),
            "ExitCode": one.exit_code.unwrap_or(0),
            "Health": one.health.as_str(),
            "ID": if self.is_whole { one.id.as_str() } else { one.id.short() },
            "Image": one.image,
            "Labels": label_list.join(","),
            "LocalVolumes": local.to_string(),
            "Mounts": mounts.join(","),
            "Name": one.name.as_str(),
            "Names": one.name.as_str(),
            "Networks": networks.join(","),
            "Ports": ports(&one.ports),
            "Project": one.label(labels::PROJECT).unwrap_or_default(),
            "Publishers": one.ports.iter().map(publisher).collect::<Vec<_>>(),
            "RunningFor": self.age(),
            "Service": one.service().unwrap_or_default(),
            "Size": "0B",
            "State": one.state.as_str(),
            "Status": one.status,
        })
    }

    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.container.labels)
    }
}

impl ContainerRow<'_> {
    fn age(&self) -> String {
        format!("{} ago", crate::text::age(self.now - self.container.created))
    }
}

/// Returns a command in quotes, cut after 19 characters unless `is_whole`.
fn quoted(command: &str, is_whole: bool) -> String {
    if is_whole || command.chars().count() <= 20 {
        return format!("\"{command}\"");
    }
    format!("\"{}…\"", command.chars().take(19).collect::<String>())
}

fn publisher(port: &ObservedPort) -> Value {
    let url = port.host_ip.map(|ip| ip.to_string()).unwrap_or_default();
    json!({"URL": url, "TargetPort": port.target, "PublishedPort": port.published.unwrap_or(0), "Protocol": port.protocol})
}

fn created_at(seconds: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    match jiff::Timestamp::from_second(seconds) {
        Ok(moment) => moment.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string(),
        Err(_) => String::new(),
    }
}

/// Returns ports as docker shows them: `0.0.0.0:8080->80/tcp, 443/tcp`.
///
/// Compat: as in docker compose, consecutive ports become a range (`81-83/tcp`) if they are not published, or published
/// under the same numbers (`0.0.0.0:81-83->81-83/tcp`). Ports with another number on the host come last, one by one.
fn ports(list: &[ObservedPort]) -> String {
    let mut sorted: Vec<&ObservedPort> = list.iter().collect();
    let key = |port: &ObservedPort| {
        let address = port.host_ip.map(|ip| ip.to_string()).unwrap_or_default();
        (port.target, address, port.published, port.protocol.clone())
    };
    sorted.sort_by_key(|port| key(port));
    sorted.dedup();
    let (mut ranges, mut mapped) = (Vec::<Range<'_>>::new(), Vec::new());
    let mut ended = Vec::new();
    for port in sorted {
        let address = port.host_ip.filter(|_| port.published.is_some()).map(host);
        match (&address, port.published) {
            (Some(address), Some(published)) if published != port.target => {
                mapped.push(format!("{address}:{published}->{}/{}", port.target, port.protocol));
                continue;
            }
            _ => {}
        }
        let new = Range { address, protocol: &port.protocol, first: port.target, last: port.target };
        match ranges.iter_mut().find(|range| range.address == new.address && range.protocol == new.protocol) {
            None => ranges.push(new),
            Some(range) if port.target == range.last.saturating_add(1) => range.last = port.target,
            // A range that ends before this port comes before the ranges that may still grow.
            Some(range) => ended.push(std::mem::replace(range, new).to_string()),
        }
    }
    let open = ranges.iter().map(Range::to_string);
    ended.into_iter().chain(open).chain(mapped).collect::<Vec<_>>().join(", ")
}

/// Returns an address in the form that is used before a port.
fn host(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

/// Consecutive ports that are not published, or published under the same numbers at one address.
struct Range<'a> {
    address: Option<String>,
    protocol: &'a str,
    first: u16,
    last: u16,
}

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = match self.first == self.last {
            true => self.first.to_string(),
            false => format!("{}-{}", self.first, self.last),
        };
        match &self.address {
            Some(address) => write!(f, "{address}:{ports}->{ports}/{}", self.protocol),
            None => write!(f, "{ports}/{}", self.protocol),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes ports from texts: `0.0.0.0:8080:80`, or `:80` for a port that is not published. The protocol is TCP.
    fn observed(list: &[&str]) -> Vec<ObservedPort> {
        let port = |text: &&str| {
            let (rest, target) = text.rsplit_once(':').expect("a port");
            let (ip, published) = rest.rsplit_once(':').unwrap_or_default();
            ObservedPort {
                host_ip: ip.parse().ok(),
                published: published.parse().ok(),
                target: target.parse().expect("a number"),
                protocol: "tcp".to_owned(),
            }
        };
        list.iter().map(port).collect()
    }

    #[track_caller]
    fn check(list: &[&str], expected: &str) {
        assert_eq!(ports(&observed(list)), expected);
    }

    #[test]
    fn ports_that_follow_one_another_are_a_range() {
        check(&[":82", ":80", ":81"], "80-82/tcp");
        check(
            &["0.0.0.0:81:81", "0.0.0.0:80:80", ":::80:80", ":::81:81"],
            "0.0.0.0:80-81->80-81/tcp, [::]:80-81->80-81/tcp",
        );
        check(&[":65534", ":65535"], "65534-65535/tcp");
    }

    #[test]
    fn gaps_and_other_numbers_on_the_host_end_a_range() {
        check(&[":80", ":82", ":83"], "80/tcp, 82-83/tcp");
        check(&["0.0.0.0:8080:80", "0.0.0.0:8081:81"], "0.0.0.0:8080->80/tcp, 0.0.0.0:8081->81/tcp");
        check(&["0.0.0.0:8080:80", ":81", "0.0.0.0:90:90"], "81/tcp, 0.0.0.0:90->90/tcp, 0.0.0.0:8080->80/tcp");
        check(&["0.0.0.0:80:80", "0.0.0.0:80:80"], "0.0.0.0:80->80/tcp");
    }

    #[test]
    fn protocols_and_addresses_are_not_mixed() {
        let mut list = observed(&[":80", ":81", "127.0.0.1:82:82"]);
        list[1].protocol = "udp".to_owned();
        assert_eq!(ports(&list), "80/tcp, 81/udp, 127.0.0.1:82->82/tcp");
        assert_eq!(ports(&[]), "");
    }
}
