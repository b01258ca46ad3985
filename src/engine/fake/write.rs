//! The changes of containers, networks and volumes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::FakeEngine;
use super::anonymous;
use super::call::Later;
use super::container::{Container, Marks, Phase};
use super::history::{Deed, Done};
use super::state::{State, not_found, refused};
use crate::engine::{ChangeEngine, EngineResult, ErrorKind, RemoveOptions};
use crate::model::{
    ContainerId, ContainerName, ContainerSpec, EndpointSpec, MountKind, NetworkId, NetworkName, NetworkSpec,
    ObservedNetwork, ObservedVolume, VolumeName, VolumeSpec,
};

/// Makes "not found" the success of a removal.
fn unless_gone(result: EngineResult<()>) -> EngineResult<()> {
    result.or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })
}

/// Returns the fixed address of an endpoint, with the endpoint's network.
fn fixed_address(endpoint: &EndpointSpec) -> Option<(NetworkName, String)> {
    endpoint.ipv4_address.clone().map(|address| (endpoint.network.clone(), address))
}

impl State {
    /// Takes the name of a container, as an engine does before the container is listed.
    fn reserve(&mut self, name: &ContainerName) -> EngineResult<()> {
        if self.containers.iter().any(|one| one.name == *name) || !self.reserved.insert(name.clone()) {
            return Err(refused(ErrorKind::Conflict, format!("the name {name} is already in use")));
        }
        Ok(())
    }

    fn create(&mut self, spec: &ContainerSpec) -> EngineResult<ContainerId> {
        self.reserved.remove(&spec.name);
        let image = crate::model::familiar(spec.image.as_str());
        let image_id = self.images.get(&image).cloned().ok_or_else(|| not_found(spec.image.as_str()))?;
        // Compat: the first network is looked up at the start. The others are connected now, so they must exist.
        for endpoint in spec.networks.iter().skip(1) {
            self.network(&endpoint.network)?;
        }
        for mount in &spec.mounts {
            if let MountKind::Volume { name, .. } = &mount.kind {
                self.create_volume(name, &VolumeSpec::default());
            }
        }
        let anonymous = self.anonymous_volumes(spec)?;
        let id = ContainerId::new(self.new_id());
        self.containers.push(Container {
            id: id.clone(),
            spec: Arc::new(spec.clone()),
            name: spec.name.clone(),
            image_id,
            networks: spec.networks.iter().map(|endpoint| (endpoint.network.clone(), None)).collect(),
            addresses: spec.networks.iter().filter_map(fixed_address).collect(),
            anonymous,
            created: i64::try_from(self.born.elapsed().as_secs()).unwrap_or(i64::MAX),
            behaviour: self.behaviours.get(&image).cloned().unwrap_or_default(),
            phase: Phase::Created,
            started: None,
            restarts: 0,
            is_stopped_by_hand: false,
            error: String::new(),
            marks: Marks::default(),
        });
        self.note_container(&id, Done::Created);
        self.tell(&id, "create");
        Ok(id)
    }

    pub(super) fn create_volume(&mut self, name: &VolumeName, spec: &VolumeSpec) {
        if self.volumes.iter().any(|one| one.name == *name) {
            return;
        }
        self.volumes.push(ObservedVolume {
            name: name.clone(),
            driver: spec.driver.clone().unwrap_or_else(|| "local".to_owned()),
            options: spec.driver_opts.clone(),
            labels: spec.labels.clone(),
            ..ObservedVolume::default()
        });
        self.note(Deed::VolumeCreated(name.clone()));
    }

