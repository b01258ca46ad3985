//! The formats of a listing: a table, JSON, or a Go template.

use std::collections::BTreeMap;

use serde_json::Value;

use super::table::table;
use super::template::{Field, Fields, Template};
use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::Span;
use crate::ui::template::json_line;

/// The format of a listing (`--format`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table.
    #[default]
    Table,
    /// JSON, in the shape of the listing.
    Json,
    /// JSON as one array, whatever the shape of the listing.
    JsonArray,
    /// A Go template.
    Template(Template),
}

impl Format {
    /// Reads the value of `--format` for a listing of `R`: `table` (or nothing), `json`, `json-array`, or a template with the fields
    /// of `R`. The error says what is wrong with the value.
    pub fn parse<R: Row>(text: &str) -> Result<Self, String> {
        match text {
            "table" | "" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "json-array" => Ok(Self::JsonArray),
            text => Template::parse(text, R::FIELDS, R::HAS_LABELS).map(Self::Template),
        }
    }
}

/// How the JSON objects of a listing are arranged. Compat: docker compose uses the first two, depending on the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One object on each line (`ps`, `volumes`, `stats`).
    Lines,
    /// One array on a line (`ls`, `images`).
    Array,
    /// One indented array over many lines (`drift`).
    Document,
}

/// One row of a listing.
pub trait Row {
    /// Fields for templates, each with the title of its column. Each is a key of [`Row::object`].
    const FIELDS: &'static [Field];
    /// Whether rows have labels, for `.Label "name"` in templates.
    const HAS_LABELS: bool = false;
    /// Titles of the table's columns.
    const TITLES: &'static [&'static str];
    /// Titles of columns that a live view leaves out where the screen is too narrow, the first first.
    const DISPENSABLE: &'static [&'static str] = &[];
    /// How the JSON objects are arranged.
    const SHAPE: Shape;

    /// Returns the cells of the table, a cell for each of [`Row::TITLES`].
    fn cells(&self) -> Vec<String>;

    /// Returns the row as a JSON object.
    fn object(&self) -> Value;

    /// Returns the labels, if rows have labels.
    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        None
    }
}

/// Renders the rows of a listing. A text that is not empty ends with a line end. The error says what a template cannot
/// do with a row.
pub fn render<R: Row>(format: &Format, rows: &[R]) -> Result<String, Failure> {
    let objects = || rows.iter().map(Row::object);
    Ok(match (format, R::SHAPE) {
        (Format::Table, _) => table(R::TITLES, rows.iter().map(Row::cells).collect()),
        (Format::Json, Shape::Lines) => objects().map(|object| json_line(&object) + "\n").collect(),
        (Format::JsonArray, _) | (Format::Json, Shape::Array) => json_line(&Value::Array(objects().collect())) + "\n",
        (Format::Json, Shape::Document) => format!("{:#}\n", Value::Array(objects().collect())),
        (Format::Template(template), _) => {
            let fields = rows.iter().map(|row| Fields { object: row.object(), labels: row.labels() });
            template.render(R::FIELDS, fields).map_err(|fault| {
                Failure::one(Diagnostic::error(
                    "usage",
                    Span::NONE,
                    format!("the template of `--format` fails: {fault}"),
                ))
            })?
        }
    })
}

/// As [`render`], for a screen with so many columns; `None` is no screen. Where the table is too wide, columns are left out.
pub fn render_on<R: Row>(columns: Option<usize>, format: &Format, rows: &[R]) -> Result<String, Failure> {
    let mut text = render(format, rows)?;
    let Some(columns) = columns.filter(|_| *format == Format::Table) else { return Ok(text) };
    let is_wide = |text: &str| text.lines().any(|line| line.chars().count() > columns);
    for count in 1..=R::DISPENSABLE.len() {
        if !is_wide(&text) {
            break;
        }
        let stays = |title: &str| !R::DISPENSABLE[..count].contains(&title);
        let titles: Vec<&str> = R::TITLES.iter().copied().filter(|title| stays(title)).collect();
        let cells = |row: &R| {
            row.cells().into_iter().zip(R::TITLES).filter(|(_, title)| stays(title)).map(|(cell, _)| cell).collect()
        };
        text = table(&titles, rows.iter().map(cells).collect());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Volume(&'static str, u32);

    impl Row for Volume {
        const FIELDS: &'static [Field] = &[("Name", "VOLUME NAME"), ("Links", "LINKS")];
        const TITLES: &'static [&'static str] = &["VOLUME NAME"];
        const SHAPE: Shape = Shape::Array;

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_owned()]
        }

        fn object(&self) -> Value {
            json!({ "Name": self.0, "Links": self.1 })
        }
    }

    fn shown(format: &str) -> String {
        let format = Format::parse::<Volume>(format).unwrap();
        render(&format, &[Volume("data", 1), Volume("cache", 0)]).unwrap()
    }

    #[test]
    fn a_listing_has_all_formats() {
        assert_eq!(shown(""), "VOLUME NAME\ndata\ncache\n");
        assert_eq!(shown("table"), shown(""));
        assert_eq!(shown("json"), "[{\"Name\":\"data\",\"Links\":1},{\"Name\":\"cache\",\"Links\":0}]\n");
        assert_eq!(shown("json-array"), shown("json"), "this listing is an array anyway");
        assert_eq!(shown("{{.Name}} {{.Links}}"), "data 1\ncache 0\n");
        assert_eq!(shown("table {{.Links}}\\t{{.Name}}"), "LINKS   VOLUME NAME\n1       data\n0       cache\n");
        assert!(Format::parse::<Volume>("jsno").is_err());
    }
}
