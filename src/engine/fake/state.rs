//! The state of the engine: all its objects, and the rules between them.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::container::{Behaviour, Container, Marks};
use super::faults::{Call, Turn};
use super::history::{Change, Deed, Done};
use crate::engine::{EngineError, EngineResult, ErrorKind, ObjectEvent, ObjectKind};
use crate::model::{
    ContainerId, ContainerName, ContainerState, ImageId, MountKind, NetworkId, NetworkName, ObservedContainer,
    ObservedEndpoint, ObservedMount, ObservedNetwork, ObservedPort, ObservedVolume, VolumeName, labels,
};

/// The function that decides what happens to a call.
pub(super) type Script = Box<dyn FnMut(&Call) -> Turn + Send>;

pub(super) struct State {
    next: u64,
    pub born: Instant,
    pub containers: Vec<Container>,
    /// Names of containers that are being created: taken, but not in any list yet.
    pub reserved: BTreeSet<ContainerName>,
    pub networks: Vec<ObservedNetwork>,
    pub volumes: Vec<ObservedVolume>,
    pub images: BTreeMap<String, ImageId>,
    pub behaviours: BTreeMap<String, Behaviour>,
    pub calls: Vec<Call>,
    pub script: Option<Script>,
    pub removed_volumes: BTreeSet<VolumeName>,
    pub history: Vec<Change>,
    /// The marks of removed containers.
    pub graves: BTreeMap<ContainerId, Marks>,
    /// The client whose call is being carried out; 0 is the world.
    pub actor: u32,
    /// The time until which the engine is away.
    pub down_until: Option<Instant>,
    /// Cancelled by a restart of the engine, which ends all requests. A token wakes its waiters in the order of
    /// waiting.
    pub life: CancellationToken,
    /// Number of requests that the engine works on.
    pub at_work: usize,
    pub events: broadcast::Sender<ObjectEvent>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            next: 0,
            born: Instant::now(),
            containers: Vec::new(),
            reserved: BTreeSet::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            images: BTreeMap::new(),
            behaviours: BTreeMap::new(),
            calls: Vec::new(),
            script: None,
            removed_volumes: BTreeSet::new(),
            history: Vec::new(),
            graves: BTreeMap::new(),
            actor: 0,
            down_until: None,
            life: CancellationToken::new(),
            at_work: 0,
            events: broadcast::channel(512).0,
        }
    }
}

pub(super) fn not_found(what: &str) -> EngineError {
    EngineError::new(ErrorKind::NotFound, what, format!("no such thing: {what}"))
}

pub(super) fn refused(kind: ErrorKind, message: impl AsRef<str>) -> EngineError {
    EngineError::new(kind, "change", message)
}

impl State {
    pub(super) fn new_id(&mut self) -> String {
        self.next += 1;
        format!("{:0>12x}{:0>52}", self.next, 0)
    }

    /// Lets time pass for all containers and sends the events of what happened.
    pub(super) fn advance(&mut self) {
        let now = Instant::now();
        let mut happened = Vec::new();
        for container in &mut self.containers {
            for event in container.advance(now) {
                happened.push((container.id.clone(), event));
            }
        }
        for (id, event) in happened {
            self.tell(&id, event);
        }
    }

    /// Sends an event to all subscribers.
    pub(super) fn tell(&self, id: &ContainerId, action: &str) {
        let event = ObjectEvent {
            kind: ObjectKind::Container,
            id: id.to_string(),
            action: action.to_owned(),
            time_nanos: 0,
            attributes: BTreeMap::new(),
        };
        // A failed send means that nobody has subscribed.
        let _ = self.events.send(event);
    }

    pub(super) fn note(&mut self, deed: Deed) {
        let at = self.born.elapsed();
        self.history.push(Change { at, client: self.actor, deed });
    }

    /// Notes a change of a container that still exists.
    pub(super) fn note_container(&mut self, id: &ContainerId, what: Done) {
        if let Ok(container) = self.container(id.as_str()) {
            let deed = Deed::Container {
                id: container.id.clone(),
                name: container.name.clone(),
                spec: container.spec.clone(),
                what,
            };
            self.note(deed);
        }
    }

