//! Checks of single values and resources, which no flag turns off (compose-go `validation.Validate`).

use crate::diag::Diagnostic;
use crate::loader::tree::{Entry, Node, Value};
use crate::model::Span;

/// Checks the fields of every resource and service.
pub fn fields(root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let mut work = Fields { diagnostics };
    let section = |kind: &str| root.get(kind).into_iter().flat_map(Node::entries);
    // Compat: docker compose accepts an external network with a driver, and refuses such a volume.
    section("volumes").for_each(|(name, entry)| work.external(name, entry));
    for kind in ["secrets", "configs"] {
        section(kind).for_each(|(name, entry)| work.source(kind, name, entry));
    }
    for (name, entry) in section("services") {
        let service = &entry.node;
        work.fractions(name, service);
        work.texts(name, service);
        work.ports(name, service);
        work.volumes(name, service);
        work.devices(name, service);
        work.watches(name, service);
    }
}

/// The checks of one file.
struct Fields<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Fields<'_> {
    fn tell(&mut self, span: Span, path: String, message: String) {
        self.diagnostics.push(Diagnostic::error("invalid", span, message).at(path));
    }

    /// An external volume must have a name and no other attributes.
    fn external(&mut self, name: &str, entry: &Entry) {
        let volume = &entry.node;
        if volume.get("external").and_then(Node::as_bool) != Some(true) {
            return;
        }
        let clash = volume.entries().find(|(key, _)| !matches!(*key, "name" | "external") && !key.starts_with("x-"));
        if let Some((key, clashing)) = clash {
            let message = format!("conflicting parameters \"external\" and \"{key}\" specified for volume `{name}`");
            self.tell(clashing.key, format!("volumes.{name}"), message);
        }
    }

    /// A secret or config must have exactly one source.
    fn source(&mut self, kind: &str, name: &str, entry: &Entry) {
        let resource = &entry.node;
        let sources: Vec<&str> =
            ["file", "environment", "content"].into_iter().filter(|key| resource.get(key).is_some()).collect();
        let is_external = resource.get("external").and_then(Node::as_bool) == Some(true);
        // Compat: a config with `external: false` needs no source.
        let is_driven = kind == "configs" && resource.get("external").is_some();
        let path = format!("{kind}.{name}");
        match (sources.as_slice(), is_external) {
            ([], false) if !is_driven && resource.as_map().is_some() => {
                let others = if kind == "configs" { ", `content` or `external`" } else { " or `external`" };
                let message = format!("`{path}` needs one of `file`, `environment`{others}");
                self.tell(entry.key, path, message);
            }
            ([first, second, ..], _) => {
                let message = format!("`{path}`: `{first}` and `{second}` are mutually exclusive");
                self.tell(entry.key, path, message);
            }
            _ => {}
        }
    }

    /// A number with a fraction is refused if a text or a whole number is needed.
    fn fractions(&mut self, name: &str, service: &Node) {
        for field in ["expose", "group_add"] {
            for (index, item) in items(service, field).filter(|(_, item)| matches!(item.value, Value::Float(_))) {
                let path = format!("services.{name}.{field}[{index}]");
                let message = format!("`{path}` must be a text or a whole number, but has a fraction");
                self.tell(item.span, path, message);
            }
        }
    }

    /// A number in quotes must have the same range as a number without quotes.
    fn texts(&mut self, name: &str, service: &Node) {
        for (field, most) in [("cpu_count", f64::MAX), ("cpu_percent", 100.0)] {
            let Some(node) = service.get(field) else { continue };
            let Some(number) = node.as_text().and_then(|text| text.parse::<f64>().ok()) else { continue };
            if number.fract() != 0.0 || !(0.0..=most).contains(&number) {
                let path = format!("services.{name}.{field}");
                let range = if most < f64::MAX { "from 0 to 100" } else { "that is not negative" };
                self.tell(
                    node.span,
                    path.clone(),
                    format!("`{path}` must be a whole number {range}, but is `{number}`"),
                );
            }
        }
    }

    /// A port must have a `target`, and its `host_ip` must be an address.
    fn ports(&mut self, name: &str, service: &Node) {
        for (index, port) in items(service, "ports") {
            let path = format!("services.{name}.ports[{index}]");
            let target = port.get("target").and_then(Node::scalar_text).unwrap_or_default();
            if port.as_map().is_some() && target.is_empty() {
                let message = format!("`services.{name}.ports`: the container port, `target`, is missing");
                self.tell(port.span, path.clone(), message);
            }
            let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
            if let Some(ip) = port.get("host_ip")
                && let Some(text) = ip.as_text().filter(|text| !is_address(text))
            {
                let shown = crate::text::escape_controls(text);
                let message = format!("`services.{name}.ports`: invalid ip address: `{shown}`");
                self.tell(ip.span, path, message);
            }
        }
    }

    /// A mount must have a target, and a bind must have a source.
    fn volumes(&mut self, name: &str, service: &Node) {
        for (index, volume) in items(service, "volumes") {
            let path = format!("services.{name}.volumes[{index}]");
            let is_blank = |key: &str| volume.get(key).is_none_or(Node::is_null);
            let mode = volume.get("tmpfs").and_then(|tmpfs| tmpfs.get("mode"));
            if let Some(mode) = mode.filter(|mode| mode.as_text().is_some()) {
                let path = format!("{path}.tmpfs.mode");
                let message = format!("`{path}` must be a number such as `0755`, without quotes");
                self.tell(mode.span, path, message);
            }
            if volume.as_map().is_some() && is_blank("target") {
                let message = format!("`{path}` is missing a mount target");
                self.tell(volume.span, path, message);
            } else if volume.get_text("type") == Some("bind") && is_blank("source") {
                let message = format!("`{path}` is a bind without a `source`: it does not say what is mounted");
                self.tell(volume.span, path, message);
            }
        }
    }

    /// A device request must have a count or ids, not both.
    fn devices(&mut self, name: &str, service: &Node) {
        let resources = service.get("deploy").and_then(|deploy| deploy.get("resources"));
        let reservations = resources.and_then(|resources| resources.get("reservations"));
        let reserved = reservations.and_then(|reservations| reservations.get("devices"));
        for request in service.get("gpus").into_iter().chain(reserved).flat_map(Node::items) {
            if request.get("count").is_some() && request.get("device_ids").is_some() {
                let message = format!("service `{name}`: \"count\" and \"device_ids\" attributes are exclusive");
                self.tell(request.span, format!("services.{name}"), message);
            }
        }
    }

    /// A watch must have a path, and a target unless it rebuilds.
    fn watches(&mut self, name: &str, service: &Node) {
        for (index, watch) in service.get("develop").into_iter().flat_map(|develop| items(develop, "watch")) {
            let path = format!("services.{name}.develop.watch[{index}]");
            // The schema has reported a missing `path` and an unknown `action`.
            if watch.get_text("path").is_some_and(str::is_empty) {
                let message = format!("service `{name}`: a watch needs a `path` that is not empty");
                self.tell(watch.span, path.clone(), message);
            }
            let needs_target = matches!(watch.get_text("action"), Some("sync" | "sync+restart" | "sync+exec"));
            if needs_target && watch.get_text("target").is_none_or(str::is_empty) {
                let message = format!("services.{name}.develop.watch: target is required for non-rebuild actions");
                self.tell(watch.span, path, message);
            }
        }
    }
}

/// Returns the items of a list, each with its index.
fn items<'a>(of: &'a Node, key: &str) -> impl Iterator<Item = (usize, &'a Node)> {
    of.get(key).map(Node::items).unwrap_or_default().iter().enumerate()
}
