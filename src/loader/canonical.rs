//! Short forms to long forms, so that later stages know one shape of each attribute.

use super::changed::Changed;
use super::merge::{children, depends_on, keys};
use super::syntax::{port, volume};
use super::tree::{Entry, Map, Node, Tag, Value};
use crate::diag::Diagnostic;
use crate::model::Span;

/// Puts what has changed in a model into its long form. `is_raw` means that variables still stand in it: what cannot be read then stays.
pub(super) fn canonical(root: &mut Node, changed: &Changed, is_raw: bool, diagnostics: &mut Vec<Diagnostic>) {
    for (name, service) in children(root, "services").filter(|(name, _)| changed.has("services", name)) {
        let mut work = Work { path: format!("services.{name}"), is_raw, diagnostics };
        work.service(service);
    }
    for kind in ["networks", "volumes", "secrets", "configs"] {
        for (name, resource) in children(root, kind).filter(|(name, _)| changed.has(kind, name)) {
            external(resource, &format!("{kind}.{name}"), diagnostics);
        }
    }
}

struct Work<'a> {
    path: String,
    is_raw: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Work<'_> {
    fn service(&mut self, service: &mut Node) {
        change(service, "build", |node| if node.as_text().is_some() { single("context", node) } else { node });
        if let Some(build) = service.get_mut("build") {
            each(build, "secrets", |node| wrap("source", node));
            let contexts = build.get("additional_contexts").map(Node::items).unwrap_or_default();
            let is_nameless = |item: &&Node| item.as_text().is_some_and(|text| !text.contains('='));
            let nameless: Vec<Span> = contexts.iter().filter(is_nameless).map(|item| item.span).collect();
            change(build, "additional_contexts", pairs);
            for span in nameless {
                self.fault(span, "build.additional_contexts", "a build context must be `name=context`".to_owned());
            }
            change(build, "ssh", ssh);
        }
        change(service, "depends_on", depends_on_long);
        change(service, "env_file", |node| env_file(list(node)));
        change(service, "label_file", list);
        change(service, "extends", |node| wrap("service", node));
        change(service, "networks", keys);
        change(service, "models", keys);
        for key in ["dns", "dns_search", "tmpfs"] {
            change(service, key, list);
        }
        // Compat: empty name servers are left out, and an empty list is none at all.
        if let Some(servers) = service.get_mut("dns").and_then(Node::as_list_mut) {
            servers.retain(|server| server.as_text() != Some(""));
        }
        if service.get("dns").is_some_and(|dns| dns.items().is_empty() && dns.tag != Tag::Override) {
            service.remove("dns");
        }
        for key in ["secrets", "configs"] {
            each(service, key, |node| wrap("source", node));
        }
        change(service, "gpus", gpus);
        if let Some(requests) = service.get_mut("gpus") {
            requests.as_list_mut().into_iter().flatten().for_each(count_all);
        }
        let reservations = service
            .get_mut("deploy")
            .and_then(|node| node.get_mut("resources"))
            .and_then(|node| node.get_mut("reservations"));
        if let Some(requests) = reservations.and_then(|node| node.get_mut("devices")) {
            requests.as_list_mut().into_iter().flatten().for_each(count_all);
        }
        self.devices(service);
        self.ports(service);
        self.volumes(service);
    }

    fn fault(&mut self, span: Span, key: &str, message: String) {
        if !self.is_raw {
            self.diagnostics.push(Diagnostic::error("bad-value", span, message).at(format!("{}.{key}", self.path)));
        }
    }

    fn devices(&mut self, service: &mut Node) {
        let Some(items) = service.get_mut("devices").and_then(Node::as_list_mut) else { return };
        let mut faults = Vec::new();
        for (index, item) in items.iter_mut().enumerate() {
            let span = item.span;
            if item.as_map().is_some()
                && item.get("target").is_none()
                && item.get_text("source").is_some_and(|source| !source.contains('='))
            {
                faults.push((index, span, "a device in the long form is missing a mount target".to_owned()));
            }
            let Some(text) = item.as_text().map(str::to_owned) else { continue };
            let parts: Vec<&str> = text.split(':').collect();
            let (source, target, permissions) = match parts.as_slice() {
                [source] => (*source, *source, "rwm"),
                [source, target] => (*source, *target, "rwm"),
                [source, target, permissions] => (*source, *target, *permissions),
                _ => {
                    faults.push((index, span, format!("confusing device mapping, please use long syntax: `{text}`")));
                    continue;
                }
            };
            *item = record(span, &[("source", source), ("target", target), ("permissions", permissions)]);
        }
        for (index, span, message) in faults {
            self.fault(span, &format!("devices[{index}]"), message);
        }
    }

    fn ports(&mut self, service: &mut Node) {
        let Some(items) = service.get_mut("ports").and_then(Node::as_list_mut) else { return };
        let mut long = Vec::with_capacity(items.len());
        let mut faults = Vec::new();
        for (index, item) in items.drain(..).enumerate() {
            if let Some(published) = item.get("published").filter(|published| is_float(published) && !self.is_raw) {
                faults.push((index, published.span, "a published port has neither a point nor an exponent".to_owned()));
            }
            if item.as_map().is_some() {
                long.push(long_port(item));
                continue;
            }
            match short_port(&item) {
                Ok(ports) => long.extend(ports.into_iter().map(|port| port_node(&port, item.span))),
                Err(_) if self.is_raw => long.push(item),
                Err(message) => faults.push((index, item.span, message)),
            }
        }
        *items = long;
        for (index, span, message) in faults {
            self.diagnostics.push(
                Diagnostic::error("bad-port", span, message)
                    .at(format!("{}.ports[{index}]", self.path))
                    .help("write `\"8080:80\"`, `\"127.0.0.1:8080:80/tcp\"` or the long form"),
            );
        }
    }

    fn volumes(&mut self, service: &mut Node) {
        let Some(items) = service.get_mut("volumes").and_then(Node::as_list_mut) else { return };
        let mut faults = Vec::new();
        for (index, item) in items.iter_mut().enumerate() {
            let Some(text) = item.as_text() else { continue };
            match volume::parse(text) {
                Ok(volume) => *item = volume_node(&volume, item.span),
                Err(message) => faults.push((index, item.span, message)),
            }
        }
        for (index, span, message) in faults {
            self.fault(span, &format!("volumes[{index}]"), message);
        }
    }
}

