//! The contents of `config`'s lists: names of services, images and profiles, hashes, variables, and places of values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::loader::{self, Loaded, Node};
use crate::model::{Sources, hash};
use crate::plan;
use crate::ui::listing::Variable;

/// Returns the keys of a section of the model.
pub(super) fn section<'a>(loaded: &'a Loaded, name: &str) -> impl Iterator<Item = &'a String> {
    loaded.model.get(name).and_then(Value::as_object).into_iter().flat_map(|all| all.keys())
}

/// Returns the names of models. Compat: a name is the attribute `model` of an entry of the section `models`, not its
/// key.
pub(super) fn models(loaded: &Loaded) -> impl Iterator<Item = &str> {
    let models = loaded.tree.as_ref().and_then(|root| root.get("models"));
    models.into_iter().flat_map(Node::entries).filter_map(|(_, entry)| entry.node.get_text("model"))
}

/// Returns the image of each service; a service without an image has the name of the image that is built for it.
pub(super) fn images(loaded: &Loaded) -> Vec<String> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    let project = loaded.name.clone();
    let image = |(name, service): (&String, &Value)| match service.get("image").and_then(Value::as_str) {
        Some(image) => image.to_owned(),
        None => format!("{project}-{name}"),
    };
    services.map(image).collect()
}

/// Returns the profiles that services name, in alphabetical order.
pub(super) fn profiles(loaded: &Loaded) -> BTreeSet<String> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    services
        .flat_map(|(_, service)| service.get("profiles").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|profile| profile.as_str().map(str::to_owned))
        .collect()
}

/// Refuses named services that are not in the files. Compat: `config --profiles web` lists the profiles of all
/// services, but fails without a service `web`.
pub(super) fn refuse_unknown(loaded: &mut Loaded, names: &[String]) -> Result<(), Failure> {
    let services = loaded.tree.as_ref().and_then(|tree| tree.get("services"));
    let is_known =
        |name: &&String| [services, loaded.disabled.as_ref()].into_iter().flatten().any(|all| all.get(name).is_some());
    let known = || services.into_iter().flat_map(Node::entries).map(|(name, _)| name);
    let unknown = names.iter().filter(|name| !is_known(name));
    let faults: Vec<Diagnostic> =
        unknown.map(|name| loader::no_such_service(name, known(), loaded.disabled.as_ref())).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Diagnostics { list: faults, sources: Box::new(std::mem::take(&mut loaded.sources)) })
}

/// Returns names and config hashes of the services in `name` (`*`, or names with commas), one on each line.
pub(super) fn hashes(loaded: &mut Loaded, name: &str) -> Result<Vec<String>, Failure> {
    let project = loaded.unchecked_project();
    let services = project.as_ref().map(|project| &project.services);
    let wanted: Vec<&str> = if name == "*" { Vec::new() } else { name.split(',').collect() };
    let mut faults = Vec::new();
    for name in &wanted {
        if services.is_none_or(|services| !services.contains_key(*name)) {
            let known = services.into_iter().flat_map(|services| services.keys().map(|name| name.as_str()));
            faults.push(loader::no_such_service(name, known, loaded.disabled.as_ref()));
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Diagnostics { list: faults, sources: Box::new(std::mem::take(&mut loaded.sources)) });
    }
    let services = services.into_iter().flat_map(|services| services.values());
    let services = services.filter(|service| name == "*" || wanted.contains(&service.name.as_str()));
    Ok(services.map(|service| format!("{} {}", service.name, hash::declared_hash(&service.canonical))).collect())
}

fn all_texts<'a>(node: &'a Node, texts: &mut Vec<&'a str>) {
    match &node.value {
        loader::Value::Text(text) => texts.push(text),
        loader::Value::List(items) => items.iter().for_each(|item| all_texts(item, texts)),
        loader::Value::Map(map) => {
            for (key, entry) in map.iter() {
                // A key that was made from a short form (`networks: ['${NET}']`) has the place of its value.
                if entry.key == entry.node.span {
                    texts.push(key);
                }
                all_texts(&entry.node, texts);
            }
        }
        _ => {}
    }
}

/// Returns the variables that the files mention, in alphabetical order. A variable that is mentioned several times is
/// required if one mention says so; the first default and the first alternate value count.
pub(super) fn variables(loaded: &Loaded) -> Vec<Variable> {
    let mut found: BTreeMap<String, Variable> = BTreeMap::new();
    let mut texts = Vec::new();
    loaded.tree.iter().chain(&loaded.disabled).for_each(|root| all_texts(root, &mut texts));
    for mention in texts.into_iter().flat_map(loader::mentions) {
        let known = found.entry(mention.name.clone()).or_default();
        known.name = mention.name;
        known.is_required |= mention.is_required;
        if known.default.is_empty() {
            known.default = mention.default;
        }
        if known.alternate.is_empty() {
            known.alternate = mention.alternate;
        }
    }
    found.into_values().collect()
}

/// Returns each value (`path = value`) with its place (`file:line:column`, or `default`). Values that look secret are
/// hidden unless `shows_secrets`.
pub(super) fn origins(loaded: &Loaded, shows_secrets: bool) -> Vec<(String, String)> {
    let mut origins = Origins { sources: &loaded.sources, shows_secrets, rows: Vec::new() };
    if let Some(root) = &loaded.tree {
        origins.collect(root, String::new());
    }
    origins.rows
}

struct Origins<'a> {
    sources: &'a Sources,
    shows_secrets: bool,
    rows: Vec<(String, String)>,
}

impl Origins<'_> {
    fn collect(&mut self, node: &Node, path: String) {
        match &node.value {
            loader::Value::Map(map) if !map.is_empty() => {
                for (key, entry) in map.iter() {
                    let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                    self.collect(&entry.node, path);
                }
            }
            loader::Value::List(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(index, item)| self.collect(item, format!("{path}[{index}]")));
            }
            _ => {
                let value = match node.scalar_text() {
                    Some(_) if !self.shows_secrets && plan::looks_secret(&path) => plan::HIDDEN.to_owned(),
                    Some(text) => text,
                    None => String::new(),
                };
                let place = self.sources.place(node.span).unwrap_or_else(|| "default".to_owned());
                self.rows.push((format!("{path} = {value}"), place));
            }
        }
    }
}
