//! The checks that a stack file declares under `x-smoke`, read from the loader's tree.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::loader::Node;
use crate::model::Span;
use crate::text::escape_controls;

/// How long a check is tried again, unless `within` says otherwise.
const WITHIN: Duration = Duration::from_secs(10);
/// How long one attempt may take, unless `timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One declared check.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoke {
    /// The key under `x-smoke`.
    pub name: String,
    /// The place of the key.
    pub span: Span,
    /// What is checked.
    pub kind: Kind,
    /// How long the check is tried again.
    pub within: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// What a check does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `http`: a GET request.
    Http {
        /// The address, `http://…` or `https://…`.
        url: String,
        /// `connect`: the host to connect to instead of the one in the address.
        connect: Option<String>,
        /// `ca`: file with the certificates that sign the server's; without it, any certificate is taken.
        ca: Option<String>,
        /// `status`: the codes that are right; 200 by default.
        status: Vec<u16>,
        /// `headers`: names, and texts that their values must contain.
        headers: Vec<(String, String)>,
        /// `body`: texts that the body must contain.
        body: Vec<String>,
    },
    /// `tls`: handshakes with a server.
    Tls {
        /// `HOST:PORT`.
        address: String,
        /// `name`: the name to ask for; the host by default.
        name: Option<String>,
        /// `ca`: file with the certificates that sign the server's; the chain is then verified.
        ca: Option<String>,
        /// `accepts`: versions that must be accepted, such as `1.3`.
        accepts: Vec<String>,
        /// `refuses`: versions that must be refused.
        refuses: Vec<String>,
        /// `days`: for how many days the certificate must still be valid.
        days: i64,
    },
    /// `tcp`: a port that must be open, or closed.
    Tcp {
        /// `HOST:PORT`.
        address: String,
        /// `open`; true by default.
        is_open: bool,
    },
    /// `exec`: a command in a container of a service.
    Exec {
        /// `service`.
        service: String,
        /// The command and its arguments.
        command: Vec<String>,
        /// `code`; 0 by default.
        code: i64,
        /// `output`: texts that the output must contain.
        output: Vec<String>,
    },
    /// `survives`: the service is back after its main process was killed, or after a restart.
    Survives {
        /// `service`.
        service: String,
        /// Whether the main process is killed (`kill`); otherwise the container is restarted (`restart`).
        is_kill: bool,
    },
}

impl Kind {
    /// Returns whether the check disturbs the running stack.
    pub fn disturbs(&self) -> bool {
        matches!(self, Self::Survives { .. })
    }
}

/// Reads all checks of a tree, with the faults of those that cannot be understood.
pub fn smoke_checks(root: &Node) -> (Vec<Smoke>, Vec<Diagnostic>) {
    let mut checks = Vec::new();
    let mut faults = Vec::new();
    for (name, entry) in root.get("x-smoke").into_iter().flat_map(Node::entries) {
        match check(name, entry.key, &entry.node) {
            Ok(check) => checks.push(check),
            Err((span, words)) => {
                let message = format!("the check `{}` {words}", escape_controls(name));
                let help =
                    "a check has one of `http`, `tls`, `tcp`, `exec`, `survives`, and their options (docs/smoke.md)";
                faults.push(Diagnostic::error("bad-smoke", span, message).help(help));
            }
        }
    }
    (checks, faults)
}

type Fault = (Span, String);

/// The options of each kind; `within` and `timeout` belong to all.
const OPTIONS: &[(&str, &[&str])] = &[
    ("http", &["connect", "ca", "status", "headers", "body"]),
    ("tls", &["name", "ca", "accepts", "refuses", "days"]),
    ("tcp", &["open"]),
    ("exec", &["service", "code", "output"]),
    ("survives", &["service"]),
];

