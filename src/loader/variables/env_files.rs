//! Env files for interpolation: `--env-file`, `.env`, and the `env_file` of an `include`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dotenv::{self, DotenvError, MOST_FAULTS, Parsed, Variable};
use super::unset;
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::loader::source::{NamedBy, exists, is_directory, is_file, read_env};
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
    /// Adds the variables of env files. A variable that is already set keeps its value.
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

/// Returns whether `COMPOSE_DISABLE_ENV_FILE` disables `.env`.
pub fn disables_default(environment: &Environment) -> Result<bool, Diagnostic> {
    const NAME: &str = "COMPOSE_DISABLE_ENV_FILE";
    // Compat: the words of Go's `strconv.ParseBool`.
    match environment.variables().get(NAME).map_or("false", String::as_str) {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Diagnostic::error("bad-value", Span::NONE, format!("`{NAME}` must be true or false"))
            .help("write `true` or `false`, or do not set it")),
    }
}

/// Reads the given env files, or `.env` in the `default` directory if no files are given. A variable that is already
/// set keeps its value. Returns the faults of the files, and warnings.
pub fn read_env_files(
    given: &[PathBuf],
    default: Option<&Path>,
    known: &mut ProjectVariables<'_>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut found = FromFiles::default();
    let mut faults = Vec::new();
    for path in given {
        match open(path, NamedBy::CommandLine, Span::NONE, sources, &mut faults) {
            Ok(file) => merge_file(&file, known.values, &mut found, &mut faults),
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
    without_guesses(faults)
}

/// Removes the warnings about unset variables if an env file has a fault, because that file may set them.
fn without_guesses(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if found.iter().any(Diagnostic::is_error) {
        found.retain(|one| one.code != unset::CODE);
    }
    found
}

/// Uses docker compose's words for a missing file of `--env-file`.
fn rename_missing(mut fault: Diagnostic, path: &Path) -> Diagnostic {
    if fault.code == "file-not-found" {
        fault.message = format!("couldn't find env file: `{}`", crate::text::escape_controls(&path.to_string_lossy()));
    }
    fault
}

/// Reads the env files of an `include`, or `.env` in its directory if it names none. Returns the faults of the files,
/// and warnings.
///
/// Compat: `/dev/null` means no env file.
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
    without_guesses(faults)
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
    match open(path, NamedBy::Attribute, span, sources, faults) {
        Ok(file) => merge_file(&file, outer, found, faults),
        Err(fault) => faults.push(fault),
    }
}

/// An env file that was read.
pub struct EnvFile<'a> {
    path: &'a Path,
    id: FileId,
    /// The text.
    pub text: Arc<str>,
}

/// Reads an env file, and warns of bytes that are not UTF-8. `span` is the place of the attribute that names the file.
pub fn open<'a>(
    path: &'a Path,
    named: NamedBy,
    span: Span,
    sources: &mut Sources,
    told: &mut Vec<Diagnostic>,
) -> Result<EnvFile<'a>, Diagnostic> {
    let (text, places) = read_env(path, named, span)?;
    let text: Arc<str> = text.into();
    let id = sources.add_file(path, Arc::clone(&text));
    let mut last = None;
    let is_new_line = |place: &usize| last.replace(*place).is_none_or(|last| text[last..*place].contains('\n'));
    let first_of_lines = places.into_iter().filter(is_new_line).take(MOST_FAULTS);
    told.extend(first_of_lines.map(|place| not_utf8(place_of(id, (place, place)), path)));
    Ok(EnvFile { path, id, text })
}

/// Returns the warning about a byte that is not UTF-8.
fn not_utf8(span: Span, path: &Path) -> Diagnostic {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    Diagnostic::warning("not-utf8", span, format!("a byte in env file `{shown}` is not UTF-8"))
        .cause("configs and secrets keep the byte; in variables and labels of containers U+FFFD takes its place")
        .help("save the file as UTF-8")
}

impl EnvFile<'_> {
    /// Adds the faults and warnings of a parsed file to `told`, and returns the variables with their places.
    pub fn tell(&self, parsed: Parsed, told: &mut Vec<Diagnostic>) -> impl Iterator<Item = (Variable, Span)> {
        told.extend(parsed.faults.into_iter().map(|error| fault(self.id, self.path, error)));
        let id = self.id;
        told.extend(parsed.unset.into_iter().map(|one| {
            let span = place_of(id, one.range);
            unset::warning(one, span)
        }));
        parsed.variables.into_iter().map(move |variable| {
            let span = place_of(id, variable.range);
            (variable, span)
        })
    }
}

/// Parses an env file. Inside its values, the variables of `outer` have priority.
fn merge_file(file: &EnvFile<'_>, outer: &Values, found: &mut FromFiles, told: &mut Vec<Diagnostic>) {
    let lookup = |name: &str| outer.get(name).cloned();
    let parsed = dotenv::parse(&file.text, &lookup, found.values.clone());
    for (variable, span) in file.tell(parsed, told) {
        if let Some(value) = variable.value {
            found.places.insert(variable.key.clone(), span);
            found.values.insert(variable.key, value);
        }
    }
}

/// Returns a range of bytes of a file as a place.
fn place_of(file: FileId, (start, end): (usize, usize)) -> Span {
    let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: place(start), end: place(end) }
}

/// Returns the diagnostic for a fault in an env file. The message never contains the text of the line, because values
/// may be secret.
fn fault(file: FileId, path: &Path, error: DotenvError) -> Diagnostic {
    let at = u32::try_from(error.at).unwrap_or(u32::MAX);
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    Diagnostic::error(
        "bad-env-file",
        Span { file, start: at, end: at },
        format!("cannot read env file `{shown}`: {}", error.message),
    )
    .help("lines are `NAME=value`; quote values that hold blanks or `#`")
}
