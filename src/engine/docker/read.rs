//! Lists, inspects and facts of a real engine.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use super::convert::{images, observed};
use super::engine::DockerEngine;
use super::http::raw::{encode, encode_name};
use super::images::registry_auth;
use super::{place, podman, views};
use crate::engine::{
    ContainerDetails, EngineResult, EngineStream, HistoryEntry, ImageDetails, ImageSummary, Processes, ReadEngine,
};
use crate::model::{ContainerId, EngineFacts, ObservedContainer, ObservedNetwork, ObservedVolume, Plugins};

#[async_trait]
impl ReadEngine for DockerEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn is_local(&self) -> bool {
        self.is_local_engine().await
    }

    async fn shares_path(&self, path: &Path) -> bool {
        self.is_local_engine().await && views::share_path(place::observer(self.raw.transport().way()), path)
    }

    async fn shares_ports(&self) -> bool {
        self.is_local_engine().await && views::share_ports(place::observer(self.raw.transport().way()))
    }

    async fn is_this_machines(&self) -> bool {
        DockerEngine::is_this_machines(self).await
    }

    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>> {
        let mut path = "/containers/json?all=1".to_owned();
        if !labels.is_empty() {
            path.push_str("&filters=");
            path.push_str(&encode(&serde_json::json!({ "label": labels }).to_string()));
        }
        let list: Vec<observed::Container> = self.raw.get("list containers", &path).await?;
        let list: Vec<_> = list.into_iter().map(observed::container).collect();
        if self.is_podman { self.completed(list, labels).await } else { Ok(list) }
    }

    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails> {
        let value: serde_json::Value =
            self.raw.get("inspect container", &format!("/containers/{}/json", encode(id))).await?;
        Ok(observed::details(&value))
    }

    async fn top(&self, id: &ContainerId, arguments: &str) -> EngineResult<Processes> {
        let arguments = match arguments {
            "" => String::new(),
            arguments => format!("?ps_args={}", encode(arguments)),
        };
        let path = format!("/containers/{}/top{arguments}", encode(id.as_str()));
        let value: serde_json::Value = self.raw.get("list processes of container", &path).await?;
        Ok(observed::processes(&value))
    }

    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>> {
        let list: Vec<observed::Network> = self.raw.get("list networks", "/networks").await?;
        Ok(list.into_iter().map(observed::network).collect())
    }

    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>> {
        let list: observed::Volumes = self.raw.get("list volumes", "/volumes").await?;
        Ok(list.volumes.unwrap_or_default().into_iter().map(observed::volume).collect())
    }

    async fn volume_sizes(&self) -> EngineResult<BTreeMap<String, u64>> {
        // `type` leaves out the rest since API 1.42; older engines ignore it.
        let answer: serde_json::Value = self.raw.get("measure volumes", "/system/df?type=volume").await?;
        let list = answer.get("Volumes").and_then(serde_json::Value::as_array).into_iter().flatten();
        let size = |one: &serde_json::Value| {
            let bytes = one.get("UsageData")?.get("Size")?.as_i64()?;
            // An engine that does not know the size says -1.
            Some((one.get("Name")?.as_str()?.to_owned(), u64::try_from(bytes).ok()?))
        };
        Ok(list.filter_map(size).collect())
    }

    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>> {
        let list: Vec<images::Image> = self.raw.get("list images", "/images/json").await?;
        let mut list: Vec<_> = list.into_iter().map(images::image).collect();
        if self.is_podman {
            podman::name_built_images(&mut list);
        }
        Ok(list)
    }

    async fn plugins(&self) -> EngineResult<Plugins> {
        Ok(observed::plugins(&self.raw.get("look at the engine", "/info").await?))
    }

    async fn identity(&self) -> EngineResult<String> {
        let info: serde_json::Value = self.raw.get("look at the engine", "/info").await?;
        Ok(info.get("ID").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
    }

    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>> {
        match self.raw.get("inspect image", &format!("/images/{}/json", encode(name))).await {
            Ok(value) => Ok(Some(images::image_details(value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn image_history(&self, name: &str) -> EngineResult<Vec<HistoryEntry>> {
        let path = format!("/images/{}/history", encode(name));
        let list: Vec<images::Layer> = self.raw.get("read history of image", &path).await?;
        Ok(list.into_iter().map(images::layer).collect())
    }

    async fn image_files(&self, name: &str) -> EngineResult<EngineStream<Bytes>> {
        self.export(&[name.to_owned()]).await
    }

    async fn image_digest(&self, name: &str) -> EngineResult<String> {
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "Descriptor")]
            descriptor: Descriptor,
        }
        #[derive(serde::Deserialize)]
        struct Descriptor {
            digest: String,
        }
        let headers: Vec<_> = registry_auth(&self.credentials, name).await.into_iter().collect();
        let path = format!("/distribution/{}/json", encode_name(name));
        let answer: Answer = self.raw.get_with("ask for the digest of an image", &path, &headers).await?;
        Ok(answer.descriptor.digest)
    }
}
