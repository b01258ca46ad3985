//! The history of the engine's changes, by which tests judge a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Marks;
use crate::model::{ContainerId, ContainerName, ContainerSpec, NetworkId, NetworkName, VolumeName};

/// A change of the engine's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Time since the engine began.
    pub at: Duration,
    /// The client that made the change; 0 is the world.
    pub client: u32,
    /// The change itself.
    pub deed: Deed,
}

/// The changed object, and the change.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// A container was changed.
    Container {
        /// The container's id.
        id: ContainerId,
        /// The container's name at that moment.
        name: ContainerName,
        /// The specification that the container was created from.
        spec: Arc<ContainerSpec>,
        /// The change.
        what: Done,
    },
    /// A network was created.
    NetworkCreated(NetworkId, NetworkName),
    /// A network with these labels was removed.
    NetworkRemoved(NetworkId, NetworkName, BTreeMap<String, String>),
    /// A volume was created.
    VolumeCreated(VolumeName),
    /// A volume was removed.
    VolumeRemoved(VolumeName),
}

/// A change of a container.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The container was created.
    Created,
    /// Files were put into the container.
    Filled,
    /// The container was started. The marks are those that every container had until then, removed ones included.
    Started(BTreeMap<ContainerId, Marks>),
    /// A stop of the container began.
    Stopped,
    /// The container was killed.
    Killed,
    /// The container was stopped and started by one call.
    Restarted,
    /// The container was paused or unpaused.
    Paused,
    /// The container got this name.
    Renamed(ContainerName),
    /// The container was removed. Its replacements are listed, each with whether it has ever been up.
    Removed(Vec<(ContainerId, bool)>),
    /// The container was connected to this network.
    Connected(NetworkName),
    /// The container was disconnected from this network.
    Disconnected(NetworkName),
}
