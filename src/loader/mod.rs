//! Turns compose files into a project.
//!
//! Every value keeps its place in the file through all stages, so that each message can show that place. The loader
//! knows nothing of engines. Start at [`load`]: the stages follow each other in the order of compose-go's loader,
//! because the results depend on that order.
//!
//! | room | contents, in the order of the stages |
//! |---|---|
//! | `prepare` | project directory, variables, compose files, profiles: known before a file is parsed |
//! | `source` | finds and reads files; makes relative paths absolute |
//! | `tree` | turns YAML text into a tree of values with places; merge tags |
//! | `syntax` | small grammars inside values: `$NAME`, ports, volumes, durations, sizes, command lines |
//! | `variables` | env files, interpolation, `env_file` and `label_file` of services |
//! | `assemble` | all files to one tree: interpolate, extends, include, merge, schema, long forms |
//! | `schema` | keys and types by the Compose specification's own schema |
//! | `normalize` | long forms, defaults, implicit networks and dependencies, profiles |
//! | `validate` | rules that the schema cannot say |
//! | `typed` | the tree to the canonical model, which `config` prints and hashes cover |
//! | `decode` | the canonical model to [`crate::model::Project`] |
//! | `emit` | the canonical model to YAML and JSON |
//! | `short` | volumes, ports and env files that the command line gives in the words of a file |
//! | `report` | finishes the diagnostics: drops consequences, masks secrets, adds the places that led to a value |

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::diag::{Diagnostic, Severity};
use crate::env::Environment;
use crate::model::{Project, Sources, Span};

mod assemble;
mod decode;
mod draft;
pub mod emit;
#[doc(hidden)]
pub mod fuzzing;
mod loaded;
mod normalize;
mod options;
mod parallel;
mod prepare;
mod report;
mod schema;
mod short;
mod source;
mod syntax;
mod tree;
mod typed;
mod validate;
mod variables;

pub use assemble::check_project_name;
pub use draft::Doubts;
pub use loaded::Loaded;
pub use normalize::{inactive_service, no_such_service};
pub use options::LoadOptions;
pub use prepare::settings;
pub use report::nearest;
pub use short::{command_words, read_env_files, short_ports, short_volume};
pub use source::{is_project_name, project_name_of};
pub use syntax::template::{Mention, mentions};
pub use tree::{Entry, Node, Value};

/// Loads a project. Loading never fails: all errors are among the diagnostics.
pub fn load(options: &LoadOptions, environment: &Environment) -> Loaded {
    let sources = Sources::seen_from(environment.current_dir());
    let mut loaded = Loaded { sources, ..Loaded::default() };
    match prepare::prepare(options, environment, &mut loaded) {
        Ok(()) => stages(options, environment, &mut loaded),
        // The env file that could not be read may set `COMPOSE_FILE`, so "no compose file" is not reported.
        Err(_) if loaded.lacks_variables => {}
        Err(diagnostic) => loaded.diagnostics.push(*diagnostic),
    }
    report::finish(&mut loaded);
    loaded
}

/// Runs the stages after [`prepare`], in compose-go's order.
fn stages(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) {
    let Some(mut root) = assemble::assemble(options, environment, loaded) else { return };
    normalize::defaults(&mut root);
    validate::fields(&root, &mut loaded.diagnostics);
    if !options.no_path_resolution {
        source::Base { directory: &loaded.working_dir, home: environment.home() }.resolve(&mut root);
    }
    if !options.no_interpolate && !options.no_env_resolution {
        variables::inherit(&mut root, &loaded.variables);
    }
    let written_name = root.remove("name");
    if !options.no_normalize {
        normalize::normalize(&mut root, &loaded.name, &loaded.variables, options.no_interpolate);
    }
    let disabled = normalize::disable(&mut root, &mut loaded.profiles, &options.services, &mut loaded.diagnostics);
    if !options.no_consistency && !options.no_interpolate {
        validate::consistency(&root, &disabled, &options.services, &mut loaded.diagnostics);
        normalize::scales(&mut root);
    }
    let uses_files = !options.needs_no_contents && !options.no_interpolate && !options.no_path_resolution;
    let mut outside = uses_files.then(|| validate::Outside::new(&loaded.working_dir));
    outside.iter_mut().for_each(|outside| outside.look_at_services(&root));
    contents(options, &mut root, loaded);
    if options.only_selected && !options.services.is_empty() {
        normalize::select(&mut root, &options.services);
    }
    let unused = if options.all_resources { Node::map(Span::NONE) } else { normalize::drop_unused(&mut root) };
    outside.iter_mut().for_each(|outside| outside.look_at_resources(&root));
    loaded.diagnostics.extend(outside.and_then(validate::Outside::note));
    let is_written = |name: &Node| name.scalar_text().is_some_and(|text| source::normalized(&text) == loaded.name);
    let span = written_name.filter(is_written).map_or(Span::NONE, |name| name.span);
    root.set("name", Node::text(loaded.name.as_str(), span));
    validate::yaml_numbers(&root, &loaded.sources, &mut loaded.diagnostics);
    canonical_model(options, &root, &disabled, &unused, loaded);
    loaded.tree = Some(root);
    loaded.disabled = Some(disabled);
}

