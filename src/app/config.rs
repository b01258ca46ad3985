//! `config`: loads a project and shows it, or a part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use futures_util::StreamExt;

use super::project;
use super::run::session;
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::loader::{self, LoadOptions, Loaded, Mention, Node};
use crate::model::{Sources, Span, hash, image_name};
use crate::settings::Context;
use crate::ui;

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// The model as YAML.
    Yaml,
    /// The model as JSON.
    Json,
    /// Nothing: only check.
    Nothing,
    /// Names of services.
    Services,
    /// Keys of a section.
    Section(&'static str),
    /// Names of images.
    Images,
    /// Names of profiles.
    Profiles,
    /// Config hashes of one service or, with `*`, of all.
    Hash(String),
    /// Variables that the files refer to.
    Variables,
    /// Variables used for interpolation.
    Environment,
    /// Every value with its place.
    Origin,
}

/// `--resolve-image-digests`, `--lock-image-digests`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digests {
    /// Names stay as they are.
    #[default]
    None,
    /// The model names images with digests.
    Resolve,
    /// An override file with nothing but the digests.
    Lock,
}

/// What `config` is asked.
#[derive(Clone, Debug)]
pub struct ConfigRequest {
    /// Services to show; empty means all.
    pub services: Vec<String>,
    /// What to show.
    pub show: Show,
    /// Where to write it; `None` is standard output.
    pub output: Option<PathBuf>,
    /// Whether `--variables` prints JSON.
    pub is_variables_json: bool,
    /// Whether images are named with the digests that their registries give.
    pub digests: Digests,
    /// `--no-interpolate`.
    pub no_interpolate: bool,
    /// `--no-normalize`.
    pub no_normalize: bool,
    /// `--no-path-resolution`.
    pub no_path_resolution: bool,
    /// `--no-env-resolution`.
    pub no_env_resolution: bool,
    /// `--no-consistency`.
    pub no_consistency: bool,
}

/// Runs `config`.
pub fn run(context: &Context, request: &ConfigRequest) -> Result<Exit, Failure> {
    // Compat: lists of names are of the whole project; only the model and its images are of the services named.
    let is_raw = request.no_interpolate || request.show == Show::Variables;
    // The files' own words are shown whole; lists are of what counts.
    let is_whole = is_raw && !matches!(request.show, Show::Images | Show::Hash(_) | Show::Section(_));
    let is_selected =
        !is_raw && matches!(request.show, Show::Yaml | Show::Json | Show::Nothing | Show::Images | Show::Origin);
    let options = LoadOptions {
        services: if is_selected { request.services.clone() } else { Vec::new() },
        only_selected: true,
        // All profiles count where their names or the files' own words are asked for.
        profiles: match request.show == Show::Profiles || is_whole {
            true => vec!["*".to_owned()],
            false => context.settings.profiles.clone(),
        },
        all_resources: is_whole || context.settings.all_resources,
        no_interpolate: is_raw,
        no_normalize: request.no_normalize || request.show == Show::Variables,
        no_path_resolution: request.no_path_resolution,
        no_env_resolution: request.no_env_resolution,
        no_consistency: request.no_consistency || request.show == Show::Variables,
        only_check: request.show == Show::Nothing,
        ..project::load_options(context)
    };
    let mut loaded = loader::load(&options, &context.environment);
    if loaded.has_errors() {
        return Err(Failure::Diagnostics { list: loaded.diagnostics, sources: Box::new(loaded.sources) });
    }
    if matches!(request.show, Show::Profiles | Show::Environment) {
        refuse_unknown(&mut loaded, &request.services)?;
    }
    ui::diagnostics(context, &loaded.diagnostics, &loaded.sources);
    if request.digests != Digests::None && matches!(request.show, Show::Yaml | Show::Json) {
        resolve_images(context, &mut loaded, request.digests == Digests::Lock)?;
    }
    let text = text(&mut loaded, request)?;
    match &request.output {
        // There is nothing to write: what the file holds stays.
        Some(_) if request.show == Show::Nothing => {}
        Some(path) => {
            let path = context.environment.current_dir().join(path);
            std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        }
        None if matches!(request.show, Show::Images | Show::Profiles | Show::Environment) => ui::print_lines(&text),
        None => ui::print(&text),
    }
    // The program ends here: freeing the trees value by value would only take time.
    std::mem::forget(loaded);
    Ok(Exit::SUCCESS)
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    let fault = Diagnostic::error("file-unwritable", Span::NONE, format!("cannot write `{shown}`"));
    Failure::one(fault.cause(error.to_string()))
}

