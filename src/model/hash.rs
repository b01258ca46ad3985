//! Config hashes, equal to those of docker compose: SHA-256 of the canonical definition as Go's `encoding/json` writes
//! it.
//!
//! Compat: docker/compose pkg/compose/hash.go. Keys that do not describe the container are removed first. References to
//! services are replaced by ids of containers: if `web` has `network_mode: service:db` and `db` is replaced, the hash
//! of `web` changes, too.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Keys of a service that the hash does not cover.
const CLEARED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];

/// Returns the hash of a canonical service. `container_of` returns the id of the first container of a service that
/// `network_mode`, `ipc`, `pid` or `volumes_from` refers to.
pub fn service_hash(canonical: &Value, container_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut value = covered(canonical);
    if let Some(service) = value.as_object_mut() {
        for key in ["network_mode", "ipc", "pid"] {
            if let Some(Value::String(mode)) = service.get_mut(key)
                && let Some(id) = mode.strip_prefix("service:").and_then(container_of)
            {
                *mode = format!("container:{id}");
            }
        }
        if let Some(Value::Array(sources)) = service.get_mut("volumes_from") {
            sources.iter_mut().for_each(|source| resolve_volumes_from(source, container_of));
        }
    }
    hash(&value)
}

/// Returns the hash of a canonical service without replacing references to services.
pub fn declared_hash(canonical: &Value) -> String {
    hash(&covered(canonical))
}

/// Returns the keys that the hash covers.
fn covered(canonical: &Value) -> Value {
    let mut value = canonical.clone();
    if let Some(service) = value.as_object_mut() {
        for key in CLEARED {
            service.shift_remove(key);
        }
        if let Some(deploy) = service.get_mut("deploy").and_then(Value::as_object_mut) {
            deploy.shift_remove("replicas");
        }
    }
    value
}

/// Returns the hash of a canonical network or volume.
pub fn resource_hash(canonical: &Value) -> String {
    hash(canonical)
}

/// Replaces `service[:ro]` by the id of the container, and `container:name[:ro]` by the name, both without the mode.
fn resolve_volumes_from(source: &mut Value, container_of: &dyn Fn(&str) -> Option<String>) {
    let Value::String(text) = source else { return };
    let mut parts = text.split(':');
    let resolved = match parts.next() {
        Some("container") => parts.next().map(str::to_owned),
        Some(service) => container_of(service),
        None => None,
    };
    if let Some(resolved) = resolved {
        *text = resolved;
    }
}

fn hash(value: &Value) -> String {
    let digest = Sha256::digest(go_json(value).as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns compact JSON. Characters that are special in HTML are escaped, as Go's encoder does.
pub fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) && !crate::text::has_raw(&plain) {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 32);
    for char in plain.chars() {
        match char {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            // A byte that is not UTF-8.
            char if crate::text::is_raw(char) => out.push_str("\\ufffd"),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_describe_the_container_does_not_change_its_hash() {
        let none = |_: &str| None;
        let a = json!({"build": {"context": "/a"}, "command": null, "deploy": {"replicas": 2, "placement": {}}, "image": "x"});
        let b = json!({"command": null, "deploy": {"placement": {}}, "image": "x", "scale": 3});
        assert_eq!(service_hash(&a, &none), service_hash(&b, &none));
        assert_ne!(service_hash(&a, &none), service_hash(&json!({"image": "x"}), &none));
    }

    #[test]
    fn a_replaced_parent_changes_the_hash_of_its_child() {
        let child = json!({"network_mode": "service:db", "volumes_from": ["db:ro"]});
        let first = service_hash(&child, &|_| Some("1".to_owned()));
        assert_eq!(first, resource_hash(&json!({"network_mode": "container:1", "volumes_from": ["1"]})));
        assert_ne!(first, service_hash(&child, &|_| Some("2".to_owned())));
    }

    #[test]
    fn html_characters_are_escaped_as_go_does() {
        assert_eq!(go_json(&json!({"a": "<&>"})), "{\"a\":\"\\u003c\\u0026\\u003e\"}");
        let latin = crate::text::from_bytes(b"caf\xe9".to_vec()).0;
        assert_eq!(go_json(&json!({"a": latin})), "{\"a\":\"caf\\ufffd\"}");
    }
}
