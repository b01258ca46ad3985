//! Rows of `ls`: the projects of an engine.

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;

/// One project.
#[derive(Clone, Debug)]
pub struct ProjectRow {
    /// Name of the project.
    pub name: String,
    /// Number of containers by state: `exited(1), running(2)`.
    pub status: String,
    /// Compose files, joined by commas; `N/A` without a label.
    pub files: String,
}

impl Row for ProjectRow {
    const FIELDS: &'static [Field] = &[("Name", "NAME"), ("Status", "STATUS"), ("ConfigFiles", "CONFIG FILES")];
    const TITLES: &'static [&'static str] = &["NAME", "STATUS", "CONFIG FILES"];
    const SHAPE: Shape = Shape::Array;

    fn cells(&self) -> Vec<String> {
        vec![self.name.clone(), self.status.clone(), self.files.clone()]
    }

    fn object(&self) -> Value {
        json!({ "Name": self.name, "Status": self.status, "ConfigFiles": self.files })
    }
}
