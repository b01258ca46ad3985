//! The parts of a plan: steps, what they act on, and what they require.

use std::fmt;
use std::time::Duration;

use crate::model::{
    BuildRequest, Condition, ContainerId, ContainerName, ContainerSpec, EndpointSpec, FileSpec, Hook, ImageRef,
    NetworkId, NetworkKey, NetworkName, NetworkSpec, ServiceName, VolumeKey, VolumeName, VolumeSpec,
};
use crate::plan::{HookPhase, Reason};

/// Id of a step within one plan: its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

impl StepId {
    /// Returns the index into [`crate::plan::Plan::steps`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 + 1)
    }
}

/// One step: the action, its target, its reason, and the steps that must have succeeded before.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Id of the step: its index in the plan.
    pub id: StepId,
    /// What the step acts on.
    pub target: Target,
    /// What the step does.
    pub action: Action,
    /// Why the step is in the plan.
    pub reason: Reason,
    /// Steps that must succeed first. Each is earlier in the plan, so a plan has no cycle.
    pub requires: Vec<StepId>,
    /// Steps that must have ended first, successfully or not: those of an optional dependency, or of an earlier batch.
    pub after: Vec<StepId>,
    /// Whether a failure is only a warning and does not fail the run (`required: false`, an image that can also be
    /// built).
    pub is_optional: bool,
}

/// What a step acts on, by the name that the user knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An image by name, and a service that uses it.
    Image {
        /// The service.
        service: ServiceName,
        /// The image.
        image: ImageRef,
    },
    /// A network.
    Network {
        /// Key in the file; `None` if no file names the network.
        key: Option<NetworkKey>,
        /// Name in the engine.
        name: NetworkName,
    },
    /// A volume.
    Volume {
        /// Key in the file; `None` if no file names the volume.
        key: Option<VolumeKey>,
        /// Name in the engine.
        name: VolumeName,
    },
    /// A container.
    Container {
        /// The service; `None` for an orphan without a service.
        service: Option<ServiceName>,
        /// Replica number; 0 for one-off containers.
        number: u32,
        /// Final name in the engine.
        name: ContainerName,
    },
}

impl Target {
    /// Returns the kind with a capital, as docker compose prints it: `Container`, `Network`, `Volume`, `Image`.
    pub fn kind(&self) -> &'static str {
        match self {
            Target::Image { .. } => "Image",
            Target::Network { .. } => "Network",
            Target::Volume { .. } => "Volume",
            Target::Container { .. } => "Container",
        }
    }

    /// Returns the name in the engine.
    pub fn name(&self) -> &str {
        match self {
            Target::Image { image, .. } => image.as_str(),
            Target::Network { name, .. } => name.as_str(),
            Target::Volume { name, .. } => name.as_str(),
            Target::Container { name, .. } => name.as_str(),
        }
    }

    /// Returns the service, if there is one.
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Target::Image { service, .. } => Some(service),
            Target::Container { service, .. } => service.as_ref(),
            Target::Network { .. } | Target::Volume { .. } => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind().to_lowercase(), crate::text::escape_controls(self.name()))
    }
}

/// A container that exists, or one that an earlier step will create.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerRef {
    /// A container that exists.
    Existing(ContainerId),
    /// The container of an earlier create step.
    Planned(StepId),
}

