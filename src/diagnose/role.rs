//! Which service of a stack is nginx, WordPress or MariaDB, told by names and by the packages of images.

use super::contents::packages;
use super::facts::{Facts, services};
use crate::loader::Node;

/// A service that the subject asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The entry, with TLS.
    Nginx,
    /// WordPress on php-fpm.
    WordPress,
    /// The database.
    MariaDb,
}

impl Role {
    /// All three.
    pub const ALL: [Role; 3] = [Role::Nginx, Role::WordPress, Role::MariaDb];

    /// Returns the name that the subject gives the service.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::WordPress => "wordpress",
            Self::MariaDb => "mariadb",
        }
    }
}

/// Returns the role of a service. The service's name decides, then the image's name, then what the Dockerfile installs. A
/// service `db` is the one of MariaDB where nothing tells of another database.
pub fn role(facts: &Facts, name: &str, service: &Node) -> Option<Role> {
    let by_name = |name: &str| match name.to_ascii_lowercase() {
        name if name.contains("adminer") || name.contains("exporter") => None,
        name if name.contains("nginx") => Some(Role::Nginx),
        name if name.contains("wordpress") || name == "wp" || name.contains("wp-php") => Some(Role::WordPress),
        name if name.contains("mariadb") || name.contains("mysql") => Some(Role::MariaDb),
        _ => None,
    };
    let image = service.get_text("image").unwrap_or_default();
    let image = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    by_name(name).or_else(|| by_name(image)).or_else(|| {
        let installed = facts.images.iter().find(|one| one.service == name).map(packages).unwrap_or_default();
        let has =
            |words: &[&str]| installed.iter().any(|(package, _)| words.iter().any(|word| package.starts_with(word)));
        match () {
            () if has(&["mariadb-server", "mysql-server"]) => Some(Role::MariaDb),
            () if has(&["postgresql", "mongodb", "redis"]) => None,
            () if name.eq_ignore_ascii_case("db") && service.get("build").is_some() => Some(Role::MariaDb),
            () if has(&["php-fpm"]) => None,
            () if has(&["nginx"]) => Some(Role::Nginx),
            () => None,
        }
    })
}

/// Returns the service with a role. Of several, such as a second site of nginx, it is the one with the subject's name, or
/// else the one that publishes port 443.
pub fn service_of<'a>(facts: &Facts, root: &'a Node, wanted: Role) -> Option<(&'a str, crate::model::Span, &'a Node)> {
    let is_it = |(name, _, service): &(&str, crate::model::Span, &Node)| role(facts, name, service) == Some(wanted);
    let all: Vec<_> = services(root).filter(is_it).collect();
    let is_named = |(name, ..): &&(&str, crate::model::Span, &Node)| name.eq_ignore_ascii_case(wanted.as_str());
    let publishes = |(_, _, service): &&(&str, crate::model::Span, &Node)| {
        let ports = service.get("ports").map(Node::items).unwrap_or_default();
        ports.iter().any(|port| port.get_text("published") == Some("443"))
    };
    all.iter().find(is_named).or_else(|| all.iter().find(publishes)).or(all.first()).copied()
}

/// Returns whether a stack is one of the subject: it builds at least two of nginx, WordPress and MariaDB.
pub fn is_subject(facts: &Facts, root: &Node) -> bool {
    let is_built =
        |role: &&Role| service_of(facts, root, **role).is_some_and(|(_, _, node)| node.get("build").is_some());
    Role::ALL.iter().filter(is_built).count() >= 2
}
