//! Rules of the subject about the compose file as a whole: services, networks, ports, volumes, restarts.

use crate::diag::Severity;
use crate::diagnose::facts::{Facts, pairs, services};
use crate::diagnose::role::{Role, role, service_of};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;
use crate::model::{Sources, Span};

static MISSING_SERVICE: Rule = Rule::subject(
    "missing-service",
    Severity::Error,
    "subject D7",
    "the subject asks for nginx, WordPress with php-fpm, and MariaDB, each in a container of its own",
    "add the service",
);
static NOT_BUILT: Rule = Rule::subject(
    "not-built",
    Severity::Error,
    "subject D1",
    "ready-made images are forbidden: each service is built from a Dockerfile of its own",
    "write a Dockerfile that begins with Debian or Alpine, and name its folder by `build`",
);
static IMAGE_NAME: Rule = Rule::subject(
    "image-name",
    Severity::Warning,
    "subject D4",
    "each image must have the name of its service; without `image` it gets the project's name in front",
    "write `image: SERVICE:VERSION` beside `build`",
);
static NO_NETWORK: Rule = Rule::subject(
    "no-network",
    Severity::Error,
    "subject N1",
    "the line `networks` must be there, and a network of the file's own must join the services",
    "declare a network under the top-level `networks`, and name it in each service",
);
static LEGACY_LINKS: Rule = Rule::subject(
    "legacy-links",
    Severity::Error,
    "subject N2",
    "`links` and `--link` are forbidden; on a network the services find each other by their names",
    "remove `links`",
);
static ENTRY_PORT: Rule = Rule::subject(
    "entry-port",
    Severity::Error,
    "subject N3",
    "nginx is the only entry to the stack, by port 443 alone",
    "remove the port: services of one network need none to reach each other",
);
static MISSING_VOLUME: Rule = Rule::subject(
    "missing-volume",
    Severity::Error,
    "subject V1",
    "the database and the site's files must be in two volumes",
    "mount a named volume at the directory of the data",
);
static BIND_INSTEAD: Rule = Rule::subject(
    "bind-instead-of-volume",
    Severity::Error,
    "subject V3",
    "the data must be in named volumes, and not in binds of the service",
    "declare a volume with `driver_opts: { type: none, o: bind, device: /home/LOGIN/data/NAME }`, and mount it by name",
);
static VOLUME_PLACE: Rule = Rule::subject(
    "volume-place",
    Severity::Error,
    "subject V2",
    "the data of both volumes must be in `/home/LOGIN/data` on this machine",
    "write `driver_opts: { type: none, o: bind, device: /home/LOGIN/data/NAME }`",
);
static NO_RESTART: Rule = Rule::subject(
    "no-restart",
    Severity::Warning,
    "subject R1",
    "containers must restart after a crash",
    "write `restart: unless-stopped`",
);
static NO_VARIABLES: Rule = Rule::subject(
    "no-variables",
    Severity::Warning,
    "subject F5",
    "environment variables must be used, and a `.env` file beside the compose file",
    "write names, the login and the domain into `srcs/.env`, and refer to them: `${DOMAIN_NAME}`",
);
static NO_SECRETS: Rule = Rule::subject(
    "no-secrets",
    Severity::Note,
    "subject S1",
    "Docker secrets are strongly recommended for credentials",
    "declare the passwords under the top-level `secrets` by `file:`, and read them from `/run/secrets/NAME`",
);
static ADMIN_NAME: Rule = Rule::subject(
    "admin-name",
    Severity::Error,
    "subject W3",
    "the name of WordPress's administrator must not contain `admin`, in any case",
    "choose another name",
);

/// Applies the rules.
pub fn findings(facts: &Facts, root: &Node, sources: &Sources) -> Vec<Finding> {
    let key = root.as_map().and_then(|map| map.get("services")).map_or(Span::NONE, |entry| entry.key);
    let missing = Role::ALL.into_iter().filter(|role| service_of(facts, root, *role).is_none());
    let mut found: Vec<Finding> =
        missing.map(|role| Finding::new(&MISSING_SERVICE, key, format!("no service is {}", role.as_str()))).collect();
    found.extend(networks(root, key));
    found.extend(volumes(facts, root));
    for (name, span, service) in services(root) {
        let mut own = image(name, span, service);
        own.extend(links(service));
        own.extend(ports(facts, name, service));
        own.extend(restart(service, span));
        own.extend(administrators(service));
        found.extend(own.into_iter().map(|one| one.of(name)));
    }
    let uses = |key: &str| services(root).any(|(_, _, service)| service.get(key).is_some());
    let has_variable = sources.get(key.file).is_some_and(|source| source.text.contains("${"));
    if !uses("environment") && !uses("env_file") && !has_variable {
        found.push(Finding::new(&NO_VARIABLES, key, "no environment variable is used"));
    }
    if root.get("secrets").is_none_or(|secrets| secrets.as_map().is_none_or(|map| map.is_empty())) && !uses("secrets") {
        found.push(Finding::new(&NO_SECRETS, key, "no secret is used"));
    }
    found
}

fn image(name: &str, span: Span, service: &Node) -> Vec<Finding> {
    let image = service.get("image");
    if service.get("build").is_none() {
        let place = image.map_or(span, |node| node.span);
        return vec![Finding::new(&NOT_BUILT, place, format!("the image of `{name}` is not built here"))];
    }
    let Some(node) = image else {
        return vec![Finding::new(&IMAGE_NAME, span, "the image has no name of its own")];
    };
    let written = node.as_text().unwrap_or_default();
    let last = written.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    match last == name {
        true => Vec::new(),
        false => {
            vec![Finding::new(&IMAGE_NAME, node.span, format!("the image is named `{last}`, the service `{name}`"))]
        }
    }
}

