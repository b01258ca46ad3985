//! Which fields of a service changed, told from digests kept in a label: values are never stored.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use crate::model::Definition;
use crate::plan::FieldChange;

/// Below these keys each entry is a field of its own; everything else is one field per key.
const DEEP: [&str; 7] = ["environment", "labels", "healthcheck", "deploy", "logging", "driver_opts", "ipam"];
/// What the config hash does not cover is no reason to recreate.
const IGNORED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];
/// More fields than this are not kept apart, so that the label stays small.
const LIMIT: usize = 256;
/// What an inspected container tells in the same form as the canonical model.
const COMPARABLE: [&str; 10] = [
    "environment",
    "labels",
    "image",
    "command",
    "entrypoint",
    "user",
    "working_dir",
    "hostname",
    "restart",
    "mem_limit",
];

/// Returns the label's value: each field's path and eight hexadecimal digits, joined by blanks.
pub(crate) fn digest_label(canonical: &Value) -> String {
    digests(canonical)
        .into_iter()
        .take(LIMIT)
        .map(|(path, (digest, _))| format!("{}={digest}", path.replace(' ', "\u{a0}")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns what differs between a container and the desired service; empty where nothing is known of the container.
///
/// The label tells which fields differ; what the engine has (`made`) gives the old values. Containers of docker compose
/// carry no such label: of these what can be compared is compared.
pub(crate) fn changes(label: Option<&str>, made: Option<&Definition>, canonical: &Value) -> Vec<FieldChange> {
    let after = digests(canonical);
    let old = |path: &str| made.and_then(|made| made.get(path)).map(|value| shown(path, value));
    let Some(label) = label else {
        let differs = |path: &str, value: &Value| {
            COMPARABLE.iter().any(|one| is_at(path, one)) && made.is_some_and(|made| made.get(path) != Some(value))
        };
        return after
            .iter()
            .filter(|(path, (_, value))| differs(path, value))
            .map(|(path, (_, value))| FieldChange { path: path.clone(), from: old(path), to: Some(shown(path, value)) })
            .collect();
    };
    let before: BTreeMap<String, &str> = label
        .split(' ')
        .filter_map(|entry| entry.rsplit_once('=').map(|(path, digest)| (path.replace('\u{a0}', " "), digest)))
        .collect();
    let mut found: Vec<FieldChange> = after
        .iter()
        .filter(|(path, (digest, _))| before.get(path.as_str()).is_none_or(|old| old != digest))
        .map(|(path, (_, value))| {
            // What was not there may still have a value: the image's own, which is not what has changed.
            let from = before.contains_key(path).then(|| old(path)).flatten();
            FieldChange { path: path.clone(), from, to: Some(shown(path, value)) }
        })
        .collect();
    let gone = before.keys().filter(|path| !after.contains_key(path.as_str()));
    found.extend(gone.map(|path| FieldChange {
        path: path.clone(),
        from: Some(old(path).unwrap_or_else(|| "(set)".to_owned())),
        to: None,
    }));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a path is an attribute or lies below it.
fn is_at(path: &str, attribute: &str) -> bool {
    path.strip_prefix(attribute).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Returns whether a field's name looks as if its value were secret.
pub fn looks_secret(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).to_ascii_uppercase();
    ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "SALT", "JWT", "DSN", "WEBHOOK"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether a text has an address with a password in it: `postgres://user:password@host/`, `user:password@tcp(host)/`.
fn holds_password(text: &str) -> bool {
    let holds = |credentials: Option<(&str, &str)>| credentials.is_some_and(|(user, _)| user.contains(':'));
    // A name alone before `https://…@` is a key as often as not; elsewhere (`ssh://git@`) it is a name.
    let authority = |scheme: &str, rest: &str| {
        let credentials = rest.split(['/', '?', '#']).next().and_then(|it| it.rsplit_once('@'));
        holds(credentials) || (credentials.is_some() && (scheme.ends_with("http") || scheme.ends_with("https")))
    };
    let is_plain = |word: &str| {
        let credentials = word.rsplit_once('@');
        holds(credentials.filter(|(user, _)| !user.split(':').next().unwrap_or_default().contains('/')))
    };
    text.split(|char: char| char.is_whitespace() || matches!(char, '"' | '\'')).any(|word| match word.contains("://") {
        true => word.split("://").zip(word.split("://").skip(1)).any(|(scheme, rest)| authority(scheme, rest)),
        false => is_plain(word),
    })
}

/// Whether a text speaks of something secret, or has it: `--db-password=x`, `API_KEY=x`.
fn holds_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "credential",
        "pass=",
        "key=",
        "key:",
        "bearer ",
        "authorization",
    ];
    words.iter().any(|word| lower.contains(word)) || holds_password(text) || has_login(text)
}

/// Whether a command line has a login.
fn has_login(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has_client = words.iter().any(|word| is_client(word));
    let before = std::iter::once("").chain(words.iter().copied());
    before.zip(&words).any(|(before, word)| is_login(before, word, has_client))
}

/// Whether a word of a command line has a login: `-u user:password`, and of a database client `-ppassword`.
fn is_login(before: &str, word: &str, has_client: bool) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Numbers are a user and a group.
    let is_pair = |text: &str| text.split_once(':').is_some_and(|(user, rest)| !(is_number(user) && is_number(rest)));
    let glued = word.strip_prefix("--user=").or_else(|| word.strip_prefix("-u"));
    (matches!(before, "-u" | "--user") && is_pair(word))
        || glued.is_some_and(is_pair)
        || (has_client && word.len() > 2 && word.starts_with("-p"))
}

/// Whether a word is a client of MySQL or MariaDB, which take a password with `-p`.
fn is_client(word: &str) -> bool {
    let program = word.rsplit('/').next().unwrap_or(word);
    program.starts_with("mysql") || program.starts_with("mariadb")
}

/// Whether an element is an option whose value is the next one: `--api-key`.
fn asks_for_secret(element: &str) -> bool {
    let is_option = element.starts_with('-') && !element.contains(['=', ' ']);
    // What several clients call their password.
    is_option && (element == "-p" || looks_secret(element))
}

/// Returns whether a text is not shown at a path; names of images are.
pub(crate) fn is_hidden(path: &str, text: &str) -> bool {
    path != "image" && (looks_secret(path) || holds_secret(text))
}

/// Hides what is secret inside of lists and maps.
fn masked(path: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_hidden(path, text) => HIDDEN.into(),
        Value::Array(items) => {
            let words = || items.iter().map(|item| item.as_str().unwrap_or_default());
            let has_client = words().any(is_client);
            let before = std::iter::once("").chain(words());
            let is_value =
                before.zip(words()).map(|(before, word)| asks_for_secret(before) || is_login(before, word, has_client));
            let item = |(item, is_value): (&Value, bool)| if is_value { HIDDEN.into() } else { masked("", item) };
            items.iter().zip(is_value).map(item).collect()
        }
        Value::Object(entries) => entries
            .iter()
            .map(|(name, entry)| (name.clone(), masked(name, entry)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        plain => plain.clone(),
    }
}

/// What stands for a value that is not shown.
const HIDDEN: &str = "(secret)";

/// Returns a value for people: masked where it looks secret, cut where it is long.
pub(crate) fn shown(path: &str, value: &Value) -> String {
    if looks_secret(path) || value.as_str().is_some_and(|text| is_hidden(path, text)) {
        return HIDDEN.to_owned();
    }
    let text = match (path, value.as_array()) {
        ("ports", Some(ports)) => ports.iter().map(port).collect::<Vec<_>>().join(", "),
        _ => masked(path, value).to_string(),
    };
    let text = crate::text::escape_controls(&text).into_owned();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// A port in the short form: `127.0.0.1:8080:80/udp`.
fn port(port: &Value) -> String {
    let text = |key: &str| port.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut out = String::new();
    let address = match text("host_ip") {
        v6 if v6.contains(':') => format!("[{v6}]"),
        v4 => v4.to_owned(),
    };
    for part in [address.as_str(), text("published")].into_iter().filter(|part| !part.is_empty()) {
        out.push_str(part);
        out.push(':');
    }
    out.push_str(&port.get("target").unwrap_or(&Value::Null).to_string());
    if !matches!(text("protocol"), "" | "tcp") {
        out.push('/');
        out.push_str(text("protocol"));
    }
    out
}

fn digests(canonical: &Value) -> BTreeMap<String, (String, &Value)> {
    let mut out = BTreeMap::new();
    let Some(service) = canonical.as_object() else { return out };
    for (key, value) in service {
        match value {
            _ if IGNORED.contains(&key.as_str()) => {}
            Value::Null => {}
            Value::Object(entries) if DEEP.contains(&key.as_str()) => {
                for (name, entry) in entries.iter().filter(|(name, _)| !(key == "deploy" && *name == "replicas")) {
                    out.insert(format!("{key}.{name}"), (short_digest(entry), entry));
                }
            }
            _ => {
                out.insert(key.clone(), (short_digest(value), value));
            }
        }
    }
    out
}

/// Eight digits: enough to notice a change, too few to tell a value from.
fn short_digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_new_and_gone_fields_are_named() {
        let before = digest_label(&json!({"image": "a:1", "environment": {"A": "1", "B": "x", "DB_PASSWORD": "p"}}));
        let after = json!({"image": "a:1", "environment": {"A": "2", "DB_PASSWORD": "q"}, "user": "1"});
        let found: Vec<String> = changes(Some(&before), None, &after).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "environment.A → \"2\"",
                "environment.B (set) removed",
                "environment.DB_PASSWORD → (secret)",
                "user → \"1\""
            ]
        );
        assert!(!before.contains("x "), "values are not stored");
    }

    #[test]
    fn old_values_come_from_the_container_and_secrets_stay_masked() {
        let before = digest_label(&json!({"environment": {"A": "1", "DB_PASSWORD": "p"}, "ports": [{"target": 80}]}));
        let mut made = Definition::default();
        for (path, value) in
            [("environment.A", "1"), ("environment.B", "from the image"), ("environment.DB_PASSWORD", "p")]
        {
            made.set(path, value);
        }
        made.set("ports", json!([{"target": 80, "published": "8080", "protocol": "tcp"}]));
        let after = json!({"environment": {"A": "2", "B": "x", "DB_PASSWORD": "q"}, "ports": [{"target": 80, "published": "81", "host_ip": "::1", "protocol": "udp"}]});
        let told = |label: Option<&str>| {
            changes(label, Some(&made), &after).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let ports = "ports 8080:80 → [::1]:81:80/udp";
        assert_eq!(
            told(Some(&before)),
            format!(
                "environment.A \"1\" → \"2\"; environment.B → \"x\"; environment.DB_PASSWORD (secret) → (secret); {ports}"
            )
        );
        let unlabelled = "environment.A \"1\" → \"2\"; environment.B \"from the image\" → \"x\"; environment.DB_PASSWORD (secret) → (secret)";
        assert_eq!(told(None), unlabelled);
        assert_eq!(shown("environment.DATABASE", &json!("postgres://me:hidden@db/x")), "(secret)");
        assert_eq!(shown("environment.DSN", &json!("me:hidden@tcp(db)/x")), "(secret)");
        assert_eq!(shown("image", &json!("secret-service:1@sha256:ab")), "\"secret-service:1@sha256:ab\"");
        assert_eq!(shown("environment.SITE", &json!("https://example.test/a:b@c")), "\"https://example.test/a:b@c\"");
    }

    #[test]
    fn secrets_inside_of_lists_are_masked() {
        for (list, told) in [
            (json!(["run", "--password=hunter2", "-v"]), r#"["run","(secret)","-v"]"#),
            (json!(["run", "--api-key", "hunter2", "-v"]), r#"["run","--api-key","(secret)","-v"]"#),
            (json!(["run", "--db", "me:hunter2@tcp(db)/x"]), r#"["run","--db","(secret)"]"#),
            (json!(["mysql", "-p", "hunter2"]), r#"["mysql","-p","(secret)"]"#),
            (json!(["CMD-SHELL", "curl -u me:hunter2 http://x"]), r#"["CMD-SHELL","(secret)"]"#),
            (json!(["curl", "-u", "me:hunter2", "x"]), r#"["curl","-u","(secret)","x"]"#),
            (json!(["curl", "-ume:hunter2", "--user=me:hunter2"]), r#"["curl","(secret)","(secret)"]"#),
            (json!(["CMD-SHELL", "sudo -u app curl -u me:hunter2 x"]), r#"["CMD-SHELL","(secret)"]"#),
            (json!(["/usr/bin/mysql", "-uroot", "-phunter2"]), r#"["/usr/bin/mysql","-uroot","(secret)"]"#),
            (json!(["CMD-SHELL", "mariadb-admin ping -phunter2"]), r#"["CMD-SHELL","(secret)"]"#),
            (json!(["-H", "Authorization: Basic aHVudGVyMg=="]), r#"["-H","(secret)"]"#),
            (json!(["run", "-u", "33:33", "-port", "1"]), r#"["run","-u","33:33","-port","1"]"#),
            (json!(["--header=Authorization: Bearer hunter2"]), r#"["(secret)"]"#),
            (json!(["https://hunter2@host.test/1"]), r#"["(secret)"]"#),
            (json!(["ssh://git@host.test/it"]), r#"["ssh://git@host.test/it"]"#),
            (json!(["sh", "-c", "run --dsn=mysql://me:hunter2@db/"]), r#"["sh","-c","(secret)"]"#),
            (json!(["CMD-SHELL", "TOKEN=hunter2 probe"]), r#"["CMD-SHELL","(secret)"]"#),
            (
                json!([{"command": ["a", "--pwd=hunter2"], "environment": {"A_KEY": "hunter2"}}]),
                r#"[{"command":["a","(secret)"],"environment":{"A_KEY":"(secret)"}}]"#,
            ),
            (
                json!(["git@host.test:me/it", "http://a.test/b:c@d", "a:b"]),
                r#"["git@host.test:me/it","http://a.test/b:c@d","a:b"]"#,
            ),
        ] {
            let shown = shown("command", &list);
            assert_eq!(shown, told.chars().take(60).chain((told.len() > 60).then_some('…')).collect::<String>());
        }
    }
}
