//! Rows of `images`: the images behind containers.

use serde_json::{Map, Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::text::{age, decimal_size};

/// The image behind one container.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// Name of the container.
    pub container: String,
    /// Name of the image without its tag; `<none>` without a name.
    pub repository: String,
    /// Tag; `<none>` without a tag.
    pub tag: String,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// Id, with its algorithm.
    pub id: String,
    /// Bytes.
    pub size: i64,
    /// Time of creation, RFC 3339; may be empty.
    pub created: String,
    /// Time at which the image got a name on this engine, RFC 3339; empty if unknown.
    pub tagged: String,
    /// The current time in seconds since 1970, for ages.
    pub now: i64,
}

impl Row for ImageRow {
    const FIELDS: &'static [Field] = &[
        ("ContainerName", "CONTAINER"),
        ("Created", "CREATED"),
        ("ID", "IMAGE ID"),
        ("LastTagTime", "LAST TAG TIME"),
        ("Platform", "PLATFORM"),
        ("Repository", "REPOSITORY"),
        ("Size", "SIZE"),
        ("Tag", "TAG"),
    ];
    const TITLES: &'static [&'static str] =
        &["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"];
    const SHAPE: Shape = Shape::Array;

    fn cells(&self) -> Vec<String> {
        let id = self.id.strip_prefix("sha256:").unwrap_or(&self.id);
        vec![
            self.container.clone(),
            self.repository.clone(),
            self.tag.clone(),
            self.platform.clone(),
            id.chars().take(12).collect(),
            decimal_size(self.size),
            self.age(),
        ]
    }

    /// Compat: the keys of docker compose's `images --format json`. An unknown time is left out.
    fn object(&self) -> Value {
        let mut object = Map::new();
        object.insert("ID".to_owned(), json!(self.id));
        object.insert("ContainerName".to_owned(), json!(self.container));
        object.insert("Repository".to_owned(), json!(self.repository));
        object.insert("Tag".to_owned(), json!(self.tag));
        object.insert("Platform".to_owned(), json!(self.platform));
        object.insert("Size".to_owned(), json!(self.size));
        for (key, time) in [("Created", &self.created), ("LastTagTime", &self.tagged)] {
            if seconds(time).is_some() {
                object.insert(key.to_owned(), json!(time));
            }
        }
        Value::Object(object)
    }
}

impl ImageRow {
    /// Returns how long ago the image got its name on this engine. Compat: docker compose calls this the age of the
    /// image.
    fn age(&self) -> String {
        match seconds(&self.tagged).or_else(|| seconds(&self.created)) {
            Some(then) => format!("{} ago", age(self.now - then)),
            None => "N/A".to_owned(),
        }
    }
}

/// Reads a time; `None` for the year 1, which means no time.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second).filter(|seconds| *seconds > 0)
}