/// Merges the env files and label files of services into the tree.
fn contents(options: &LoadOptions, root: &mut Node, loaded: &mut Loaded) {
    if options.no_interpolate {
        return;
    }
    let told = loaded.diagnostics.len();
    if !options.no_env_resolution {
        variables::merge_env_files(root, &loaded.variables, &mut loaded.sources, &mut loaded.diagnostics);
    }
    variables::merge_label_files(root, &mut loaded.sources, &mut loaded.diagnostics);
    if options.needs_no_contents {
        variables::only_warn(&mut loaded.diagnostics[told..]);
    }
}

/// Builds the canonical model, and checks the types of the resources that are not part of the model.
fn canonical_model(options: &LoadOptions, root: &Node, disabled: &Node, unused: &Node, loaded: &mut Loaded) {
    // With `--no-interpolate` a value such as `${PORT}` has no type yet, so type faults mean nothing.
    let mut untyped = Vec::new();
    let faults = if options.no_interpolate { &mut untyped } else { &mut loaded.diagnostics };
    loaded.model = typed::model(root, faults);
    // Disabled services and unused resources are not printed, but their mistakes are reported.
    typed::check("services", disabled, faults);
    unused.entries().for_each(|(kind, entry)| typed::check(kind, &entry.node, faults));
    loaded.label_files = take_label_files(&mut loaded.model);
}

/// Takes `label_file` out of the services of the model.
///
/// Compat: docker compose merges `label_file` into `labels` and does not print `label_file`, but the config hash covers
/// both.
fn take_label_files(model: &mut Map<String, Json>) -> BTreeMap<String, (usize, Json)> {
    let services = model.get_mut("services").and_then(Json::as_object_mut).into_iter().flatten();
    let take = |(name, service): (&String, &mut Json)| {
        let service = service.as_object_mut()?;
        let index = service.keys().position(|key| key == "label_file")?;
        Some((name.clone(), (index, service.shift_remove("label_file")?)))
    };
    services.filter_map(take).collect()
}

impl Loaded {
    /// Returns the typed project, or `None` if there is an error among the diagnostics. Adds diagnostics for values
    /// that the engine would refuse.
    pub fn project(&mut self) -> Option<Project> {
        self.tree.as_ref()?;
        self.refuse_values();
        let project = decode::project(self);
        (!self.has_errors()).then_some(project)
    }

    /// Returns the typed project, for commands that create nothing: values that the engine would refuse are not
    /// reported.
    pub fn unchecked_project(&mut self) -> Option<Project> {
        self.tree.as_ref().filter(|_| !self.has_errors())?;
        Some(decode::project(self))
    }

    /// Warns of values that docker compose accepts and the engine would refuse (`config`).
    pub fn warn_of_values(&mut self) {
        let told = self.diagnostics.len();
        let faults = decode::faults(self).into_iter().map(|fault| match fault.is_error() {
            true => Diagnostic { severity: Severity::Warning, ..fault }.cause("`up` refuses this"),
            false => fault,
        });
        let faults: Vec<_> = faults.collect();
        self.diagnostics.extend(faults);
        report::add_provenance(self, told);
    }

    /// Adds errors for values that docker compose accepts and the engine would refuse.
    fn refuse_values(&mut self) {
        let told = self.diagnostics.len();
        let faults = decode::faults(self);
        self.diagnostics.extend(faults);
        report::add_provenance(self, told);
    }
}

/// Returns a tree as JSON, without the types of its attributes.
pub fn plain(root: &Node) -> Json {
    typed::any(root)
}

/// Returns the `models` of a tree, which docker compose prints in YAML only.
pub fn models(root: &Node) -> Option<Json> {
    root.get("models").filter(|models| models.as_map().is_some_and(|map| !map.is_empty())).map(typed::models)
}
