//! One step against the engine. A call whose reply is lost is settled by looking, never by guessing.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, Wakeups};
use super::outcome::StepError;
use super::roll::RollCall;
use super::wait::Wait;
use super::{ExecSettings, transfer};
use crate::engine::{EngineError, EngineHandle, EngineResult, ErrorKind, ExecSpec, RemoveOptions};
use crate::event::StepState;
use crate::model::{
    ContainerId, ContainerName, ContainerSpec, ContainerState, Definition, EndpointSpec, FileSpec, Hook, ImageRef,
    NetworkId, NetworkName, NetworkSpec, ProjectName, hash, labels,
};
use crate::plan::Verb;
use crate::plan::{Action, ContainerRef, IdField, Reference, Step, StepId, describe};

/// What a step needs besides itself.
#[derive(Clone)]
pub(super) struct Runner {
    pub engine: EngineHandle,
    pub settings: ExecSettings,
    pub project: ProjectName,
    /// `None` where no wait of the plan needs events.
    pub hub: std::sync::Arc<Option<Hub>>,
    pub roll: std::sync::Arc<RollCall>,
    /// Whether nothing is left but waits that nobody waits for.
    pub quiet: CancellationToken,
    /// How many replies were lost so far.
    pub lost_replies: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    pub progress: mpsc::Sender<(StepId, StepState)>,
}

/// How long engines wait for what they stop, where the container does not say.
const GRACE: Duration = Duration::from_secs(10);

/// How often a call is made whose reply is lost each time.
const ATTEMPTS: u32 = 6;

/// How long an engine that answers again may still be at work on a call whose connection broke.
const LATE: Duration = Duration::from_millis(500);

/// What a step that succeeded leaves.
#[derive(Debug, Default)]
pub(super) struct Success {
    pub note: Option<&'static str>,
    /// The container it created.
    pub created: Option<ContainerId>,
    /// Whether its container ran until this step stopped it. Where a reply was lost that is not known, and false.
    pub has_stopped: bool,
}

/// A failed step: the error and lines that help to understand it.
pub(super) type Failed = (StepError, Vec<String>);

/// Ids of containers created so far, by the step that created them.
pub(super) type Created = BTreeMap<StepId, ContainerId>;

/// Returns the id behind a reference.
pub(super) fn resolve(reference: &ContainerRef, created: &Created) -> Option<ContainerId> {
    match reference {
        ContainerRef::Existing(id) => Some(id.clone()),
        ContainerRef::Planned(step) => created.get(step).cloned(),
    }
}