fn change(node: &mut Node, key: &str, by: impl FnOnce(Node) -> Node) {
    if let Some(found) = node.get_mut(key)
        && !found.is_null()
    {
        replace(found, by);
    }
}

fn each(node: &mut Node, key: &str, by: impl Fn(Node) -> Node) {
    let items = node.get_mut(key).and_then(Node::as_list_mut).into_iter().flatten();
    items.for_each(|item| replace(item, &by));
}

/// Puts a value into another form; what its merge tag says is said of both.
fn replace(node: &mut Node, by: impl FnOnce(Node) -> Node) {
    let tag = node.tag;
    let taken = std::mem::replace(node, Node::new(Value::Null, node.span));
    *node = by(taken);
    if matches!(tag, Tag::Reset | Tag::Override) {
        node.tag = tag;
    }
}

fn single(key: &str, node: Node) -> Node {
    let mut map = Node::map(node.span);
    map.set(key, node);
    map
}

/// A text becomes `{key: text}`.
fn wrap(key: &str, node: Node) -> Node {
    if node.as_map().is_some() || node.is_null() { node } else { single(key, node) }
}

/// A text becomes a list of one.
fn list(node: Node) -> Node {
    let span = node.span;
    if node.as_list().is_some() { node } else { Node::new(Value::List(vec![node]), span) }
}

fn record(span: Span, fields: &[(&str, &str)]) -> Node {
    let mut map = Node::map(span);
    for (key, value) in fields {
        map.set(key, Node::text(*value, span));
    }
    map
}

fn env_file(node: Node) -> Node {
    let span = node.span;
    let Value::List(items) = node.value else { return node };
    let long = |item: Node| {
        let span = item.span;
        let mut item = wrap("path", item);
        if item.get("required").is_none() {
            item.set("required", Node::new(Value::Bool(true), span));
        }
        item
    };
    Node::new(Value::List(items.into_iter().map(long).collect()), span)
}

fn depends_on_long(node: Node) -> Node {
    let mut node = depends_on(node);
    for entry in node.as_map_mut().into_iter().flat_map(Map::values_mut) {
        let span = entry.node.span;
        if entry.node.is_null() {
            replace(&mut entry.node, |_| record(span, &[("condition", "service_started")]));
        }
        if entry.node.get("required").is_none() {
            entry.node.set("required", Node::new(Value::Bool(true), span));
        }
    }
    node
}

/// `K=V` items become a mapping.
fn pairs(node: Node) -> Node {
    let span = node.span;
    let Value::List(items) = node.value else { return node };
    let mut map = Node::map(span);
    for item in items {
        let text = item.scalar_text().unwrap_or_default();
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        map.set(key, Node::text(value, item.span));
    }
    map
}

fn gpus(node: Node) -> Node {
    let span = node.span;
    if node.as_text() != Some("all") {
        return node;
    }
    Node::new(Value::List(vec![single("count", Node::text("all", span))]), span)
}

