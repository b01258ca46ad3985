//! How containers run: images that may change by themselves, limits, health checks.

use std::collections::BTreeSet;

use crate::diag::Severity;
use crate::diagnose::facts::services;
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;
use crate::model::Span;

/// An image without a fixed version, in a compose file or a Dockerfile.
pub static IMAGE_FLOATING: Rule = Rule::both(
    "image-floating",
    Severity::Warning,
    "CIS Docker 5.28, OWASP Docker 13, subject D3",
    "the same file runs something else tomorrow, and nobody can say what ran yesterday",
    "name a version (`nginx:1.27.3`), or a digest (`nginx@sha256:…`; `inception config --lock-image-digests` prints them)",
);
static NO_MEMORY_LIMIT: Rule = Rule::security(
    "no-memory-limit",
    Severity::Warning,
    "CIS Docker 5.11, OWASP Docker 7",
    "one service that leaks takes the memory of all, and the kernel then ends processes of this machine",
    "set `mem_limit` above what the service needs at its busiest (`inception stats` shows its use)",
);
static UNLIMITED_PROCESSES: Rule = Rule::security(
    "unlimited-processes",
    Severity::Warning,
    "CIS Docker 5.29, OWASP Docker 7",
    "one service can use up the process ids of this machine, so that not even a shell starts any more",
    "set `pids_limit` to a number above what the service needs",
);
static OOM_KILL_OFF: Rule = Rule::security(
    "oom-kill-off",
    Severity::Warning,
    "CIS Docker 5.11",
    "a service at its limit hangs for ever instead of being ended and restarted",
    "remove `oom_kill_disable`",
);
/// Also answered by a HEALTHCHECK in the Dockerfile.
pub static NO_HEALTHCHECK: Rule = Rule::security(
    "no-healthcheck",
    Severity::Note,
    "CIS Docker 5.27",
    "nobody sees that the service hangs, and its dependents start before it answers",
    "add a `healthcheck` that asks the service as its users do",
);

/// Applies the rules.
pub fn findings(root: &Node) -> Vec<Finding> {
    let waited: BTreeSet<&str> = services(root)
        .flat_map(|(_, _, service)| service.get("depends_on").into_iter().flat_map(Node::entries))
        .filter(|(_, entry)| entry.node.get_text("condition") != Some("service_completed_successfully"))
        .map(|(name, _)| name)
        .collect();
    let jobs: BTreeSet<&str> = services(root)
        .flat_map(|(_, _, service)| service.get("depends_on").into_iter().flat_map(Node::entries))
        .filter(|(_, entry)| entry.node.get_text("condition") == Some("service_completed_successfully"))
        .map(|(name, _)| name)
        .collect();
    let mut found = Vec::new();
    for (name, span, service) in services(root).filter(|(_, _, service)| service.get("provider").is_none()) {
        let mut own = limits(service, span);
        own.extend(floating(service));
        let is_server = waited.contains(name) || !service.get("ports").map(Node::items).unwrap_or_default().is_empty();
        if is_server && !jobs.contains(name) {
            own.extend(health(service, span));
        }
        found.extend(own.into_iter().map(|one| one.of(name)));
    }
    found
}

/// Returns whether a name of an image has neither a fixed tag nor a digest; and the word for what is wrong.
pub fn floats(image: &str) -> Option<&'static str> {
    if image.contains("@sha256:") || image == "scratch" {
        return None;
    }
    match image.rsplit('/').next().unwrap_or_default().split_once(':') {
        None => Some("has neither tag nor digest, which means `latest`"),
        Some((_, "latest")) => Some("has the tag `latest`"),
        Some(_) => None,
    }
}

fn floating(service: &Node) -> Option<Finding> {
    let image = service.get("image")?;
    let name = image.as_text()?;
    let words = floats(name)?;
    Some(Finding::new(&IMAGE_FLOATING, image.span, format!("image `{name}` {words}")))
}

fn limits(service: &Node, span: Span) -> Vec<Finding> {
    let mut found = Vec::new();
    let deploy = |part: &str, key: &str| {
        service
            .get("deploy")
            .and_then(|node| node.get("resources"))
            .and_then(|node| node.get(part))
            .and_then(|node| node.get(key))
    };
    if service.get("mem_limit").or_else(|| deploy("limits", "memory")).is_none() {
        found.push(Finding::new(&NO_MEMORY_LIMIT, span, "nothing limits the memory of the service"));
    }
    let pids = service.get("pids_limit").or_else(|| deploy("limits", "pids"));
    if let Some(node) = pids.filter(|node| node.scalar_text().is_some_and(|text| text == "-1" || text == "0")) {
        found.push(Finding::new(&UNLIMITED_PROCESSES, node.span, "the number of processes has no limit"));
    }
    if let Some(node) = service.get("oom_kill_disable").filter(|node| node.as_bool() == Some(true)) {
        found.push(Finding::new(&OOM_KILL_OFF, node.span, "the kernel may not end the service when memory is short"));
    }
    found
}

fn health(service: &Node, span: Span) -> Option<Finding> {
    let Some(check) = service.get("healthcheck") else {
        return Some(Finding::new(&NO_HEALTHCHECK, span, "others need the service, and nothing checks its health"));
    };
    let disabled = check.get("disable").filter(|node| node.as_bool() == Some(true));
    let none = check.get("test").filter(|test| test.items().first().and_then(Node::as_text) == Some("NONE"));
    let place = disabled.or(none)?;
    Some(Finding::new(&NO_HEALTHCHECK, place.span, "the health check is off"))
}
