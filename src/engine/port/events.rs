//! Events of the engine: containers, networks, volumes, images, the daemon itself.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt;

use crate::engine::{EngineResult, EngineStream};
use crate::model::ContainerId;

/// The calls that subscribe to events.
#[async_trait]
pub trait EventEngine: Send + Sync {
    /// Subscribes to events (`GET /events`). The call returns once the engine has taken the subscription, so an event
    /// that happens afterwards is not missed. The stream passes over lines that are no event, and ends with an error
    /// item when the connection is lost.
    async fn object_events(&self, query: EventQuery) -> EngineResult<EngineStream<ObjectEvent>>;

    /// Subscribes to the events of containers that carry all of these labels (`key=value` or `key`), from now on or
    /// from `since` (seconds since 1970, engine's clock). Otherwise as [`Self::object_events`].
    async fn events(&self, labels: &[String], since: Option<i64>) -> EngineResult<EngineStream<EngineEvent>> {
        let kinds = vec![ObjectKind::Container];
        let since = since.map(|second| second.to_string());
        let query = EventQuery { kinds, labels: labels.to_vec(), since, ..EventQuery::default() };
        let stream = self.object_events(query).await?;
        let container = |item: EngineResult<ObjectEvent>| async { item.map(ObjectEvent::into_container).transpose() };
        Ok(stream.filter_map(container).boxed())
    }
}

/// Which events a subscription is for. The default is every event from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only objects of these kinds; empty means every kind.
    pub kinds: Vec<ObjectKind>,
    /// Only objects that carry all of these labels (`key=value` or `key`). The events of networks and volumes carry no
    /// labels, so a filter by label hides all of them.
    pub labels: Vec<String>,
    /// From this moment on: seconds since 1970, RFC 3339, a date and time, or a duration back from now. The engine
    /// remembers the last 256 events. `None` is from now on.
    pub since: Option<String>,
    /// Up to this moment, in the same forms; the stream then ends. `None` is without an end.
    pub until: Option<String>,
}

/// The kind of object that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A container: `create`, `start`, `die`, `health_status: healthy`, `oom`, `rename`, `destroy`, ...
    Container,
    /// A network: `create`, `connect`, `disconnect`, `destroy`, ...
    Network,
    /// A volume: `create`, `mount`, `unmount`, `destroy`.
    Volume,
    /// An image: `pull`, `tag`, `untag`, `delete`, `push`, ...
    Image,
    /// The engine itself: `reload`.
    Daemon,
    /// A kind that has no name here, in the engine's word: `plugin`, `builder`, `service`, `node`, ...
    Other(String),
}

impl ObjectKind {
    /// Returns the engine's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::Daemon => "daemon",
            Self::Other(word) => word,
        }
    }

    /// Returns the kind behind the engine's word.
    pub fn of(word: &str) -> Self {
        match word {
            "container" => Self::Container,
            "network" => Self::Network,
            "volume" => Self::Volume,
            "image" => Self::Image,
            "daemon" => Self::Daemon,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// An event of an object of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The kind of the object.
    pub kind: ObjectKind,
    /// The object's id: an id for containers and networks, the name for volumes, an id or a name for images.
    pub id: String,
    /// What happened, in the engine's word; see [`ObjectKind`].
    pub action: String,
    /// Time, nanoseconds since 1970 by the engine's clock.
    pub time_nanos: i64,
    /// Attributes: `name`, labels, `image` and `exitCode` of containers, `container` of a network's `connect`, ...
    pub attributes: BTreeMap<String, String>,
}

impl ObjectEvent {
    /// Returns the event as one of a container; `None` for an object of another kind.
    pub fn into_container(self) -> Option<EngineEvent> {
        let Self { kind, id, action, time_nanos, attributes } = self;
        (kind == ObjectKind::Container).then(|| EngineEvent {
            id: ContainerId::new(id),
            action,
            time_nanos,
            attributes,
        })
    }
}

/// An event of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// The container.
    pub id: ContainerId,
    /// What happened: `create`, `start`, `die`, `health_status: healthy`, `oom`, `destroy`, ...
    pub action: String,
    /// Time, nanoseconds since 1970 by the engine's clock.
    pub time_nanos: i64,
    /// Attributes: labels, `name`, `image`, `exitCode`.
    pub attributes: BTreeMap<String, String>,
}
