//! Checks across services: attributes that exclude each other, names that must be defined, cycles.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::graph::{self, Edge};
use crate::loader::normalize::{NAMESPACES, needed};
use crate::loader::report::{MOST_TOLD, nearest};
use crate::loader::tree::{Entry, Node};
use crate::model::Span;
use crate::text::parse_size;

/// Checks the enabled services (compose-go `checkConsistency`). `disabled` are the services that no active profile
/// enables.
///
/// Container names are checked for the `named` services and their dependencies only, or for all services where none are
/// named.
pub fn consistency(root: &Node, disabled: &Node, named: &[String], diagnostics: &mut Vec<Diagnostic>) {
    let errors = || diagnostics.iter().filter(|one| one.is_error());
    let lacks_file = |code: &str| {
        let codes =
            ["include-conflict", "file-not-found", "not-a-file", "file-unreadable", "remote-file", "too-many-files"];
        let of_keys = ["duplicate-key", "bad-key", "bad-merge-key"];
        codes.contains(&code) || of_keys.contains(&code) || code.starts_with("yaml-")
    };
    // After a fault of its variable, `image: ${A!}` is blank. The missing image is not reported then.
    let is_at = |one: &Diagnostic, attribute: &str| one.path.ends_with(attribute);
    let is_incomplete = |one: &&Diagnostic| one.code == "unknown-key" || is_at(one, ".extends") || is_at(one, ".image");
    let mut work = Consistency {
        root,
        disabled,
        incomplete: errors().filter(is_incomplete).map(|one| one.path.clone()).collect(),
        lacks_files: errors().any(|one| lacks_file(one.code)),
        diagnostics,
    };
    for (name, entry) in root.get("services").into_iter().flat_map(Node::entries) {
        work.service(name, &entry.node, entry.key);
    }
    work.container_names(named);
    work.cycles();
}

/// The checks of one project.
struct Consistency<'a> {
    root: &'a Node,
    disabled: &'a Node,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Paths of faults that may explain a missing attribute: an unknown key may be the misspelt attribute, and a
    /// service whose `extends` failed lacks the attributes of the extended service.
    incomplete: BTreeSet<String>,
    /// Whether a file could not be read, which may have had the missing attribute.
    lacks_files: bool,
}

impl<'a> Consistency<'a> {
    fn tell(&mut self, code: &'static str, span: Span, path: String, message: String) {
        self.diagnostics.push(Diagnostic::error(code, span, message).at(path));
    }

    /// Reports a name that is not defined.
    fn undefined(&mut self, service: &str, kind: &'static str, key: &str, span: Span, path: &str) {
        // The search for the nearest name is slow with many names, so it ends when no more errors are shown.
        let is_shown = self.diagnostics.len() < MOST_TOLD;
        let known: Vec<String> = self
            .root
            .get(&format!("{kind}s"))
            .filter(|_| is_shown)
            .into_iter()
            .flat_map(Node::entries)
            .map(|(name, _)| name.to_owned())
            .collect();
        let shown = crate::text::escape_controls(key).into_owned();
        let diagnostic =
            Diagnostic::error("undefined", span, format!("service `{service}` refers to undefined {kind} `{shown}`"))
                .at(format!("services.{service}.{path}"));
        self.diagnostics.push(match nearest(key, known.iter().map(String::as_str)) {
            Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
            None if kind == "volume" && key.contains(['/', '~']) => {
                diagnostic.help("a path of the host is of `type: bind`")
            }
            None if kind == "service" => diagnostic.help("define it under `services:`"),
            None if key.is_empty() || key.contains(|char: char| char.is_whitespace() || char.is_control()) => {
                diagnostic
            }
            None => {
                let contents = match kind {
                    "secret" | "config" => " { file: PATH }",
                    "model" => " { model: NAME }",
                    _ => "",
                };
                diagnostic.help(format!("define it: `{kind}s: {{ {shown}:{contents} }}`"))
            }
        });
    }

    /// As [`attribute_of`], while errors are still shown: the search is slow with long lists.
    fn attribute(&self, service: &Node, place: Span) -> String {
        let is_shown = self.diagnostics.len() < MOST_TOLD;
        if is_shown { attribute_of(service, place) } else { "depends_on".to_owned() }
    }

    fn defined(&self, kind: &str, key: &str) -> bool {
        self.root.get(kind).is_some_and(|all| all.get(key).is_some())
    }

    fn service(&mut self, name: &str, service: &'a Node, key: Span) {
        self.source(name, service, key);
        if let Some(build) = service.get("build") {
            self.build(name, service, build);
        }
        self.networks(name, service, key);
        self.healthcheck(name, service);
        self.dependencies(name, service);
        self.volumes(name, service);
        self.references(name, service, "secrets", "secret", "secrets");
        self.references(name, service, "configs", "config", "configs");
        self.references_by_key(name, service);
        self.mount_points(name, service);
        self.scale(name, service);
        self.limits(name, service);
    }