/// What a step does. Each variant carries exactly the data it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Pulls an image.
    PullImage {
        /// The image.
        image: ImageRef,
        /// Platform of the image, if the file sets one.
        platform: Option<String>,
    },
    /// Builds an image.
    BuildImage(Box<BuildRequest>),
    /// Pushes an image to its registry.
    PushImage {
        /// The image.
        image: ImageRef,
    },
    /// Creates a network.
    CreateNetwork {
        /// Definition of the network.
        spec: Box<NetworkSpec>,
        /// The old network that was removed for the new one. It is created again if the engine refuses the new one.
        before: Option<Box<NetworkSpec>>,
    },
    /// Removes a network.
    RemoveNetwork {
        /// Id of the network.
        id: NetworkId,
    },
    /// Connects a container to a network again, after the network was created anew.
    ConnectNetwork {
        /// The container.
        container: ContainerRef,
        /// The endpoint.
        endpoint: Box<EndpointSpec>,
    },
    /// Disconnects a container from a network.
    DisconnectNetwork {
        /// The container.
        container: ContainerRef,
        /// The network.
        network: NetworkName,
    },
    /// Creates a volume.
    CreateVolume(Box<VolumeSpec>),
    /// Removes a volume and its data.
    RemoveVolume {
        /// Name of the volume.
        name: VolumeName,
    },
    /// Creates a container; references to containers that do not exist yet are filled in by the executor.
    CreateContainer {
        /// Definition of the container.
        spec: Box<ContainerSpec>,
        /// Containers whose ids the executor puts into the definition once they are known.
        references: Vec<Reference>,
    },
    /// Puts configs and secrets into a container that has never run. The run that created it may have died before it
    /// did so.
    PutFiles {
        /// The container.
        container: ContainerRef,
        /// The files.
        files: Vec<FileSpec>,
    },
    /// Starts a container.
    StartContainer {
        /// The container.
        container: ContainerRef,
    },
    /// Stops a container.
    StopContainer {
        /// The container.
        container: ContainerRef,
        /// Time between the stop signal and KILL; `None` means the container's own.
        grace: Option<Duration>,
    },
    /// Sends a signal.
    KillContainer {
        /// The container.
        container: ContainerRef,
        /// Name of the signal.
        signal: String,
    },
    /// Restarts a container in place.
    RestartContainer {
        /// The container.
        container: ContainerRef,
        /// Time between the stop signal and KILL; `None` means the container's own.
        grace: Option<Duration>,
    },
    /// Freezes a container.
    PauseContainer {
        /// The container.
        container: ContainerRef,
    },
    /// Thaws a container.
    UnpauseContainer {
        /// The container.
        container: ContainerRef,
    },
    /// Removes a container.
    RemoveContainer {
        /// The container.
        container: ContainerRef,
        /// Remove the container also while it runs.
        force: bool,
        /// Remove its anonymous volumes, too.
        volumes: bool,
    },
    /// Renames a container.
    RenameContainer {
        /// The container.
        container: ContainerRef,
        /// The new name.
        to: ContainerName,
    },
    /// Waits until a container has reached a state.
    WaitFor {
        /// The container.
        container: ContainerRef,
        /// What to wait for.
        until: Until,
        /// The most time that the wait may take; `None` computes the limit from the container's health check.
        limit: Option<Duration>,
    },
    /// Runs a `post_start` or `pre_stop` hook in a container.
    RunHook {
        /// The container.
        container: ContainerRef,
        /// The hook.
        hook: Box<Hook>,
        /// Which list of the service the hook stands in.
        phase: HookPhase,
    },
    /// Removes an image.
    RemoveImage {
        /// Name or id.
        image: ImageRef,
    },
    /// Lets time pass between two batches of replacements (`update_config.delay`).
    Pause {
        /// How long.
        delay: Duration,
    },
}

/// How the scheduler and the lint must treat an action; see [`Action::nature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// Which bound on parallel steps the action counts against.
    pub load: Load,
    /// What the action does to the engine's count of a network's endpoints.
    pub endpoints: Endpoints,
    /// What happens to the container that the action acts on.
    pub effect: Effect,
    /// What the first signal (Ctrl-C) does to a step that runs.
    pub on_signal: OnSignal,
    /// Whether the action stops or disconnects a running container for a moment: for its successor, or because a
    /// network is created anew.
    pub displaces: bool,
}

/// Which bound on parallel steps an action counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// None: the step only waits.
    Wait,
    /// The bound on calls.
    Call,
    /// The bound on stops: the call mostly waits for the grace period of a container.
    Stop,
}

/// What an action does to the engine's count of a network's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// Nothing.
    Untouched,
    /// Endpoints come or go.
    Changed,
    /// The engine writes the count back as it was when the call began: a rename of a running container.
    WrittenBack,
}

/// What happens to the container that an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The action acts on no container, or leaves the container in its state.
    None,
    /// The container is created.
    Created,
    /// The container is started.
    Started,
    /// The container is stopped.
    Stopped,
    /// The container is stopped and started.
    Restarted,
    /// The container gets a signal, which may end it.
    Signalled,
    /// The container is paused, or goes on after a pause.
    Frozen,
    /// The container is removed.
    Removed,
}

/// What the first signal (Ctrl-C) does to a step that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSignal {
    /// The run waits for the end of the step for a short time: its call changes something, and the engine goes on with
    /// it.
    Finish,
    /// The step ends at once as skipped: a wait changes nothing, and a pull or a build ends with its connection.
    CutOff,
    /// The step ends at once as failed: the command of a hook may go on in its container.
    Abandon,
}

impl Nature {
    const CALL: Nature = Nature {
        load: Load::Call,
        endpoints: Endpoints::Untouched,
        effect: Effect::None,
        on_signal: OnSignal::Finish,
        displaces: false,
    };
    const TRANSFER: Nature = Nature { on_signal: OnSignal::CutOff, ..Nature::CALL };
    const WAIT: Nature = Nature { load: Load::Wait, ..Nature::TRANSFER };
    const STOP: Nature = Nature { load: Load::Stop, displaces: true, ..Nature::changed(Effect::Stopped) };

