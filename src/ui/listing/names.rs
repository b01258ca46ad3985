//! Lists of names and of places, one on each line.

use crate::text::escape_controls;

/// Renders names unchanged, one on each line, for programs.
pub fn names(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().map(|name| format!("{}\n", name.as_ref())).collect()
}

/// Renders names from the engine, one on each line, with control characters made visible.
pub fn shown_names(list: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names(list.into_iter().map(|name| escape_controls(name.as_ref()).into_owned()))
}

/// Renders values with their places (`path = value  # file:line:column`), one on each line.
pub fn origins(rows: Vec<(String, String)>) -> String {
    let shown = rows.into_iter().map(|(text, place)| (escape_controls(&text).into_owned(), place));
    let rows: Vec<(String, String)> = shown.collect();
    let width = rows.iter().map(|(text, _)| text.chars().count().min(60)).max().unwrap_or(0);
    rows.into_iter().map(|(text, place)| format!("{text:<width$}  # {place}\n")).collect()
}
