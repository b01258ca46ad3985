//! Env files for interpolation: `--env-file`, `.env`, and the `env_file` of an `include`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dotenv::{self, DotenvError, Parsed};
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::loader::source::{NamedBy, exists, is_directory, is_file, read};
use crate::model::{FileId, Sources, Span};

/// Variables by name.
type Values = BTreeMap<String, String>;

/// The variables of the project for interpolation, and the places of the variables that come from env files.
#[derive(Debug)]
pub struct ProjectVariables<'a> {
    pub values: &'a mut Values,
    pub places: &'a mut BTreeMap<String, Span>,
}

impl ProjectVariables<'_> {
    /// Adds the variables of env files. A variable that is set already keeps its value.
    fn add(&mut self, found: FromFiles) {
        for (key, value) in found.values {
            if let std::collections::btree_map::Entry::Vacant(entry) = self.values.entry(key) {
                self.places.extend(found.places.get(entry.key()).map(|span| (entry.key().clone(), *span)));
                entry.insert(value);
            }
        }
    }
}

/// The variables of the env files read so far. A later file replaces the values of an earlier one.
#[derive(Default)]
struct FromFiles {
    values: Values,
    places: BTreeMap<String, Span>,
}

/// Returns whether `COMPOSE_DISABLE_ENV_FILE` asks to leave `.env` unread.
pub fn disables_default(environment: &Environment) -> Result<bool, Diagnostic> {
    const NAME: &str = "COMPOSE_DISABLE_ENV_FILE";
    // Compat: the words of Go's `strconv.ParseBool`.
    match environment.get(NAME).unwrap_or("false") {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Diagnostic::error("bad-value", Span::NONE, format!("`{NAME}` must be true or false"))
            .help("write `true` or `false`, or do not set it")),
    }
}

/// Reads the given env files, or `.env` in the `default` directory where no files are given. A variable that is set
/// already keeps its value. Returns the faults of the files.
pub fn read_env_files(
    given: &[PathBuf],
    default: Option<&Path>,
    known: &mut ProjectVariables<'_>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut found = FromFiles::default();
    let mut faults = Vec::new();
    for path in given {
        match read(path, NamedBy::CommandLine, Span::NONE) {
            Ok(text) => merge_file(path, text, known.values, &mut found, sources, &mut faults),
            Err(fault) => faults.push(rename_missing(fault, path)),
        }
    }
    if given.is_empty()
        && let Some(default) = default.map(|directory| directory.join(".env"))
        && exists(&default)
        && !is_directory(&default)
    {
        merge_named(&default, Span::NONE, known.values, &mut found, sources, &mut faults);
    }
    known.add(found);
    faults
}

/// Words a missing file of `--env-file` as docker compose does.
fn rename_missing(mut fault: Diagnostic, path: &Path) -> Diagnostic {
    if fault.code == "file-not-found" {
        fault.message = format!("couldn't find env file: `{}`", crate::text::escape_controls(&path.to_string_lossy()));
    }
    fault
}

/// Reads the env files of an `include`, or `.env` in its directory where the `include` names none. Returns the faults
/// of the files.
///
/// Compat: `/dev/null` stands for no env file at all.
pub fn read_included(
    given: &[(PathBuf, Span)],
    directory: &Path,
    known: &mut ProjectVariables<'_>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut found = FromFiles::default();
    let mut faults = Vec::new();
    for (path, span) in given.iter().filter(|(path, _)| path != Path::new("/dev/null")) {
        merge_named(path, *span, known.values, &mut found, sources, &mut faults);
    }
    let default = directory.join(".env");
    if given.is_empty() && is_file(&default) {
        merge_named(&default, Span::NONE, known.values, &mut found, sources, &mut faults);
    }
    known.add(found);
    faults
}

/// Reads an env file that a compose file names.
fn merge_named(
    path: &Path,
    span: Span,
    outer: &Values,
    found: &mut FromFiles,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) {
    match read(path, NamedBy::Attribute, span) {
        Ok(text) => merge_file(path, text, outer, found, sources, faults),
        Err(fault) => faults.push(fault),
    }
}

/// Parses an env file. `outer` are the variables that win inside its values.
fn merge_file(
    path: &Path,
    text: String,
    outer: &Values,
    found: &mut FromFiles,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) {
    let file = sources.add_file(path, text.as_str());
    let lookup = |name: &str| outer.get(name).cloned();
    let Parsed { variables, faults: wrong } = dotenv::parse(&text, &lookup, found.values.clone());
    faults.extend(wrong.into_iter().map(|error| fault(file, path, error)));
    for variable in variables {
        if let Some(value) = variable.value {
            found.places.insert(variable.key.clone(), span(file, variable.range));
            found.values.insert(variable.key, value);
        }
    }
}

/// Returns a range of bytes of a file as a place.
pub fn span(file: FileId, (start, end): (usize, usize)) -> Span {
    let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: place(start), end: place(end) }
}

/// Returns the diagnostic for a fault in an env file. The message never has the text of the line, because values may be
/// secret.
pub fn fault(file: FileId, path: &Path, error: DotenvError) -> Diagnostic {
    let at = u32::try_from(error.at).unwrap_or(u32::MAX);
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    Diagnostic::error(
        "bad-env-file",
        Span { file, start: at, end: at },
        format!("cannot read env file `{shown}`: {}", error.message),
    )
    .help("lines are `NAME=value`; quote values that hold blanks or `#`")
}
