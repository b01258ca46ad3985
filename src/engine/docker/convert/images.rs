//! The engine's answers about images, in our words.

use serde::Deserialize;
use serde_json::Value;

use super::observed::{Labels, healthcheck, labels};
use crate::engine::{HistoryEntry, ImageDetails, ImageSummary, PullEvent, PushEvent};
use crate::model::ImageId;

/// One entry of `GET /images/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Image {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    size: i64,
    created: i64,
    labels: Labels,
}

/// Returns a listed image in our words.
pub(crate) fn image(from: Image) -> ImageSummary {
    let named = |names: Option<Vec<String>>| {
        names.unwrap_or_default().into_iter().filter(|name| !name.contains("<none>")).collect()
    };
    ImageSummary {
        id: ImageId::new(from.id),
        tags: named(from.repo_tags),
        digests: named(from.repo_digests),
        size: from.size,
        created: from.created,
        labels: from.labels.unwrap_or_default(),
    }
}

/// Returns an inspected image in our words.
pub(crate) fn image_details(value: Value) -> ImageDetails {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let variant = text("/Variant");
    let platform = format!("{}/{}", text("/Os"), text("/Architecture"));
    let volumes = value.pointer("/Config/Volumes").and_then(Value::as_object);
    let has = |pointer: &str| value.pointer(pointer).and_then(Value::as_array).is_some_and(|words| !words.is_empty());
    ImageDetails {
        id: ImageId::new(text("/Id")),
        healthcheck: value.pointer("/Config/Healthcheck").and_then(healthcheck),
        has_command: has("/Config/Cmd"),
        has_entrypoint: has("/Config/Entrypoint"),
        volumes: volumes.into_iter().flatten().map(|(path, _)| path.clone()).collect(),
        labels: labels(value.pointer("/Config/Labels")),
        user: text("/Config/User").to_owned(),
        platform: if variant.is_empty() { platform } else { format!("{platform}/{variant}") },
        size: value.pointer("/Size").and_then(Value::as_i64).unwrap_or_default(),
        created: text("/Created").to_owned(),
        last_tagged: text("/Metadata/LastTagTime").to_owned(),
    }
}

/// One entry of `GET /images/{name}/history`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Layer {
    id: String,
    created: i64,
    created_by: String,
    tags: Option<Vec<String>>,
    size: i64,
    comment: String,
}

/// Returns a layer of an image's history in our words.
pub(crate) fn layer(from: Layer) -> HistoryEntry {
    let id = if from.id == "<missing>" { String::new() } else { from.id };
    HistoryEntry {
        id: ImageId::new(id),
        created_by: from.created_by,
        created: from.created,
        size: from.size,
        tags: from.tags.unwrap_or_default(),
        comment: from.comment,
    }
}

/// Turns a line of a push's answer into an item; an error message is `Err`. `None` for a line without information.
pub(crate) fn push(line: &[u8]) -> Option<Result<PushEvent, String>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let words = value.pointer("/errorDetail/message").or_else(|| value.get("error"));
    if let Some(words) = words.and_then(Value::as_str) {
        return Some(Err(words.to_owned()));
    }
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(aux) = value.get("aux") {
        let digest = text(aux, "Digest");
        return (!digest.is_empty()).then(|| Ok(PushEvent::Pushed { tag: text(aux, "Tag"), digest }));
    }
    let number = |key: &str| value.pointer(&format!("/progressDetail/{key}")).and_then(Value::as_u64);
    let event = PullEvent {
        layer: text(&value, "id"),
        status: text(&value, "status"),
        current: number("current"),
        total: number("total"),
    };
    Some(Ok(PushEvent::Progress(event)))
}

/// Returns repository and tag (or digest) of an image name. Without a tag it is `latest`.
pub(crate) fn split_tag(image: &str) -> (&str, &str) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, digest);
    }
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => (&image[..colon], &image[colon + 1..]),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_ports() {
        assert_eq!(split_tag("a/b:1"), ("a/b", "1"));
        assert_eq!(split_tag("host:5000/a"), ("host:5000/a", "latest"));
        assert_eq!(split_tag("a@sha256:00"), ("a", "sha256:00"));
    }

    #[test]
    fn the_lines_of_a_push_become_progress_a_digest_or_an_error() {
        let progress = br#"{"status":"Pushing","progressDetail":{"current":512,"total":1024},"id":"5f70bf18a086"}"#;
        let event =
            PullEvent { layer: "5f70bf18a086".into(), status: "Pushing".into(), current: Some(512), total: Some(1024) };
        assert_eq!(push(progress), Some(Ok(PushEvent::Progress(event))));
        let done = br#"{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:ab","Size":528}}"#;
        assert_eq!(push(done), Some(Ok(PushEvent::Pushed { tag: "1".into(), digest: "sha256:ab".into() })));
        let failed = br#"{"errorDetail":{"message":"denied"},"error":"denied"}"#;
        assert_eq!(push(failed), Some(Err("denied".into())));
        assert_eq!(push(b"not json"), None);
    }
}
