//! Configurations of MariaDB, php-fpm and php: `[section]`, `key = value`, comments.

use std::ops::Range;

use super::dockerfile::lines;

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The section, without its brackets; empty before the first one.
    pub section: String,
    /// The key, in lower case and with `_` for `-`, because MariaDB reads both alike.
    pub key: String,
    /// The value, without quotes; empty for a key alone.
    pub value: String,
    /// The place of the line.
    pub range: Range<usize>,
}

/// Reads all settings.
pub fn parse(text: &str) -> Vec<Setting> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        let words = line.trim();
        if words.is_empty() || words.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(name) = words.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.trim().to_owned();
            continue;
        }
        let (key, value) = words.split_once('=').unwrap_or((words, ""));
        let begin = start + (line.len() - line.trim_start().len());
        found.push(Setting {
            section: section.clone(),
            key: key.trim().to_ascii_lowercase().replace('-', "_"),
            value: value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned(),
            range: begin..begin + words.len(),
        });
    }
    found
}
