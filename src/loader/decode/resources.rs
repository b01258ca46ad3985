//! Networks, volumes, secrets and configs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::get::Get;
use crate::loader::emit;
use crate::loader::tree::Node;
use crate::model::{FileSource, Ipam, IpamPool, Network, Secret, Span, Volume};

/// Builds a network. `span` is the place of its key.
pub(super) fn network(key: &str, value: &Json, node: Option<&Node>, span: Span) -> Network {
    let ipam = value.get("ipam").unwrap_or(&Json::Null);
    let places =
        node.and_then(|node| node.get("ipam")).and_then(|ipam| ipam.get("config")).map(Node::items).unwrap_or_default();
    let pool = |(index, pool): (usize, &Json)| IpamPool {
        subnet: pool.text("subnet"),
        ip_range: pool.text("ip_range"),
        gateway: pool.text("gateway"),
        aux_addresses: pool.pairs("aux_addresses"),
        span: places.get(index).map_or(span, |node| node.span),
    };
    Network {
        key: key.into(),
        span,
        name: value.text("name").unwrap_or_default().into(),
        is_external: value.flag("external").unwrap_or_default(),
        driver: value.text("driver"),
        driver_opts: value.pairs("driver_opts"),
        ipam: Ipam {
            driver: ipam.text("driver"),
            pools: ipam.list("config").iter().enumerate().map(pool).collect(),
            options: ipam.pairs("options"),
        },
        internal: value.flag("internal").unwrap_or_default(),
        attachable: value.flag("attachable").unwrap_or_default(),
        labels: value.pairs("labels"),
        enable_ipv4: value.flag("enable_ipv4"),
        enable_ipv6: value.flag("enable_ipv6"),
        canonical: Arc::new(without_extensions(value)),
    }
}

/// Returns a canonical value without its extensions, which config hashes do not cover.
pub(super) fn without_extensions(value: &Json) -> Json {
    let mut value = value.clone();
    emit::drop_below(&mut value);
    value
}

/// Builds a volume. `span` is the place of its key.
pub(super) fn volume(key: &str, value: &Json, span: Span) -> Volume {
    let mut canonical = without_extensions(value);
    // Compat: docker compose hashes a volume with the default driver filled in.
    if let Some(map) = canonical.as_object_mut()
        && !map.contains_key("driver")
        && map.get("external") != Some(&Json::Bool(true))
    {
        let name = map.shift_remove("name");
        let rest = std::mem::take(map);
        map.extend(name.map(|name| ("name".to_owned(), name)));
        map.insert("driver".to_owned(), Json::from("local"));
        map.extend(rest);
    }
    Volume {
        key: key.into(),
        span,
        name: value.text("name").unwrap_or_default().into(),
        is_external: value.flag("external").unwrap_or_default(),
        driver: value.text("driver"),
        driver_opts: value.pairs("driver_opts"),
        labels: value.pairs("labels"),
        is_protected: value.get("x-protected").is_some_and(|word| word == &Json::Bool(true) || word == "true"),
        canonical: Arc::new(canonical),
    }
}

/// Builds a secret or a config. `span` is the place of its key.
pub(super) fn file_object(
    value: &Json,
    node: Option<&Node>,
    span: Span,
    variables: &BTreeMap<String, String>,
) -> Secret {
    let (key, source) = if let Some(path) = value.text("file") {
        ("file", FileSource::File(path.into()))
    } else if let Some(variable) = value.text("environment") {
        let found = variables.get(&variable).cloned();
        ("environment", FileSource::Environment { variable, value: found })
    } else if let Some(content) = value.get("content").and_then(Json::as_str) {
        // The content is written to a file, so bytes that are not UTF-8 are kept.
        ("content", FileSource::Content(content.to_owned()))
    } else {
        ("external", FileSource::External)
    };
    let source_span = node.and_then(|node| node.get(key)).map_or(span, |node| node.span);
    Secret { span, name: value.text("name").unwrap_or_default(), source, source_span }
}
