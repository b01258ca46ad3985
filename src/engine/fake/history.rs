//! What happened in the engine, for tests that judge a whole run by it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Marks;
use crate::model::{ContainerId, ContainerName, ContainerSpec, NetworkId, NetworkName, VolumeName};

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When, since the engine began.
    pub at: Duration,
    /// By which program; 0 is the world.
    pub client: u32,
    /// What.
    pub deed: Deed,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Something about a container.
    Container {
        /// Its id.
        id: ContainerId,
        /// Its name at that moment.
        name: ContainerName,
        /// What it was made from.
        spec: Arc<ContainerSpec>,
        /// What was done.
        what: Done,
    },
    /// A network was made.
    NetworkCreated(NetworkId, NetworkName),
    /// A network was removed; its labels.
    NetworkRemoved(NetworkId, NetworkName, BTreeMap<String, String>),
    /// A volume was made.
    VolumeCreated(VolumeName),
    /// A volume was removed.
    VolumeRemoved(VolumeName),
}

/// What was done to a container.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// Made.
    Created,
    /// Given its files.
    Filled,
    /// Started; what every container, those that are gone included, had been until then.
    Started(BTreeMap<ContainerId, Marks>),
    /// Told to stop.
    Stopped,
    /// Ended by a signal.
    Killed,
    /// Stopped and started.
    Restarted,
    /// Frozen or thawed.
    Paused,
    /// Given a name.
    Renamed(ContainerName),
    /// Removed; which containers said that they take its place, and whether they had been up.
    Removed(Vec<(ContainerId, bool)>),
    /// Connected to a network.
    Connected(NetworkName),
    /// Disconnected from a network.
    Disconnected(NetworkName),
}
