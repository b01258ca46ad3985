//! What a container was made with, as the engine tells it, in the words of the compose file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{NetworkName, ObservedPort};

/// A container's definition by the paths of the attributes of a service (`environment.WP_TITLE`, `user`, `mem_limit`).
///
/// Values have the form that the canonical model has, so that the two can be compared. The image's own variables, labels
/// and command are among them: the engine does not keep them apart. Values may be secret: they are for comparing, and are
/// shown only where the name does not look secret.
#[derive(Clone, Default, PartialEq)]
pub struct Definition {
    attributes: BTreeMap<String, Value>,
    image_volumes: BTreeSet<String>,
    endpoints: BTreeMap<NetworkName, DefinedEndpoint>,
    started_at: String,
}

/// A container's place on one network, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinedEndpoint {
    /// Names by which others find it; the engine adds some of its own.
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

    /// Adds a value, unless it is what the engine has where nothing was said: null, an empty text or list.
    pub fn set_if_given(&mut self, path: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(items) if items.is_empty() => {}
            value => self.set(path, value),
        }
    }

    /// Adds a path at which its image declares a volume.
    pub fn add_volume_of_image(&mut self, path: impl Into<String>) {
        self.image_volumes.insert(path.into());
    }

    /// Returns whether its image declares a volume at a path.
    pub fn has_volume_of_image(&self, path: &str) -> bool {
        self.image_volumes.contains(path)
    }

    /// Sets when it last started (RFC 3339, in UTC).
    pub fn set_started_at(&mut self, time: &str) {
        time.trim_end_matches('Z').clone_into(&mut self.started_at);
    }

    /// Returns whether it has last started before another one; false where that is not known.
    pub fn has_started_before(&self, other: &Self) -> bool {
        // Without the zone, and with the zeros at the end left out, times are in the order of their texts.
        !self.started_at.is_empty() && self.started_at < other.started_at
    }

    /// Adds its place on a network.
    pub fn add_endpoint(&mut self, network: impl Into<NetworkName>, endpoint: DefinedEndpoint) {
        self.endpoints.insert(network.into(), endpoint);
    }

    /// Returns the networks that it has a place on.
    pub fn networks(&self) -> impl Iterator<Item = &NetworkName> {
        self.endpoints.keys()
    }

    /// Returns its place on a network; `None` where it has none, or none is known.
    pub fn endpoint(&self, network: &NetworkName) -> Option<&DefinedEndpoint> {
        self.endpoints.get(network)
    }

    /// Returns the host ports that it publishes under fixed numbers, also while it does not run.
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

    /// Returns the fixed IPv4 addresses that it has, each with its network.
    pub fn fixed_addresses(&self) -> impl Iterator<Item = (&NetworkName, &str)> {
        let given = self.endpoints.iter().map(|(name, endpoint)| (name, endpoint.ipv4_address.as_str()));
        given.filter(|(_, address)| !address.is_empty())
    }

    /// Returns an attribute's value; `None` where the engine has none, or none that is known.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.attributes.get(path)
    }
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.attributes.keys()).finish()
    }
}