fn networks(root: &Node, key: Span) -> Vec<Finding> {
    let declared = |name: &str| {
        let entry = root.get("networks").and_then(Node::as_map).and_then(|map| map.get(name));
        entry.is_some_and(|entry| !entry.key.is_none())
    };
    let any = root.get("networks").into_iter().flat_map(Node::entries).any(|(name, _)| declared(name));
    if !any {
        return vec![Finding::new(&NO_NETWORK, key, "the file declares no network")];
    }
    let is_alone = |service: &Node| {
        let mut own = service.get("networks").into_iter().flat_map(Node::entries);
        service.get("network_mode").is_none() && !own.any(|(name, _)| declared(name))
    };
    let alone = services(root).filter(|(_, _, service)| is_alone(service));
    alone
        .map(|(name, span, _)| Finding::new(&NO_NETWORK, span, "the service is on no network of the file").of(name))
        .collect()
}

fn links(service: &Node) -> Option<Finding> {
    let links = service.get("links").filter(|links| !links.items().is_empty())?;
    let place = links.items().first().map_or(links.span, |item| item.span);
    Some(Finding::new(&LEGACY_LINKS, place, "the service uses `links`"))
}

fn ports(facts: &Facts, name: &str, service: &Node) -> Vec<Finding> {
    let role = role(facts, name, service);
    let judged = |entry: &Node| {
        let target = entry.get("target")?.scalar_text()?;
        let words = match role {
            Some(Role::Nginx) if target == "443" => return None,
            Some(Role::Nginx) => format!("nginx publishes its port {target}"),
            Some(role) => format!("{} publishes its port {target}", role.as_str()),
            // The bonus may open more ports.
            None => return None,
        };
        Some(Finding::new(&ENTRY_PORT, entry.span, words))
    };
    service.get("ports").map(Node::items).unwrap_or_default().iter().filter_map(judged).collect()
}

fn volumes(facts: &Facts, root: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    for (wanted, place, what) in [(Role::MariaDb, "/var/lib/mysql", "database"), (Role::WordPress, "/var/www", "site")]
    {
        let Some((name, span, service)) = service_of(facts, root, wanted) else { continue };
        let is_there = |mount: &&Node| mount.get_text("target").is_some_and(|target| target.starts_with(place));
        let mounts = service.get("volumes").map(Node::items).unwrap_or_default();
        let finding = match mounts.iter().find(is_there) {
            Some(mount) if mount.get_text("type") == Some("volume") && mount.get("source").is_some() => {
                keys.extend(mount.get_text("source"));
                continue;
            }
            Some(mount) => Finding::new(&BIND_INSTEAD, mount.span, format!("the {what} is in no named volume")),
            None => Finding::new(
                &MISSING_VOLUME,
                span,
                format!("the {what} is in no volume: nothing is mounted below `{place}`"),
            ),
        };
        found.push(finding.of(name));
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let Some(entry) = root.get("volumes").and_then(Node::as_map).and_then(|map| map.get(key)) else { continue };
        let device = entry.node.get("driver_opts").and_then(|options| options.get("device"));
        let path = device.and_then(Node::scalar_text).unwrap_or_default();
        let mut parts = path.trim_start_matches('/').split('/');
        let is_right = (parts.next(), parts.nth(1)) == (Some("home"), Some("data"));
        if !is_right {
            let place = device.map_or(entry.key, |node| node.span);
            let words = match path.as_str() {
                "" => format!("volume `{key}` names no directory of this machine"),
                path => format!("volume `{key}` is in `{path}`"),
            };
            found.push(Finding::new(&VOLUME_PLACE, place, words));
        }
    }
    found
}

fn restart(service: &Node, span: Span) -> Option<Finding> {
    let deploy = service.get("deploy").and_then(|deploy| deploy.get("restart_policy"));
    let Some(node) = service.get("restart") else {
        return deploy.is_none().then(|| Finding::new(&NO_RESTART, span, "the service has no restart policy"));
    };
    match node.scalar_text().unwrap_or_default().split(':').next() {
        Some("no" | "false") => Some(Finding::new(&NO_RESTART, node.span, "the service is not restarted")),
        Some("on-failure") => {
            Some(Finding::new(&NO_RESTART, node.span, "the service is not restarted when it ends with code 0"))
        }
        _ => None,
    }
}

fn administrators(service: &Node) -> Vec<Finding> {
    let judged = |(name, value, span): (String, Option<String>, Span)| {
        let upper = name.to_ascii_uppercase();
        let parts: Vec<&str> = upper.split('_').collect();
        let is_user = matches!(parts.last(), Some(&"USER" | &"LOGIN" | &"NAME" | &"USERNAME" | &"USR"));
        let is_admin = parts.iter().any(|part| matches!(*part, "ADMIN" | "ADM" | "OWNER" | "ADMINISTRATOR"));
        let value = value.unwrap_or_default();
        let is_bad = is_user && is_admin && value.to_ascii_lowercase().contains("admin");
        is_bad.then(|| Finding::new(&ADMIN_NAME, span, format!("`{name}` is `{value}`")))
    };
    pairs(service.get("environment")).into_iter().filter_map(judged).collect()
}
