//! Hides values in diagnostics: secret values of variables, and the text of files whose lines must not be shown.
//!
//! Messages quote values between backticks. A quoted value is replaced if it comes from a variable that looks secret:
//! for `user: ${TOKEN}` the message shows `${TOKEN}`; for `privileged: ${P}` it shows the value of `P`.

use std::path::Path;

use crate::diag::Diagnostic;
use crate::loader::loaded::Loaded;
use crate::loader::syntax::template;
use crate::loader::variables::{UNSET_IN_ENV_FILE, without_value};
use crate::model::secrecy::{is_secret_variable, looks_secret};

/// Replaces a hidden value.
const HIDDEN: &str = "…";
/// The longest text that is shown as the file has it, in bytes. Longer texts are replaced by [`HIDDEN`].
const LONGEST_SHOWN: usize = 60;
/// Shorter values are hidden between backticks only, because they occur in many words by chance.
const SHORT: usize = 4;

/// The longest computed value that is shown whole, in bytes.
const LONGEST_LITERAL: usize = 200;

/// Hides secret values of variables in a diagnostic, and any text of a file whose lines are not shown.
pub fn mask(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    let Some(source) = loaded.sources.get(diagnostic.primary.span.file) else { return };
    if diagnostic.code == UNSET_IN_ENV_FILE {
        if !source.path.as_deref().is_some_and(|path| is_own(path, loaded)) {
            *diagnostic = without_value(diagnostic.clone(), None);
        }
        return;
    }
    let written = loaded.sources.text(diagnostic.primary.span);
    let is_about_a_name = matches!(diagnostic.code, "unknown-key" | "duplicate-key" | "undefined");
    let (values, has_unknown) = secrets(written, loaded);
    // These messages are about a variable without a value, or about the text of the file.
    let is_without_value = matches!(diagnostic.code, "unset-variable" | "required-variable" | "bad-interpolation");
    let mask = Mask {
        written,
        values,
        has_unknown: has_unknown && !is_without_value,
        is_foreign: !source.is_shown && !is_about_a_name,
        is_shown: source.is_shown,
        path: diagnostic.path.clone(),
    };
    mask.apply(&mut diagnostic.message);
    let more = [&mut diagnostic.help, &mut diagnostic.cause].into_iter().flatten();
    more.chain(diagnostic.related.iter_mut().map(|label| &mut label.text)).for_each(|text| mask.apply(text));
}

/// Returns whether an env file is the user's own: below the project, beside its files, or named on the command line.
fn is_own(path: &Path, loaded: &Loaded) -> bool {
    let files = loaded.config_files.iter().filter_map(|file| file.parent()).filter(|parent| parent.is_absolute());
    let mut directories = files.chain([loaded.working_dir.as_path()]);
    loaded.env_files.iter().any(|one| one == path) || directories.any(|directory| path.starts_with(directory))
}

/// Returns the secret values of the variables in a text, and whether a secret variable has an unknown value.
///
/// A value is secret if the name of its variable looks secret, if the value itself does (an address with a password),
/// or if it contains the value of a variable whose name looks secret.
fn secrets<'a>(written: &str, loaded: &'a Loaded) -> (Vec<&'a str>, bool) {
    let mut values = Vec::new();
    let mut has_unknown = false;
    for name in template::references(written, false).into_iter().map(|one| one.name) {
        match loaded.variables.get(name).map(String::as_str) {
            None => has_unknown |= looks_secret(name),
            Some("") => {}
            Some(value) => {
                let is_part = |(name, part): (&String, &String)| {
                    part.len() >= SHORT && value.contains(part.as_str()) && is_secret_variable(name, part)
                };
                if is_secret_variable(name, value) || loaded.variables.iter().any(is_part) {
                    values.push(value);
                }
            }
        }
    }
    (values, has_unknown)
}

/// What to hide in one diagnostic.
struct Mask<'a> {
    /// The text of the value in the file.
    written: &'a str,
    /// The secret values of the variables in that text.
    values: Vec<&'a str>,
    /// Whether a secret variable has an unknown value, so that any computed text may contain it.
    has_unknown: bool,
    /// Whether texts of the file are hidden, too.
    is_foreign: bool,
    /// Whether lines of the file may be shown.
    is_shown: bool,
    /// The path of the diagnostic.
    path: String,
}

impl Mask<'_> {
    fn apply(&self, text: &mut String) {
        let parts = text.split('`').enumerate();
        let shown: Vec<String> = parts
            .map(|(index, part)| match index % 2 == 1 && self.is_hidden(part) {
                true => self.instead(),
                false if index % 2 == 1 && part.len() > LONGEST_LITERAL => {
                    part.chars().take(LONGEST_SHOWN).chain(HIDDEN.chars()).collect()
                }
                false => part.to_owned(),
            })
            .collect();
        let mut masked = shown.join("`");
        // A value with backticks was cut by the split above, so the whole text is searched, too.
        for value in self.values.iter().filter(|value| value.len() >= SHORT && !self.written.contains(**value)) {
            masked = masked.replace(*value, HIDDEN);
        }
        *text = masked;
    }

    fn is_hidden(&self, literal: &str) -> bool {
        let literal = literal.trim_matches('"');
        // A path consists of names, which are not secret.
        if literal.is_empty() || self.path.contains(literal) {
            return false;
        }
        if self.written.contains(literal) {
            return self.is_foreign;
        }
        self.has_unknown || self.values.iter().any(|value| value.contains(literal) || literal.contains(value))
    }

    /// Returns the replacement of a hidden text.
    fn instead(&self) -> String {
        let written = self.written.trim_matches(['"', '\'']);
        let is_short = written.len() <= LONGEST_SHOWN && !written.contains(['\n', '`']);
        if self.is_shown && is_short { crate::text::escape_controls(written).into_owned() } else { HIDDEN.to_owned() }
    }
}
