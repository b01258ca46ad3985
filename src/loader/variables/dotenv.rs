//! Parses the text of an env file into variables with their places.
//!
//! Compat: the rules of compose-go's dotenv package. For `${NAME}` inside a value, the process environment has priority
//! over the file.

use std::collections::BTreeMap;

use super::unset::{Unset, Written};
use crate::loader::syntax::template::{self, TemplateError, Variables};

/// A variable of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub key: String,
    /// The value. `None`: a name without `=` that the environment does not have, either.
    pub value: Option<String>,
    /// Byte range of the name.
    pub range: (usize, usize),
}

/// A fault of an env file. The message never holds a value, because values may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DotenvError {
    /// Byte offset of the fault.
    pub at: usize,
    /// The fault in words.
    pub message: String,
}

/// The variables and the faults of an env file. After a fault some variables are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Variables, in the order of the file.
    pub variables: Vec<Variable>,
    /// Faults, in the order of the file.
    pub faults: Vec<DotenvError>,
    /// References to variables that are not set, in the order of the file.
    pub unset: Vec<Unset>,
}

/// The most faults, and the most warnings of a kind, that are reported for one file.
pub const MOST_FAULTS: usize = 20;

/// Parses an env file. After a fault the next line is parsed.
///
/// Inside a value a variable is looked up in three places: by `lookup` (the environment), then among the earlier lines
/// of this file, then in `earlier` files.
pub fn parse(text: &str, lookup: &dyn Fn(&str) -> Option<String>, earlier: BTreeMap<String, String>) -> Parsed {
    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let mut reader = Reader { text, at: start, found: Vec::new(), unset: Vec::new(), values: earlier, lookup };
    let mut faults = Vec::new();
    while faults.len() < MOST_FAULTS {
        match reader.statement() {
            Ok(true) => {}
            Ok(false) => break,
            Err(fault) => {
                reader.skip(&fault);
                faults.push(fault);
            }
        }
    }
    reader.unset.truncate(MOST_FAULTS);
    Parsed { variables: reader.found, faults, unset: reader.unset }
}

/// Parses an env file with `format: raw`: values are taken verbatim, with quotes and dollar signs.
pub fn parse_raw(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Parsed {
    let mut parsed = Parsed::default();
    let without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = text.len() - without_mark.len();
    for line in without_mark.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (key, value) = match trimmed.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (trimmed, lookup(trimmed)),
        };
        let offset = start + (line.len() - trimmed.len());
        if key.trim().is_empty() || key.contains(char::is_whitespace) {
            let message = "a variable's name must not be empty or contain blanks".to_owned();
            parsed.faults.push(DotenvError { at: offset, message });
        } else {
            let range = (offset, offset + key.len());
            parsed.variables.push(Variable { key: key.to_owned(), value, range });
        }
        if parsed.faults.len() == MOST_FAULTS {
            break;
        }
    }
    parsed
}

