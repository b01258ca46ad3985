//! `config`: loads a project and shows it, or a part of it.

#![expect(clippy::disallowed_methods, reason = "`config --output` writes the file that the user names")]

use std::borrow::Cow;
use std::path::PathBuf;

use serde_json::Value;

use super::project;
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::loader::{self, LoadOptions, Loaded};
use crate::model::Span;
use crate::plan;
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Variable};

mod digests;
mod lists;
mod masking;

/// The part of the project that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// The model as YAML.
    Yaml,
    /// The model as JSON.
    Json,
    /// Nothing; the files are only checked.
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

/// The request of `config`.
#[derive(Clone, Debug)]
pub struct ConfigRequest {
    /// Services to show; empty means all.
    pub services: Vec<String>,
    /// The part to show.
    pub show: Show,
    /// The file to write to; `None` is standard output.
    pub output: Option<PathBuf>,
    /// Whether values that look secret are shown on a terminal, too, and by `--origin`.
    pub shows_secrets: bool,
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
    let mut loaded = loader::load(&load_options(context, request), &context.environment);
    if loaded.has_errors() {
        return Err(Failure::Diagnostics { list: loaded.diagnostics, sources: Box::new(loaded.sources) });
    }
    if matches!(request.show, Show::Yaml | Show::Json | Show::Nothing) && !request.no_interpolate {
        loaded.warn_of_values();
    }
    if matches!(request.show, Show::Profiles | Show::Environment) {
        lists::refuse_unknown(&mut loaded, &request.services)?;
    }
    ui::diagnostics(context, &loaded.diagnostics, &loaded.sources);
    if request.digests != Digests::None && matches!(request.show, Show::Yaml | Show::Json) {
        digests::resolve_images(context, &mut loaded, request.digests == Digests::Lock)?;
    }
    let is_masked = request.output.is_none() && !request.shows_secrets && ui::terminal::is_output();
    let text = text(&mut loaded, request, is_masked)?;
    let text = match crate::text::readable(&text) {
        Cow::Owned(readable) => readable,
        Cow::Borrowed(_) => text,
    };
    if is_masked && text.contains(plan::HIDDEN) {
        ui::tell("values that look secret are hidden on a terminal: `--show-secrets` shows them\n");
    }
    match &request.output {
        // Nothing is written, so the file keeps its content.
        Some(_) if request.show == Show::Nothing => {}
        Some(path) => {
            let path = context.environment.current_dir().join(path);
            std::fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        }
        None if matches!(request.show, Show::Images | Show::Profiles | Show::Environment) => ui::print_lines(&text),
        None => ui::print_owned(text),
    }
    // The program ends here. Freeing the trees value by value would only take time.
    std::mem::forget(loaded);
    Ok(Exit::SUCCESS)
}

/// Returns how to load the project for the requested part.
fn load_options(context: &Context, request: &ConfigRequest) -> LoadOptions {
    // Compat: lists of names cover the whole project; only the model and its images are limited to the named services.
    let is_raw = request.no_interpolate || request.show == Show::Variables;
    // If values are shown as the files have them, disabled services and unused resources are shown, too.
    let is_whole = is_raw && !matches!(request.show, Show::Images | Show::Hash(_) | Show::Section(_));
    let is_selected =
        !is_raw && matches!(request.show, Show::Yaml | Show::Json | Show::Nothing | Show::Images | Show::Origin);
    LoadOptions {
        services: if is_selected { request.services.clone() } else { Vec::new() },
        only_selected: true,
        // Services of all profiles are needed to list the profiles, and to show the files unchanged.
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
        // Lists of names and of variables need no contents. Hashes and the model do.
        needs_no_contents: !matches!(
            request.show,
            Show::Yaml | Show::Json | Show::Nothing | Show::Hash(_) | Show::Origin
        ),
        ..project::load_options(context)
    }
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    let fault = Diagnostic::error("file-unwritable", Span::NONE, format!("cannot write `{shown}`"));
    Failure::one(fault.cause(error.to_string()))
}

/// Renders the requested part. `is_masked`: values that look secret are hidden.
fn text(loaded: &mut Loaded, request: &ConfigRequest, is_masked: bool) -> Result<String, Failure> {
    let shown = |variable: Variable| if is_masked { masking::variable(variable) } else { variable };
    Ok(match &request.show {
        Show::Nothing => String::new(),
        Show::Yaml | Show::Json => model(loaded, request, is_masked),
        Show::Services => listing::names(lists::section(loaded, "services")),
        Show::Section("models") => listing::names(lists::models(loaded)),
        Show::Section(name) => listing::names(lists::section(loaded, name)),
        Show::Images => listing::names(lists::images(loaded)),
        Show::Profiles => listing::names(lists::profiles(loaded)),
        Show::Hash(name) => listing::names(lists::hashes(loaded, name)?),
        Show::Variables if request.is_variables_json => {
            loader::emit::json(&Variable::document(lists::variables(loaded).into_iter().map(shown).collect()))
        }
        Show::Variables => listing::variables(lists::variables(loaded).into_iter().map(shown).collect()),
        Show::Environment => listing::names(loaded.variables.iter().map(|(name, value)| {
            let value = if is_masked { masking::value(name, value) } else { value };
            format!("{name}={value}")
        })),
        Show::Origin => listing::origins(lists::origins(loaded, request.shows_secrets)),
    })
}

/// Renders the model as YAML or JSON.
fn model(loaded: &mut Loaded, request: &ConfigRequest, is_masked: bool) -> String {
    // Compat: without interpolation values have no types yet, so the model is printed as the files have it.
    if request.no_interpolate && request.digests == Digests::None {
        let mut model = loaded.tree.as_ref().map(loader::plain).unwrap_or_default();
        if is_masked {
            masking::model(&mut model);
        }
        return match (&request.show, model.as_object()) {
            (Show::Yaml, Some(model)) => loader::emit::plain_yaml(model),
            _ => loader::emit::json(&model),
        };
    }
    let mut model = Value::Object(std::mem::take(&mut loaded.model));
    if is_masked {
        masking::model(&mut model);
    }
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
