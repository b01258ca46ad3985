//! Completes and corrects Podman's list of containers ([`DockerEngine::completed`]), so that no other file needs to
//! know of Podman. As known from Podman 4.3:
//!
//! | in the list | what Podman tells | corrected by |
//! |---|---|---|
//! | `NetworkID` | the network's name | the list of networks |
//! | `Image` | the name at the creation, which may mean another image now | the list of images |
//! | `Status` | nothing about health | a list for each health, by filter |
//! | `HostConfig.NetworkMode` | nothing | an inspect of each container that is on no network of its own |
//!
//! It also removes networks by name ([`DockerEngine::network_name`]), and finds images that Podman's own tools have
//! built ([`name_built_images`]).
//!
//! The calls run at the same time. Their number is fixed, but for the inspects.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use super::convert::{images, observed};
use super::engine::DockerEngine;
use super::http::raw::encode;
use crate::engine::{EngineResult, ImageSummary};
use crate::model::{ContainerId, ContainerState, Health, ImageId, NetworkId, NetworkName, ObservedContainer, familiar};

/// How many containers are inspected at the same time.
const PARALLEL: usize = 8;

impl DockerEngine {
    /// Returns the list of containers with these labels, completed.
    pub(super) async fn completed(
        &self,
        mut list: Vec<ObservedContainer>,
        labels: &[String],
    ) -> EngineResult<Vec<ObservedContainer>> {
        let (networks, images, starting, healthy, unhealthy, modes) = tokio::try_join!(
            self.network_ids(&list),
            self.image_ids(&list),
            self.ids_with_health(&list, labels, Health::Starting),
            self.ids_with_health(&list, labels, Health::Healthy),
            self.ids_with_health(&list, labels, Health::Unhealthy),
            self.network_modes(&list),
        )?;
        let healths = [(starting, Health::Starting), (healthy, Health::Healthy), (unhealthy, Health::Unhealthy)];
        for container in &mut list {
            name_networks_by_id(container, &networks);
            name_image_honestly(container, &images);
            let found = healths.iter().find(|(ids, _)| ids.contains(&container.id));
            container.health = found.map_or(container.health, |(_, health)| *health);
            if let Some(mode) = modes.get(&container.id) {
                container.network_mode.clone_from(mode);
            }
        }
        Ok(list)
    }

    /// Returns the name of a network. Asked by id, Podman 4.3 removes a network that containers use; asked by name it
    /// refuses, as every engine does.
    pub(super) async fn network_name(&self, id: &NetworkId) -> EngineResult<String> {
        let path = format!("/networks/{}", encode(id.as_str()));
        let found: observed::Network = self.raw.get("inspect network", &path).await?;
        Ok(observed::network(found).name.to_string())
    }

    async fn network_ids(&self, list: &[ObservedContainer]) -> EngineResult<BTreeMap<NetworkName, NetworkId>> {
        if list.iter().all(|one| one.networks.is_empty()) {
            return Ok(BTreeMap::new());
        }
        let all: Vec<observed::Network> = self.raw.get("list networks", "/networks").await?;
        Ok(all.into_iter().map(observed::network).map(|network| (network.name, network.id)).collect())
    }

    async fn image_ids(&self, list: &[ObservedContainer]) -> EngineResult<BTreeMap<String, ImageId>> {
        if list.is_empty() {
            return Ok(BTreeMap::new());
        }
        let all: Vec<images::Image> = self.raw.get("list images", "/images/json").await?;
        let named = all.into_iter().map(images::image).flat_map(|image| {
            let names: Vec<String> = image.tags.iter().chain(&image.digests).map(|name| familiar(name)).collect();
            names.into_iter().map(move |name| (name, image.id.clone()))
        });
        Ok(named.collect())
    }

    async fn ids_with_health(
        &self,
        list: &[ObservedContainer],
        labels: &[String],
        health: Health,
    ) -> EngineResult<BTreeSet<ContainerId>> {
        if !list.iter().any(|one| one.state == ContainerState::Running) {
            return Ok(BTreeSet::new());
        }
        let filters = serde_json::json!({ "health": [health.as_str()], "status": ["running"], "label": labels });
        let path = format!("/containers/json?all=1&filters={}", encode(&filters.to_string()));
        let found: Vec<observed::Container> = self.raw.get("list containers", &path).await?;
        Ok(found.into_iter().map(|one| observed::container(one).id).collect())
    }

