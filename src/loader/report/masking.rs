//! Hides values in diagnostics: the values of variables, and the text of files whose lines are not shown.
//!
//! Messages quote values between backticks. A quoted literal is replaced where the file itself does not have it: for
//! `user: ${TOKEN}` the message shows `${TOKEN}`, not the token.

use crate::diag::Diagnostic;
use crate::loader::loaded::Loaded;
use crate::loader::syntax::template;

/// Takes the place of a hidden value.
const HIDDEN: &str = "…";
/// Bytes of the longest text that is shown as it stands in the file. [`HIDDEN`] takes the place of longer texts.
const LONGEST_SHOWN: usize = 60;
/// Values shorter than this are hidden between backticks only, because by chance they are part of many words.
const SHORT: usize = 4;

/// Hides the values of variables in a diagnostic, and any text of a file whose lines are not shown.
pub fn mask(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    let Some(source) = loaded.sources.get(diagnostic.primary.span.file) else { return };
    let written = loaded.sources.text(diagnostic.primary.span);
    let is_about_a_name = matches!(diagnostic.code, "unknown-key" | "duplicate-key" | "undefined");
    let mut values: Vec<&str> = Vec::new();
    if written.contains('$') {
        let mentions = template::mentions(written).into_iter();
        let of = |name: String| loaded.variables.get(&name).map(String::as_str);
        values.extend(mentions.filter_map(|mention| of(mention.name)).filter(|value| !value.is_empty()));
    }
    let mask = Mask {
        written,
        values,
        is_foreign: !source.is_shown && !is_about_a_name,
        is_shown: source.is_shown,
        path: diagnostic.path.clone(),
    };
    if mask.values.is_empty() && !mask.is_foreign {
        return;
    }
    mask.apply(&mut diagnostic.message);
    let more = [&mut diagnostic.help, &mut diagnostic.cause].into_iter().flatten();
    more.chain(diagnostic.related.iter_mut().map(|label| &mut label.text)).for_each(|text| mask.apply(text));
}

/// The values and literals to hide in one diagnostic.
struct Mask<'a> {
    /// The text of the value as it stands in the file.
    written: &'a str,
    /// The values of the variables in that text.
    values: Vec<&'a str>,
    /// Whether literals of the file are hidden, too.
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
                false => part.to_owned(),
            })
            .collect();
        let mut masked = shown.join("`");
        // The split above cuts a value that holds backticks itself, so the whole text is searched for values, too.
        for value in self.values.iter().filter(|value| value.len() >= SHORT && !self.written.contains(**value)) {
            masked = masked.replace(*value, HIDDEN);
        }
        *text = masked;
    }

    fn is_hidden(&self, literal: &str) -> bool {
        let literal = literal.trim_matches('"');
        // The path consists of names, which are not secret.
        if literal.is_empty() || self.path.contains(literal) {
            return false;
        }
        if self.written.contains(literal) {
            return self.is_foreign;
        }
        self.values.iter().any(|value| value.contains(literal) || literal.contains(value))
    }

    /// Returns the text that takes the place of a hidden literal.
    fn instead(&self) -> String {
        let written = self.written.trim_matches(['"', '\'']);
        let is_short = written.len() <= LONGEST_SHOWN && !written.contains(['\n', '`']);
        if self.is_shown && is_short { crate::text::escape_controls(written).into_owned() } else { HIDDEN.to_owned() }
    }
}