    /// A call with an effect on a container.
    const fn on(effect: Effect) -> Nature {
        Nature { effect, ..Nature::CALL }
    }

    /// A call with an effect on a container by which endpoints of networks come or go.
    const fn changed(effect: Effect) -> Nature {
        Nature { effect, endpoints: Endpoints::Changed, ..Nature::CALL }
    }
}

impl Action {
    /// Returns how the scheduler must treat the action. The `match` has no wildcard, so that the compiler asks for each
    /// new action.
    pub fn nature(&self) -> Nature {
        match self {
            Action::PullImage { .. } | Action::BuildImage(_) | Action::PushImage { .. } => Nature::TRANSFER,
            Action::CreateNetwork { .. }
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::PutFiles { .. }
            | Action::RemoveImage { .. } => Nature::CALL,
            Action::ConnectNetwork { .. } => Nature::changed(Effect::None),
            Action::DisconnectNetwork { .. } => Nature { displaces: true, ..Nature::changed(Effect::None) },
            Action::CreateContainer { .. } => Nature::on(Effect::Created),
            Action::StartContainer { .. } => Nature::changed(Effect::Started),
            Action::StopContainer { .. } => Nature::STOP,
            Action::RestartContainer { .. } => Nature { effect: Effect::Restarted, ..Nature::STOP },
            Action::KillContainer { .. } => Nature::changed(Effect::Signalled),
            Action::PauseContainer { .. } | Action::UnpauseContainer { .. } => Nature::on(Effect::Frozen),
            Action::RemoveContainer { .. } => Nature::changed(Effect::Removed),
            Action::RenameContainer { .. } => Nature { endpoints: Endpoints::WrittenBack, ..Nature::CALL },
            Action::WaitFor { .. } | Action::Pause { .. } => Nature::WAIT,
            Action::RunHook { .. } => Nature { on_signal: OnSignal::Abandon, ..Nature::CALL },
        }
    }

    /// Returns the container that the action acts on; `None` for a creation, and for an action on no container.
    pub fn container(&self) -> Option<&ContainerRef> {
        match self {
            Action::ConnectNetwork { container, .. }
            | Action::DisconnectNetwork { container, .. }
            | Action::PutFiles { container, .. }
            | Action::StartContainer { container }
            | Action::StopContainer { container, .. }
            | Action::KillContainer { container, .. }
            | Action::RestartContainer { container, .. }
            | Action::PauseContainer { container }
            | Action::UnpauseContainer { container }
            | Action::RemoveContainer { container, .. }
            | Action::RenameContainer { container, .. }
            | Action::WaitFor { container, .. }
            | Action::RunHook { container, .. } => Some(container),
            Action::PullImage { .. }
            | Action::BuildImage(_)
            | Action::PushImage { .. }
            | Action::CreateNetwork { .. }
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::CreateContainer { .. }
            | Action::RemoveImage { .. }
            | Action::Pause { .. } => None,
        }
    }
}

/// The state that a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// A condition of `depends_on`.
    Condition(Condition),
    /// Alive for this time after the start, or ended with code 0. A container with a health check may also be healthy
    /// sooner.
    Alive(Duration),
    /// Healthy; without a health check as [`Until::Alive`]. Used by `--wait` and replacements.
    Ready(Duration),
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Until::Condition(Condition::Started) | Until::Alive(_) => "running",
            Until::Condition(Condition::Healthy) => "healthy",
            Until::Condition(Condition::CompletedSuccessfully) => "completed",
            Until::Ready(_) => "ready",
        })
    }
}

/// A place in a [`ContainerSpec`] for the id of another container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The other container.
    pub container: ContainerRef,
    /// The place of the id.
    pub slot: IdField,
}

/// The part of a [`ContainerSpec`] that takes the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdField {
    /// `network_mode: container:ID`.
    NetworkMode,
    /// `ipc: container:ID`.
    IpcMode,
    /// `pid: container:ID`.
    PidMode,
    /// `volumes_from: ID[:ro]`.
    VolumesFrom {
        /// `:ro`.
        is_read_only: bool,
    },
    /// The config hash: it covers the ids of other containers, so it is computed last.
    ConfigHash {
        /// The canonical service with `service:X` references, ready for substitution.
        canonical: std::sync::Arc<serde_json::Value>,
        /// The service of the other container.
        service: ServiceName,
    },
}