struct Reader<'a> {
    text: &'a str,
    /// Position of the next byte.
    at: usize,
    found: Vec<Variable>,
    unset: Vec<Unset>,
    /// Values of earlier files and lines.
    values: BTreeMap<String, String>,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Moves to the next line after a fault. After a fault inside a value that was read to its end, the position is
    /// already right.
    fn skip(&mut self, fault: &DotenvError) {
        if self.at <= fault.at {
            let rest = &self.text[fault.at..];
            self.at = fault.at + rest.find('\n').map_or(rest.len(), |end| end + 1);
        }
    }

    /// Reads one statement, with the blank lines and comments before it. Returns false at the end of the text.
    fn statement(&mut self) -> Result<bool, DotenvError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.is_empty() {
                return Ok(false);
            }
            if !trimmed.starts_with('#') {
                break;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("export")
            && after.starts_with(char::is_whitespace)
        {
            self.at += "export".len() + (after.len() - after.trim_start().len());
        }
        let (key, range, is_inherited) = self.key()?;
        let value = if is_inherited { (self.lookup)(&key) } else { Some(self.value(&key)?) };
        if let Some(value) = &value {
            self.values.insert(key.clone(), value.clone());
        }
        self.found.push(Variable { key, value, range });
        Ok(true)
    }

    /// Reads a name and the `=` or `:` after it. Returns the name, its range of bytes, and whether there is no value.
    fn key(&mut self) -> Result<(String, (usize, usize), bool), DotenvError> {
        let (start, rest) = (self.at, self.rest());
        let mut end = rest.len();
        let mut is_inherited = true;
        for (offset, char) in rest.char_indices() {
            match char {
                '=' | ':' => {
                    (end, is_inherited) = (offset, false);
                    break;
                }
                '\n' => {
                    end = offset;
                    break;
                }
                '_' | '.' | '-' | '[' | ']' => {}
                char if char.is_alphanumeric() || char.is_whitespace() => {}
                _ => {
                    let message = "unexpected character in a variable's name".to_owned();
                    return Err(DotenvError { at: start + offset, message });
                }
            }
        }
        let key = rest[..end].trim_end();
        if key.is_empty() {
            return Err(DotenvError { at: start, message: "a variable's name is missing".to_owned() });
        }
        if let Some(blank) = key.find(char::is_whitespace) {
            return Err(DotenvError {
                at: start + blank,
                message: "a variable's name must not contain a blank".to_owned(),
            });
        }
        self.at += (end + 1).min(rest.len());
        Ok((key.to_owned(), (start, start + key.len()), is_inherited))
    }

    /// Reads a value up to the closing quote, or up to the end of the line or a comment.
    fn value(&mut self, key: &str) -> Result<String, DotenvError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']).len();
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(key, quote),
            _ => {
                let end = rest.find('\n').unwrap_or(rest.len());
                let start = self.at;
                self.at += (end + 1).min(rest.len());
                let line = rest[..end].split(" #").next().unwrap_or_default();
                let raw = line.trim_end();
                self.expand(raw, &Written { key, raw, at: start, is_quoted: false })
            }
        }
    }

    fn quoted(&mut self, key: &str, quote: char) -> Result<String, DotenvError> {
        let (start, rest) = (self.at, self.rest());
        let mut chars = String::new();
        let mut is_escaped = false;
        for (offset, char) in rest.char_indices().skip(1) {
            if char == quote && !is_escaped {
                self.at += offset + 1;
                let written = Written { key, raw: &rest[1..offset], at: start + 1, is_quoted: true };
                return if quote == '"' { self.expand(&unescape(&chars), &written) } else { Ok(chars) };
            }
            match (is_escaped, char) {
                (false, '\\') => is_escaped = true,
                (true, char) => {
                    if char != quote {
                        chars.push('\\');
                    }
                    chars.push(char);
                    is_escaped = false;
                }
                (false, char) => chars.push(char),
            }
        }
        // Without a closing quote the rest of the text belongs to this value, so there is no next line.
        self.at = self.text.len();
        Err(DotenvError { at: start, message: "this quoted value has no end".to_owned() })
    }

    fn expand(&mut self, text: &str, written: &Written<'_>) -> Result<String, DotenvError> {
        if !text.contains('$') {
            return Ok(text.to_owned());
        }
        let lookup = |name: &str| (self.lookup)(name).or_else(|| self.values.get(name).cloned());
        let mut variables = Variables { lookup: &lookup, missing: Vec::new() };
        // Only the first fault of a value is reported.
        let result = template::substitute(text, &mut variables).map_err(|faults| DotenvError {
            at: written.at - usize::from(written.is_quoted),
            message: match faults.into_iter().next() {
                Some(TemplateError::Required { name, message }) if message.is_empty() => {
                    format!("required variable `{name}` is missing a value")
                }
                Some(TemplateError::Required { name, message }) => {
                    format!("required variable `{name}` is missing a value: {message}")
                }
                Some(TemplateError::TooLong) => "this value gets longer than 1 MiB".to_owned(),
                Some(TemplateError::Format { .. }) | None => "this value has a `$` that starts no variable".to_owned(),
            },
        });
        let missing = variables.missing;
        if result.is_ok() && !missing.is_empty() && self.unset.len() < MOST_FAULTS {
            self.unset.extend(written.unset(&missing));
        }
        result
    }
}