    /// A service needs an image, a build context or a provider. Not reported if another fault may be the reason.
    fn source(&mut self, name: &str, service: &Node, key: Span) {
        let prefix = format!("services.{name}.");
        let is_incomplete =
            self.incomplete.range(prefix.clone()..).next().is_some_and(|path| path.starts_with(&prefix));
        let others = ["build", "provider", "extends"];
        let has_source = service.get("image").and_then(Node::scalar_text).is_some_and(|image| !image.is_empty())
            || others.iter().any(|key| service.get(key).is_some_and(|node| !node.is_null()));
        if has_source || is_incomplete || self.lacks_files || service.as_map().is_none() {
            return;
        }
        let message = format!("service `{name}` has neither an image nor a build context specified");
        let diagnostic = Diagnostic::error("no-image", key, message).at(format!("services.{name}"));
        self.diagnostics.push(diagnostic.help("add `image:` or `build:`"));
    }

    /// A build has one Dockerfile, and services that it uses as contexts have a `build`.
    fn build(&mut self, name: &str, service: &'a Node, build: &'a Node) {
        let path = |field: &str| format!("services.{name}.{field}");
        let has_dockerfile = build.get_text("dockerfile").is_some_and(|file| !file.is_empty());
        if build.get("dockerfile_inline").is_some() && has_dockerfile {
            let message = format!("service `{name}` declares mutually exclusive `dockerfile` and `dockerfile_inline`");
            self.tell("exclusive", build.span, path("build"), message);
        }
        self.platforms(name, service, build);
        for (_, context) in build.get("additional_contexts").into_iter().flat_map(Node::entries) {
            let Some(target) = context.node.as_text().and_then(|text| text.strip_prefix("service:")) else { continue };
            match self.root.get("services").and_then(|all| all.get(target)) {
                None => self.undefined(name, "service", target, context.node.span, "build.additional_contexts"),
                Some(other) if other.get("build").is_none() => {
                    let message =
                        format!("service `{name}` uses `{target}` as a build context, but `{target}` has no `build`");
                    self.tell("invalid", context.node.span, path("build.additional_contexts"), message);
                }
                Some(_) => {}
            }
        }
        self.references(name, build, "secrets", "secret", "build.secrets");
    }

    /// The networks of a service must be defined, and exclude `network_mode`.
    fn networks(&mut self, name: &str, service: &'a Node, key: Span) {
        let networks = || service.get("networks").into_iter().flat_map(Node::entries);
        let mode = service.get_text("network_mode").filter(|mode| !mode.is_empty());
        if let Some(mode) = mode.filter(|_| networks().next().is_some()) {
            let span = service.get("network_mode").map_or(key, |node| node.span);
            let networks = service.as_map().and_then(|map| map.get("networks")).map_or(key, |entry| entry.key);
            let message = format!("service `{name}` declares mutually exclusive `network_mode` and `networks`");
            let diagnostic = Diagnostic::error("exclusive", span, message).at(format!("services.{name}.network_mode"));
            let help = format!("with `network_mode: {mode}` there are no networks of its own: remove one of them");
            self.diagnostics.push(diagnostic.related(networks, "the other one").help(help));
        }
        for (network, entry) in networks() {
            if !network.starts_with("x-") && !self.defined("networks", network) {
                self.undefined(name, "network", network, entry.key, "networks");
            }
        }
    }

    /// The dependencies of a service must be defined and enabled.
    fn dependencies(&mut self, name: &str, service: &'a Node) {
        for (dependency, entry) in service.get("depends_on").into_iter().flat_map(Node::entries) {
            let is_required = entry.node.get("required").and_then(Node::as_bool) != Some(false);
            let is_disabled = self.disabled.get(dependency).is_some();
            if self.defined("services", dependency) || (is_disabled && !is_required) {
                continue;
            }
            let attribute = self.attribute(service, entry.key);
            if !is_disabled {
                self.undefined(name, "service", dependency, entry.key, &attribute);
                continue;
            }
            let message =
                format!("service `{name}` depends on service `{dependency}`, which no active profile enables");
            let diagnostic = Diagnostic::error("undefined", entry.key, message);
            let help = "activate its profile with `--profile`, or say `required: false`";
            self.diagnostics.push(diagnostic.at(format!("services.{name}.{attribute}")).help(help));
        }
    }

    /// The named volumes of a service must be defined.
    fn volumes(&mut self, name: &str, service: &'a Node) {
        for (index, volume) in service.get("volumes").map(Node::items).unwrap_or_default().iter().enumerate() {
            if volume.get_text("type") == Some("volume")
                && let Some(source) = volume.get_text("source").filter(|source| !source.is_empty())
                && !self.defined("volumes", source)
            {
                self.undefined(name, "volume", source, volume.span, &format!("volumes[{index}]"));
            }
        }
    }