    /// Finds a container by id or name.
    pub(super) fn container(&mut self, key: &str) -> EngineResult<&mut Container> {
        self.containers
            .iter_mut()
            .find(|one| one.id.as_str() == key || one.name.as_str() == key)
            .ok_or_else(|| not_found(key))
    }

    /// Finds a network by name. Compat: the engine refuses to choose between two networks of one name.
    pub(super) fn network(&self, name: &NetworkName) -> EngineResult<NetworkId> {
        let found: Vec<&ObservedNetwork> = self.networks.iter().filter(|one| one.name == *name).collect();
        match found.as_slice() {
            [] => Err(not_found(name.as_str())),
            [one] => Ok(one.id.clone()),
            more => Err(refused(
                ErrorKind::Ambiguous,
                format!("network {name} is ambiguous ({} matches found on name)", more.len()),
            )),
        }
    }

    /// Returns the marks of every container so far, removed containers included.
    pub(super) fn marks(&self) -> BTreeMap<ContainerId, Marks> {
        let living = self.containers.iter().map(|one| (one.id.clone(), one.marks));
        self.graves.iter().map(|(id, marks)| (id.clone(), *marks)).chain(living).collect()
    }

    /// Returns the replacements of `id`, each with whether it has ever been up.
    fn successors(&self, id: &ContainerId) -> Vec<(ContainerId, bool)> {
        let succeeds = |label: Option<&String>| label.is_some_and(|old| old == id.as_str());
        let successors = self.containers.iter().filter(|one| succeeds(one.spec.labels.get(labels::REPLACES)));
        successors.map(|one| (one.id.clone(), one.marks.was_up)).collect()
    }

    /// Starts a container. Compat: networks, namespaces and ports are checked at the start, not at the creation.
    pub(super) fn start(&mut self, id: &ContainerId) -> EngineResult<()> {
        let container = self.container(id.as_str())?;
        match container.state() {
            ContainerState::Running | ContainerState::Restarting => return Ok(()),
            ContainerState::Paused => return Err(refused(ErrorKind::Conflict, "cannot start a paused container")),
            _ => {}
        }
        let checked = self.check_networks(id).and_then(|networks| {
            self.check_namespace(id)?;
            self.check_ports(id)?;
            self.check_addresses(id)?;
            Ok(networks)
        });
        let marks = self.marks();
        let container = self.container(id.as_str())?;
        match checked {
            Ok(networks) => {
                container.networks = networks;
                container.start(Instant::now());
                self.note_container(id, Done::Started(marks));
                self.tell(id, "start");
                Ok(())
            }
            Err(error) => {
                container.error = error.message.clone();
                Err(error)
            }
        }
    }

    fn check_networks(&mut self, id: &ContainerId) -> EngineResult<BTreeMap<NetworkName, Option<NetworkId>>> {
        let wanted = self.container(id.as_str())?.networks.clone();
        let resolve = |(name, bound): (NetworkName, Option<NetworkId>)| {
            let id = match bound {
                Some(id) if self.networks.iter().any(|network| network.id == id) => id,
                Some(_) => return Err(not_found(name.as_str())),
                None => self.network(&name)?,
            };
            Ok((name, Some(id)))
        };
        wanted.into_iter().map(resolve).collect()
    }

    fn check_namespace(&mut self, id: &ContainerId) -> EngineResult<()> {
        let mode = self.container(id.as_str())?.spec.network_mode.clone();
        let Some(parent) = mode.as_deref().and_then(|mode| mode.strip_prefix("container:")) else { return Ok(()) };
        if self.container(parent)?.is_up() {
            return Ok(());
        }
        Err(refused(ErrorKind::Conflict, "cannot join network of a non running container"))
    }