/// Replaces the escapes inside double quotes. `\$` becomes `$$`, which the substitution turns into `$`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('\\') => out.push('\\'),
            Some('"') => out.push('"'),
            Some('$') => out.push_str("$$"),
            Some('0') => {
                let mut code = 0u32;
                for _ in 0..3 {
                    match chars.peek().and_then(|char| char.to_digit(8)) {
                        Some(digit) => {
                            code = code * 8 + digit;
                            chars.next();
                        }
                        None => break,
                    }
                }
                out.extend(char::from_u32(code));
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Parsed {
        let lookup = |name: &str| (name == "HOST").then(|| "host".to_owned());
        parse(text, &lookup, BTreeMap::new())
    }

    #[track_caller]
    fn check(text: &str, value: &str) {
        let parsed = run(text);
        assert_eq!(parsed.faults, [], "{text}");
        assert_eq!(parsed.variables.last().unwrap().value.as_deref(), Some(value), "{text}");
    }

    #[test]
    fn values_read_as_the_reference_reads_them() {
        check("A=1", "1");
        check("A: 1", "1");
        check("export A=1 # no", "1");
        check("A=a#b", "a#b");
        check("A=\"a\\nb\" # c", "a\nb");
        check("A='a\\nb$B'", "a\\nb$B");
        check("A=\"x\ny\"", "x\ny");
        check("HOST", "host");
        check("B=2\nA=${B}${C:-d}$HOST", "2dhost");
        check("A=\"\\$x\"", "$x");
        check("A=a\"b\"c", "a\"b\"c");
        check("A=", "");
    }

    /// Checks the references to unset variables: the text of each, and the line that keeps the dollar signs.
    #[track_caller]
    fn check_unset(text: &str, expected: &[(&str, Option<&str>)]) {
        let parsed = run(text);
        let unset = |one: &Unset| (text[one.range.0..one.range.1].to_owned(), one.kept.clone());
        let expected: Vec<_> =
            expected.iter().map(|(reference, kept)| ((*reference).to_owned(), kept.map(str::to_owned))).collect();
        assert_eq!(parsed.unset.iter().map(unset).collect::<Vec<_>>(), expected, "{text}");
        // The proposed line gives no warning, and keeps the text of the reference.
        for (reference, kept) in &expected {
            let Some(kept) = kept else { continue };
            let again = run(kept);
            assert_eq!((again.faults, again.unset), (vec![], vec![]), "{kept}");
            let value = again.variables[0].value.clone().unwrap();
            assert!(value.contains(reference.as_str()), "{kept} is {value}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_found_with_the_line_that_keeps_it() {
        check_unset("P2=abc$def", &[("$def", Some("P2='abc$def'"))]);
        check_unset("export P2: a${b} # $c", &[("${b}", Some("P2='a${b}'"))]);
        check_unset("P=$a$b", &[("$a", Some("P='$a$b'")), ("$b", Some("P='$a$b'"))]);
        check_unset("P=$HOST/$x", &[("$x", Some("P=$HOST/$$x"))]);
        check_unset("P=it's $x", &[("$x", Some("P=it's $$x"))]);
        check_unset("P=$$5$x", &[("$x", Some("P=$$5$$x"))]);
        check_unset("P=\"a \\$b $x\\n\"", &[("$x", Some("P=\"a \\$b \\$x\\n\""))]);
        check_unset("P=\"a\n$x\"", &[("$x", None)]);
        check_unset("P=${x:-d}${y:+e}'$z' $5 $", &[("$z", Some("P=${x:-d}${y:+e}'$$z' $5 $"))]);
        check_unset("P='$x'\nQ=${A:-$$}\nR=\"\\$x\"\nS=$HOST\nT=$S", &[]);
        check_unset("DB_PASSWORD=abc$def", &[("$def", None)]);
        check_unset("DB=postgres://a:b$c@d/e", &[("$c", None)]);
        assert_eq!(run(&"A=$x\n".repeat(1000)).unset.len(), MOST_FAULTS);
    }

    #[test]
    fn a_fault_tells_its_place_and_never_the_value() {
        assert_eq!(run("A=1\nB C=secret").faults[0].at, 5);
        let unended = run("A=1\nB=\"secret").faults.remove(0);
        assert_eq!(unended.at, 6);
        assert!(!unended.message.contains("secret"));
    }

    #[test]
    fn after_a_fault_the_next_line_is_read() {
        let parsed = run("A B=1\nC=${1}\nD=\"${1}\n\" # ${\n=x\nE=5\n#\n!\nF='6\nG H\n");
        assert_eq!(parsed.faults.iter().map(|fault| fault.at).collect::<Vec<_>>(), [1, 8, 15, 28, 37, 41]);
        assert_eq!(parsed.variables.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["E"]);
        assert_eq!(parse_raw("A=1\nB C=2\n=3\nD=4", &|_| None).faults.len(), 2);
        assert_eq!(run(&"!\n".repeat(1000)).faults.len(), MOST_FAULTS);
    }
}
