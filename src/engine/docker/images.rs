//! Images of a real engine: pull, push, names, commits and exports.

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt;

use super::convert::images;
use super::engine::DockerEngine;
use super::http::errors::{Call, convert, kind_of, kind_of_pull};
use super::http::limits::{LIMIT, LONG};
use super::http::lines;
use super::http::raw::{empty, encode, encode_name};
use super::registry::credentials::Credentials;
use crate::engine::{
    CommitSpec, EngineError, EngineResult, EngineStream, ErrorKind, ImageEngine, PullEvent, PushEvent,
};
use crate::model::{ContainerId, ImageId};

/// Returns the header with the login for an image's registry; `None` without a login.
pub(super) async fn registry_auth(credentials: &Credentials, image: &str) -> Option<(&'static str, String)> {
    let json = serde_json::to_vec(&credentials.of_image(image).await?).ok()?;
    Some(("X-Registry-Auth", base64::engine::general_purpose::URL_SAFE.encode(json)))
}

#[async_trait]
impl ImageEngine for DockerEngine {
    async fn pull_image(&self, image: &str, platform: Option<&str>) -> EngineResult<EngineStream<PullEvent>> {
        let credentials = self.credentials.of_image(image).await;
        let (name, tag) = images::split_tag(image);
        let mut options = bollard::query_parameters::CreateImageOptionsBuilder::default().from_image(name).tag(tag);
        if let Some(platform) = platform {
            options = options.platform(platform);
        }
        let stream = self.docker.create_image(Some(options.build()), None, credentials);
        let image = image.to_owned();
        Ok(stream.map(move |item| pulled(&image, item)).boxed())
    }

    async fn push_image(&self, image: &str) -> EngineResult<EngineStream<PushEvent>> {
        const WHAT: &str = "push image";
        let call = Call::new(WHAT, image).to_string();
        if image.contains('@') {
            return Err(EngineError::new(ErrorKind::Invalid, call, "a name with a digest cannot be pushed"));
        }
        let (name, tag) = images::split_tag(image);
        let path = format!("/images/{}/push?tag={}", encode_name(name), encode(tag));
        // Compat: the engine requires the header also without a login.
        let none = ("X-Registry-Auth", base64::engine::general_purpose::URL_SAFE.encode("{}"));
        let headers = [registry_auth(&self.credentials, image).await.unwrap_or(none)];
        let work = self.raw.begun(WHAT, "POST", &path, empty(), &headers);
        let response = self.bounded(Call::new(WHAT, image), LIMIT, work).await?;
        let item = move |line: EngineResult<Bytes>| {
            let item = line.map(|line| images::push(&line)).transpose().map(|item| match item {
                Ok(Ok(event)) => Ok(event),
                Ok(Err(words)) => Err(EngineError::new(kind_of(500, &words), call.clone(), words)),
                Err(error) => Err(error),
            });
            std::future::ready(item)
        };
        Ok(lines::lines(response.into_body(), WHAT).filter_map(item).boxed())
    }

    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()> {
        let (repo, tag) = images::split_tag(name);
        let options = bollard::query_parameters::TagImageOptionsBuilder::default().repo(repo).tag(tag).build();
        self.call(Call::new("tag image", image), LIMIT, self.docker.tag_image(image, Some(options))).await
    }

    async fn remove_image(&self, image: &str) -> EngineResult<()> {
        let options = None::<bollard::query_parameters::RemoveImageOptions>;
        let work = self.docker.remove_image(image, options, None);
        match self.call(Call::new("remove image", image), LIMIT, work).await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result.map(|_| ()),
        }
    }

    async fn commit_container(&self, id: &ContainerId, spec: &CommitSpec) -> EngineResult<ImageId> {
        const WHAT: &str = "commit container";
        let mut path = format!("/commit?container={}&pause={}", encode(id.as_str()), u8::from(!spec.without_pause));
        let mut add = |name: &str, value: &str| path.push_str(&format!("&{name}={}", encode(value)));
        if let Some((repo, tag)) = spec.name.as_deref().map(images::split_tag) {
            add("repo", repo);
            add("tag", tag);
        }
        for (name, value) in [("comment", &spec.comment), ("author", &spec.author)] {
            if !value.is_empty() {
                add(name, value);
            }
        }
        if !spec.changes.is_empty() {
            add("changes", &spec.changes.join("\n"));
        }
        let work = async {
            let response = self.raw.request(WHAT, "POST", &path, empty(), &[]).await?;
            let bytes = self.raw.body(WHAT, response).await?;
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let id = value.get("Id").and_then(serde_json::Value::as_str).filter(|id| !id.is_empty());
            id.map(ImageId::new).ok_or_else(|| EngineError::new(ErrorKind::Garbled, WHAT, "the engine told no id"))
        };
        self.bounded(Call::new(WHAT, id.short()), LONG, work).await
    }

    async fn export_images(&self, images: &[String]) -> EngineResult<EngineStream<Bytes>> {
        self.export(images).await
    }
}

impl DockerEngine {
    /// Reads images with all their layers as tar bytes.
    pub(super) async fn export(&self, images: &[String]) -> EngineResult<EngineStream<Bytes>> {
        const WHAT: &str = "export images";
        let names: Vec<String> = images.iter().map(|image| format!("names={}", encode(image))).collect();
        let path = format!("/images/get?{}", names.join("&"));
        // The engine collects all layers before it answers.
        let work = self.raw.request(WHAT, "GET", &path, empty(), &[]);
        let response = self.bounded(Call::new(WHAT, &images.join(" ")), LONG, work).await?;
        Ok(lines::bytes(response.into_body(), WHAT))
    }
}

/// Turns an item of a pull's answer into ours.
fn pulled(
    image: &str,
    item: Result<bollard::models::CreateImageInfo, bollard::errors::Error>,
) -> EngineResult<PullEvent> {
    let info = item.map_err(|error| {
        let error = convert(&Call::new("pull image", image), error);
        EngineError { kind: kind_of_pull(error.kind, &error.message), ..error }
    })?;
    if let Some(message) = info.error_detail.and_then(|detail| detail.message) {
        let kind = kind_of_pull(kind_of(500, &message), &message);
        return Err(EngineError::new(kind, format!("pull image {image}"), message));
    }
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let detail = info.progress_detail.unwrap_or_default();
    Ok(PullEvent {
        layer: info.id.unwrap_or_default(),
        status: info.status.unwrap_or_default(),
        current: number(detail.current),
        total: number(detail.total),
    })
}
