//! What `inside` has found, for people and as JSON.

use serde_json::{Map, Value, json};

use crate::model::inside::{Entry, Section};
use crate::text::escape_controls;

/// Renders all sections of a container.
pub fn render(container: &str, sections: &[Section], is_json: bool) -> String {
    if is_json {
        return format!("{:#}\n", document(container, sections));
    }
    let mut text = format!("{}\n", escape_controls(container));
    for section in sections {
        text.push_str(&format!("\n{}\n  {}\n", section.key.to_uppercase(), section.sentence));
        for line in lines(section) {
            text.push_str(&format!("  {}\n", line.trim_end()));
        }
        if let Some(reason) = &section.unread {
            text.push_str(&format!("  not shown: {}\n", escape_controls(reason)));
        }
    }
    text
}

/// Renders the entries in columns. A long value gets a line of its own, so that the columns stay narrow.
fn lines(section: &Section) -> Vec<String> {
    let shown = |text: &str| escape_controls(text).into_owned();
    let width = |part: fn(&Entry) -> &str, most: usize| {
        section.entries.iter().map(|one| part(one).chars().count()).filter(|width| *width <= most).max().unwrap_or(0)
    };
    let (names, values) = (width(|one| &one.name, 40), width(|one| &one.value, 40));
    let line = |one: &Entry| {
        let (name, value, remark) = (shown(&one.name), shown(&one.value), shown(&one.remark));
        format!("{name:names$}  {value:values$}  {remark}")
    };
    section.entries.iter().map(line).collect()
}

fn document(container: &str, sections: &[Section]) -> Value {
    let section = |one: &Section| {
        let entries: Vec<Value> = one
            .entries
            .iter()
            .map(|entry| json!({ "name": entry.name, "value": entry.value, "remark": entry.remark }))
            .collect();
        let mut object = Map::new();
        object.insert("about".to_owned(), json!(one.sentence));
        object.insert("entries".to_owned(), Value::Array(entries));
        if let Some(reason) = &one.unread {
            object.insert("unread".to_owned(), json!(reason));
        }
        (one.key.to_owned(), Value::Object(object))
    };
    let mut document = Map::new();
    document.insert("container".to_owned(), json!(container));
    document.extend(sections.iter().map(section));
    Value::Object(document)
}