impl Runner {
    /// Runs a step to its end.
    ///
    /// `is_last`: no other step waits for it. `start_took`: of a wait, how long its container's start took.
    pub(super) async fn run(
        &self,
        step: &Step,
        created: &Created,
        is_last: bool,
        start_took: Duration,
    ) -> Result<Success, Failed> {
        let verb = describe(&step.action);
        let fail = |source| (StepError::Engine { verb, target: step.target.clone(), source }, Vec::new());
        let done = |_| Success::default();
        let id = |container: &ContainerRef| {
            resolve(container, created)
                .ok_or_else(|| (StepError::Internal(format!("step {} has no container", step.id)), Vec::new()))
        };
        match &step.action {
            Action::PullImage { image, platform } => {
                transfer::pull(&self.engine, image, platform.as_deref(), step.id, &self.progress)
                    .await
                    .map(done)
                    .map_err(fail)
            }
            Action::BuildImage(request) => {
                match transfer::build(&self.engine, request, step.id, &self.progress).await {
                    Ok(is_cached) => Ok(Success { note: is_cached.then_some("Cached"), ..Success::default() }),
                    Err((source, details)) => {
                        Err((StepError::Engine { verb, target: step.target.clone(), source }, details))
                    }
                }
            }
            Action::CreateNetwork { spec, before } => match self.create_network(spec).await {
                Ok(()) => Ok(Success::default()),
                Err(source) => {
                    let details = self.make_again(before.as_deref(), &source).await;
                    Err((StepError::Engine { verb, target: step.target.clone(), source }, details))
                }
            },
            Action::RemoveNetwork { id } => {
                self.certain(|| self.engine.remove_network(id)).await.map(done).map_err(fail)
            }
            Action::ConnectNetwork { container, endpoint } => {
                self.connect(&id(container)?, endpoint).await.map(done).map_err(fail)
            }
            Action::DisconnectNetwork { container, network } => {
                self.disconnect(&id(container)?, network).await.map(done).map_err(fail)
            }
            Action::CreateVolume(spec) => {
                self.certain(|| self.engine.create_volume(spec)).await.map(done).map_err(fail)
            }
            Action::RemoveVolume { name } => {
                self.certain(|| self.engine.remove_volume(name)).await.map(done).map_err(fail)
            }
            Action::CreateContainer { spec, references } => {
                let spec = fill(spec, references, created);
                let created = self.create_container(&spec, step.target.name()).await.map_err(fail)?;
                Ok(Success { created: Some(created), ..Success::default() })
            }
            Action::PutFiles { container, files } => self.upload(&id(container)?, files).await.map(done).map_err(fail),
            Action::StartContainer { container } => self.start(&id(container)?).await.map(done).map_err(fail),
            Action::StopContainer { container, grace } => {
                let has_stopped = self.stop(&id(container)?, *grace).await.map_err(fail)?;
                Ok(Success { has_stopped, ..Success::default() })
            }
            Action::KillContainer { container, signal } => {
                self.engine.kill_container(&id(container)?, signal).await.map(done).map_err(fail)
            }
            Action::RestartContainer { container, grace } => {
                self.engine.restart_container(&id(container)?, *grace).await.map(done).map_err(fail)
            }
            Action::PauseContainer { container } => {
                self.engine.pause_container(&id(container)?).await.map(done).map_err(fail)
            }
            Action::UnpauseContainer { container } => {
                self.engine.unpause_container(&id(container)?).await.map(done).map_err(fail)
            }
            Action::RemoveContainer { container, force, volumes } => {
                let id = id(container)?;
                let options = RemoveOptions { force: *force, volumes: *volumes };
                self.certain(|| self.engine.remove_container(&id, options)).await.map(done).map_err(fail)
            }
            Action::RenameContainer { container, to } => self.rename(&id(container)?, to).await.map(done).map_err(fail),
            Action::WaitFor { container, until, limit } => {
                let id = id(container)?;
                let wait = Wait {
                    engine: &self.engine,
                    roll: &self.roll,
                    start_took,
                    quiet: is_last.then(|| self.quiet.clone()),
                    settings: &self.settings,
                    target: &step.target,
                    container: &id,
                    until: *until,
                    limit: *limit,
                    step: step.id,
                    progress: self.progress.clone(),
                };
                let wakeups = match self.hub.as_ref() {
                    Some(hub) => hub.wakeups(id.clone()),
                    None => Wakeups::none(id.clone()),
                };
                wait.run(wakeups).await.map(|word| Success { note: Some(word), ..Success::default() })
            }
            Action::RunHook { container, hook, phase } => self.hook(step, &id(container)?, hook, phase).await,
            Action::RemoveImage { image } => self.remove_image(image).await.map(done).map_err(fail),
            Action::Pause { delay } => {
                tokio::time::sleep(*delay).await;
                Ok(Success::default())
            }
        }
    }

    /// How long a call may well last because of what it stops.
    pub(super) async fn grace(&self, action: &Action, created: &Created) -> Duration {
        let (Action::StopContainer { container, grace } | Action::RestartContainer { container, grace }) = action
        else {
            return Duration::ZERO;
        };
        match (grace, resolve(container, created)) {
            (Some(grace), _) => *grace,
            (None, None) => GRACE,
            (None, Some(id)) => {
                let found = self.engine.inspect_container(id.as_str()).await;
                found.ok().and_then(|details| details.stop_timeout).unwrap_or(GRACE)
            }
        }
    }

    /// For calls that may be repeated: while the reply is lost, waits for the engine and asks again. At least once, and at
    /// most [`ATTEMPTS`] times in all, as long as `patience` lasts.
    async fn certain<T, F, R>(&self, mut call: F) -> EngineResult<T>
    where
        F: FnMut() -> R,
        R: Future<Output = EngineResult<T>>,
    {
        let deadline = Instant::now() + self.settings.patience;
        let mut attempts = 1;
        loop {
            match call().await {
                Err(error)
                    if error.is_uncertain() && attempts < ATTEMPTS && (attempts == 1 || Instant::now() < deadline) =>
                {
                    self.back(error).await?;
                    attempts += 1;
                }
                result => return result,
            }
        }
    }

