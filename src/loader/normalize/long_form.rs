//! Turns short forms into long forms, so that later stages know one shape of each attribute.

use crate::diag::Diagnostic;
use crate::loader::syntax::clean_path::clean_path;
use crate::loader::syntax::{port, template, volume};
use crate::loader::tree::Changed;
use crate::loader::tree::{Entry, Map, Node, Tag, Value, children, depends_on, keys};
use crate::model::Span;

/// Puts the changed members of a model into their long forms. `is_raw` means that the model is not interpolated. Then a
/// short form stays if variables decide its parts, such as `${PORT}:80`; so does `networks: ['${NET}']`, because a key
/// must not contain a variable.
pub fn long_form(root: &mut Node, changed: &Changed, is_raw: bool, diagnostics: &mut Vec<Diagnostic>) {
    for (name, service) in children(root, "services").filter(|(name, _)| changed.has("services", name)) {
        let mut work = ServiceForms { path: format!("services.{name}"), is_raw, diagnostics };
        work.service(service);
    }
    for kind in ["networks", "volumes", "secrets", "configs"] {
        for (name, resource) in children(root, kind).filter(|(name, _)| changed.has(kind, name)) {
            external(resource, &format!("{kind}.{name}"), diagnostics);
        }
    }
}

/// The long forms of one service.
struct ServiceForms<'a> {
    /// Path of the service, such as `services.web`.
    path: String,
    is_raw: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl ServiceForms<'_> {
    fn service(&mut self, service: &mut Node) {
        change(service, "build", |node| if node.as_text().is_some() { single("context", node) } else { node });
        if let Some(build) = service.get_mut("build") {
            each(build, "secrets", |node| wrap("source", node));
            let contexts = build.get("additional_contexts").map(Node::items).unwrap_or_default();
            let is_nameless = |item: &&Node| item.as_text().is_some_and(|text| !text.contains('='));
            let nameless: Vec<Span> = contexts.iter().filter(is_nameless).map(|item| item.span).collect();
            if !self.is_open(build, "additional_contexts", &['=']) {
                change(build, "additional_contexts", pairs);
            }
            for span in nameless {
                self.fault(span, "build.additional_contexts", "a build context must be `name=context`".to_owned());
            }
            if !self.is_open(build, "ssh", &['=', ':']) {
                change(build, "ssh", ssh);
            }
        }
        if !self.is_open(service, "depends_on", &[]) {
            change(service, "depends_on", depends_on_long);
        }
        change(service, "env_file", |node| env_file(list(node)));
        change(service, "label_file", list);
        change(service, "extends", |node| wrap("service", node));
        for key in ["networks", "models"] {
            if !self.is_open(service, key, &[]) {
                change(service, key, keys);
            }
        }
        for key in ["dns", "dns_search", "tmpfs"] {
            change(service, key, list);
        }
        // Compat: empty name servers are dropped; a `dns` without name servers is removed.
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

    /// Returns whether a list, or a text in its place, must stay as it is, because an unreplaced variable is before the
    /// `separators`: that part becomes the key of the long form.
    fn is_open(&self, node: &Node, key: &str, separators: &[char]) -> bool {
        let Some(found) = node.get(key).filter(|_| self.is_raw) else { return false };
        let items = found.as_list().unwrap_or(std::slice::from_ref(found));
        let name = |text: &str| {
            let end =
                template::outside(text).find(|(_, char)| separators.contains(char)).map_or(text.len(), |(at, _)| at);
            text[..end].to_owned()
        };
        items.iter().filter_map(Node::as_text).any(|text| !template::references(&name(text), false).is_empty())
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
            let parts = if self.is_raw { template::split_outside(&text, ':') } else { text.split(':').collect() };
            let is_whole = parts.len() == 1 && text.contains(':');
            if is_whole && self.is_raw {
                continue;
            }
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
                faults.push((
                    index,
                    published.span,
                    "a published port must be written without a point or an exponent".to_owned(),
                ));
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
            if self.is_raw && volume::has_open_options(text) {
                continue;
            }
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

/// Replaces the value of a key, if there is one.
fn change(node: &mut Node, key: &str, by: impl FnOnce(Node) -> Node) {
    if let Some(found) = node.get_mut(key)
        && !found.is_null()
    {
        replace(found, by);
    }
}

/// Replaces every item of the list of a key.
fn each(node: &mut Node, key: &str, by: impl Fn(Node) -> Node) {
    let items = node.get_mut(key).and_then(Node::as_list_mut).into_iter().flatten();
    items.for_each(|item| replace(item, &by));
}

/// Replaces a value by another form. The new form keeps the merge tag.
fn replace(node: &mut Node, by: impl FnOnce(Node) -> Node) {
    let tag = node.tag;
    let taken = std::mem::replace(node, Node::new(Value::Null, node.span));
    *node = by(taken);
    if matches!(tag, Tag::Reset | Tag::Override) {
        node.tag = tag;
    }
}

/// Returns `{key: node}`.
fn single(key: &str, node: Node) -> Node {
    let mut map = Node::map(node.span);
    map.set(key, node);
    map
}

/// Turns a text into `{key: text}`.
fn wrap(key: &str, node: Node) -> Node {
    if node.as_map().is_some() || node.is_null() { node } else { single(key, node) }
}

/// Turns a text into a list of one item.
fn list(node: Node) -> Node {
    let span = node.span;
    if node.as_list().is_some() { node } else { Node::new(Value::List(vec![node]), span) }
}

/// Returns a mapping of texts.
fn record(span: Span, fields: &[(&str, &str)]) -> Node {
    let mut map = Node::map(span);
    for (key, value) in fields {
        map.set(key, Node::text(*value, span));
    }
    map
}

/// Turns each path into `{path: PATH, required: true}`.
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

/// Fills in condition and `required` of each dependency.
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

/// Turns a list of `K=V` into a mapping.
fn pairs(node: Node) -> Node {
    let span = node.span;
    let Value::List(items) = node.value else { return node };
    let mut map = Node::map(span);
    for item in items {
        let text = item.scalar_text().unwrap_or_default();
        let end = template::outside(&text).find(|(_, char)| *char == '=').map_or(text.len(), |(at, _)| at);
        let value = text.get(end + 1..).unwrap_or_default();
        map.set(&text[..end], Node::text(value, item.span));
    }
    map
}

/// Turns `all` into a request for all GPUs.
fn gpus(node: Node) -> Node {
    let span = node.span;
    if node.as_text() != Some("all") {
        return node;
    }
    Node::new(Value::List(vec![single("count", Node::text("all", span))]), span)
}

/// Fills in the count of a device request.
///
/// Compat: a request without count and ids means all devices, written as -1.
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

/// Reads the short form of a port.
///
/// Compat: the container port may be 0 in the long form only.
fn short_port(node: &Node) -> Result<Vec<port::Port>, String> {
    let text = node.scalar_text().unwrap_or_default();
    if is_float(node) {
        return Err("a port must be written without a point or an exponent".to_owned());
    }
    let ports = port::parse(&text)?;
    match ports.iter().any(|port| port.target == 0) {
        true => Err(format!("the container port must not be 0: `{text}`")),
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

/// Turns the number of `published` into a text.
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
    // Compat: a named volume keeps `selinux` and `propagation` under `bind`.
    if bind.as_map().is_some_and(|map| !map.is_empty()) {
        node.set("bind", bind);
    }
    // Compat: an anonymous volume whose target has one or two characters gets no `volume` options.
    if volume.kind != "bind" && !(volume.source.is_empty() && volume.target.len() <= 2) {
        let mut options = Node::map(span);
        if volume.nocopy {
            options.set("nocopy", Node::new(Value::Bool(true), span));
        }
        node.set("volume", options);
    }
    node
}

/// Turns `external: {name: x}` into `external: true` and `name: x`.
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

/// Turns `id` and `id=path` into a mapping from ids to paths. Also accepts `id: path`, which docker compose prints.
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
