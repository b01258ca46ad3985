//! Variables in a text: `$NAME` and `${NAME...}`. Defaults and messages may contain further variables.

/// A fault of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// The text between `${` and `}` is no name with an operator, or the `}` is missing.
    Format {
        /// Byte offset of the `$`.
        at: usize,
    },
    /// `${NAME:?message}`, and the variable is missing.
    Required {
        /// Name of the variable.
        name: String,
        /// The message with its variables replaced; may be empty.
        message: String,
    },
    /// The result would be longer than 1 MiB.
    TooLong,
}

/// The longest value that substitution makes, in bytes.
const LONGEST: usize = 1 << 20;
/// The most levels of defaults inside defaults.
const DEEPEST: usize = 64;
/// The most faults of one text that are reported.
const MOST_FAULTS: usize = 20;

/// The values of variables, and the variables that had no value.
pub struct Variables<'a> {
    /// Returns a variable's value.
    pub lookup: &'a dyn Fn(&str) -> Option<String>,
    /// Names of the variables without a value and without a default, in the order of the text.
    pub missing: Vec<String>,
}

/// Returns the text with its variables replaced and `$$` turned into `$`, or the faults of the text in their order,
/// each once.
pub fn substitute(text: &str, variables: &mut Variables<'_>) -> Result<String, Vec<TemplateError>> {
    let mut work = Substitution { variables, faults: Vec::new() };
    let result = work.text(text, 0, 0);
    if work.faults.is_empty() { Ok(result) } else { Err(work.faults) }
}

/// A substitution in progress. It goes on after a fault, so that all faults of a text are found.
struct Substitution<'a, 'v> {
    variables: &'a mut Variables<'v>,
    faults: Vec<TemplateError>,
}

impl Substitution<'_, '_> {
    /// Substitutes a part of the text. The part begins at byte `base` of the whole text.
    fn text(&mut self, text: &str, base: usize, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let at = text.len() - rest.len() + dollar;
            out.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if depth > DEEPEST {
                self.refuse(TemplateError::Format { at: base + at });
                return out;
            }
            match rest.as_bytes().first() {
                Some(b'$') => {
                    out.push('$');
                    rest = &rest[1..];
                }
                Some(b'{') => {
                    let Some(end) = closing_brace(&rest[1..]) else {
                        self.refuse(TemplateError::Format { at: base + at });
                        return out;
                    };
                    out.push_str(&self.braced(&rest[1..=end], base + at, depth));
                    rest = &rest[end + 2..];
                }
                _ => {
                    let length = name_length(rest);
                    // Compat: a dollar sign that begins no variable stays in the text.
                    out.push_str(&if length == 0 { "$".to_owned() } else { self.value(&rest[..length]) });
                    rest = &rest[length..];
                }
            }
            if out.len() > LONGEST {
                self.refuse(TemplateError::TooLong);
            }
            if out.len() > LONGEST || self.faults.len() >= MOST_FAULTS {
                return out;
            }
        }
        out.push_str(rest);
        out
    }

    fn refuse(&mut self, fault: TemplateError) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn value(&mut self, name: &str) -> String {
        (self.variables.lookup)(name).unwrap_or_else(|| {
            if !self.variables.missing.iter().any(|missing| missing == name) {
                self.variables.missing.push(name.to_owned());
            }
            String::new()
        })
    }

    /// Substitutes `NAME` and its operator between braces. The `$` before the braces is byte `at` of the whole text.
    fn braced(&mut self, inner: &str, at: usize, depth: usize) -> String {
        let length = name_length(inner);
        let (name, rest) = inner.split_at(length);
        if length == 0 {
            self.refuse(TemplateError::Format { at });
            return String::new();
        }
        if rest.is_empty() {
            return self.value(name);
        }
        let found = (self.variables.lookup)(name);
        let (counts_empty, operation) = rest.strip_prefix(':').map_or((false, rest), |rest| (true, rest));
        let (operator, word) = (operation.chars().next(), operation.get(1..).unwrap_or_default());
        let base = at + "${".len() + inner.len() - word.len();
        let present = found.filter(|value| !(counts_empty && value.is_empty()));
        match (operator, present) {
            (Some('-' | '?'), Some(value)) => value,
            (Some('-'), None) | (Some('+'), Some(_)) => self.text(word, base, depth + 1),
            (Some('+'), None) => String::new(),
            (Some('?'), None) => {
                let message = self.text(word, base, depth + 1);
                self.refuse(TemplateError::Required { name: name.to_owned(), message });
                String::new()
            }
            _ => {
                self.refuse(TemplateError::Format { at });
                String::new()
            }
        }
    }
}

