//! Which fields of a service changed, told from digests kept in a label: values are never stored.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::FieldChange;

/// Below these keys each entry is a field of its own; everything else is one field per key.
const DEEP: [&str; 5] = ["environment", "labels", "healthcheck", "deploy", "logging"];
/// What the config hash does not cover is no reason to recreate.
const IGNORED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];
/// More fields than this are not kept apart, so that the label stays small.
const LIMIT: usize = 256;

/// Returns the label's value: each field's path and eight hexadecimal digits, joined by blanks.
pub(super) fn digest_label(canonical: &Value) -> String {
    digests(canonical)
        .into_iter()
        .take(LIMIT)
        .map(|(path, (digest, _))| format!("{}={digest}", path.replace(' ', "\u{a0}")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns what differs between a container's label and the desired service; empty where the label is missing.
pub(super) fn changes(label: Option<&str>, canonical: &Value) -> Vec<FieldChange> {
    let Some(label) = label else { return Vec::new() };
    let before: BTreeMap<String, &str> = label
        .split(' ')
        .filter_map(|entry| entry.rsplit_once('=').map(|(path, digest)| (path.replace('\u{a0}', " "), digest)))
        .collect();
    let after = digests(canonical);
    let mut found: Vec<FieldChange> = after
        .iter()
        .filter(|(path, (digest, _))| before.get(path.as_str()).is_none_or(|old| old != digest))
        .map(|(path, (_, value))| FieldChange { path: path.clone(), from: None, to: Some(shown(path, value)) })
        .collect();
    let gone = before.keys().filter(|path| !after.contains_key(path.as_str()));
    found.extend(gone.map(|path| FieldChange { path: path.clone(), from: Some("(set)".to_owned()), to: None }));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Returns whether a field's name looks as if its value were secret.
pub fn looks_secret(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).to_ascii_uppercase();
    ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "SALT"].iter().any(|word| name.contains(word))
}

/// Returns a value for people: masked where it looks secret, cut where it is long.
pub(super) fn shown(path: &str, value: &Value) -> String {
    if looks_secret(path) {
        return "(secret)".to_owned();
    }
    let text = crate::text::escape_controls(&value.to_string()).into_owned();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
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
        let found: Vec<String> = changes(Some(&before), &after).iter().map(ToString::to_string).collect();
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
}
