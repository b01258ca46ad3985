//! `check`: judges stacks by rules.

use std::path::{Path, PathBuf};

use super::gather;
use crate::diag::Diagnostic;
use crate::diagnose::{self, Set};
use crate::failure::{Exit, Failure};
use crate::loader::{self, LoadOptions};
use crate::model::{Sources, Span};
use crate::observe::texts;
use crate::settings::Context;
use crate::ui;
use crate::ui::findings::{Format, Report};

use super::super::project;

/// What is asked of `check`.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// Compose files and folders; the project of here if there is none.
    pub paths: Vec<PathBuf>,
    /// Which rules count.
    pub set: Set,
    /// How findings are printed.
    pub format: Format,
    /// Base images that count as the right ones.
    pub bases: Vec<String>,
}

/// The names of compose files, in the order in which they are looked for.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Runs `check`. Exit codes: 0 for no findings, 2 for findings, 1 where a stack could not be checked as a whole.
pub fn check(context: &Context, request: &CheckRequest) -> Result<Exit, Failure> {
    let mut report = Report::new(request.format);
    let mut is_whole = true;
    let places: Vec<Option<&Path>> = match request.paths.as_slice() {
        [] => vec![None],
        paths => paths.iter().map(|path| Some(path.as_path())).collect(),
    };
    for path in places {
        is_whole &= one(context, request, path, &mut report);
    }
    let is_clean = report.is_clean();
    report.print(context);
    Ok(match (is_whole, is_clean) {
        (false, _) => Exit::FAILURE,
        (true, false) => Exit::CHANGES,
        (true, true) => Exit::SUCCESS,
    })
}

/// Judges one stack. Returns whether it could be read as a whole; what is wrong with its files is told.
fn one(context: &Context, request: &CheckRequest, path: Option<&Path>, report: &mut Report) -> bool {
    let place = match place(context, path) {
        Ok(place) => place,
        Err(diagnostic) => {
            ui::diagnostics(context, &[*diagnostic], &Sources::default());
            return false;
        }
    };
    let mut loaded = loader::load(&place.options, &context.environment);
    let errors: Vec<Diagnostic> = loaded.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
    ui::diagnostics(context, &errors, &loaded.sources);
    let Some(root) = loaded.tree.take() else { return false };
    let inside = [loaded.working_dir.as_path(), context.environment.current_dir()];
    let mut facts = gather::facts(&root, &loaded.working_dir, &inside, &mut loaded.sources);
    facts.folder = place.folder.as_deref().map(|folder| gather::folder(folder, &mut loaded.sources));
    facts.bases.clone_from(&request.bases);
    let judged = diagnose::check(&facts, &root, &loaded.sources, request.set);
    report.add(judged, loaded.sources);
    errors.is_empty()
}

/// A stack to check.
struct Place {
    options: LoadOptions,
    /// The folder that is handed in, if the user named one.
    folder: Option<PathBuf>,
}

/// Finds the compose file of a path: the file itself, that of a folder, or that of its `srcs/`.
fn place(context: &Context, path: Option<&Path>) -> Result<Place, Box<Diagnostic>> {
    let options = LoadOptions {
        // Services of all profiles are judged, and volumes that no service uses.
        profiles: vec!["*".to_owned()],
        all_resources: true,
        needs_no_contents: true,
        ..project::load_options(context)
    };
    let Some(path) = path else { return Ok(Place { options, folder: None }) };
    let path = context.environment.current_dir().join(path);
    if !texts::is_directory(&path) {
        return Ok(Place { options: LoadOptions { files: vec![path], ..options }, folder: None });
    }
    let has_file = |folder: &Path| NAMES.iter().any(|name| texts::is_file(&folder.join(name)));
    let srcs = path.join("srcs");
    let found = [path.clone(), srcs].into_iter().find(|folder| has_file(folder));
    let Some(directory) = found else {
        let message = format!("no compose file in `{}` and its `srcs`", path.display());
        let help = format!("name the file, or write one of {}", NAMES.join(", "));
        return Err(Box::new(Diagnostic::error("no-compose-file", Span::NONE, message).help(help)));
    };
    let is_handed_in = directory != path || texts::is_file(&path.join("Makefile"));
    let options = LoadOptions { files: Vec::new(), project_directory: Some(directory), ..options };
    Ok(Place { options, folder: is_handed_in.then_some(path) })
}

/// Returns the line about services that hand over this machine; `None` where none does.
pub(in crate::app) fn summary(found: &[(String, &'static str)]) -> Option<Diagnostic> {
    if found.is_empty() {
        return None;
    }
    let mut services: Vec<(&str, Vec<&str>)> = Vec::new();
    for (service, code) in found {
        match services.iter_mut().find(|(name, _)| name == service) {
            Some((_, codes)) if !codes.contains(code) => codes.push(code),
            Some(_) => {}
            None => services.push((service, vec![code])),
        }
    }
    let named: Vec<String> = services.iter().map(|(name, codes)| format!("`{name}` ({})", codes.join(", "))).collect();
    let message = format!("the file hands over this machine to {}", named.join(", "));
    let help = "`inception check` shows where and why; `up --strict` refuses";
    Some(Diagnostic::warning("hands-over-host", Span::NONE, message).help(help))
}