/// Returns the length of the name at the start of a text (`[_a-zA-Z][_a-zA-Z0-9]*`); 0 without a name.
pub fn name_length(text: &str) -> usize {
    let mut bytes = text.bytes();
    match bytes.next() {
        Some(byte) if byte == b'_' || byte.is_ascii_alphabetic() => {}
        _ => return 0,
    }
    1 + bytes.take_while(|byte| *byte == b'_' || byte.is_ascii_alphanumeric()).count()
}

/// Returns the offset of the closing brace. The opening brace stands just before the text.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// A variable that a text refers to (for `config --variables`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The variable's name.
    pub name: String,
    /// Whether the variable is required: `${NAME:?}` or `${NAME?}`.
    pub is_required: bool,
    /// The default, verbatim.
    pub default: String,
    /// The text that is used if the variable has a value, verbatim.
    pub alternate: String,
}

/// Returns every variable that a text refers to, also those inside defaults, down to 64 levels of defaults.
pub fn mentions(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    collect_mentions(text, 0, &mut found);
    found
}

fn collect_mentions(text: &str, depth: usize, found: &mut Vec<Mention>) {
    if depth > DEEPEST {
        return;
    }
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        match rest.as_bytes().first() {
            Some(b'$') => rest = &rest[1..],
            Some(b'{') => {
                let Some(end) = closing_brace(&rest[1..]) else { return };
                let inner = &rest[1..=end];
                mention(inner, depth, found);
                rest = &rest[end + 2..];
            }
            _ => {
                let length = name_length(rest);
                if length > 0 {
                    found.push(Mention {
                        name: rest[..length].to_owned(),
                        is_required: false,
                        default: String::new(),
                        alternate: String::new(),
                    });
                }
                rest = &rest[length..];
            }
        }
    }
}

/// A reference to a variable in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The variable's name.
    pub name: &'a str,
    /// Offset of the dollar sign.
    pub start: usize,
    /// Offset behind the name, or behind the closing brace.
    pub end: usize,
    /// `$NAME` or `${NAME}`, without an operator.
    pub is_plain: bool,
}

/// Returns every reference in a text, also those inside defaults and messages. `$$` is no reference. With
/// `has_escapes`, a backslash makes the next character an ordinary one.
pub fn references(text: &str, has_escapes: bool) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let is_pair = match bytes[at] {
            b'\\' => has_escapes,
            b'$' => bytes.get(at + 1) == Some(&b'$'),
            _ => false,
        };
        if bytes[at] == b'$' && !is_pair {
            let is_braced = bytes.get(at + 1) == Some(&b'{');
            let start = at + 1 + usize::from(is_braced);
            let end = start + name_length(&text[start..]);
            let is_closed = bytes.get(end) == Some(&b'}');
            if end > start {
                let is_plain = !is_braced || is_closed;
                let end_of_all = end + usize::from(is_braced && is_closed);
                found.push(Reference { name: &text[start..end], start: at, end: end_of_all, is_plain });
            }
        }
        at += 1 + usize::from(is_pair);
    }
    found
}

/// Splits a text at a separator, but not inside `${...}`.
pub fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, char) in outside(text).filter(|(_, char)| *char == separator) {
        parts.push(&text[start..at]);
        start = at + char.len_utf8();
    }
    parts.push(&text[start..]);
    parts
}

/// Returns the characters of a text outside of `${...}`, with their offsets.
///
/// Compat: a `${` without an end extends to the end of the text.
pub fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0usize;
    text.char_indices().filter(move |(at, char)| {
        let is_outside = depth == 0;
        match char {
            '$' if text.as_bytes().get(at + 1) == Some(&b'{') => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ => return is_outside,
        }
        false
    })
}

/// Returns the place of the first reference to a variable in a text, as a range of bytes.
pub fn place_of(text: &str, name: &str) -> Option<(usize, usize)> {
    text.match_indices('$').map(|(at, _)| at).find_map(|at| {
        let rest = &text[at + 1..];
        let (inner, is_braced) = rest.strip_prefix('{').map_or((rest, false), |inner| (inner, true));
        if &inner[..name_length(inner)] != name {
            return None;
        }
        let length = if is_braced { closing_brace(inner)? + 3 } else { 1 + name.len() };
        Some((at, at + length))
    })
}

