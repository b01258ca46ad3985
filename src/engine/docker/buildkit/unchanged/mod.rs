//! Builds whose result is known beforehand: an `up --build` of ten services need not ask the builder ten times for the images
//! that are there.
//!
//! After a build, a digest of its inputs is noted beside the id of the image (`notes`). A later build is left out where its
//! inputs have the same digest and all names of the image still mean that id. The inputs are the request, the Dockerfile, name
//! and attributes of every file of the context (`inputs`), and the ids of the images that the Dockerfile names (`bases`). A
//! build has no digest, and so is always carried out, where anything may change unseen: with `pull`, `no_cache`, secrets,
//! agents, caches, additional or remote contexts, a frontend of its own, a base image that a registry is asked for.
//! Start at [`Known::of`].

mod bases;
mod inputs;
mod notes;

use std::path::PathBuf;

use serde::Deserialize;

use super::names::WHAT;
use crate::engine::docker::http::raw::{Raw, encode_name};
use crate::engine::docker::registry::credentials::Credentials;
use crate::model::{BuildRequest, ImageId, familiar};

/// Names of image stores that no store of containerd has.
const OWN_STORES: [&str; 2] = ["overlay2", "vfs"];

/// What is known of a build before it begins.
pub(super) struct Known {
    note: PathBuf,
    /// The text of the note.
    noted: Option<String>,
    inputs: String,
    /// `os/architecture` of the base images, which must be those of the built image.
    platforms: Vec<String>,
}

/// An image as `GET /images/NAME/json` tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    config: Option<Config>,
    #[serde(default)]
    graph_driver: Option<Driver>,
    /// Only image stores of containerd tell it.
    #[serde(default)]
    descriptor: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    on_build: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Driver {
    #[serde(default)]
    name: String,
    /// Empty in an image store of containerd.
    #[serde(default)]
    data: Option<std::collections::BTreeMap<String, serde::de::IgnoredAny>>,
}

impl Driver {
    /// Returns whether BuildKit takes an image of this store without asking a registry for a newer one.
    fn is_own(&self) -> bool {
        OWN_STORES.contains(&self.name.as_str()) || self.data.as_ref().is_some_and(|data| !data.is_empty())
    }
}

impl Image {
    async fn named(raw: &Raw, name: &str) -> Option<Self> {
        raw.get(WHAT, &format!("/images/{}/json", encode_name(name))).await.ok()
    }

    fn platform(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }

    /// Returns whether BuildKit takes this image for the name, and nothing else decides what comes of it.
    fn is_settled(&self, name: &str) -> bool {
        let name = familiar(name);
        // The engine also finds an image by the beginning of its id, which BuildKit does not.
        let mut names = self.repo_tags.iter().chain(&self.repo_digests).flatten();
        let has_triggers =
            self.config.as_ref().and_then(|config| config.on_build.as_ref()).is_some_and(|all| !all.is_empty());
        names.any(|known| familiar(known) == name)
            && !has_triggers
            && self.descriptor.is_none()
            && self.graph_driver.as_ref().is_some_and(Driver::is_own)
    }
}

impl Known {
    /// Looks at the inputs of a build, before it begins: what changes while the build runs makes the next build run.
    /// `None` where the build may have another result although nothing of them has changed.
    pub(super) async fn of(raw: &Raw, credentials: &Credentials, engine: &str, request: &BuildRequest) -> Option<Self> {
        let folder = notes::folder(credentials.variable("XDG_CACHE_HOME"), credentials.variable("HOME"))?;
        let note = folder.join(notes::name(raw.transport().endpoint(), request)?);
        let (engine, asked) = (engine.to_owned(), request.clone());
        let path = note.clone();
        let read = tokio::task::spawn_blocking(move || Some((inputs::read(&engine, &asked)?, notes::read(&path))));
        let (read, noted) = read.await.ok()??;
        let mut inputs = read.digest;
        let mut platforms = Vec::new();
        for name in &read.bases {
            let image = Image::named(raw, name).await.filter(|image| image.is_settled(name))?;
            platforms.push(image.platform());
            inputs.push_str(&image.id);
        }
        Some(Self { note, noted, inputs: inputs::digest(inputs.as_bytes()), platforms })
    }

    /// Returns the image that the build would give: the one that it gave before, where every name still means that image.
    pub(super) async fn image(&self, raw: &Raw, request: &BuildRequest) -> Option<ImageId> {
        let id = notes::image(self.noted.as_deref()?, &self.inputs)?;
        for tag in &request.tags {
            let image = Image::named(raw, tag).await?;
            let is_of_bases = self.platforms.iter().all(|platform| *platform == image.platform());
            if image.id != id || !is_of_bases {
                return None;
            }
        }
        (!request.tags.is_empty()).then(|| ImageId::new(id))
    }

    /// Notes what the build gave. Without a note the next build is carried out, so an error means nothing.
    pub(super) async fn keep(&self, image: &ImageId) {
        let (note, inputs, image) = (self.note.clone(), self.inputs.clone(), image.clone());
        let _ = tokio::task::spawn_blocking(move || notes::write(&note, &inputs, image.as_str())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_image_of_that_name_without_triggers_is_settled() {
        let image = |change: &str| -> Image {
            let mut value = serde_json::json!({"Id": "sha256:1", "RepoTags": ["a:1"], "RepoDigests": null, "Os": "linux",
                "Architecture": "amd64", "Config": {"OnBuild": null}, "GraphDriver": {"Name": "overlay2"}});
            if let serde_json::Value::Object(changes) = serde_json::from_str(change).unwrap() {
                value.as_object_mut().unwrap().extend(changes);
            }
            serde_json::from_value(value).unwrap()
        };
        assert!(image("{}").is_settled("docker.io/library/a:1"));
        assert!(!image("{}").is_settled("a"));
        assert!(!image(r#"{"Config": {"OnBuild": ["ADD http://x /"]}}"#).is_settled("a:1"));
        assert!(!image(r#"{"GraphDriver": {"Name": "overlayfs", "Data": null}}"#).is_settled("a:1"));
        assert!(image(r#"{"GraphDriver": {"Name": "fuse-overlayfs", "Data": {"UpperDir": "/x"}}}"#).is_settled("a:1"));
        assert!(!image(r#"{"Descriptor": {"digest": "sha256:1"}}"#).is_settled("a:1"));
    }
}