fn text(loaded: &mut Loaded, request: &ConfigRequest) -> Result<String, Failure> {
    let section = |name: &str| loaded.model.get(name).and_then(Value::as_object);
    let lines = |names: &mut dyn Iterator<Item = String>| names.map(|name| name + "\n").collect::<String>();
    Ok(match &request.show {
        Show::Nothing => String::new(),
        // Compat: with variables in it the model has no types: it is printed as the files say it.
        Show::Yaml | Show::Json if request.no_interpolate && request.digests == Digests::None => {
            let model = loaded.tree.as_ref().map(loader::plain).unwrap_or_default();
            match (&request.show, model.as_object()) {
                (Show::Yaml, Some(model)) => loader::emit::plain_yaml(model),
                _ => loader::emit::json(&model),
            }
        }
        Show::Yaml | Show::Json => {
            let mut model = Value::Object(std::mem::take(&mut loaded.model));
            if !request.no_interpolate {
                loader::emit::escape_dollars(&mut model);
            }
            match request.show {
                Show::Json => loader::emit::drop_extensions(&mut model),
                _ => loader::emit::fill_limits(&mut model),
            }
            match (&request.show, model) {
                (Show::Yaml, Value::Object(mut model)) => {
                    // Compat: models are printed as YAML only.
                    if let Some(models) = loaded.tree.as_ref().and_then(loader::models) {
                        model.insert("models".to_owned(), models);
                    }
                    loader::emit::yaml(&model)
                }
                (_, model) => loader::emit::json(&model),
            }
        }
        Show::Services => lines(&mut section("services").into_iter().flat_map(|all| all.keys().cloned())),
        Show::Section("models") => {
            // Compat: not the keys, but the models that they stand for.
            let models = loaded.tree.as_ref().and_then(|root| root.get("models"));
            let models = models.into_iter().flat_map(Node::entries);
            lines(&mut models.filter_map(|(_, entry)| entry.node.get_text("model").map(str::to_owned)))
        }
        Show::Section(name) => lines(&mut section(name).into_iter().flat_map(|all| all.keys().cloned())),
        Show::Images => lines(&mut images(loaded)),
        Show::Profiles => lines(&mut profiles(loaded).into_iter()),
        Show::Hash(name) => hashes(loaded, name)?,
        Show::Variables => variables(loaded, request.is_variables_json),
        Show::Environment => lines(&mut loaded.variables.iter().map(|(name, value)| format!("{name}={value}"))),
        Show::Origin => loaded.tree.as_ref().map(|root| origin(root, &loaded.sources)).unwrap_or_default(),
    })
}

/// Asks for the digests of all images at once, and writes them into the model; a lock holds nothing else.
fn resolve_images(context: &Context, loaded: &mut Loaded, is_lock: bool) -> Result<(), Failure> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    let images: BTreeMap<String, String> = services
        .filter_map(|(name, service)| Some((name.clone(), service.get("image")?.as_str()?.to_owned())))
        .collect();
    let resolved = session::block_on(async {
        let engine = session::connect(context).await?;
        let ask = |(service, image): (String, String)| {
            let engine = engine.clone();
            async move {
                let full = image_name::canonical(&image);
                let digest = if full.contains('@') { Ok(None) } else { engine.image_digest(&full).await.map(Some) };
                (service, image, full, digest)
            }
        };
        Ok(futures_util::stream::iter(images.into_iter().map(ask)).buffered(8).collect::<Vec<_>>().await)
    })?;
    let (mut faults, mut names) = (Vec::new(), BTreeMap::new());
    for (service, image, full, digest) in resolved {
        match digest {
            Ok(None) => drop(names.insert(service, full)),
            Ok(Some(digest)) => drop(names.insert(service, format!("{full}@{digest}"))),
            Err(error) => {
                let shown = crate::text::escape_controls(&image).into_owned();
                let message = format!("service `{service}`: the digest of image `{shown}` cannot be had");
                let place = loaded.tree.as_ref().and_then(|root| root.get("services")?.get(&service)?.get("image"));
                let span = place.map_or(Span::NONE, |node| node.span);
                faults.push(Diagnostic::error("engine", span, message).cause(crate::text::one_line(&error.message)));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Diagnostics { list: faults, sources: Box::new(std::mem::take(&mut loaded.sources)) });
    }
    let Some(services) = loaded.model.get_mut("services").and_then(Value::as_object_mut) else { return Ok(()) };
    for (name, service) in services.iter_mut() {
        if is_lock {
            *service = serde_json::json!({ "command": null, "entrypoint": null });
        }
        if let (Some(image), Some(map)) = (names.remove(name), service.as_object_mut()) {
            map.insert("image".to_owned(), Value::from(image));
        }
    }
    if is_lock {
        loaded.model.retain(|key, _| key == "services");
        loaded.tree = None;
    }
    Ok(())
}

