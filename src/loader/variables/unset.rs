//! Unset variables in the values of env files: `P2=abc$def` sets `P2` to `abc`.

use crate::diag::Diagnostic;
use crate::loader::syntax::template;
use crate::model::Span;
use crate::model::secrecy::is_secret_variable;

/// Code of the warnings.
pub const CODE: &str = "unset-in-env-file";
/// The longest value that a warning shows, in bytes.
const LONGEST_SHOWN: usize = 60;

/// A reference to an unset variable, in a value of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset {
    /// Name of the unset variable.
    pub name: String,
    /// Byte range of the reference, such as `$def`.
    pub range: (usize, usize),
    /// The name of the variable that the line sets.
    pub key: String,
    /// Whether the value must not be shown.
    pub is_secret: bool,
    /// The line that keeps the dollar signs, such as `P2='abc$def'`. `None` for a value that is secret, long, or has
    /// several lines.
    pub kept: Option<String>,
}

/// A value as the env file has it.
pub struct Written<'a> {
    /// The name of its variable.
    pub key: &'a str,
    /// The value, without quotes.
    pub raw: &'a str,
    /// Offset of the value in the file.
    pub at: usize,
    /// Whether the value is in double quotes.
    pub is_quoted: bool,
}

impl Written<'_> {
    /// Returns the references to the `missing` variables.
    pub fn unset(&self, missing: &[String]) -> Vec<Unset> {
        let references = template::references(self.raw, self.is_quoted);
        let is_missing = |name: &str| missing.iter().any(|one| one == name);
        let found: Vec<_> = references.iter().filter(|one| one.is_plain && is_missing(one.name)).collect();
        let is_secret = is_secret_variable(self.key, self.raw);
        let starts: Vec<usize> = found.iter().map(|one| one.start).collect();
        let kept = if is_secret { None } else { self.kept(&starts, found.len() == references.len()) };
        let unset = |one: &&template::Reference<'_>| Unset {
            name: one.name.to_owned(),
            range: (self.at + one.start, self.at + one.end),
            key: self.key.to_owned(),
            is_secret,
            kept: kept.clone(),
        };
        found.iter().map(unset).collect()
    }

    /// Returns the line that keeps the dollar signs at `starts`. `are_all`: the value has no other variables.
    fn kept(&self, starts: &[usize], are_all: bool) -> Option<String> {
        let Self { key, raw, .. } = self;
        if raw.len() > LONGEST_SHOWN || raw.chars().any(char::is_control) || crate::text::has_raw(raw) {
            return None;
        }
        if !self.is_quoted && are_all && !raw.contains("$$") && !raw.contains('\'') && !raw.ends_with('\\') {
            return Some(format!("{key}='{raw}'"));
        }
        let (quote, mark) = if self.is_quoted { ("\"", "\\") } else { ("", "$") };
        let mut value = (*raw).to_owned();
        starts.iter().rev().for_each(|start| value.insert_str(*start, mark));
        Some(format!("{key}={quote}{value}{quote}"))
    }
}

/// Returns the warning about a reference. A secret value is not shown, and neither is the name in it, which is part of
/// the secret.
pub fn warning(unset: Unset, span: Span) -> Diagnostic {
    let Unset { name, key, is_secret, kept, .. } = unset;
    let key = crate::text::escape_controls(&key).into_owned();
    if is_secret {
        return generic(Diagnostic::warning("unset-in-env-file", span, ""), Some(&key));
    }
    let message = format!("variable `{name}` in the value of `{key}` is not set, a blank text takes its place");
    let warning = Diagnostic::warning("unset-in-env-file", span, message);
    match kept {
        Some(line) => warning.help(format!("to keep the dollar sign, write `{}`", crate::text::escape_controls(&line))),
        None => generic_help(warning),
    }
}

/// Replaces the text of a warning by one that says nothing about the value.
pub fn generic(mut warning: Diagnostic, key: Option<&str>) -> Diagnostic {
    let of = key.map_or_else(|| "in a value".to_owned(), |key| format!("in the value of `{key}`"));
    warning.message = format!("a variable {of} is not set, a blank text takes its place");
    generic_help(warning)
}

fn generic_help(warning: Diagnostic) -> Diagnostic {
    warning.help("to keep the dollar sign, put the value in single quotes, or write `$$`")
}
