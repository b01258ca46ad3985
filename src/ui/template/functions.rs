//! The functions of templates: Go's, and those that docker adds. `and` and `or` are in `run`, because they evaluate
//! only the values that they need.

use std::rc::Rc;

use super::compare;
use super::printf;
use super::value::{LONGEST, Value};

/// A function: its name and its number of values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: &'static str,
    least: usize,
    most: usize,
}

const MANY: usize = usize::MAX;

const fn takes(name: &'static str, least: usize, most: usize) -> Function {
    Function { name, least, most }
}

static FUNCTIONS: [Function; 23] = [
    takes("and", 1, MANY),
    takes("eq", 2, MANY),
    takes("ge", 2, 2),
    takes("gt", 2, 2),
    takes("index", 1, MANY),
    takes("join", 2, 2),
    takes("json", 1, 1),
    takes("le", 2, 2),
    takes("len", 1, 1),
    takes("lower", 1, 1),
    takes("lt", 2, 2),
    takes("ne", 2, 2),
    takes("not", 1, 1),
    takes("or", 1, MANY),
    takes("pad", 3, 3),
    takes("print", 0, MANY),
    takes("printf", 1, MANY),
    takes("println", 0, MANY),
    takes("slice", 1, 3),
    takes("split", 2, 2),
    takes("title", 1, 1),
    takes("truncate", 2, 2),
    takes("upper", 1, 1),
];

/// Returns the function with a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Returns the names of all functions.
pub(super) fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|function| function.name).collect()
}

impl Function {
    /// Checks the number of values.
    pub(super) fn check(&self, count: usize) -> Result<(), String> {
        let (least, most) = (self.least, self.most);
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, MANY) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let noun = if (least, most) == (1, 1) { "value" } else { "values" };
        Err(format!("`{}` takes {wanted} {noun}, but gets {count}", self.name))
    }

    /// Returns whether the function leaves the titles of a table unchanged.
    pub(super) fn spares_titles(&self) -> bool {
        matches!(self.name, "json" | "lower" | "title" | "truncate" | "upper")
    }

    /// Calls the function, after the number of values was checked. The error says what is wrong with the values.
    pub(super) fn call(&self, values: &[Value]) -> Result<Value, String> {
        match (self.name, values) {
            ("eq" | "ne" | "lt" | "le" | "gt" | "ge", values) => compare::compare(self.name, values).map(Value::Bool),
            ("not", [one]) => Ok(Value::Bool(!one.is_true())),
            ("len", [one]) => length(one),
            ("index", [first, places @ ..]) => places.iter().try_fold(first.clone(), |one, place| index(&one, place)),
            ("slice", [first, bounds @ ..]) => slice(first, bounds),
            ("join", [list, between]) => join(list, &self.text(between)?),
            ("split", [whole, between]) => Ok(split(whole, &self.text(whole)?, &self.text(between)?)),
            ("lower", [one]) => Ok(one.with_text(self.text(one)?.to_lowercase())),
            ("upper", [one]) => Ok(one.with_text(self.text(one)?.to_uppercase())),
            ("title", [one]) => Ok(one.with_text(title(&self.text(one)?))),
            ("truncate", [one, length]) => self.truncate(one, length),
            ("pad", [one, before, after]) => self.pad(one, before, after),
            ("print", values) => printf::print(values).map(text),
            ("println", values) => printf::println(values).map(text),
            ("printf", [format, values @ ..]) => {
                let fault = || format!("`printf` takes text, not {}", format.kind());
                printf::printf(&format.text().ok_or_else(fault)?, values).map(text)
            }
            _ => Err(format!("`{}` does not take these values", self.name)),
        }
    }

    /// Returns the text of a value unchanged, including control characters. The result keeps the value's origin
    /// (template or row).
    fn text(&self, value: &Value) -> Result<Rc<str>, String> {
        match value {
            Value::Text(text) | Value::Data(text) => Ok(text.clone()),
            other => Err(format!("`{}` takes text, not {}", self.name, other.kind())),
        }
    }

    fn truncate(&self, one: &Value, length: &Value) -> Result<Value, String> {
        let text = self.text(one)?;
        let length = number(length)?;
        Ok(one.with_text(bytes(&text, 0, length.min(text.len()))))
    }

    fn pad(&self, one: &Value, before: &Value, after: &Value) -> Result<Value, String> {
        let text = self.text(one)?;
        let (before, after) = (number(before)?, number(after)?);
        if text.is_empty() {
            return Ok(one.clone());
        }
        if before.saturating_add(after) > LONGEST {
            return Err(format!("`pad` adds at most {LONGEST} blanks"));
        }
        Ok(one.with_text(format!("{:before$}{text}{:after$}", "", "")))
    }
}