fn images(loaded: &Loaded) -> impl Iterator<Item = String> + use<> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    let project = loaded.name.clone();
    let image = |(name, service): (&String, &Value)| match service.get("image").and_then(Value::as_str) {
        Some(image) => image.to_owned(),
        None => format!("{project}-{name}"),
    };
    services.map(image).collect::<Vec<_>>().into_iter()
}

fn profiles(loaded: &Loaded) -> BTreeSet<String> {
    let services = loaded.model.get("services").and_then(Value::as_object).into_iter().flatten();
    services
        .flat_map(|(_, service)| service.get("profiles").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|profile| profile.as_str().map(str::to_owned))
        .collect()
}

/// Compat: where the whole is shown, services that are named must be there all the same.
fn refuse_unknown(loaded: &mut Loaded, names: &[String]) -> Result<(), Failure> {
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

fn hashes(loaded: &mut Loaded, name: &str) -> Result<String, Failure> {
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
    Ok(services.map(|service| format!("{} {}\n", service.name, hash::declared_hash(&service.canonical))).collect())
}

fn all_texts<'a>(node: &'a Node, texts: &mut Vec<&'a str>) {
    match &node.value {
        loader::Value::Text(text) => texts.push(text),
        loader::Value::List(items) => items.iter().for_each(|item| all_texts(item, texts)),
        loader::Value::Map(map) => map.values().for_each(|entry| all_texts(&entry.node, texts)),
        _ => {}
    }
}

/// Compat: a table with the columns NAME, REQUIRED, DEFAULT VALUE, ALTERNATE VALUE.
fn variables(loaded: &Loaded, is_json: bool) -> String {
    let mut found: BTreeMap<String, Mention> = BTreeMap::new();
    let mut texts = Vec::new();
    loaded.tree.iter().chain(&loaded.disabled).for_each(|root| all_texts(root, &mut texts));
    for text in texts {
        for mention in loader::mentions(text) {
            let known = found.entry(mention.name.clone()).or_insert_with(|| mention.clone());
            known.is_required |= mention.is_required;
            if known.default.is_empty() {
                known.default = mention.default;
            }
            if known.alternate.is_empty() {
                known.alternate = mention.alternate;
            }
        }
    }
    if is_json {
        let object: serde_json::Map<String, Value> = found
            .into_values()
            .map(|one| (one.name.clone(), serde_json::json!({"Name": one.name, "DefaultValue": one.default, "PresenceValue": one.alternate, "Required": one.is_required})))
            .collect();
        return loader::emit::json(&Value::Object(object));
    }
    let rows = found.into_values().map(|one| vec![one.name, one.is_required.to_string(), one.default, one.alternate]);
    ui::wide_table(&["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], rows.collect())
}

/// Returns `path = value  # file:line:column`, a line for each value.
fn origin(root: &Node, sources: &Sources) -> String {
    let mut rows = Vec::new();
    collect(root, String::new(), sources, &mut rows);
    let width = rows.iter().map(|(text, _)| text.chars().count().min(60)).max().unwrap_or(0);
    rows.into_iter().map(|(text, place)| format!("{text:<width$}  # {place}\n")).collect()
}

fn collect(node: &Node, path: String, sources: &Sources, rows: &mut Vec<(String, String)>) {
    match &node.value {
        loader::Value::Map(map) if !map.is_empty() => {
            for (key, entry) in map.iter() {
                let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                collect(&entry.node, path, sources, rows);
            }
        }
        loader::Value::List(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, format!("{path}[{index}]"), sources, rows));
        }
        _ => {
            let value = match node.scalar_text() {
                Some(_) if crate::plan::looks_secret(&path) => "(secret)".to_owned(),
                Some(text) => text,
                None => String::new(),
            };
            let text = crate::text::escape_controls(&format!("{path} = {value}")).into_owned();
            rows.push((text, sources.place(node.span).unwrap_or_else(|| "default".to_owned())));
        }
    }
}