/// Returns the places of bad variables such as `${1}` in a text, as ranges of bytes in the order of [`substitute`].
pub fn places_of_faults(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<(usize, usize)> {
    let faults = substitute(text, &mut Variables { lookup, missing: Vec::new() }).err().unwrap_or_default();
    let place = |fault: TemplateError| {
        let TemplateError::Format { at } = fault else { return None };
        let rest = text.get(at..).filter(|rest| rest.starts_with("${"))?;
        let line = rest.lines().next().unwrap_or(rest).trim_end_matches(['"', '\'']);
        let length = closing_brace(&rest[2..]).map_or(line.len(), |end| end + 3);
        Some((at, at + length))
    };
    faults.into_iter().filter_map(place).collect()
}

/// Adds the variable between braces, and the variables inside its default.
fn mention(inner: &str, depth: usize, found: &mut Vec<Mention>) {
    let length = name_length(inner);
    let (name, rest) = inner.split_at(length);
    if length == 0 {
        return;
    }
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (operator, word) = (rest.chars().next(), rest.get(1..).unwrap_or_default());
    let mut one = Mention {
        name: name.to_owned(),
        is_required: operator == Some('?'),
        default: String::new(),
        alternate: String::new(),
    };
    match operator {
        Some('-') => one.default = word.to_owned(),
        Some('+') => one.alternate = word.to_owned(),
        _ => {}
    }
    found.push(one);
    if operator != Some('?') {
        collect_mentions(word, depth + 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<String, Vec<TemplateError>> {
        let lookup = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "E" => Some(String::new()),
            _ => None,
        };
        substitute(text, &mut Variables { lookup: &lookup, missing: Vec::new() })
    }

    #[test]
    fn variables_inside_defaults_are_found_to_a_bounded_depth() {
        let nested = |depth: usize| format!("{}{}", "${A:-".repeat(depth), "}".repeat(depth));
        assert_eq!(mentions(&nested(3)).len(), 3);
        assert_eq!(mentions(&nested(100_000)).len(), DEEPEST + 1);
    }

    #[test]
    fn references_are_found_with_their_places() {
        let found = |text: &'static str, has_escapes| {
            let plain = |one: &Reference<'static>| (one.name, &text[one.start..one.end], one.is_plain);
            references(text, has_escapes).iter().map(plain).collect::<Vec<_>>()
        };
        let all = [("A", "$A", true), ("B", "${B", false), ("C", "${C}", true), ("D", "$D", true)];
        assert_eq!(found("$A-${B:-${C}}$$X$$$D $5 ${", false), all);
        assert_eq!(found(r"\$A \\$B", true), [("B", "$B", true)]);
        assert_eq!(found("é$é$A", false), [("A", "$A", true)]);
    }

    #[test]
    fn a_separator_inside_a_variable_separates_nothing() {
        assert_eq!(split_outside("${A:-/x}/y:/z", ':'), ["${A:-/x}/y", "/z"]);
        assert_eq!(split_outside("${A:-${B:-c}:d}:${E?f:g}:h", ':'), ["${A:-${B:-c}:d}", "${E?f:g}", "h"]);
        assert_eq!(split_outside("a:${B:-c:d", ':'), ["a", "${B:-c:d"]);
        assert_eq!(split_outside("a}:$b:é", ':'), ["a}", "$b", "é"]);
    }

    #[test]
    fn operators_do_what_the_specification_says() {
        for (text, result) in [
            ("$A-${A}-$$A", "a-a-$A"),
            ("${E:-d}|${E-d}|${U:-d}|${U-d}", "d||d|d"),
            ("${A:+x}|${E:+x}|${E+x}|${U+x}", "x||x|"),
            ("${U:-${A}b}", "ab"),
            ("${U:-a:b-c}", "a:b-c"),
            ("${U:-{}}", "{}"),
            ("$Ab$U", ""),
        ] {
            assert_eq!(run(text).as_deref(), Ok(result), "{text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_place() {
        assert_eq!(run("cost 5$ $1 $(x) $").as_deref(), Ok("cost 5$ $1 $(x) $"));
        let missing =
            |name: &str, message: &str| TemplateError::Required { name: name.into(), message: message.into() };
        assert_eq!(run("${"), Err(vec![TemplateError::Format { at: 0 }]));
        assert_eq!(run("${A!}"), Err(vec![TemplateError::Format { at: 0 }]));
        assert_eq!(run("${U:?no $A}"), Err(vec![missing("U", "no a")]));
    }

    #[test]
    fn all_faults_of_a_text_are_found_with_their_places() {
        let missing = |name: &str| TemplateError::Required { name: name.into(), message: String::new() };
        let format = |at: usize| TemplateError::Format { at };
        assert_eq!(run("${1} ${U:?} ${A!} ${U:?}"), Err(vec![format(0), missing("U"), format(12)]));
        assert_eq!(run("a${U:-b${A!}}${"), Err(vec![format(7), format(13)]));
        assert_eq!(places_of_faults("${1} ${A} ${A!}", &|_| None), [(0, 4), (10, 15)]);
        assert_eq!(run(&"${1}".repeat(1000)).unwrap_err().len(), MOST_FAULTS);
    }
}
