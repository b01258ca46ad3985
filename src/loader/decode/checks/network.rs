//! Addresses of a service, and attributes that exclude the network of another container or of the host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

use super::told::Checks;
use super::words::is_mac_of_interface;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;

/// The expected form of a MAC address, for messages.
const MAC: &str = "an address such as `02:42:ac:11:65:43`";

impl Checks<'_> {
    /// Checks the addresses of networks and hosts.
    pub(super) fn addresses(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        if let Some(mac) = value.text("mac_address").filter(|mac| !mac.is_empty() && !is_mac_of_interface(mac)) {
            self.expect("mac_address", spans.attribute("mac_address"), MAC, &mac);
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
            check("mac_address", MAC, &is_mac_of_interface);
            for (index, text) in attachment.texts("link_local_ips").iter().enumerate() {
                if text.parse::<IpAddr>().is_err() {
                    let path = format!("networks.{network}.link_local_ips[{index}]");
                    self.expect(&path, place("link_local_ips"), "an address such as `169.254.8.8`", text);
                }
            }
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

    /// Refuses attributes that need a network of the service's own, if it has none, and unknown namespaces.
    pub(super) fn namespaces(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let mode = |key: &str| value.text(key).unwrap_or_default();
        let network_mode = mode("network_mode");
        if network_mode.starts_with("service:") || network_mode.starts_with("container:") {
            let given = |key: &&str| match value.get(key) {
                Some(Json::String(text)) => !text.is_empty(),
                Some(Json::Array(list)) => !list.is_empty(),
                _ => false,
            };
            for field in ["ports", "expose", "hostname", "dns", "extra_hosts"].into_iter().filter(given) {
                let message = format!(
                    "`{}`: `network_mode: {}` and `{field}` exclude each other",
                    self.path,
                    crate::text::escape_controls(&network_mode)
                );
                self.exclusive(field, spans.attribute(field), message);
            }
        }
        if mode("uts") == "host" && !mode("hostname").is_empty() {
            let message = format!("`{}`: `uts: host` and `hostname` exclude each other", self.path);
            self.exclusive("hostname", spans.attribute("hostname"), message);
        }
        let words: [(&str, &[&str]); 3] = [
            ("ipc", &["host", "none", "private", "shareable"]),
            ("pid", &["host", "private"]),
            ("uts", &["host", "private"]),
        ];
        for (field, known) in words {
            let word = mode(field);
            let is_shared = field != "uts" && (word.starts_with("service:") || word.starts_with("container:"));
            if !word.is_empty() && !is_shared && !known.contains(&word.as_str()) {
                let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                self.expect(field, spans.attribute(field), &format!("one of {list}, or another service's"), &word);
            }
        }
    }
}
