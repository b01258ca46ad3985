//! serde_yaml as the oracle: it accepts what inception accepts, and both read the same values.
//!
//! Known differences, which the documents below avoid: serde_yaml keeps `<<` as a key and does not merge; it reads
//! numbers such as `0755` and `1_000` as text or as other numbers; it refuses a byte order mark.

use inception::env::Environment;
use inception::loader::{self, LoadOptions};
use proptest::prelude::*;

/// Loads text under an `x-` key. Returns the value.
fn ours(text: &str) -> Option<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, text).unwrap();
    let options = LoadOptions {
        files: vec![file],
        project_name: Some("p".to_owned()),
        no_interpolate: true,
        ..LoadOptions::default()
    };
    let loaded = loader::load(&options, &Environment::new([], folder.path()));
    if loaded.has_errors() { None } else { loaded.model.get("x-value").cloned() }
}

fn theirs(text: &str) -> Option<serde_json::Value> {
    let value: serde_yaml::Value = serde_yaml::from_str(text).ok()?;
    serde_json::to_value(value.get("x-value")?).ok()
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        (-1000i64..1000).prop_map(|number| number.to_string()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        "[a-z :#,]{0,10}".prop_map(|text| format!("'{text}'")),
        "[a-z ]{0,6}".prop_map(|text| format!("\"{text}\\n\\t\"")),
    ]
}

fn document() -> impl Strategy<Value = String> {
    let leaf = scalar();
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4).prop_map(|map| format!(
                "{{{}}}",
                map.into_iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")
            )),
        ]
    })
}

proptest! {
    #[test]
    fn trees_agree_with_the_oracle(value in document()) {
        let text = format!("services: {{ a: {{ image: i }} }}\nx-value: {value}\n");
        prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
    }

    #[test]
    fn nothing_panics_on_bytes(text in "[ -~\n\t]{0,80}") {
        let _ = ours(&text);
    }
}