/// Compat: a request without count and ids means all devices; `all` is -1.
fn count_all(request: &mut Node) {
    let span = request.span;
    let is_all = match request.get("count") {
        Some(count) => count.as_text() == Some("all"),
        None => request.get("device_ids").is_none(),
    };
    if is_all {
        request.set("count", Node::new(Value::Int(-1), span));
    }
}

fn is_float(node: &Node) -> bool {
    matches!(node.value, Value::Float(_))
}

/// Compat: the port inside may be 0 in the long form only.
fn short_port(node: &Node) -> Result<Vec<port::Port>, String> {
    let text = node.scalar_text().unwrap_or_default();
    if is_float(node) {
        return Err("a port has neither a point nor an exponent".to_owned());
    }
    let ports = port::parse(&text)?;
    match ports.iter().any(|port| port.target == 0) {
        true => Err(format!("the port inside is 0, so it is missing: `{text}`")),
        false => Ok(ports),
    }
}

fn port_node(port: &port::Port, span: Span) -> Node {
    let mut node = Node::map(span);
    node.set("mode", Node::text("ingress", span));
    if !port.host_ip.is_empty() {
        node.set("host_ip", Node::text(port.host_ip.as_str(), span));
    }
    node.set("target", Node::new(Value::Int(port.target.into()), span));
    if !port.published.is_empty() {
        node.set("published", Node::text(port.published.as_str(), span));
    }
    node.set("protocol", Node::text(port.protocol.as_str(), span));
    node
}

fn long_port(mut node: Node) -> Node {
    if let Some(published) = node.get_mut("published")
        && let Some(text) = published.scalar_text()
    {
        *published = Node::text(text, published.span);
    }
    node
}

fn volume_node(volume: &volume::Volume, span: Span) -> Node {
    let mut node = record(span, &[("type", volume.kind)]);
    if !volume.source.is_empty() {
        node.set("source", Node::text(volume.source.as_str(), span));
    }
    node.set("target", Node::text(clean_path(&volume.target), span));
    if volume.is_read_only {
        node.set("read_only", Node::new(Value::Bool(true), span));
    }
    let mut bind = Node::map(span);
    for (key, value) in [("selinux", &volume.selinux), ("propagation", &volume.propagation)] {
        if let Some(value) = value {
            bind.set(key, Node::text(value.as_str(), span));
        }
    }
    if volume.kind == "bind" {
        bind.set("create_host_path", Node::new(Value::Bool(true), span));
    }
    // Compat: options of binds are kept for named volumes, too.
    if bind.as_map().is_some_and(|map| !map.is_empty()) {
        node.set("bind", bind);
    }
    // Compat: a target of one or two characters is nothing but a target.
    if volume.kind != "bind" && !(volume.source.is_empty() && volume.target.len() <= 2) {
        let mut options = Node::map(span);
        if volume.nocopy {
            options.set("nocopy", Node::new(Value::Bool(true), span));
        }
        node.set("volume", options);
    }
    node
}

/// `external: {name: x}` becomes `external: true` and `name: x`.
fn external(resource: &mut Node, path: &str, diagnostics: &mut Vec<Diagnostic>) {
    let Some(external) = resource.get("external").filter(|external| external.as_map().is_some()).cloned() else {
        return;
    };
    if let Some(name) = external.get("name") {
        let message = format!("{path}: external.name is deprecated");
        let help = "set `name` and `external: true`";
        diagnostics.push(Diagnostic::warning("external-name", name.span, message).at(path).help(help));
        if let Some(own) = resource.get("name").filter(|own| own.scalar_text() != name.scalar_text()) {
            let message = format!("{path}: name and external.name conflict; only use name");
            let diagnostic = Diagnostic::error("invalid", name.span, message).at(path);
            diagnostics.push(diagnostic.related(own.span, "the other name"));
        }
        resource.set("name", name.clone());
    }
    resource.set("external", Node::new(Value::Bool(true), external.span));
}

/// `id`, `id=path`, and `id: path`, which docker compose prints: keys by id.
fn ssh(node: Node) -> Node {
    if node.as_map().is_some() {
        return node;
    }
    let Value::List(items) = node.value else { return ssh(list(node)) };
    let entry = |item: Node| {
        let text = item.scalar_text().unwrap_or_default();
        let (id, node) = match text.split_once('=').or_else(|| text.split_once(": ")) {
            Some((id, path)) => (id, Node::text(path, item.span)),
            None => (text.as_str(), Node::new(Value::Null, item.span)),
        };
        (id.into(), Entry { key: item.span, node })
    };
    Node::mapping(items.into_iter().map(entry).collect(), node.span)
}

/// Cleans a path as Go's `path.Clean` does.
pub(super) fn clean_path(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
