//! The definition of an existing container, as an inspect shows it, in the attributes of the compose file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ObservedPort;
use crate::model::NetworkName;

/// The definition of a container, by paths of attributes such as `environment.WP_TITLE`, `user` and `mem_limit`.
///
/// Values have the form of the canonical model, so that both can be compared. The values of the image (variables,
/// labels, command) are included, because the engine mixes them with those of the container. Values may be secret: a
/// value is shown only if the name of its attribute does not look secret.
#[derive(Clone, Default, PartialEq)]
pub struct Definition {
    attributes: BTreeMap<String, Value>,
    image_volumes: BTreeSet<String>,
    endpoints: BTreeMap<NetworkName, DefinedEndpoint>,
    started_at: String,
}

/// The endpoint of a container on one network, as given when the container was created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinedEndpoint {
    /// Names by which other containers reach this container. The engine adds names of its own.
    pub aliases: Vec<String>,
    /// IPv4 address; empty where the engine chooses.
    pub ipv4_address: String,
    /// IPv6 address; empty where the engine chooses.
    pub ipv6_address: String,
}

impl Definition {
    /// Adds a value.
    pub fn set(&mut self, path: impl Into<String>, value: impl Into<Value>) {
        self.attributes.insert(path.into(), value.into());
    }

    /// Adds a value, unless the value is null, an empty text or an empty list, which the engine has by default.
    pub fn set_if_given(&mut self, path: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(items) if items.is_empty() => {}
            value => self.set(path, value),
        }
    }

    /// Adds a path at which the image declares a volume.
    pub fn add_volume_of_image(&mut self, path: impl Into<String>) {
        self.image_volumes.insert(path.into());
    }

    /// Returns whether the image declares a volume at a path.
    pub fn has_volume_of_image(&self, path: &str) -> bool {
        self.image_volumes.contains(path)
    }

    /// Sets the time of the last start (RFC 3339, in UTC).
    pub fn set_started_at(&mut self, time: &str) {
        time.trim_end_matches('Z').clone_into(&mut self.started_at);
    }

    /// Returns whether the last start was before the last start of another container. False where a time is not known.
    pub fn has_started_before(&self, other: &Self) -> bool {
        // RFC 3339 times in UTC sort as text, also if trailing zeros are left out. (The final `Z` is removed when the
        // time is set.)
        !self.started_at.is_empty() && self.started_at < other.started_at
    }

    /// Adds the endpoint on a network.
    pub fn add_endpoint(&mut self, network: impl Into<NetworkName>, endpoint: DefinedEndpoint) {
        self.endpoints.insert(network.into(), endpoint);
    }

    /// Returns the networks that the container is attached to.
    pub fn networks(&self) -> impl Iterator<Item = &NetworkName> {
        self.endpoints.keys()
    }

    /// Returns the endpoint on a network. `None` where the container is not attached, or was not inspected.
    pub fn endpoint(&self, network: &NetworkName) -> Option<&DefinedEndpoint> {
        self.endpoints.get(network)
    }

    /// Returns the published ports with a fixed host port, also of a container that does not run.
    pub fn fixed_ports(&self) -> Vec<ObservedPort> {
        let ports = self.get("ports").and_then(Value::as_array).into_iter().flatten();
        let fixed = |port: &Value| {
            let text = |name: &str| port.get(name).and_then(Value::as_str);
            Some(ObservedPort {
                host_ip: text("host_ip").and_then(|address| address.parse().ok()),
                published: Some(text("published")?.parse().ok().filter(|number| *number != 0)?),
                target: port.get("target").and_then(Value::as_u64).and_then(|number| number.try_into().ok())?,
                protocol: text("protocol").unwrap_or("tcp").to_owned(),
            })
        };
        ports.filter_map(fixed).collect()
    }

    /// Returns the fixed IPv4 addresses, each with its network.
    pub fn fixed_addresses(&self) -> impl Iterator<Item = (&NetworkName, &str)> {
        let given = self.endpoints.iter().map(|(name, endpoint)| (name, endpoint.ipv4_address.as_str()));
        given.filter(|(_, address)| !address.is_empty())
    }

    /// Returns the value of an attribute. `None` where the container does not have the attribute, or was not inspected.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.attributes.get(path)
    }
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.attributes.keys()).finish()
    }
}