    /// Begins to stop a container. Returns the time of its end; `None` for a container that does not run.
    fn stop(&mut self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<Option<Instant>> {
        let container = self.container(id.as_str())?;
        container.is_stopped_by_hand = true;
        let lasts = container.behaviour.stops_after.min(grace.unwrap_or(Duration::from_secs(10)));
        let until = match &mut container.phase {
            Phase::Running(run) => {
                run.is_paused = false;
                *run.stops_at.get_or_insert(Instant::now() + lasts)
            }
            Phase::Restarting { code, .. } => {
                container.phase = Phase::Exited { code: *code };
                Instant::now()
            }
            Phase::Created | Phase::Exited { .. } => return Ok(None),
        };
        self.note_container(id, Done::Stopped);
        self.tell(id, "kill");
        Ok(Some(until))
    }

    fn pause(&mut self, id: &ContainerId, is_paused: bool) -> EngineResult<()> {
        match &mut self.container(id.as_str())?.phase {
            Phase::Running(run) if run.is_paused != is_paused => run.is_paused = is_paused,
            _ => return Err(refused(ErrorKind::Conflict, "the container is in another state")),
        }
        self.note_container(id, Done::Paused);
        Ok(())
    }

    fn connect(&mut self, id: &ContainerId, endpoint: &EndpointSpec) -> EngineResult<()> {
        let network = &endpoint.network;
        let found = self.network(network)?;
        let container = self.container(id.as_str())?;
        let is_up = container.is_up();
        if is_up && container.networks.contains_key(network) {
            return Err(refused(ErrorKind::Denied, format!("an endpoint exists already in network {network}")));
        }
        // A container that its restart policy will start again is bound to its network like a running one.
        let is_bound = is_up || matches!(container.phase, Phase::Restarting { .. });
        container.networks.insert(network.clone(), is_bound.then_some(found));
        container.addresses.extend(fixed_address(endpoint));
        if is_up && let Err(error) = self.check_addresses(id) {
            let container = self.container(id.as_str())?;
            container.networks.remove(network);
            container.addresses.remove(network);
            return Err(error);
        }
        self.note_container(id, Done::Connected(network.clone()));
        Ok(())
    }

    fn disconnect(&mut self, network: &NetworkName, id: &ContainerId) -> EngineResult<()> {
        if self.container(id.as_str())?.is_up() {
            self.network(network)?;
        }
        self.container(id.as_str())?.addresses.remove(network);
        if self.container(id.as_str())?.networks.remove(network).is_none() {
            return Err(refused(
                ErrorKind::Engine,
                format!("container {id} is not connected to the network {network}"),
            ));
        }
        self.note_container(id, Done::Disconnected(network.clone()));
        Ok(())
    }

    fn remove_network(&mut self, id: &NetworkId) -> EngineResult<()> {
        let is_used = |one: &Container| one.is_up() && one.networks.values().flatten().any(|network| network == id);
        if self.containers.iter().any(is_used) {
            return Err(refused(ErrorKind::NetworkInUse, format!("network {id} has active endpoints")));
        }
        let index = self.networks.iter().position(|one| one.id == *id).ok_or_else(|| not_found(id.as_str()))?;
        let gone = self.networks.remove(index);
        self.note(Deed::NetworkRemoved(gone.id, gone.name, gone.labels));
        Ok(())
    }

    pub(super) fn remove_volume(&mut self, name: &VolumeName) -> EngineResult<()> {
        if self.containers.iter().any(|one| anonymous::has(one, name)) {
            return Err(refused(ErrorKind::Conflict, format!("volume {name} is in use")));
        }
        let index = self.volumes.iter().position(|one| one.name == *name).ok_or_else(|| not_found(name.as_str()))?;
        self.volumes.remove(index);
        self.removed_volumes.insert(name.clone());
        self.note(Deed::VolumeRemoved(name.clone()));
        Ok(())
    }
}

#[async_trait]
impl ChangeEngine for FakeEngine {
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)> {
        let (name, spec) = (spec.name.clone(), spec.clone());
        let take = move |state: &mut State| state.reserve(&name);
        let target = spec.name.to_string();
        let act = move |state: &mut State, ()| state.create(&spec).map(|id| ((id, Vec::new()), None));
        self.request("create_container", &target, true, take, act).await
    }

