//! `ps`: the project's containers, in two requests at any size.

use serde_json::{Value, json};

use super::project::{self, Found};
use super::run::session;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, ObservedPort, labels};
use crate::settings::Context;
use crate::ui;
use crate::ui::template::{Field, Template};

/// What `ps` is asked.
#[derive(Clone, Debug, Default)]
pub struct PsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--all`: also those that do not run.
    pub all: bool,
    /// `--status`.
    pub statuses: Vec<String>,
    /// `--quiet`: ids only.
    pub quiet: bool,
    /// `--services`: names of services only.
    pub only_services: bool,
    /// `--format`.
    pub format: Format,
    /// `--no-trunc`.
    pub no_truncation: bool,
    /// `--orphans`.
    pub orphans: bool,
}

/// What `--format` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table.
    #[default]
    Table,
    /// An object a line.
    Json,
    /// Fields that were named.
    Template(Template),
}

impl Format {
    /// Reads the option's value. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "table" | "" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            text => Template::parse(text, &FIELDS).map(Self::Template),
        }
    }
}

/// What templates may name: what the objects of `--format json` have, but for the list in them.
pub const FIELDS: [Field; 19] = [
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
    ("RunningFor", "CREATED"),
    ("Service", "SERVICE"),
    ("Size", "SIZE"),
    ("State", "STATE"),
    ("Status", "STATUS"),
];

/// Runs `ps`.
pub fn ps(context: &Context, request: &PsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &request.services)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let filter = [format!("{}={}", labels::PROJECT, found.name())];
        let list = async { Ok(engine.list_containers(&filter).await?) };
        let mut list = session::answer(&interrupt, list).await?;
        list.retain(|container| is_shown(request, &found, container));
        list.sort_by(|a, b| a.name.cmp(&b.name));
        ui::print(&text(request, &list));
        Ok(Exit::SUCCESS)
    })
}

fn is_shown(request: &PsRequest, found: &Found, container: &ObservedContainer) -> bool {
    let service = container.service().unwrap_or_default();
    let is_orphan = matches!(found, Found::File(loading) if loading.project.service(service).is_none());
    let has_status =
        request.statuses.is_empty() || request.statuses.iter().any(|status| status == container.state.as_str());
    let is_up = request.all
        || !request.statuses.is_empty()
        || matches!(container.state.as_str(), "running" | "paused" | "restarting");
    // Compat: what `run` left behind shows with --all only.
    (request.services.is_empty() || request.services.iter().any(|name| name == service))
        && has_status
        && is_up
        && (request.orphans || !is_orphan)
        && (request.all || !container.is_oneoff())
}

fn text(request: &PsRequest, list: &[ObservedContainer]) -> String {
    if request.quiet {
        return list.iter().map(|one| format!("{}\n", one.id)).collect();
    }
    if request.only_services {
        let mut names: Vec<&str> = list.iter().filter_map(ObservedContainer::service).collect();
        names.sort_unstable();
        names.dedup();
        return names.into_iter().map(|name| format!("{}\n", crate::text::escape_controls(name))).collect();
    }
    match &request.format {
        Format::Table => {}
        Format::Json => return list.iter().map(|one| format!("{}\n", object(one))).collect(),
        Format::Template(template) => {
            return template.render(&FIELDS, list, |one, name| field(one, name, request.no_truncation));
        }
    }
    let row = |one: &ObservedContainer| {
        let command = quoted(&one.command, request.no_truncation);
        let created = format!("{} ago", since(one.created));
        vec![
            one.name.to_string(),
            one.image.clone(),
            command,
            one.service().unwrap_or_default().to_owned(),
            created,
            one.status.clone(),
            ports(&one.ports),
        ]
    };
    ui::table(&["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"], list.iter().map(row).collect())
}

fn quoted(command: &str, is_whole: bool) -> String {
    if is_whole || command.chars().count() <= 20 {
        return format!("\"{command}\"");
    }
    format!("\"{}…\"", command.chars().take(19).collect::<String>())
}

/// Compat: the shape of docker compose's `ps --format json`.
fn object(one: &ObservedContainer) -> Value {
    let mounts: Vec<&str> = one
        .mounts
        .iter()
        .map(|mount| if mount.name.is_empty() { mount.source.as_str() } else { mount.name.as_str() })
        .collect();
    let networks: Vec<&str> = one.networks.keys().map(|name| name.as_str()).collect();
    let label_list: Vec<String> = one.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let publishers: Vec<Value> = one
        .ports
        .iter()
        .map(|port| {
            let url = port.host_ip.map(|ip| ip.to_string()).unwrap_or_default();
            json!({"URL": url, "TargetPort": port.target, "PublishedPort": port.published.unwrap_or(0), "Protocol": port.protocol})
        })
        .collect();
    let local = one.mounts.iter().filter(|mount| mount.kind == "volume").count();
    json!({
        "Command": quoted(&one.command, false),
        "CreatedAt": created_at(one.created),
        "ExitCode": one.exit_code.unwrap_or(0),
        "Health": one.health.as_str(),
        "ID": one.id.short(),
        "Image": one.image,
        "Labels": label_list.join(","),
        "LocalVolumes": local.to_string(),
        "Mounts": mounts.join(","),
        "Name": one.name.as_str(),
        "Names": one.name.as_str(),
        "Networks": networks.join(","),
        "Ports": ports(&one.ports),
        "Project": one.label(labels::PROJECT).unwrap_or_default(),
        "Publishers": publishers,
        "RunningFor": format!("{} ago", since(one.created)),
        "Service": one.service().unwrap_or_default(),
        "Size": "0B",
        "State": one.state.as_str(),
        "Status": one.status,
    })
}

/// Returns a field of a container as templates show it.
fn field(one: &ObservedContainer, name: &str, is_whole: bool) -> String {
    match (name, &object(one)[name]) {
        ("ID", _) if is_whole => one.id.to_string(),
        ("Command", _) => quoted(&one.command, is_whole),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

fn created_at(seconds: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    match jiff::Timestamp::from_second(seconds) {
        Ok(moment) => moment.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string(),
        Err(_) => String::new(),
    }
}

fn since(created: i64) -> String {
    crate::text::age(jiff::Timestamp::now().as_second() - created)
}

/// `0.0.0.0:8080->80/tcp, 443/tcp`
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