fn check(name: &str, key: Span, node: &Node) -> Result<Smoke, Fault> {
    let has = |(kind, _): &&(&str, &[&str])| node.get(kind).is_some();
    let mut kinds = OPTIONS.iter().filter(has);
    let (Some((kind, options)), None) = (kinds.next(), kinds.next()) else {
        return Err((key, "does not say what is checked".to_owned()));
    };
    let is_known = |key: &str| key == *kind || options.contains(&key) || matches!(key, "within" | "timeout");
    if let Some((unknown, entry)) = node.entries().find(|(key, _)| !is_known(key)) {
        return Err((entry.key, format!("has the unknown option `{}`", escape_controls(unknown))));
    }
    let text = |key: &str| node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
    let needed = |option: &str| text(option).ok_or_else(|| (key, format!("needs `{option}`")));
    let what = match *kind {
        "http" => Kind::Http {
            url: needed("http")?,
            connect: text("connect"),
            ca: text("ca"),
            status: match list(node.get("status")).as_slice() {
                [] => vec![200],
                codes => codes.iter().map(|code| number(code, node.get("status"))).collect::<Result<_, _>>()?,
            },
            headers: node.get("headers").into_iter().flat_map(Node::entries).map(pair).collect(),
            body: list(node.get("body")),
        },
        "tls" => Kind::Tls {
            address: needed("tls")?,
            name: text("name"),
            ca: text("ca"),
            accepts: versions(node.get("accepts"))?,
            refuses: versions(node.get("refuses"))?,
            days: text("days").map_or(Ok(0), |text| number(&text, node.get("days")))?,
        },
        "tcp" => Kind::Tcp {
            address: needed("tcp")?,
            is_open: node.get("open").is_none_or(|open| open.as_bool() != Some(false)),
        },
        "exec" => Kind::Exec {
            service: needed("service")?,
            command: match node.get("exec").and_then(Node::as_text) {
                Some(line) => vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()],
                None => list(node.get("exec")),
            },
            code: text("code").map_or(Ok(0), |text| number(&text, node.get("code")))?,
            output: list(node.get("output")),
        },
        _ => Kind::Survives {
            service: needed("service")?,
            is_kill: match needed("survives")?.as_str() {
                "kill" => true,
                "restart" => false,
                _ => return Err((node.span, "survives `kill` or `restart`".to_owned())),
            },
        },
    };
    let within = time(node.get("within"))?.unwrap_or(if what.disturbs() { WITHIN * 6 } else { WITHIN });
    let timeout = time(node.get("timeout"))?.unwrap_or(TIMEOUT);
    Ok(Smoke { name: name.to_owned(), span: key, kind: what, within, timeout })
}

fn list(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    match node.as_list() {
        Some(items) => items.iter().filter_map(Node::scalar_text).collect(),
        None => node.scalar_text().into_iter().collect(),
    }
}

fn pair((name, entry): (&str, &crate::loader::Entry)) -> (String, String) {
    (name.to_owned(), entry.node.scalar_text().unwrap_or_default())
}

fn number<T: std::str::FromStr>(text: &str, node: Option<&Node>) -> Result<T, Fault> {
    let span = node.map_or(Span::NONE, |node| node.span);
    text.parse().map_err(|_| (span, format!("has `{}` where a number must be", escape_controls(text))))
}

fn versions(node: Option<&Node>) -> Result<Vec<String>, Fault> {
    let all = list(node);
    match all.iter().find(|one| !matches!(one.as_str(), "1" | "1.0" | "1.1" | "1.2" | "1.3")) {
        Some(bad) => Err((
            node.map_or(Span::NONE, |node| node.span),
            format!("names the unknown version `{}`", escape_controls(bad)),
        )),
        // YAML reads 1.0 as a number, which is printed as 1.
        None => Ok(all.into_iter().map(|one| if one == "1" { "1.0".to_owned() } else { one }).collect()),
    }
}

/// Reads `500ms`, `10s`, `2m`, or seconds.
fn time(node: Option<&Node>) -> Result<Option<Duration>, Fault> {
    let Some(node) = node else { return Ok(None) };
    let text = node.scalar_text().unwrap_or_default();
    let (digits, unit) = text.split_at(text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        _ => 0,
    };
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).filter(|millis| *millis > 0) {
        Some(millis) => Ok(Some(Duration::from_millis(millis))),
        None => Err((node.span, format!("has `{}` where a time such as `10s` must be", escape_controls(&text)))),
    }
}
