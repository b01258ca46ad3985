//! What messages must not show: values of variables, and what stands in files whose lines are not shown.
//!
//! Messages quote what is at fault between backticks. Such a literal is replaced where it is not what the file itself says.

use super::{Loaded, template};
use crate::diag::Diagnostic;

/// What takes the place of what is not shown.
const HIDDEN: &str = "…";
/// Longer texts are hidden rather than shown as they stand in the file.
const LONGEST_SHOWN: usize = 60;
/// Shorter values are looked for between backticks only: they stand in many a word by chance.
const SHORT: usize = 4;

/// Hides in a diagnostic what its place got from variables, or has from a file that is not shown.
pub(super) fn mask(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    let Some(source) = loaded.sources.get(diagnostic.primary.span.file) else { return };
    let written = loaded.sources.text(diagnostic.primary.span);
    let is_about_a_name = matches!(diagnostic.code, "unknown-key" | "duplicate-key" | "undefined");
    let mut values: Vec<&str> = Vec::new();
    if written.contains('$') {
        let mentions = template::mentions(written).into_iter();
        let of = |name: String| loaded.variables.get(&name).map(String::as_str);
        values.extend(mentions.filter_map(|mention| of(mention.name)).filter(|value| !value.is_empty()));
    }
    let hides = Hides {
        written,
        values,
        is_foreign: !source.is_shown && !is_about_a_name,
        is_shown: source.is_shown,
        path: diagnostic.path.clone(),
    };
    if hides.values.is_empty() && !hides.is_foreign {
        return;
    }
    hides.mask(&mut diagnostic.message);
    let more = [&mut diagnostic.help, &mut diagnostic.cause].into_iter().flatten();
    more.chain(diagnostic.related.iter_mut().map(|label| &mut label.text)).for_each(|text| hides.mask(text));
}

struct Hides<'a> {
    /// What the file says.
    written: &'a str,
    /// The values of the variables that it mentions.
    values: Vec<&'a str>,
    /// Whether the file itself is not to be told.
    is_foreign: bool,
    is_shown: bool,
    path: String,
}

impl Hides<'_> {
    fn mask(&self, text: &mut String) {
        let parts = text.split('`').enumerate();
        let shown: Vec<String> = parts
            .map(|(index, part)| match index % 2 == 1 && self.is_hidden(part) {
                true => self.instead(),
                false => part.to_owned(),
            })
            .collect();
        let mut masked = shown.join("`");
        // Whatever else may have got around the backticks.
        for value in self.values.iter().filter(|value| value.len() >= SHORT && !self.written.contains(**value)) {
            masked = masked.replace(*value, HIDDEN);
        }
        *text = masked;
    }

    fn is_hidden(&self, literal: &str) -> bool {
        let literal = literal.trim_matches('"');
        // The path is made of names, not of values.
        if literal.is_empty() || self.path.contains(literal) {
            return false;
        }
        if self.written.contains(literal) {
            return self.is_foreign;
        }
        self.values.iter().any(|value| value.contains(literal) || literal.contains(value))
    }

    fn instead(&self) -> String {
        let written = self.written.trim_matches(['"', '\'']);
        let is_short = written.len() <= LONGEST_SHOWN && !written.contains(['\n', '`']);
        if self.is_shown && is_short { crate::text::escape_controls(written).into_owned() } else { HIDDEN.to_owned() }
    }
}