fn text(text: String) -> Value {
    Value::Text(text.into())
}

fn number(value: &Value) -> Result<usize, String> {
    match value {
        Value::Int(number) => {
            usize::try_from(*number).map_err(|_| format!("the number must be 0 or more, not {number}"))
        }
        other => Err(format!("a number is expected, not {}", other.kind())),
    }
}

/// Returns the bytes of a text between two valid positions.
///
/// Compat: Go counts bytes. A character that is cut becomes the replacement character, as a terminal would show it.
fn bytes(text: &str, from: usize, to: usize) -> String {
    String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
}

fn length(one: &Value) -> Result<Value, String> {
    let length = match one {
        Value::Text(text) | Value::Data(text) => text.len(),
        Value::List(list) => list.len(),
        other => return Err(format!("`len` takes text or a list, not {}", other.kind())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(one: &Value, place: &Value) -> Result<Value, String> {
    let found = match one {
        Value::List(list) => list.get(number(place)?).cloned(),
        Value::Text(text) | Value::Data(text) => {
            text.as_bytes().get(number(place)?).map(|byte| Value::Int(i64::from(*byte)))
        }
        other => return Err(format!("`index` takes text or a list, not {}", other.kind())),
    };
    found.ok_or_else(|| match (place, length(one)) {
        (Value::Int(place), Ok(Value::Int(length))) => {
            format!("index {place} is out of range: the length is {length}, and the first index is 0")
        }
        _ => "the index is out of range".to_owned(),
    })
}

fn slice(one: &Value, bounds: &[Value]) -> Result<Value, String> {
    let Value::Int(length) = length(one).map_err(|_| format!("`slice` takes text or a list, not {}", one.kind()))?
    else {
        return Err("`slice` takes text or a list".to_owned());
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let from = bounds.first().map_or(Ok(0), number)?;
    let to = bounds.get(1).map_or(Ok(length), number)?;
    if to > length || from > to {
        return Err(format!("cannot slice from {from} to {to}: the length is {length}"));
    }
    match one {
        Value::List(list) => Ok(Value::List(list[from..to].into())),
        Value::Text(text) | Value::Data(text) => Ok(one.with_text(bytes(text, from, to))),
        _ => Ok(Value::None),
    }
}

fn join(list: &Value, between: &str) -> Result<Value, String> {
    let Value::List(list) = list else { return Err(format!("`join` takes a list, not {}", list.kind())) };
    let mut out = String::new();
    for (place, one) in list.iter().enumerate() {
        let text =
            one.text().ok_or_else(|| format!("`join` takes a list of texts, but this one has {}", one.kind()))?;
        out.push_str(if place == 0 { "" } else { between });
        out.push_str(&text);
        if out.len() > LONGEST {
            return Err(format!("`join` makes more than {LONGEST} bytes"));
        }
    }
    Ok(text(out))
}

fn split(origin: &Value, whole: &str, between: &str) -> Value {
    let part = |part: &str| origin.with_text(part.to_owned());
    match between {
        "" => Value::List(whole.chars().map(|char| part(char.encode_utf8(&mut [0; 4]))).collect()),
        between => Value::List(whole.split(between).map(part).collect()),
    }
}

/// Returns a text with the first letter of each word in upper case.
fn title(text: &str) -> String {
    let mut is_in_word = false;
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match is_in_word {
            true => out.push(char),
            false => out.extend(char.to_uppercase()),
        }
        is_in_word = char.is_alphanumeric() || char == '_' || !(char.is_ascii() || char.is_whitespace());
    }
    out
}
