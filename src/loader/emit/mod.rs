//! Prints the canonical model, byte for byte as docker compose prints it.

mod json;
mod yaml;

pub use json::json;
pub use yaml::{plain_yaml, yaml};

use serde_json::Value;

/// Doubles every `$`, so that loading the output does not interpolate it again.
pub fn escape_dollars(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(items) => items.iter_mut().for_each(escape_dollars),
        Value::Object(map) => {
            map.values_mut().for_each(escape_dollars);
            if map.keys().any(|key| key.contains('$')) {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (key.replace('$', "$$"), value)).collect();
            }
        }
        _ => {}
    }
}

/// Fills in `soft` and `hard` of the ulimits in the long form.
///
/// Compat: YAML shows both numbers, even if one is 0.
pub fn fill_limits(model: &mut Value) {
    let services =
        model.get_mut("services").and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut());
    for service in services {
        fill_limits_of(service);
        if let Some(build) = service.get_mut("build") {
            fill_limits_of(build);
        }
    }
}

fn fill_limits_of(holder: &mut Value) {
    let limits = holder.get_mut("ulimits").and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut());
    for limit in limits.filter_map(Value::as_object_mut).filter(|limit| !limit.contains_key("single")) {
        let number = |key: &str| limit.get(key).cloned().unwrap_or_else(|| Value::from(0));
        let both = [("soft", number("soft")), ("hard", number("hard"))];
        limit.clear();
        limit.extend(both.map(|(key, value)| (key.to_owned(), value)));
    }
}

/// Drops the extensions (`x-`) of all resources.
///
/// Compat: JSON shows extensions at the top level only; YAML shows all. In an extension at the top level an empty list
/// is `null`.
pub fn drop_extensions(model: &mut Value) {
    for (_, extension) in model.as_object_mut().into_iter().flatten().filter(|(key, _)| key.starts_with("x-")) {
        null_for_empty_lists(extension);
    }
    let sections = ["services", "networks", "volumes", "secrets", "configs"];
    for section in sections {
        for resource in
            model.get_mut(section).and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut())
        {
            drop_below(resource);
        }
    }
}

fn null_for_empty_lists(value: &mut Value) {
    match value {
        Value::Array(items) if items.is_empty() => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(null_for_empty_lists),
        Value::Object(map) => map.values_mut().for_each(null_for_empty_lists),
        _ => {}
    }
}

/// Mappings whose keys are chosen by users, so a key with `x-` is no extension.
const CHOSEN: [&str; 12] = [
    "environment",
    "labels",
    "args",
    "options",
    "driver_opts",
    "annotations",
    "depends_on",
    "sysctls",
    "storage_opt",
    "ulimits",
    "additional_contexts",
    "aux_addresses",
];

/// Drops the extensions of a resource at any depth. Config hashes do not cover extensions.
pub(crate) fn drop_below(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_below),
        Value::Object(map) => {
            map.retain(|key, _| !key.starts_with("x-"));
            for (key, value) in map.iter_mut() {
                if key == "depends_on" {
                    // The keys are names of services; only the attributes of each dependency may be extensions.
                    value.as_object_mut().into_iter().flatten().for_each(|(_, edge)| drop_below(edge));
                } else if !CHOSEN.contains(&key.as_str()) {
                    drop_below(value);
                }
            }
        }
        _ => {}
    }
}