    async fn start_container(&self, id: &ContainerId) -> EngineResult<()> {
        let key = id.clone();
        self.change("start_container", id.as_str(), move |state| state.start(&key)).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool> {
        let key = id.clone();
        let act = move |state: &mut State, ()| {
            state.stop(&key, grace).map(|until| (until.is_some(), until.map(Later::reply)))
        };
        let result = self.request("stop_container", id.as_str(), true, |_| Ok(()), act).await;
        result.or_else(|error| if error.is_not_found() { Ok(false) } else { Err(error) })
    }

    async fn kill_container(&self, id: &ContainerId, signal: &str) -> EngineResult<()> {
        let (key, ends) = (id.clone(), matches!(signal.trim_start_matches("SIG"), "KILL" | "9" | "TERM" | "INT"));
        self.change("kill_container", id.as_str(), move |state| {
            let container = state.container(key.as_str())?;
            if !ends && container.is_up() {
                // The program in the container ignores the signal.
                state.note_container(&key, Done::Killed);
                return Ok(());
            }
            container.is_stopped_by_hand = true;
            match container.phase {
                // Compat: there is no process to kill, and the restart policy does not act any more (`docker kill` ends
                // with 0).
                Phase::Restarting { code, .. } => container.phase = Phase::Exited { code },
                Phase::Running(_) => container.end(Instant::now(), 137),
                Phase::Created | Phase::Exited { .. } => {
                    return Err(refused(ErrorKind::Conflict, "the container is not running"));
                }
            }
            state.note_container(&key, Done::Killed);
            state.tell(&key, "kill");
            state.tell(&key, "die");
            Ok(())
        })
        .await
    }

    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<()> {
        let (key, again) = (id.clone(), id.clone());
        let act = move |state: &mut State, ()| {
            let until = state.stop(&key, grace)?.unwrap_or_else(Instant::now);
            state.note_container(&key, Done::Restarted);
            Ok(((), Some(Later { at: until, then: Box::new(move |state| state.start(&again)) })))
        };
        self.request("restart_container", id.as_str(), true, |_| Ok(()), act).await
    }

    async fn pause_container(&self, id: &ContainerId) -> EngineResult<()> {
        let key = id.clone();
        self.change("pause_container", id.as_str(), move |state| state.pause(&key, true)).await
    }

    async fn unpause_container(&self, id: &ContainerId) -> EngineResult<()> {
        let key = id.clone();
        self.change("unpause_container", id.as_str(), move |state| state.pause(&key, false)).await
    }

    async fn remove_container(&self, id: &ContainerId, options: RemoveOptions) -> EngineResult<()> {
        let key = id.clone();
        let act = move |state: &mut State| {
            let container = state.container(key.as_str())?;
            if container.is_up() && !options.force {
                return Err(refused(ErrorKind::Conflict, format!("container {key} is running")));
            }
            let anonymous = container.anonymous.clone();
            state.remove(&key);
            if options.volumes {
                state.remove_anonymous(&anonymous);
            }
            Ok(())
        };
        unless_gone(self.change("remove_container", id.as_str(), act).await)
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> EngineResult<()> {
        let (key, name) = (id.clone(), name.clone());
        self.change("rename_container", id.as_str(), move |state| {
            if state.container(key.as_str())?.name == name {
                return Err(refused(ErrorKind::Invalid, "the container has this name already"));
            }
            state.reserve(&name)?;
            state.reserved.remove(&name);
            state.note_container(&key, Done::Renamed(name.clone()));
            state.container(key.as_str())?.name = name;
            Ok(())
        })
        .await
    }

    async fn connect_network(
        &self,
        network: &NetworkName,
        id: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> EngineResult<()> {
        let (key, endpoint) = (id.clone(), EndpointSpec { network: network.clone(), ..endpoint.clone() });
        self.change("connect_network", network.as_str(), move |state| state.connect(&key, &endpoint)).await
    }

    async fn disconnect_network(&self, network: &NetworkName, id: &ContainerId) -> EngineResult<()> {
        let (key, name) = (id.clone(), network.clone());
        unless_gone(
            self.change("disconnect_network", network.as_str(), move |state| state.disconnect(&name, &key)).await,
        )
    }

    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<NetworkId> {
        // Compat: the engine refuses a second network of the same name, unless the first is still being created.
        let name = spec.name.clone();
        let take = move |state: &mut State| match state.networks.iter().any(|one| one.name == name) {
            true => Err(refused(ErrorKind::Conflict, format!("network {name} exists"))),
            false => Ok(()),
        };
        let network = ObservedNetwork {
            name: spec.name.clone(),
            driver: "bridge".to_owned(),
            labels: spec.labels.clone(),
            subnets: spec.ipam.pools.iter().filter_map(|pool| pool.subnet.clone()).collect(),
            ..ObservedNetwork::default()
        };
        let act = move |state: &mut State, ()| {
            // Compat: subnets are checked when the network is created, names when the request comes in.
            let is_taken =
                |other: &ObservedNetwork| other.subnets.iter().any(|subnet| network.subnets.contains(subnet));
            if state.networks.iter().any(is_taken) {
                return Err(refused(ErrorKind::Denied, "Pool overlaps with other one on this address space"));
            }
            let id = NetworkId::new(state.new_id());
            state.note(Deed::NetworkCreated(id.clone(), network.name.clone()));
            state.networks.push(ObservedNetwork { id: id.clone(), ..network });
            Ok((id, None))
        };
        self.request("create_network", spec.name.as_str(), true, take, act).await
    }

    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()> {
        let key = id.clone();
        unless_gone(self.change("remove_network", id.as_str(), move |state| state.remove_network(&key)).await)
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> EngineResult<()> {
        let volume = spec.clone();
        self.change("create_volume", spec.name.as_str(), move |state| {
            state.create_volume(&volume.name, &volume);
            Ok(())
        })
        .await
    }

    async fn remove_volume(&self, name: &VolumeName) -> EngineResult<()> {
        let key = name.clone();
        unless_gone(self.change("remove_volume", name.as_str(), move |state| state.remove_volume(&key)).await)
    }
}
