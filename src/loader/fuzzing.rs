//! Entry points for fuzzing. Each function takes any text and asserts properties that hold for every text.
//!
//! `fuzz/` calls them from libFuzzer, and `tests/loader/corpus.rs` with the kept corpus. A broken property panics,
//! because fuzzers look for panics. No command calls these functions.

#![expect(clippy::disallowed_methods, reason = "fuzz targets load files")]

use std::collections::BTreeMap;
use std::path::Path;

use super::loaded::Loaded;
use super::options::LoadOptions;
use super::syntax::template::{self, Variables};
use super::syntax::{duration, port, volume};
use super::variables::dotenv;
use super::{emit, load};
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::Sources;

/// The whole loader. The input is a bundle of files (see [`unpack`]), which are written to `folder`; the first file is
/// loaded.
///
/// Properties: loading ends; a check reports the same as a load; the printed model loads again to the same model.
/// Returns the diagnostics, so that the caller can render them; nothing if `folder` is not writable.
pub fn loader(input: &str, folder: &Path) -> (Vec<Diagnostic>, Sources) {
    let files = unpack(input);
    for (name, text) in &files {
        // A folder that is not writable is not a fault of the input.
        if std::fs::write(folder.join(name), text).is_err() {
            return Default::default();
        }
    }
    let Some((first, _)) = files.first() else { return Default::default() };
    let mut loaded = load_in(folder, first);
    let told = (std::mem::take(&mut loaded.diagnostics), std::mem::take(&mut loaded.sources));
    if !told.0.iter().any(Diagnostic::is_error) {
        prints_what_it_loaded(loaded, folder);
    }
    for (name, _) in &files {
        let _ = std::fs::remove_file(folder.join(name));
    }
    told
}

/// Loads a file of a folder in a small fixed environment.
fn load_in(folder: &Path, file: &str) -> Loaded {
    let environment = Environment::new([("A".to_owned(), "a".to_owned()), ("E".to_owned(), String::new())], folder);
    let options =
        LoadOptions { files: vec![folder.join(file)], project_name: Some("p".to_owned()), ..LoadOptions::default() };
    let mut loaded = load(&options, &environment);
    // Decoding may report faults, but must not panic.
    let _ = loaded.project();
    let _ = loaded.draft();
    loaded
}

/// Asserts that the printed model loads, and that the second and the third print are equal.
///
/// Compat: docker compose prints a few models that it refuses itself, such as an optional dependency on a disabled
/// service. For such a model nothing is asserted.
fn prints_what_it_loaded(loaded: Loaded, folder: &Path) {
    if has_dollar_key(&serde_json::Value::Object(loaded.model.clone())) {
        // Compat: dollar signs are doubled in keys, too, but keys are not interpolated. So such a key grows with each
        // print.
        return;
    }
    let first = printed(&loaded);
    let Some(second) = reload(&first, folder) else { return };
    let second = printed(&second);
    let Some(third) = reload(&second, folder) else { panic!("this does not load:\n{second}") };
    assert_eq!(printed(&third), second);
}

fn has_dollar_key(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(map) => map.iter().any(|(key, value)| key.contains('$') || has_dollar_key(value)),
        serde_json::Value::Array(items) => items.iter().any(has_dollar_key),
        _ => false,
    }
}

fn printed(loaded: &Loaded) -> String {
    let mut model = serde_json::Value::Object(loaded.model.clone());
    emit::escape_dollars(&mut model);
    let mut model = model.as_object().cloned().unwrap_or_default();
    model.extend(loaded.tree.as_ref().and_then(super::models).map(|models| ("models".to_owned(), models)));
    emit::yaml(&model)
}

/// Loads a printed model. `None` where the model has errors. Asserts that the text is YAML.
fn reload(text: &str, folder: &Path) -> Option<Loaded> {
    let again = "again.yaml";
    std::fs::write(folder.join(again), text).ok()?;
    let loaded = load_in(folder, again);
    let _ = std::fs::remove_file(folder.join(again));
    let mut errors = loaded.diagnostics.iter().filter(|one| one.is_error()).peekable();
    if errors.peek().is_none() {
        return Some(loaded);
    }
    let unreadable: Vec<&Diagnostic> = errors.filter(|one| one.code.starts_with("yaml")).collect();
    assert!(unreadable.is_empty(), "what was printed is not YAML: {unreadable:?}\n{text}");
    None
}