    /// Returns the network modes of containers that are on no network of their own: `none`, `host`, `container:ID`.
    /// Containers that are gone meanwhile are left out.
    async fn network_modes(&self, list: &[ObservedContainer]) -> EngineResult<BTreeMap<ContainerId, String>> {
        let ids: Vec<ContainerId> =
            list.iter().filter(|one| one.networks.is_empty()).map(|one| one.id.clone()).collect();
        let look = |id: ContainerId| async move {
            let path = format!("/containers/{}/json", encode(id.as_str()));
            match self.raw.get::<serde_json::Value>("inspect container", &path).await {
                Ok(value) => Ok(Some((id, observed::network_mode(&value)))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        let found: Vec<_> = futures_util::stream::iter(ids.into_iter().map(look)).buffered(PARALLEL).collect().await;
        found.into_iter().filter_map(EngineResult::transpose).collect()
    }
}

/// Replaces names of networks by ids. A removed network has no id: the endpoint then belongs to no network.
fn name_networks_by_id(container: &mut ObservedContainer, ids: &BTreeMap<NetworkName, NetworkId>) {
    for (name, endpoint) in &mut container.networks {
        if endpoint.network_id.as_str() == name.as_str()
            && let Some(id) = ids.get(name)
        {
            endpoint.network_id = id.clone();
        }
    }
}

/// Replaces an image name that now means another image by the id of the container's image.
fn name_image_honestly(container: &mut ObservedContainer, ids: &BTreeMap<String, ImageId>) {
    if ids.get(&familiar(&container.image)) != Some(&container.image_id) {
        container.image = container.image_id.to_string();
    }
}

/// Adds the name that compose files use (`app:1`) to images that Podman's own tools have built (`localhost/app:1`).
/// Podman itself finds them by that name.
pub(super) fn name_built_images(images: &mut [ImageSummary]) {
    let known: BTreeSet<String> = images.iter().flat_map(|image| &image.tags).map(|tag| familiar(tag)).collect();
    for image in images {
        let built = image.tags.iter().filter_map(|tag| tag.strip_prefix("localhost/"));
        let short: Vec<String> = built.filter(|tag| !known.contains(*tag)).map(str::to_owned).collect();
        image.tags.extend(short);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObservedEndpoint;

    fn container(network_id: &str) -> ObservedContainer {
        let endpoint = ObservedEndpoint { network_id: NetworkId::new(network_id), ..ObservedEndpoint::default() };
        ObservedContainer {
            image: "docker.io/library/app:1".to_owned(),
            image_id: ImageId::new("sha256:a"),
            networks: [(NetworkName::new("shop_default"), endpoint)].into(),
            ..ObservedContainer::default()
        }
    }

    #[test]
    fn a_networks_name_in_place_of_its_id_is_replaced() {
        let ids = BTreeMap::from([(NetworkName::new("shop_default"), NetworkId::new("abc"))]);
        for (said, expected) in [("shop_default", "abc"), ("abc", "abc"), ("other", "other"), ("", "")] {
            let mut one = container(said);
            name_networks_by_id(&mut one, &ids);
            assert_eq!(one.networks.values().next().unwrap().network_id.as_str(), expected);
        }
    }

    #[test]
    fn an_image_that_was_built_here_is_found_by_its_short_name() {
        let image = |tag: &str| ImageSummary { tags: vec![tag.to_owned()], ..ImageSummary::default() };
        let mut all = [image("localhost/app:1"), image("localhost/web:1"), image("docker.io/library/web:1")];
        name_built_images(&mut all);
        assert_eq!(all[0].tags, ["localhost/app:1", "app:1"]);
        assert_eq!(all[1].tags, ["localhost/web:1"]);
    }

    #[test]
    fn a_name_that_means_another_image_by_now_is_not_believed() {
        for (now, expected) in [("sha256:a", "docker.io/library/app:1"), ("sha256:b", "sha256:a")] {
            let mut one = container("");
            name_image_honestly(&mut one, &BTreeMap::from([("app:1".to_owned(), ImageId::new(now))]));
            assert_eq!(one.image, expected);
        }
        let mut one = container("");
        name_image_honestly(&mut one, &BTreeMap::new());
        assert_eq!(one.image, "sha256:a");
    }
}
