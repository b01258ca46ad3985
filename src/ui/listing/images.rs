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
    /// Name of the image without its tag; `<none>` where it has none.
    pub repository: String,
    /// Tag; `<none>` where there is none.
    pub tag: String,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// Id, with its algorithm.
    pub id: String,
    /// Bytes.
    pub size: i64,
    /// Time of creation, RFC 3339; may be empty.
    pub created: String,
    /// Time at which the image got a name on this engine, RFC 3339; empty where the engine does not tell.
    pub tagged: String,
    /// The time, seconds since 1970: ages are counted back from it.
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

    /// Compat: the keys of docker compose's `images --format json`. A time that is not known is left out.
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
    /// Returns how long ago the image got its name here. Compat: docker compose calls this the age of the image.
    fn age(&self) -> String {
        match seconds(&self.tagged).or_else(|| seconds(&self.created)) {
            Some(then) => format!("{} ago", age(self.now - then)),
            None => "N/A".to_owned(),
        }
    }
}

/// Reads a time; `None` for the year 1, which stands for no time.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second).filter(|seconds| *seconds > 0)
}
