//! Properties of every project: what is printed loads as the same project, and the order of keys never matters.

use std::path::Path;

use inception::env::Environment;
use inception::loader::{self, LoadOptions};
use inception::model::hash;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn load(folder: &Path, text: &str) -> (Map<String, Value>, Vec<String>) {
    let file = folder.join("compose.yaml");
    std::fs::write(&file, text).unwrap();
    let options = LoadOptions { files: vec![file], project_name: Some("p".to_owned()), ..LoadOptions::default() };
    let mut loaded = loader::load(&options, &Environment::new([], folder));
    let errors: Vec<String> =
        loaded.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.message.clone()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{text}");
    let project = loaded.project().unwrap();
    let hashes = project.services.values().map(|service| hash::service_hash(&service.canonical, &|_| None)).collect();
    (loaded.model, hashes)
}

/// Any text: quotes, dollar signs, line ends, and words that YAML could take for other types.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z\n \t]{0,10}",
        "\\PC{0,6}",
        prop::sample::select(vec![
            "yes",
            "0755",
            "1e3",
            "null",
            "~",
            "2024-01-02",
            "- a",
            "a: b",
            "#x",
            "$$A",
            "22:22",
            ""
        ])
        .prop_map(str::to_owned),
    ]
    // A dollar sign would begin a variable; variables have their own tests.
    .prop_map(|text| text.replace('$', "$$"))
    .prop_filter("no process can be given these", |text| !text.contains('\0'))
}

fn key() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_.]{0,6}".prop_filter("an extension", |key| !key.starts_with("x-"))
}

fn port() -> impl Strategy<Value = Value> {
    (1u16..65000, 1u16..65000, prop::sample::select(vec!["tcp", "udp"])).prop_map(|(target, published, protocol)| {
        json!({ "target": target, "published": published.to_string(), "protocol": protocol })
    })
}

fn service() -> impl Strategy<Value = Value> {
    let lists = (vec(text(), 0..3), vec(port(), 0..3), vec("[a-z]{2,5}", 0..2));
    let maps = (btree_map(key(), text(), 0..4), btree_map(key(), text(), 0..3));
    let numbers = (1u32..4, 6u64..4000, prop::sample::select(vec!["10s", "1m30s", "100ms"]), any::<bool>());
    (lists, maps, numbers).prop_map(|((command, ports, volumes), (environment, labels), (scale, memory, grace, is_read_only))| {
        let mut service = json!({
            "image": "app:1",
            "environment": environment,
            "labels": labels,
            "scale": scale,
            "mem_limit": format!("{memory}m"),
            "stop_grace_period": grace,
            "read_only": is_read_only,
            "volumes": volumes.iter().map(|name| format!("{name}:/{name}")).collect::<std::collections::BTreeSet<_>>(),
            "ports": ports,
        });
        if !command.is_empty() {
            service["command"] = json!(command);
        }
        service
    })
}

/// A project: services that depend on earlier ones, and the volumes that they use.
fn project() -> impl Strategy<Value = Value> {
    vec((service(), any::<u8>()), 1..5).prop_map(|list| {
        let mut services = Map::new();
        let mut volumes = Map::new();
        for (index, (mut service, dependency)) in list.into_iter().enumerate() {
            for volume in service["volumes"].as_array().unwrap() {
                let name = volume.as_str().unwrap().split(':').next().unwrap().to_owned();
                volumes.insert(name, Value::Null);
            }
            if index > 0 {
                service["depends_on"] = json!([format!("s{}", usize::from(dependency) % index)]);
            }
            services.insert(format!("s{index}"), service);
        }
        json!({ "services": services, "volumes": volumes })
    })
}

/// Returns the value with the keys of every mapping in reverse order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_loads_as_the_same_project(project in project()) {
        let folder = tempfile::tempdir().unwrap();
        let (model, hashes) = load(folder.path(), &project.to_string());
        let mut printed = Value::Object(model.clone());
        loader::emit::escape_dollars(&mut printed);
        for text in [loader::emit::yaml(printed.as_object().unwrap()), loader::emit::json(&printed)] {
            let (again, hashes_again) = load(folder.path(), &text);
            prop_assert_eq!(&again, &model, "{}", text);
            prop_assert_eq!(&hashes_again, &hashes);
        }
    }

    #[test]
    fn the_order_of_keys_never_matters(project in project()) {
        let folder = tempfile::tempdir().unwrap();
        let (model, hashes) = load(folder.path(), &project.to_string());
        let (turned, turned_hashes) = load(folder.path(), &reversed(&project).to_string());
        prop_assert_eq!(model, turned);
        prop_assert_eq!(hashes, turned_hashes);
    }
}
