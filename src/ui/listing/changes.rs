//! Rows of `drift`: what somebody changed on the engine by hand.

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::plan::Drift;

/// One change by hand.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a>(pub &'a Drift);

impl Row for Change<'_> {
    const FIELDS: &'static [Field] = &[];
    const TITLES: &'static [&'static str] = &["WHAT", "ATTRIBUTE", "EXPECTED", "FOUND", "PUT RIGHT BY"];
    const SHAPE: Shape = Shape::Document;

    fn cells(&self) -> Vec<String> {
        let Drift { target, attribute, expected, found, help, .. } = self.0;
        let what = format!("{} {}", target.kind().to_lowercase(), target.name());
        vec![what, (*attribute).to_owned(), expected.clone(), found.clone(), help.clone()]
    }

    fn object(&self) -> Value {
        let change = self.0;
        json!({
            "kind": change.target.kind().to_lowercase(),
            "name": change.target.name(),
            "service": change.target.service(),
            "attribute": change.attribute,
            "expected": change.expected,
            "found": change.found,
            "help": change.help,
        })
    }
}
