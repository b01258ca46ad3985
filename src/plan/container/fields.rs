//! Which fields of a service or network have changed, and their values for people.
//!
//! The label `dev.inception.fields` keeps a short digest of each field, never its value: a value may be secret. The old
//! values come from the engine, where the container was inspected. Start at [`changes`]; [`shown`] masks what looks
//! secret.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::Definition;
pub use crate::model::secrecy::looks_secret;
use crate::model::secrecy::{holds_secret, is_client, is_login};
use crate::plan::FieldChange;

/// Keys of which each entry is a field: `environment.WP_TITLE`. Every other key is one field as a whole.
const DEEP: [&str; 7] = ["environment", "labels", "healthcheck", "deploy", "logging", "driver_opts", "ipam"];
/// Keys that the config hash does not cover. A change of theirs is no reason to recreate a container.
const IGNORED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];
/// The most fields that the label holds, so that the label stays small. A field beyond the limit has no digest, so it
/// looks new once another field has changed.
const LIMIT: usize = 256;
/// Attributes whose values an inspected container has in the same form as the canonical model.
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

/// Returns the value of the label: `path=digest` for each field, joined by blanks. The digest has eight hexadecimal
/// digits. A blank inside a path becomes a no-break space.
pub(crate) fn digest_label(canonical: &Value) -> String {
    digests(canonical)
        .into_iter()
        .take(LIMIT)
        .map(|(path, (digest, _))| format!("{}={digest}", path.replace(' ', "\u{a0}")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the fields that differ between a container (or network) and its definition in the file, in order of paths.
///
/// The label tells which fields differ, and the definition that the engine reports (`made`) gives their old values. A
/// container that docker compose created has no label: then those fields are compared whose values the engine reports
/// in the same form. With neither a label nor a definition the list is empty.
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
            // A field without a digest is new in the file. The container may still have a value from its image. That
            // value was never in the file, so it is not shown as the old one.
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

/// Returns whether a path is that of an attribute, or of an entry below the attribute.
fn is_at(path: &str, attribute: &str) -> bool {
    path.strip_prefix(attribute).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Returns whether a word is an option, and the next word its secret value: `--api-key`.
fn asks_for_secret(element: &str) -> bool {
    let is_option = element.starts_with('-') && !element.contains(['=', ' ']);
    // `-p` is the password option of several clients.
    is_option && (element == "-p" || looks_secret(element))
}

/// Returns whether the value of a field must not be shown. The name of an image is always shown, whatever words it
/// contains.
pub fn is_hidden(path: &str, text: &str) -> bool {
    path != "image" && (looks_secret(path) || holds_secret(text))
}

/// Returns a value with the secrets inside its lists and maps hidden.
pub fn masked(path: &str, value: &Value) -> Value {
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

/// The text that is shown in place of a secret value.
pub const HIDDEN: &str = "(secret)";

/// Returns the text of a value for people. Secrets are masked, and a text over 60 characters is cut.
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

/// Returns a port in the short form of the specification: `127.0.0.1:8080:80/udp`.
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

/// Returns the digest and the value of each field, by path.
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

/// Returns eight hexadecimal digits of a value's SHA-256: enough to notice a change, too few to recover the value.
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
