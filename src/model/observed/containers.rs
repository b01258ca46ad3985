//! The containers of a snapshot with an index by id, name, service, port, address and network. Without the index, every
//! look-up would read the whole list, and the time of a plan would grow with the square of the number of containers.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::ObservedContainer;
use crate::model::{ContainerId, ContainerName, NetworkId, labels};

/// Containers in the order of the engine's list.
#[derive(Debug, Default)]
pub struct Containers {
    list: Vec<ObservedContainer>,
    /// The index is built by the first look-up, and dropped by every change.
    index: OnceLock<Index>,
}

impl Containers {
    /// Returns the container with an id.
    pub fn by_id(&self, id: &str) -> Option<&ObservedContainer> {
        self.found(&self.index().ids, id).next()
    }

    /// Returns the container with a name. There is at most one, because names are unique in the engine.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &ObservedContainer> {
        self.found(&self.index().names, name)
    }

    /// Returns the containers whose labels name a service of a project, one-offs included.
    pub fn of_service(&self, project: &str, service: &str) -> impl Iterator<Item = &ObservedContainer> {
        let services = self.index().services.get(project);
        services.into_iter().flat_map(move |services| self.found(services, service))
    }

    /// Returns the containers that publish a host port, with any protocol and on any address.
    pub fn publishing(&self, port: u16) -> impl Iterator<Item = &ObservedContainer> {
        self.found(&self.index().ports, &port)
    }

    /// Returns the containers that have an address on any network, or that ask for this address.
    pub fn at(&self, address: IpAddr) -> impl Iterator<Item = &ObservedContainer> {
        self.found(&self.index().addresses, &address)
    }

    /// Returns the containers that are attached to a network.
    pub fn on(&self, network: &NetworkId) -> impl Iterator<Item = &ObservedContainer> {
        self.found(&self.index().networks, network)
    }

    fn found<'a, K: Hash + Eq + Borrow<Q>, Q: Hash + Eq + ?Sized>(
        &'a self,
        map: &'a Positions<K>,
        key: &Q,
    ) -> impl Iterator<Item = &'a ObservedContainer> + use<'a, K, Q> {
        map.get(key).into_iter().flatten().filter_map(|position| self.list.get(*position))
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.list))
    }
}

/// For each key the positions in the list, in the list's order and each once.
type Positions<K> = HashMap<K, Vec<usize>>;

#[derive(Debug, Default)]
struct Index {
    ids: Positions<ContainerId>,
    names: Positions<ContainerName>,
    /// By project, then by service.
    services: HashMap<String, Positions<String>>,
    ports: Positions<u16>,
    addresses: Positions<IpAddr>,
    networks: Positions<NetworkId>,
}

impl Index {
    fn of(list: &[ObservedContainer]) -> Self {
        let mut index = Self::default();
        for (position, container) in list.iter().enumerate() {
            add(&mut index.ids, container.id.clone(), position);
            add(&mut index.names, container.name.clone(), position);
            if let (Some(project), Some(service)) = (container.label(labels::PROJECT), container.service()) {
                add(index.services.entry(project.to_owned()).or_default(), service.to_owned(), position);
            }
            for port in container.ports.iter().filter_map(|port| port.published) {
                add(&mut index.ports, port, position);
            }
            for endpoint in container.networks.values() {
                add(&mut index.networks, endpoint.network_id.clone(), position);
                let fixed = [&endpoint.fixed_ipv4, &endpoint.fixed_ipv6].into_iter().flatten();
                for address in fixed.chain([&endpoint.ip_address]).filter_map(|text| text.parse().ok()) {
                    add(&mut index.addresses, address, position);
                }
            }
        }
        index
    }
}

/// Adds a position to a key.
fn add<K: Hash + Eq>(map: &mut Positions<K>, key: K, position: usize) {
    let positions = map.entry(key).or_default();
    if positions.last() != Some(&position) {
        positions.push(position);
    }
}

impl Deref for Containers {
    type Target = Vec<ObservedContainer>;

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl DerefMut for Containers {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.index.take();
        &mut self.list
    }
}

impl Clone for Containers {
    fn clone(&self) -> Self {
        self.list.clone().into()
    }
}

impl PartialEq for Containers {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl From<Vec<ObservedContainer>> for Containers {
    fn from(list: Vec<ObservedContainer>) -> Self {
        Self { list, index: OnceLock::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{ObservedEndpoint, ObservedPort};

    fn container(id: &str, service: &str) -> ObservedContainer {
        let labels = [(labels::PROJECT, "p"), (labels::SERVICE, service)];
        let port = ObservedPort { host_ip: None, published: Some(80), target: 80, protocol: "tcp".to_owned() };
        let endpoint = ObservedEndpoint {
            network_id: "n".into(),
            ip_address: "10.0.0.2".to_owned(),
            fixed_ipv4: Some("10.0.0.2".to_owned()),
            ..ObservedEndpoint::default()
        };
        ObservedContainer {
            id: id.into(),
            name: format!("name-{id}").into(),
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            networks: BTreeMap::from([("net".into(), endpoint)]),
            ports: vec![port.clone(), port],
            ..ObservedContainer::default()
        }
    }

    fn ids<'a>(found: impl Iterator<Item = &'a ObservedContainer>) -> Vec<&'a str> {
        found.map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn each_is_found_once_and_in_order() {
        let all = Containers::from(vec![container("b", "web"), container("a", "web"), container("c", "db")]);
        assert_eq!(ids(all.of_service("p", "web")), ["b", "a"]);
        assert_eq!(ids(all.of_service("other", "web")), [""; 0]);
        assert_eq!(ids(all.publishing(80)), ["b", "a", "c"]);
        assert_eq!(ids(all.at("10.0.0.2".parse().unwrap())), ["b", "a", "c"]);
        assert_eq!(ids(all.on(&"n".into())), ["b", "a", "c"]);
        assert_eq!(ids(all.named("name-c")), ["c"]);
        assert_eq!(all.by_id("a").map(|one| one.name.as_str()), Some("name-a"));
    }

    #[test]
    fn what_changes_is_found_as_it_is_then() {
        let mut all = Containers::from(vec![container("a", "web")]);
        assert_eq!(ids(all.named("name-a")), ["a"]);
        all[0].name = "other".into();
        all.push(container("b", "db"));
        assert_eq!(ids(all.named("name-a")), [""; 0]);
        assert_eq!(ids(all.named("other").chain(all.of_service("p", "db"))), ["a", "b"]);
    }
}