    /// Two mounts must not have the same target.
    ///
    /// Compat: docker compose compares the texts of `tmpfs` and `volumes`, so `/data` and `/data/` are different here.
    /// The engine's rule is checked in `decode`.
    fn mount_points(&mut self, name: &str, service: &'a Node) {
        let mut seen: std::collections::BTreeMap<&str, Span> = std::collections::BTreeMap::new();
        let items = |field: &'static str| {
            let items = service.get(field).map(Node::items).unwrap_or_default();
            items.iter().enumerate().map(move |(index, item)| (field, index, item))
        };
        for (field, index, item) in items("tmpfs").chain(items("volumes")) {
            let text = item.as_text().filter(|_| field == "tmpfs");
            let text = text.map(|text| text.split_once(':').map_or(text, |(target, _)| target));
            let Some(target) = text.or_else(|| item.get_text("target")) else { continue };
            if let Some(first) = seen.insert(target, item.span) {
                let shown = crate::text::escape_controls(target).into_owned();
                let message = format!("`services.{name}`: two mounts have the mount point `{shown}`");
                let diagnostic = Diagnostic::error("bad-value", item.span, message);
                self.diagnostics.push(
                    diagnostic
                        .at(format!("services.{name}.{field}[{index}]"))
                        .related(first, "the other one")
                        .help("remove one of them"),
                );
            }
        }
    }

    /// The models of a service must be defined.
    fn references_by_key(&mut self, name: &str, service: &'a Node) {
        for (model, entry) in service.get("models").into_iter().flat_map(Node::entries) {
            if !self.defined("models", model) {
                self.undefined(name, "model", model, entry.key, "models");
            }
        }
    }

    /// The secrets or configs of a service or a build must be defined.
    fn references(&mut self, name: &str, from: &'a Node, field: &str, kind: &'static str, path: &str) {
        for (index, reference) in from.get(field).map(Node::items).unwrap_or_default().iter().enumerate() {
            let path = format!("{path}[{index}]");
            match reference.get_text("source") {
                Some(source) if !self.defined(&format!("{kind}s"), source) => {
                    self.undefined(name, kind, source, reference.span, &path);
                }
                None if reference.get("source").is_none_or(Node::is_null) => {
                    let message = format!("service `{name}` uses a {kind} without saying which: `source` is missing");
                    self.tell("undefined", reference.span, format!("services.{name}.{path}"), message);
                }
                _ => {}
            }
        }
    }

    /// The platforms of a build must include the platform of the service.
    fn platforms(&mut self, name: &str, service: &Node, build: &Node) {
        let platforms: Vec<&str> =
            build.get("platforms").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_text).collect();
        if let Some(platform) = service.get("platform")
            && let Some(text) = platform.as_text()
            && !platforms.is_empty()
            && !platforms.contains(&text)
        {
            self.tell(
                "invalid",
                platform.span,
                format!("services.{name}.platform"),
                format!("service `{name}`: `build.platforms` must include the platform `{text}`"),
            );
        }
    }

    /// The list form of a health check must begin with a known word.
    fn healthcheck(&mut self, name: &str, service: &Node) {
        let Some(check) = service.get("healthcheck") else { return };
        let path = format!("services.{name}.healthcheck");
        if let Some(first) = check.get("test").and_then(|test| test.items().first())
            && let Some(word) = first.as_text()
            && !matches!(word, "CMD" | "CMD-SHELL" | "NONE")
        {
            self.diagnostics.push(
                Diagnostic::error(
                    "bad-value",
                    first.span,
                    format!(
                        "service `{name}`: healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\""
                    ),
                )
                .at(format!("{path}.test"))
                .help("a list is run as it stands: `[\"CMD\", \"program\", \"argument\"]`"),
            );
        }
    }

    /// `scale` must equal `deploy.replicas`, must not be negative, and must be 1 with a `container_name`.
    fn scale(&mut self, name: &str, service: &Node) {
        let number = |node: Option<&Node>| node.and_then(Node::scalar_text).and_then(|text| text.parse::<i64>().ok());
        let scale = number(service.get("scale"));
        let deploy = service.get("deploy");
        let replicas = number(deploy.and_then(|deploy| deploy.get("replicas")));
        if let (Some(scale), Some(replicas)) = (scale, replicas)
            // A negative number is reported when values are typed.
            && replicas >= 0
            && scale != replicas
        {
            let span = service.get("scale").map_or(Span::NONE, |node| node.span);
            self.tell(
                "invalid",
                span,
                format!("services.{name}.scale"),
                format!("service `{name}`: can't set distinct values on 'scale' and 'deploy.replicas'"),
            );
        }
        if let Some(node) = service.get("scale").filter(|_| scale.is_some_and(|scale| scale < 0)) {
            self.tell(
                "out-of-range",
                node.span,
                format!("services.{name}.scale"),
                format!("services.{name}.scale must be greater than or equal to 0"),
            );
        }
        let count = scale.or(replicas).unwrap_or(1);
        if count > 1
            && let Some(own) =
                service.get("container_name").filter(|own| own.as_text().is_some_and(|text| !text.is_empty()))
        {
            let message = format!(
                "service `{name}`: can't set container_name and {} as container name must be unique",
                if scale.is_some() { "scale" } else { "deploy.replicas" }
            );
            self.tell("invalid", own.span, format!("services.{name}.container_name"), message);
        }
    }

    /// A limit of the service must equal the same limit under `deploy`.
    ///
    /// Compat: a `deploy` with limits must have this limit, too. Zero counts as no limit.
    fn limits(&mut self, name: &str, service: &Node) {
        let resources = service.get("deploy").and_then(|deploy| deploy.get("resources"));
        let pairs = [
            ("cpus", "limits", "cpus"),
            ("mem_limit", "limits", "memory"),
            ("mem_reservation", "reservations", "memory"),
            ("pids_limit", "limits", "pids"),
        ];
        for (own, group, other) in pairs {
            let group_node = resources.and_then(|node| node.get(group)).filter(|node| !node.is_null());
            let (Some(first), Some(limits)) = (service.get(own).filter(|node| !node.is_null()), group_node) else {
                continue;
            };
            let amount = |node: &Node| {
                node.scalar_text()
                    .and_then(|text| text.parse::<f64>().ok().or_else(|| parse_size(&text).map(|bytes| bytes as f64)))
            };
            let second = limits.get(other).filter(|node| !node.is_null());
            if amount(first) == Some(0.0) || second.is_some_and(|second| amount(first) == amount(second)) {
                continue;
            }
            let message = format!(
                "service `{name}`: can't set distinct values on '{own}' and 'deploy.resources.{group}.{other}'"
            );
            let diagnostic = Diagnostic::error("invalid", first.span, message)
                .at(format!("services.{name}.{own}"))
                .help("say it in one of the two places, or the same in both");
            self.diagnostics.push(match second {
                Some(second) => diagnostic.related(second.span, "the other value"),
                None => diagnostic.related(limits.span, format!("{group} without `{other}`")),
            });
        }
    }

    /// Two services must not have the same `container_name`.
    ///
    /// Compat: services that are not selected are not compared.
    fn container_names(&mut self, named: &[String]) {
        let needed = (!named.is_empty()).then(|| needed(self.root, named));
        let is_needed = |(name, _): &(&str, &Entry)| needed.as_ref().is_none_or(|needed| needed.contains(*name));
        let mut seen: std::collections::BTreeMap<&str, (&str, Span)> = std::collections::BTreeMap::new();
        for (name, entry) in self.root.get("services").into_iter().flat_map(Node::entries).filter(is_needed) {
            let Some(node) = entry.node.get("container_name") else { continue };
            let Some(own) = node.as_text().filter(|own| !own.is_empty()) else { continue };
            if let Some((other, span)) = seen.insert(own, (name, node.span)) {
                let message = format!("services.{name}: container name `{own}` is already in use by service `{other}`");
                self.diagnostics.push(
                    Diagnostic::error("duplicate-name", node.span, message)
                        .at(format!("services.{name}.container_name"))
                        .related(span, "first used here"),
                );
            }
        }
    }

    /// Services must not depend on each other in a cycle.
    fn cycles(&mut self) {
        let services = self.root.get("services");
        let mut edges: Vec<Edge<'_>> = Vec::new();
        for (name, entry) in services.into_iter().flat_map(Node::entries) {
            for (dependency, edge) in entry.node.get("depends_on").into_iter().flat_map(Node::entries) {
                edges.push(Edge { from: name, to: dependency, span: edge.key });
            }
        }
        let via = |edge: &Edge<'_>| {
            let service = services.and_then(|all| all.get(edge.from));
            service.map_or_else(String::new, |service| attribute_of(service, edge.span))
        };
        self.diagnostics.extend(graph::cycles(&edges, &via));
    }
}

/// Returns the attribute that makes a dependency, such as `links[0]`, by the place of the dependency.
fn attribute_of(service: &Node, place: Span) -> String {
    for list in ["links", "volumes_from"] {
        let items = service.get(list).map(Node::items).unwrap_or_default();
        if let Some(index) = items.iter().position(|item| item.span == place) {
            return format!("{list}[{index}]");
        }
    }
    let is_there = |key: &&&str| service.get(key).is_some_and(|node| node.span == place);
    NAMESPACES.iter().find(is_there).map_or("depends_on", |key| *key).to_owned()
}
