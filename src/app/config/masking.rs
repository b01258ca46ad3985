//! `config` on a terminal hides values that look secret, by the rules of plans. Pipes and files get all values.

use serde_json::{Map, Value};

use crate::plan::{HIDDEN, is_hidden, looks_secret, masked};
use crate::ui::listing::Variable;

/// Attributes of services and of builds with values that the user chooses.
const OF_SERVICES: [&str; 12] = [
    "annotations",
    "args",
    "command",
    "driver_opts",
    "entrypoint",
    "environment",
    "healthcheck",
    "labels",
    "logging",
    "post_start",
    "pre_start",
    "pre_stop",
];
/// Attributes of networks, volumes, secrets and configs with such values.
const OF_RESOURCES: [&str; 3] = ["content", "driver_opts", "labels"];

/// Hides the values of a model that look secret.
pub(super) fn model(model: &mut Value) {
    let Some(sections) = model.as_object_mut() else { return };
    for (section, resources) in sections {
        match section.as_str() {
            "services" => resource_entries(resources).for_each(|(_, service)| service_values(service)),
            "networks" | "volumes" | "secrets" | "configs" => {
                resource_entries(resources).for_each(|(name, resource)| resource_values(name, resource));
            }
            name if name.starts_with("x-") => hide(name, resources),
            _ => {}
        }
    }
}

fn resource_entries(section: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    section.as_object_mut().into_iter().flat_map(Map::iter_mut)
}

fn service_values(service: &mut Value) {
    for (key, value) in service.as_object_mut().into_iter().flatten() {
        match key.as_str() {
            "build" => service_values(value),
            key if OF_SERVICES.contains(&key) || key.starts_with("x-") => hide(key, value),
            _ => {}
        }
    }
}

fn resource_values(name: &str, resource: &mut Value) {
    for (key, value) in resource.as_object_mut().into_iter().flatten() {
        // The content of a config called `db_password` is secret, whatever it looks like.
        if key == "content" && looks_secret(name) {
            *value = HIDDEN.into();
        } else if OF_RESOURCES.contains(&key.as_str()) || key.starts_with("x-") {
            hide(key, value);
        }
    }
}

/// Hides a value, or parts of it, if its name or its text looks secret.
fn hide(name: &str, value: &mut Value) {
    match value {
        Value::String(text) if is_hidden(name, text) && !is_reference(text) => *text = HIDDEN.to_owned(),
        Value::Object(entries) => entries.iter_mut().for_each(|(key, entry)| hide(key, entry)),
        Value::Array(_) if matches!(name, "command" | "entrypoint" | "test") => *value = masked(name, value),
        Value::Array(items) => items.iter_mut().for_each(item),
        _ => {}
    }
}

/// Hides the value of `NAME=value`, as in lists of variables, or the secret part of another item.
fn item(value: &mut Value) {
    match value.as_str().and_then(|text| text.split_once('=')) {
        Some((name, text)) if is_hidden(name, text) && !is_reference(text) => {
            *value = format!("{name}={HIDDEN}").into()
        }
        Some(_) => {}
        None => hide("", value),
    }
}

/// Returns whether a text is only a variable (`${NAME}`), as `--no-interpolate` leaves it.
fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_'))
}

/// Returns the value of a variable in the form to show.
pub(super) fn value<'a>(name: &str, value: &'a str) -> &'a str {
    if is_hidden(name, value) && !value.is_empty() { HIDDEN } else { value }
}

/// Returns a variable with its default and its alternate value in the form to show.
pub(super) fn variable(mut variable: Variable) -> Variable {
    variable.default = value(&variable.name, &variable.default).to_owned();
    variable.alternate = value(&variable.name, &variable.alternate).to_owned();
    variable
}