    fn check_ports(&mut self, id: &ContainerId) -> EngineResult<()> {
        let wanted = fixed_ports(self.container(id.as_str())?);
        let is_taken =
            |one: &Container| one.id != *id && one.is_up() && fixed_ports(one).iter().any(|port| wanted.contains(port));
        match self.containers.iter().find(|one| is_taken(one)) {
            Some(_) => Err(refused(ErrorKind::PortTaken, "port is already allocated")),
            None => Ok(()),
        }
    }

    /// Compat: an address is checked when its container starts, or when a running container is connected.
    pub(super) fn check_addresses(&mut self, id: &ContainerId) -> EngineResult<()> {
        let wanted = self.container(id.as_str())?.addresses.clone();
        let has_one = |one: &Container| {
            one.id != *id
                && one.is_up()
                && wanted.iter().any(|(name, address)| one.addresses.get(name) == Some(address))
        };
        match self.containers.iter().any(has_one) {
            true => Err(refused(ErrorKind::PortTaken, "Address already in use")),
            false => Ok(()),
        }
    }

    /// Removes a container that exists; otherwise does nothing.
    pub(super) fn remove(&mut self, id: &ContainerId) {
        let done = Done::Removed(self.successors(id));
        self.note_container(id, done);
        if let Some(index) = self.containers.iter().position(|one| one.id == *id) {
            let gone = self.containers.remove(index);
            self.graves.insert(gone.id, gone.marks);
            self.tell(id, "destroy");
        }
    }

    /// Returns the image name that the container was created from, if the name still means the same image; else the
    /// image's id.
    fn image_name(&self, container: &Container) -> String {
        let name = container.spec.image.as_str();
        match self.images.get(&crate::model::familiar(name)) {
            Some(id) if *id == container.image_id => name.to_owned(),
            _ => container.image_id.to_string(),
        }
    }

    pub(super) fn observed(&self, container: &Container) -> ObservedContainer {
        let state = container.state();
        let mounts = container.spec.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { name, .. } | MountKind::Anonymous { name: Some(name), .. } => Some(ObservedMount {
                kind: "volume".to_owned(),
                name: name.to_string(),
                destination: mount.target.clone(),
                ..ObservedMount::default()
            }),
            _ => None,
        });
        let anonymous = container.anonymous.iter().map(|(target, name)| ObservedMount {
            kind: "volume".to_owned(),
            name: name.to_string(),
            destination: target.clone(),
            ..ObservedMount::default()
        });
        let ports = fixed_ports(container).into_iter().filter(|_| container.is_up());
        let endpoint = |name: &NetworkName, id: &Option<NetworkId>| {
            let fixed = container.addresses.get(name);
            ObservedEndpoint {
                network_id: id.clone().unwrap_or_default(),
                ip_address: fixed.filter(|_| container.is_up()).cloned().unwrap_or_default(),
                fixed_ipv4: fixed.cloned(),
                ..ObservedEndpoint::default()
            }
        };
        ObservedContainer {
            id: container.id.clone(),
            name: container.name.clone(),
            image: self.image_name(container),
            image_id: container.image_id.clone(),
            created: container.created,
            state,
            health: container.health(Instant::now()),
            exit_code: (state == ContainerState::Exited).then_some(container.exit_code()),
            labels: container.spec.labels.clone(),
            networks: container.networks.iter().map(|(name, id)| (name.clone(), endpoint(name, id))).collect(),
            network_mode: container.spec.network_mode.clone().unwrap_or_default(),
            mounts: mounts.chain(anonymous).collect(),
            ports: ports.map(|(port, protocol)| published(port, protocol)).collect(),
            ..ObservedContainer::default()
        }
    }
}

fn published(port: u16, protocol: String) -> ObservedPort {
    ObservedPort { host_ip: None, published: Some(port), target: port, protocol }
}

/// Returns the host ports of a container. Compat: with the host's network the engine ignores published ports.
fn fixed_ports(container: &Container) -> Vec<(u16, String)> {
    if container.spec.network_mode.as_deref() == Some("host") {
        return Vec::new();
    }
    let fixed = |port: &crate::model::PortSpec| Some((port.published.parse().ok()?, port.protocol.clone()));
    container.spec.ports.iter().filter_map(fixed).collect()
}