/// Splits a text into files. A line `-- NAME --` begins a file; the text before the first such line is `compose.yaml`.
///
/// Names consist of letters, digits, dots and dashes, so that no input writes outside its folder. A bundle has at most
/// eight files.
pub fn unpack(input: &str) -> Vec<(String, String)> {
    let mut files = vec![("compose.yaml".to_owned(), String::new())];
    for line in input.split_inclusive('\n') {
        let name = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        let is_plain = |name: &&str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            !name.is_empty() && name.len() < 40 && name.bytes().all(fits) && !name.starts_with("..") && *name != "."
        };
        match name.filter(is_plain) {
            Some(name) if files.len() < 8 => files.push((name.to_owned(), String::new())),
            _ => {
                if let Some((_, text)) = files.last_mut() {
                    text.push_str(line);
                }
            }
        }
    }
    files
}

/// Interpolation. Properties: the length of the result is bounded; a text with doubled dollar signs comes back
/// unchanged.
pub fn interpolation(input: &str) {
    let long = "x".repeat(1000);
    let lookup = |name: &str| match name {
        "A" => Some(long.clone()),
        "E" => Some(String::new()),
        _ => None,
    };
    let mut variables = Variables { lookup: &lookup, missing: Vec::new() };
    if let Ok(text) = template::substitute(input, &mut variables) {
        // The text after the last variable is appended without a check of the length.
        assert!(text.len() <= (1 << 20) + input.len() + long.len(), "a result of {} bytes", text.len());
    }
    let mut variables = Variables { lookup: &lookup, missing: Vec::new() };
    assert_eq!(template::substitute(&input.replace('$', "$$"), &mut variables).as_deref(), Ok(input));
    assert!(template::mentions(input).len() <= input.len());
}

/// Env files. Properties: places lie inside the text; the length of values is bounded.
pub fn env_file(input: &str) {
    let lookup = |name: &str| (name == "A").then(|| "a".to_owned());
    for parsed in [dotenv::parse(input, &lookup, BTreeMap::new()), dotenv::parse_raw(input, &lookup)] {
        for variable in &parsed.variables {
            assert!(input.get(variable.range.0..variable.range.1).is_some(), "place of {variable:?}");
            assert!(variable.value.as_ref().is_none_or(|value| value.len() <= (1 << 20) + input.len()));
        }
        for fault in &parsed.faults {
            assert!(input.is_char_boundary(fault.at), "place of {fault:?}");
        }
        assert!(parsed.faults.is_sorted_by_key(|fault| fault.at), "{:?}", parsed.faults);
    }
}

/// Ports. Properties: a text gives at most 65,536 ports; each port can be written and read again.
pub fn ports(input: &str) {
    let Ok(found) = port::parse(input) else { return };
    assert!(!found.is_empty() && found.len() <= 65_536);
    let first = &found[0];
    let address = match first.host_ip.contains(':') {
        true => format!("[{}]", first.host_ip),
        false => first.host_ip.clone(),
    };
    let text = match (address.is_empty(), first.published.is_empty()) {
        (true, true) => format!("{}/{}", first.target, first.protocol),
        (true, false) => format!("{}:{}/{}", first.published, first.target, first.protocol),
        (false, _) => format!("{address}:{}:{}/{}", first.published, first.target, first.protocol),
    };
    assert_eq!(port::parse(&text).as_deref(), Ok(std::slice::from_ref(first)), "{text}");
}

/// Volumes. Property: parsing ends.
pub fn volumes(input: &str) {
    let _ = volume::parse(input);
    let _ = volume::is_windows_path(input);
}

/// Durations and sizes. Property: a printed duration reads as the same duration.
pub fn durations(input: &str) {
    if let Some(nanos) = duration::parse(input) {
        let text = duration::print(nanos);
        assert_eq!(duration::parse(&text), Some(nanos), "{text}");
    }
    let _ = duration::parse_positive(input);
    let _ = crate::text::parse_size(input);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_split_at_its_marker_lines() {
        let files = unpack("a: 1\n-- b.env --\nB=1\n-- ../c --\n-- d.yml --\nd");
        let expected = [("compose.yaml", "a: 1\n"), ("b.env", "B=1\n-- ../c --\n"), ("d.yml", "d")];
        assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
