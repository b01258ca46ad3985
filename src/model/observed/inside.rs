//! What engine and kernel made of a container, as sections of names and values.

/// A section, such as the namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Stable key, for programs.
    pub key: &'static str,
    /// One sentence that explains what is shown.
    pub sentence: &'static str,
    /// What was found.
    pub entries: Vec<Entry>,
    /// Why something is not shown; `None` where all could be read.
    pub unread: Option<String>,
}

/// A line of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What the value means, where that is not plain.
    pub remark: String,
}

impl Section {
    /// Makes an empty section.
    pub fn new(key: &'static str, sentence: &'static str) -> Self {
        Self { key, sentence, ..Self::default() }
    }

    /// Adds a line.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>, remark: impl Into<String>) {
        self.entries.push(Entry { name: name.into(), value: value.into(), remark: remark.into() });
    }
}
