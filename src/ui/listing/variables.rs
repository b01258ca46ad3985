//! The list of `config --variables`.

use serde_json::{Map, Value, json};

use super::table::wide_table;

/// A variable that the files mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether the variable is required (`${NAME:?message}`).
    pub is_required: bool,
    /// The value if the variable is not set (`${NAME:-value}`), or nothing.
    pub default: String,
    /// The value if the variable is set (`${NAME:+value}`), or nothing.
    pub alternate: String,
}

/// Renders variables as a table. Compat: the titles and the width of the columns are docker compose's.
pub fn variables(list: Vec<Variable>) -> String {
    let row = |one: Variable| vec![one.name, one.is_required.to_string(), one.default, one.alternate];
    wide_table(&["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], list.into_iter().map(row).collect())
}

impl Variable {
    /// Returns variables as one JSON object, with an object for each name. Compat: the keys are docker compose's.
    pub fn document(list: Vec<Variable>) -> Value {
        let entry = |one: Variable| {
            let value = json!({"Name": one.name, "DefaultValue": one.default, "PresenceValue": one.alternate, "Required": one.is_required});
            (one.name, value)
        };
        Value::Object(list.into_iter().map(entry).collect::<Map<_, _>>())
    }
}
