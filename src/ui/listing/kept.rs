//! Rows of `volume ls`: the volumes of a project with size, users, and the disk beneath.

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::text::{decimal_size, escape_controls};

/// What a volume is to its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A container mounts the volume.
    Used,
    /// No container mounts the volume.
    Unused,
    /// The volume was made for the project, and the file does not declare it any more.
    Orphan,
    /// The file declares the volume, and the engine does not have it.
    Missing,
}

impl Standing {
    /// Returns the word of the column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Orphan => "orphan",
            Self::Missing => "missing",
        }
    }
}

/// One volume of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Key in the file.
    pub key: String,
    /// Name in the engine.
    pub name: String,
    /// Driver; empty for a volume that is missing.
    pub driver: String,
    /// What the volume is to its project.
    pub standing: Standing,
    /// Whether the file says `external: true`.
    pub is_external: bool,
    /// Bytes of all files; `None` where neither the engine nor this machine tells.
    pub size: Option<u64>,
    /// Names of the containers that mount the volume.
    pub users: Vec<String>,
    /// Bytes of the file system beneath: all, and free ones; `None` where this machine cannot look.
    pub disk: Option<(u64, u64)>,
}

impl KeptRow {
    /// Returns how full the disk is, for people: `63 % of 84.4GB`.
    pub fn fullness(&self) -> String {
        match self.disk {
            Some((total, free)) if total > 0 => {
                format!("{} % of {}", total.saturating_sub(free) * 100 / total, shown(total))
            }
            _ => "-".to_owned(),
        }
    }

    /// Returns the size, for people.
    pub fn shown_size(&self) -> String {
        self.size.map_or_else(|| "-".to_owned(), shown)
    }
}

fn shown(bytes: u64) -> String {
    decimal_size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

impl Row for KeptRow {
    const FIELDS: &'static [Field] = &[
        ("Key", "KEY"),
        ("Name", "VOLUME NAME"),
        ("Driver", "DRIVER"),
        ("Standing", "STANDING"),
        ("IsExternal", "EXTERNAL"),
        ("SizeBytes", "SIZE"),
        ("Users", "USED BY"),
        ("DiskTotalBytes", "DISK"),
        ("DiskFreeBytes", "DISK FREE"),
    ];
    const TITLES: &'static [&'static str] = &["KEY", "VOLUME NAME", "STANDING", "SIZE", "DISK", "USED BY"];
    const SHAPE: Shape = Shape::Lines;

    fn cells(&self) -> Vec<String> {
        let users = if self.users.is_empty() { "-".to_owned() } else { self.users.join(", ") };
        let standing = match self.is_external {
            true => format!("{}, external", self.standing.word()),
            false => self.standing.word().to_owned(),
        };
        vec![self.key.clone(), self.name.clone(), standing, self.shown_size(), self.fullness(), users]
    }

    fn object(&self) -> Value {
        json!({
            "Key": self.key,
            "Name": self.name,
            "Driver": self.driver,
            "Standing": self.standing.word(),
            "IsExternal": self.is_external,
            "SizeBytes": self.size,
            "Users": self.users,
            "DiskTotalBytes": self.disk.map(|(total, _)| total),
            "DiskFreeBytes": self.disk.map(|(_, free)| free),
        })
    }
}

/// Renders an object for people: a line for each value, those of lists and objects below their name.
pub fn properties(object: &Value) -> String {
    fn lines(value: &Value, indent: usize, text: &mut String) {
        let Some(object) = value.as_object() else { return };
        let width = object.keys().map(|key| key.chars().count()).max().unwrap_or(0);
        for (key, value) in object {
            let shown = match value {
                Value::Null => "-".to_owned(),
                Value::String(word) if word.is_empty() => "-".to_owned(),
                Value::String(word) => word.clone(),
                Value::Array(list) if list.is_empty() => "none".to_owned(),
                Value::Object(inner) if inner.is_empty() => "none".to_owned(),
                Value::Array(_) | Value::Object(_) => String::new(),
                other => other.to_string(),
            };
            let line = format!("{:indent$}{key:width$}  {}", "", escape_controls(&shown));
            text.push_str(line.trim_end());
            text.push('\n');
            match value {
                Value::Object(_) => lines(value, indent + 2, text),
                Value::Array(list) => list.iter().for_each(|one| lines(one, indent + 2, text)),
                _ => {}
            }
        }
    }
    let mut text = String::new();
    lines(object, 0, &mut text);
    text
}
