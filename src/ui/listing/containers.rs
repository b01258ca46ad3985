//! Rows of `ps`: the containers of a project.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::model::{ObservedContainer, ObservedPort, labels};

/// One container.
#[derive(Clone, Copy, Debug)]
pub struct ContainerRow<'a> {
    /// The container as it was observed.
    pub container: &'a ObservedContainer,
    /// `--no-trunc`: whether commands and ids are shown whole.
    pub is_whole: bool,
    /// The time, seconds since 1970: ages are counted back from it.
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

/// Returns a command in quotes, cut after 19 characters unless it is to be shown whole.
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

/// Returns ports as docker says them: `0.0.0.0:8080->80/tcp, 443/tcp`.
fn ports(list: &[ObservedPort]) -> String {
    let port = |port: &ObservedPort| match (port.host_ip, port.published) {
        (Some(ip), Some(published)) => {
            let ip = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
            format!("{ip}:{published}->{}/{}", port.target, port.protocol)
        }
        _ => format!("{}/{}", port.target, port.protocol),
    };
    let mut all: Vec<String> = list.iter().map(port).collect();
    all.sort();
    all.dedup();
    all.join(", ")
}
