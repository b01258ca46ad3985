//! Rows of `volumes`: the volumes of a project.

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::model::ObservedVolume;

/// One volume.
#[derive(Clone, Copy, Debug)]
pub struct VolumeRow<'a>(pub &'a ObservedVolume);

impl Row for VolumeRow<'_> {
    const FIELDS: &'static [Field] = &[
        ("Availability", "AVAILABILITY"),
        ("Driver", "DRIVER"),
        ("Group", "GROUP"),
        ("Labels", "LABELS"),
        ("Links", "LINKS"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Name", "VOLUME NAME"),
        ("Scope", "SCOPE"),
        ("Size", "SIZE"),
        ("Status", "STATUS"),
    ];
    const TITLES: &'static [&'static str] = &["DRIVER", "VOLUME NAME"];
    const SHAPE: Shape = Shape::Lines;

    fn cells(&self) -> Vec<String> {
        vec![self.0.driver.clone(), self.0.name.to_string()]
    }

    /// Compat: the keys of `docker volume ls --format json`.
    fn object(&self) -> Value {
        let labels: Vec<String> = self.0.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        json!({
            "Availability": "N/A",
            "Driver": self.0.driver,
            "Group": "N/A",
            "Labels": labels.join(","),
            "Links": "N/A",
            "Mountpoint": self.0.mountpoint,
            "Name": self.0.name.as_str(),
            "Scope": "local",
            "Size": "N/A",
            "Status": "N/A",
        })
    }
}
