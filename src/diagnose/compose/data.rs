//! What is open to the network: databases, the engine, and accounts without a password.

use crate::diag::Severity;
use crate::diagnose::facts::{pairs, services};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;

static DATABASE_PORT: Rule = Rule::security(
    "database-port",
    Severity::Warning,
    "CIS Docker 5.14, OWASP Docker 5",
    "everybody who reaches this machine reaches the data, and the engine's own rules come before those of a firewall such as ufw",
    "remove the port: services of the project reach it without; or bind it to this machine: `127.0.0.1:PORT:PORT`",
);
static ENGINE_PORT: Rule = Rule::security(
    "engine-port",
    Severity::Error,
    "CIS Docker 5.14, OWASP Docker 1",
    "who reaches the port without a certificate controls the machine behind it",
    "remove the port, or use 2376 with client certificates",
);
static EMPTY_PASSWORD: Rule = Rule::security(
    "empty-password",
    Severity::Error,
    "OWASP Docker 12",
    "everybody who reaches the port is in",
    "set a password, from a secret: `…_FILE: /run/secrets/NAME`",
);

/// Ports of databases, caches and queues, with what listens there.
const DATABASES: &[(u16, &str)] = &[
    (3306, "MySQL or MariaDB"),
    (33060, "MySQL"),
    (5432, "PostgreSQL"),
    (6379, "Redis"),
    (27017, "MongoDB"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch"),
    (11211, "memcached"),
    (5984, "CouchDB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (9042, "Cassandra"),
    (8086, "InfluxDB"),
    (7687, "Neo4j"),
    (2379, "etcd"),
    (26257, "CockroachDB"),
    (9000, "php-fpm"),
];

/// Applies the rules.
pub fn findings(root: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, _, service) in services(root) {
        let ports = service.get("ports").map(Node::items).unwrap_or_default();
        let image = service.get_text("image").unwrap_or_default();
        found.extend(ports.iter().filter_map(|entry| port(entry, name, image)).map(|one| one.of(name)));
        found.extend(accounts(service).into_iter().map(|one| one.of(name)));
    }
    found
}

fn port(entry: &Node, service: &str, image: &str) -> Option<Finding> {
    let address = entry.get_text("host_ip").unwrap_or_default();
    let is_local = address.starts_with("127.") || address == "::1";
    let number: u16 = entry.get("target")?.scalar_text()?.parse().ok().filter(|_| !is_local)?;
    if matches!(number, 2375) {
        return Some(Finding::new(&ENGINE_PORT, entry.span, "the engine's port 2375 is open to the network"));
    }
    let (_, what) = DATABASES.iter().find(|(known, _)| *known == number)?;
    // Many programs listen on 9000, so the name must say that this is php-fpm.
    let is_php = ["php", "fpm", "wordpress"].iter().any(|word| service.contains(word) || image.contains(word));
    if number == 9000 && !is_php {
        return None;
    }
    let at = if address.is_empty() { "all addresses".to_owned() } else { format!("`{address}`") };
    Some(Finding::new(
        &DATABASE_PORT,
        entry.span,
        format!("port {number} ({what}) is published on {at} of this machine"),
    ))
}

fn accounts(service: &Node) -> Vec<Finding> {
    let judged = |(name, value, span): (String, Option<String>, _)| {
        let value = value.unwrap_or_default().to_ascii_lowercase();
        let is_yes = matches!(value.as_str(), "yes" | "true" | "1");
        let is_open = (name.contains("ALLOW_EMPTY") && name.contains("PASSWORD") && is_yes)
            || (name == "POSTGRES_HOST_AUTH_METHOD" && value == "trust")
            || (name == "ALLOW_ANONYMOUS_LOGIN" && is_yes);
        is_open.then(|| Finding::new(&EMPTY_PASSWORD, span, format!("`{name}` lets everybody in without a password")))
    };
    pairs(service.get("environment")).into_iter().filter_map(judged).collect()
}