    /// Whether a call that changes something may have taken effect without its reply.
    pub(super) fn has_lost_a_reply(&self) -> bool {
        self.lost_replies.load(Ordering::Relaxed) > 0
    }

    /// Waits until a lost engine answers again; gives the first error back when it does not in time.
    async fn back(&self, lost: EngineError) -> EngineResult<()> {
        self.lost_replies.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now() + self.settings.reconnect;
        let mut pause = Duration::from_millis(100);
        while Instant::now() < deadline {
            tokio::time::sleep(pause).await;
            if self.engine.list_networks().await.is_ok() {
                return Ok(());
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        Err(lost)
    }

    /// A start may be asked for again: a second one waits for the first and finds its work done.
    async fn start(&self, id: &ContainerId) -> EngineResult<()> {
        let deadline = Instant::now() + self.settings.patience;
        loop {
            match self.engine.start_container(id).await {
                Err(error) if error.is_uncertain() && Instant::now() < deadline => {
                    self.back(error.clone()).await?;
                    let details = self.engine.inspect_container(id.as_str()).await?;
                    if details.state == ContainerState::Running {
                        return Ok(());
                    }
                }
                Err(error) if error.kind == ErrorKind::Ambiguous && Instant::now() < deadline => {
                    self.settle_networks(error).await?;
                }
                result => return result,
            }
        }
    }

    /// A stop is awaited as long as it takes; where the reply is lost it is asked for again. Returns whether the container
    /// ran until then; of one that an engine's restart may have ended, that is not known.
    async fn stop(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool> {
        self.certain(|| self.engine.stop_container(id, grace)).await
    }

    async fn rename(&self, id: &ContainerId, to: &ContainerName) -> EngineResult<()> {
        let deadline = Instant::now() + self.settings.reconnect;
        loop {
            let error = match self.certain(|| self.engine.rename_container(id, to)).await {
                Err(error) if error.kind == ErrorKind::Conflict || error.kind == ErrorKind::Invalid => error,
                result => return result,
            };
            // The lost reply was a success, or the name is its own already.
            if self.engine.inspect_container(id.as_str()).await?.name == *to {
                return Ok(());
            }
            if Instant::now() >= deadline || !self.is_leaving(to).await? {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Whether the container that holds a name is about to go: a removal by a run that has died may still be under way,
    /// and the name is given free last.
    async fn is_leaving(&self, name: &ContainerName) -> EngineResult<bool> {
        match self.engine.inspect_container(name.as_str()).await {
            Ok(holder) => Ok(matches!(holder.state, ContainerState::Removing | ContainerState::Dead)),
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Connects a container; a refusal is settled by looking, for it may be that it is connected already.
    pub(super) async fn connect(&self, id: &ContainerId, endpoint: &EndpointSpec) -> EngineResult<()> {
        match self.certain(|| self.engine.connect_network(&endpoint.network, id, endpoint)).await {
            Err(error) if !error.is_uncertain() && self.is_connected(id, &endpoint.network).await? => Ok(()),
            result => result,
        }
    }

    async fn disconnect(&self, id: &ContainerId, network: &NetworkName) -> EngineResult<()> {
        match self.certain(|| self.engine.disconnect_network(network, id)).await {
            Err(error) if !error.is_uncertain() && !self.is_connected(id, network).await? => Ok(()),
            result => result,
        }
    }

    async fn is_connected(&self, id: &ContainerId, network: &NetworkName) -> EngineResult<bool> {
        let all = self.engine.list_containers(&[]).await?;
        Ok(all.iter().any(|one| one.id == *id && one.networks.contains_key(network)))
    }

    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<()> {
        match self.engine.create_network(spec).await {
            Ok(_) if !self.settings.is_after_crash => return Ok(()),
            Ok(_) => return self.remove_doubles(spec).await,
            Err(error) if error.is_uncertain() => self.back(error).await?,
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Denied) => {
                // Another run made it first, unless the name is a stranger's. Of two that are made in the same moment, the
                // engine may refuse the second for its subnet ("Pool overlaps with other one on this address space", 403).
                return if self.own_networks(spec).await?.is_empty() { Err(error) } else { Ok(()) };
            }
            Err(error) => return Err(error),
        }
        // The engine may still be at work on the call whose connection broke.
        tokio::time::sleep(LATE).await;
        if self.own_networks(spec).await?.is_empty() {
            self.engine.create_network(spec).await?;
            tokio::time::sleep(LATE).await;
        }
        self.remove_doubles(spec).await
    }

    /// Makes the network again that was removed for one which the engine refuses; returns words about it.
    async fn make_again(&self, before: Option<&NetworkSpec>, refused: &EngineError) -> Vec<String> {
        let Some(before) = before.filter(|_| !refused.is_uncertain()) else { return Vec::new() };
        match self.create_network(before).await {
            Ok(()) => vec!["the network that was removed for it was made again as it had been".to_owned()],
            Err(error) => vec![format!(
                "the network that was removed for it could not be made again either ({}): run `up` with the file that it \
                 last worked with",
                error.message
            )],
        }
    }

    /// Returns the ids of the networks that are the one to be made, smallest first.
    async fn own_networks(&self, spec: &NetworkSpec) -> EngineResult<Vec<NetworkId>> {
        let hash = spec.labels.get(labels::CONFIG_HASH);
        let is_own = |network: &crate::model::ObservedNetwork| {
            // Another project may have a network of the same name and definition.
            network.name == spec.name
                && network.labels.get(labels::CONFIG_HASH) == hash
                && network.labels.get(labels::PROJECT) == spec.labels.get(labels::PROJECT)
        };
        let all = self.engine.list_networks().await?;
        let mut own: Vec<NetworkId> = all.into_iter().filter(is_own).map(|network| network.id).collect();
        own.sort();
        Ok(own)
    }

    /// Names of networks are not unique: a call of a run that has died may have made another in the same moment. The one in
    /// use stays; where none is, every run keeps the one with the smallest id, so that two of them agree.
    pub(super) async fn remove_doubles(&self, spec: &NetworkSpec) -> EngineResult<()> {
        let mut own = self.own_networks(spec).await?;
        if own.len() < 2 {
            return Ok(());
        }
        let all = self.engine.list_containers(&[]).await?;
        let is_used = |id: &NetworkId| all.iter().any(|one| one.networks.values().any(|on| on.network_id == *id));
        own.sort_by_key(|id| (!is_used(id), id.clone()));
        for double in own.into_iter().skip(1) {
            self.certain(|| self.engine.remove_network(&double)).await?;
        }
        Ok(())
    }

    /// An image that is gone after all is what was asked for: engines also complain of layers that another removal took.
    async fn remove_image(&self, image: &ImageRef) -> EngineResult<()> {
        let result = self.certain(|| self.engine.remove_image(image.as_str())).await;
        match result {
            Err(error) if !error.is_uncertain() => match self.engine.inspect_image(image.as_str()).await {
                Ok(None) => Ok(()),
                _ => Err(error),
            },
            result => result,
        }
    }

    async fn create_container(&self, spec: &ContainerSpec, last: &str) -> EngineResult<ContainerId> {
        let id = self.create_or_find(spec).await?;
        if let Some(other) = self.settle_replacement(spec, &id, last).await? {
            return Ok(other);
        }
        if spec.files.is_empty() {
            return Ok(id);
        }
        match self.engine.write_archive(&id, "/", pack(&spec.files)?).await {
            Ok(()) => Ok(id),
            // The engine may have the files all the same. A container that has never run is given its files again before it
            // is started (`PutFiles`), so where this fails the next run goes on from here.
            Err(error) if error.is_uncertain() => {
                self.back(error).await?;
                self.upload(&id, &spec.files).await.map(|()| id)
            }
            Err(error) => {
                // Without its files the container must not be taken for a finished one. Volumes of others stay.
                let options = RemoveOptions { force: true, volumes: spec.volumes_from.is_empty() };
                let _ = self.engine.remove_container(&id, options).await;
                Err(error)
            }
        }
    }

    /// Creates a container, or finds the one that another call has made: of this run where the reply was lost, of a run that
    /// has died, of a concurrent run. Each refusal may be followed by another kind of refusal (`p_n` doubled, then the name
    /// taken), so all of them are answered by the same loop.
    async fn create_or_find(&self, spec: &ContainerSpec) -> EngineResult<ContainerId> {
        let mut deadline = None;
        loop {
            let error = match self.engine.create_container(spec).await {
                Ok((id, _warnings)) => return Ok(id),
                Err(error) => error,
            };
            let is_first = deadline.is_none();
            match error.kind {
                ErrorKind::Ambiguous => self.settle_networks(error.clone()).await?,
                ErrorKind::Conflict => {}
                _ if error.is_uncertain() => self.back(error.clone()).await?,
                _ => return Err(error),
            }
            if let Some(id) = self.made_by_another(spec, &error).await? {
                return self.whole(spec, id).await;
            }
            // A name is taken before its container can be seen.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.settings.reconnect);
            if Instant::now() >= deadline {
                return Err(error);
            }
            if !is_first {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }

    /// Looks for the container that a specification asks for; `refusal` is given back where another container has its name.
    async fn made_by_another(&self, spec: &ContainerSpec, refusal: &EngineError) -> EngineResult<Option<ContainerId>> {
        match self.engine.inspect_container(spec.name.as_str()).await {
            Ok(found) if is_same(&found.labels, spec) && is_on_its_networks(&found.definition, spec) => {
                Ok(Some(found.id))
            }
            Err(error) if error.is_not_found() => Ok(None),
            _ => Err(refusal.clone()),
        }
    }

    /// Connects what was found to all of its networks: where a create call takes only one, who made it may not have come to
    /// the others.
    async fn whole(&self, spec: &ContainerSpec, id: ContainerId) -> EngineResult<ContainerId> {
        for endpoint in spec.networks.iter().filter(|_| spec.networks.len() > 1) {
            self.connect(&id, endpoint).await?;
        }
        Ok(id)
    }

    /// Removes doubles of the project's networks that a run on another machine has made in the same moment; gives the
    /// error back where one stays. Where there are none any more, the other run was quicker.
    async fn settle_networks(&self, ambiguous: EngineError) -> EngineResult<()> {
        let mut by_name: BTreeMap<NetworkName, Vec<NetworkId>> = BTreeMap::new();
        for network in self.engine.list_networks().await? {
            if network.labels.get(labels::PROJECT).map(String::as_str) == Some(self.project.as_str()) {
                by_name.entry(network.name).or_default().push(network.id);
            }
        }
        let (mut stay, mut gone) = (0, 0);
        for ids in by_name.values_mut() {
            ids.sort();
            for double in ids.iter().skip(1) {
                // One that is in use stays, and the next attempt tells.
                match self.engine.remove_network(double).await {
                    Ok(()) => gone += 1,
                    Err(_) => stay += 1,
                }
            }
        }
        if stay > 0 && gone == 0 { Err(ambiguous) } else { Ok(()) }
    }

    /// Another machine may have finished the same replacement: then its temporary name was free again, and there would
    /// be two containers at work on the same data. That the old one is gone tells; ours goes before it is ever started.
    async fn settle_replacement(
        &self,
        spec: &ContainerSpec,
        ours: &ContainerId,
        last: &str,
    ) -> EngineResult<Option<ContainerId>> {
        let Some(old) = spec.labels.get(labels::REPLACES) else { return Ok(None) };
        match self.engine.inspect_container(old).await {
            Err(error) if error.is_not_found() => {}
            Ok(_) => return Ok(None),
            Err(error) => return Err(error),
        }
        let found = match self.engine.inspect_container(last).await {
            Ok(found) if found.id != *ours => found,
            Ok(_) => return Ok(None),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        self.certain(|| self.engine.remove_container(ours, RemoveOptions { force: true, volumes: false })).await?;
        if is_same(&found.labels, spec) {
            return Ok(Some(found.id));
        }
        let words = format!("another run has put another container in its place: {}", found.id.short());
        Err(EngineError::new(ErrorKind::Conflict, format!("create container {last}"), words))
    }

    async fn upload(&self, id: &ContainerId, files: &[FileSpec]) -> EngineResult<()> {
        let archive = pack(files)?;
        self.certain(|| self.engine.write_archive(id, "/", archive.clone())).await
    }

    async fn hook(&self, step: &Step, id: &ContainerId, hook: &Hook, phase: &'static str) -> Result<Success, Failed> {
        let spec = ExecSpec {
            command: hook.command.clone(),
            user: hook.user.clone(),
            working_dir: hook.working_dir.clone(),
            environment: hook.environment.clone(),
            privileged: hook.privileged,
        };
        let engine = |source| (StepError::Engine { verb: Verb::Run, target: step.target.clone(), source }, Vec::new());
        let outcome = self.engine.exec(id, &spec).await.map_err(engine)?;
        let lines: Vec<String> =
            outcome.output.lines().map(|line| crate::text::escape_controls(line).into_owned()).collect();
        if outcome.exit_code == 0 {
            for line in lines {
                let _ = self.progress.send((step.id, StepState::Output(line))).await;
            }
            return Ok(Success::default());
        }
        let skip = lines.len().saturating_sub(10);
        Err((
            StepError::Hook { target: step.target.clone(), phase, code: outcome.exit_code },
            lines.into_iter().skip(skip).collect(),
        ))
    }
}

/// Whether a container of this name is the one that was to be created.
fn is_same(found: &BTreeMap<String, String>, spec: &ContainerSpec) -> bool {
    [
        labels::PROJECT,
        labels::SERVICE,
        labels::NUMBER,
        labels::CONFIG_HASH,
        labels::IMAGE,
        labels::REPLACES,
        labels::CONTENTS,
    ]
    .iter()
    .all(|label| found.get(*label) == spec.labels.get(*label))
}

/// Whether a container is on no other networks than it was to be created with. A network's name is not part of the
/// container's hash: a run with another file may have made a container that differs in nothing else.
fn is_on_its_networks(found: &Definition, spec: &ContainerSpec) -> bool {
    // `network_mode: none` and the like show as networks that no specification names.
    spec.networks.is_empty()
        || found.networks().all(|name| spec.networks.iter().any(|endpoint| endpoint.network == *name))
}

/// Puts the ids of containers that are known only now into a specification.
fn fill(spec: &ContainerSpec, references: &[Reference], created: &Created) -> ContainerSpec {
    let mut spec = spec.clone();
    let mut parents: BTreeMap<&str, String> = BTreeMap::new();
    for reference in references {
        let Some(id) = resolve(&reference.container, created) else { continue };
        match &reference.slot {
            IdField::NetworkMode => spec.network_mode = Some(format!("container:{id}")),
            IdField::IpcMode => spec.ipc_mode = Some(format!("container:{id}")),
            IdField::PidMode => spec.pid_mode = Some(format!("container:{id}")),
            IdField::VolumesFrom { is_read_only } => {
                spec.volumes_from.push(if *is_read_only { format!("{id}:ro") } else { id.to_string() });
            }
            IdField::ConfigHash { canonical, service } => {
                parents.insert(service.as_str(), id.to_string());
                let value = hash::service_hash(canonical, &|name| parents.get(name).cloned());
                spec.labels.insert(labels::CONFIG_HASH.to_owned(), value);
            }
        }
    }
    spec
}

fn pack(files: &[FileSpec]) -> EngineResult<bytes::Bytes> {
    archive(files).map_err(|error| EngineError::new(ErrorKind::Invalid, "pack configs and secrets", error.to_string()))
}

/// Packs files into a tar archive with absolute owners and modes; parents that are missing are made by the engine.
fn archive(files: &[FileSpec]) -> std::io::Result<bytes::Bytes> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(u64::from(file.uid));
        header.set_gid(u64::from(file.gid));
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, file.path.trim_start_matches('/'), file.content.as_ref())?;
    }
    Ok(builder.into_inner()?.into())
}

/// Returns whether a step only waits, so that it does not count against the bound on parallel calls.
pub(super) fn only_waits(action: &Action) -> bool {
    matches!(action, Action::WaitFor { .. } | Action::Pause { .. })
}

/// Returns whether a step is cut off by an interrupt instead of awaited: it changes nothing, or ends with its connection.
pub(super) fn is_cancellable(action: &Action) -> bool {
    only_waits(action) || matches!(action, Action::PullImage { .. } | Action::BuildImage(_))
}
