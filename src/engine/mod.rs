//! The port to the engine: what the rest of the program may ask of it, in our words, and how it can fail.
//!
//! Start at [`Engine`]. The reading calls change nothing; the mutating ones stand under their own heading, and a dry
//! run holds only a [`ReadEngine`], so it cannot open one. Only the adapter (`docker`) names bollard; `fake` is an
//! engine in memory that can fail on demand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::model::{
    BuildRequest, ContainerId, ContainerName, ContainerSpec, ContainerState, EndpointSpec, EngineFacts, Health,
    ImageId, NetworkId, NetworkName, NetworkSpec, ObservedContainer, ObservedNetwork, ObservedVolume, Plugins,
    VolumeName, VolumeSpec,
};

mod build;
pub mod docker;
mod error;
pub mod fake;

pub use build::BuildEvent;
pub use error::{EngineError, EngineResult, ErrorKind};

/// A handle to an engine that may be asked and told.
pub type EngineHandle = Arc<dyn Engine>;

/// The calls that change nothing.
#[async_trait]
pub trait ReadEngine: Send + Sync {
    /// Returns what is known of the engine; negotiated once, no call after that.
    fn facts(&self) -> &EngineFacts;

    /// Returns whether host paths and ports mean the same to the engine as to this program. Asked of the engine (`GET /info`,
    /// once) only where the connection does not tell, as with a socket that a relay serves.
    async fn is_local(&self) -> bool {
        self.facts().is_local
    }

    /// Lists containers (`GET /containers/json?all=1`); with labels, only those that carry all of them (`key=value` or `key`).
    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>>;

    /// Looks at one container (`GET /containers/{id}/json`); by id or name.
    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails>;

    /// Lists networks (`GET /networks`).
    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>>;

    /// Lists volumes (`GET /volumes`).
    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>>;

    /// Lists images (`GET /images/json`): names, digests and ids, intermediate ones left out.
    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>>;

    /// Returns the drivers and runtimes that it has (`GET /info`).
    async fn plugins(&self) -> EngineResult<Plugins>;

    /// Returns what it tells itself from other engines by (`GET /info`); empty where it does not say.
    async fn identity(&self) -> EngineResult<String>;

    /// Returns whether the processes of the engine's containers are processes of this machine that this program could see
    /// in `/proc`. An engine that does not say is taken for another machine's.
    async fn is_this_machines(&self) -> bool {
        false
    }

    /// Looks at one image (`GET /images/{name}/json`); `None` where there is no such image.
    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>>;

    /// Asks an image's registry for its digest (`GET /distribution/{name}/json`, with the credentials of the docker
    /// configuration): `sha256:…`.
    async fn image_digest(&self, name: &str) -> EngineResult<String>;

    /// Subscribes to container events with this label (`GET /events`), from now on or from `since` (seconds, engine's
    /// clock). The stream survives events of unknown kinds; it ends with an error item when the connection is lost.
    async fn events(
        &self,
        labels: &[String],
        since: Option<i64>,
    ) -> EngineResult<BoxStream<'static, EngineResult<EngineEvent>>>;

    /// Reads a container's output (`GET /containers/{id}/logs`). TTY output comes as [`OutputStream::Stdout`], raw.
    async fn logs(
        &self,
        id: &ContainerId,
        options: LogOptions,
    ) -> EngineResult<BoxStream<'static, EngineResult<OutputChunk>>>;
}

/// The whole port: [`ReadEngine`] and the calls that change something.
///
/// "Not found" when removing, "already started" when starting and "already stopped" when stopping are success.
#[async_trait]
pub trait Engine: ReadEngine {
    /// Creates a container (`POST /containers/create`). Before API 1.44 the further networks are connected one by one
    /// and the container is removed again when that fails. Returns its id; warnings of the engine beside it.
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)>;

    /// Starts a container (`POST /containers/{id}/start`).
    async fn start_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Stops a container (`POST /containers/{id}/stop`); `None` is its own stop timeout. The call's own time limit is
    /// longer than the grace period. Returns whether the container ran until then (204, and not 304 or 404).
    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool>;

    /// Sends a signal (`POST /containers/{id}/kill`).
    async fn kill_container(&self, id: &ContainerId, signal: &str) -> EngineResult<()>;

    /// Restarts a container (`POST /containers/{id}/restart`).
    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<()>;

    /// Freezes a container (`POST /containers/{id}/pause`).
    async fn pause_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Thaws a container (`POST /containers/{id}/unpause`).
    async fn unpause_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Removes a container (`DELETE /containers/{id}`); with `force` also a running one, with `volumes` its anonymous
    /// volumes too.
    async fn remove_container(&self, id: &ContainerId, force: bool, volumes: bool) -> EngineResult<()>;

    /// Renames a container (`POST /containers/{id}/rename`).
    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> EngineResult<()>;

    /// Connects a container to a network (`POST /networks/{id}/connect`).
    async fn connect_network(
        &self,
        network: &NetworkName,
        id: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> EngineResult<()>;

    /// Disconnects a container from a network (`POST /networks/{id}/disconnect`, forced).
    async fn disconnect_network(&self, network: &NetworkName, id: &ContainerId) -> EngineResult<()>;

    /// Creates a network (`POST /networks/create`, with a check for doubles).
    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<NetworkId>;

    /// Removes a network (`DELETE /networks/{id}`), by id because names are not unique.
    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()>;

    /// Creates a volume (`POST /volumes/create`); an existing one of the same name is returned by the engine as it is.
    async fn create_volume(&self, spec: &VolumeSpec) -> EngineResult<()>;

    /// Removes a volume (`DELETE /volumes/{name}`). There is no force.
    async fn remove_volume(&self, name: &VolumeName) -> EngineResult<()>;

    /// Pulls an image (`POST /images/create`) with the credentials of the docker configuration.
    async fn pull_image(
        &self,
        image: &str,
        platform: Option<&str>,
    ) -> EngineResult<BoxStream<'static, EngineResult<PullEvent>>>;

    /// Gives an image another name (`POST /images/{name}/tag`).
    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()>;

    /// Removes an image name, and the image with its last name (`DELETE /images/{name}`).
    async fn remove_image(&self, image: &str) -> EngineResult<()>;

    /// Builds an image (`POST /build`). The stream ends with [`BuildEvent::Built`] or an error item.
    async fn build_image(&self, request: BuildRequest) -> EngineResult<BoxStream<'static, EngineResult<BuildEvent>>>;

    /// Runs a command in a running container and collects its output (`POST /containers/{id}/exec`), for hooks and
    /// readiness probes. Output is cut at 64 KiB. The command goes on in the container when the future is dropped.
    async fn exec(&self, id: &ContainerId, command: &ExecSpec) -> EngineResult<ExecOutcome>;

    /// Puts files into a container from a tar archive (`PUT /containers/{id}/archive`); `copy_uid_gid` keeps owners.
    async fn write_archive(&self, id: &ContainerId, path: &str, tar: Bytes) -> EngineResult<()>;
}

/// What an inspect tells beyond the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerDetails {
    /// Full id.
    pub id: ContainerId,
    /// Name without the slash.
    pub name: ContainerName,
    /// State.
    pub state: ContainerState,
    /// Health verdict.
    pub health: Health,
    /// Exit code of the last run; 0 while it runs.
    pub exit_code: i64,
    /// The engine's words about a failed start.
    pub error: String,
    /// Whether the kernel killed it for memory.
    pub is_oom_killed: bool,
    /// How often its restart policy started it again.
    pub restart_count: u64,
    /// Process id on the engine's machine; 0 while it does not run.
    pub pid: i64,
    /// When it last started, RFC 3339; empty or year 1 where never.
    pub started_at: String,
    /// When it last ended, RFC 3339.
    pub finished_at: String,
    /// Whether its streams are a terminal (`Config.Tty`).
    pub is_tty: bool,
    /// Whether its standard input is open (`Config.OpenStdin`).
    pub is_stdin_open: bool,
    /// The effective health check, the image's included; `None` where there is none or it is disabled.
    pub healthcheck: Option<crate::model::Healthcheck>,
    /// The last probes, oldest first: exit code and output (cut at 4 KiB).
    pub probes: Vec<ProbeResult>,
    /// Whether its restart policy would start it again after this end.
    pub has_restart_policy: bool,
    /// Whether its restart policy starts it again after every end but a stop (`always`, `unless-stopped`).
    pub is_kept_up: bool,
    /// How long it is given to end after its stop signal (`Config.StopTimeout`); `None` is the engine's default.
    pub stop_timeout: Option<Duration>,
    /// The containers whose volumes this container shares, as `ID[:ro]` or `NAME[:ro]` (`HostConfig.VolumesFrom`).
    pub volumes_from: Vec<String>,
    /// Labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// What it was made with.
    pub definition: crate::model::Definition,
}

/// One run of a health check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeResult {
    /// Exit code; -1 where it could not run.
    pub exit_code: i64,
    /// What it printed.
    pub output: String,
}

/// An image in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSummary {
    /// Id.
    pub id: ImageId,
    /// `repository:tag` names.
    pub tags: Vec<String>,
    /// `repository@digest` names.
    pub digests: Vec<String>,
    /// Bytes.
    pub size: i64,
    /// Seconds since 1970.
    pub created: i64,
    /// Labels.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// An image's own configuration, as far as it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageDetails {
    /// Id.
    pub id: ImageId,
    /// Whether it brings a health check.
    pub healthcheck: Option<crate::model::Healthcheck>,
    /// Paths it declares as volumes.
    pub volumes: Vec<String>,
    /// Labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// User it runs as.
    pub user: String,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// Bytes.
    pub size: i64,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// Which container.
    pub id: ContainerId,
    /// What: `create`, `start`, `die`, `health_status: healthy`, `oom`, `destroy`, ...
    pub action: String,
    /// When, nanoseconds since 1970 by the engine's clock.
    pub time_nanos: i64,
    /// Attributes: labels, `name`, `image`, `exitCode`.
    pub attributes: std::collections::BTreeMap<String, String>,
}

/// What to read of a container's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on until the container ends.
    pub follow: bool,
    /// Only the last lines; `None` is all.
    pub tail: Option<u64>,
    /// Put the engine's time stamp (RFC 3339, nanoseconds, one blank) before each line.
    pub timestamps: bool,
    /// Only what is not older: seconds since 1970, or RFC 3339, or a Go duration, as the engine takes it.
    pub since: Option<String>,
    /// Only what is older.
    pub until: Option<String>,
    /// Whether the container's streams are a terminal; decides how the stream is cut. The caller knows it from inspect.
    pub is_tty: bool,
}

/// Which stream a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A piece of output; not cut at lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChunk {
    /// Where it came from.
    pub stream: OutputStream,
    /// The bytes, untouched.
    pub bytes: Bytes,
}

/// Progress of a pull.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullEvent {
    /// Layer, empty for the whole.
    pub layer: String,
    /// `Downloading`, `Pull complete`, ...
    pub status: String,
    /// Bytes so far.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// A command to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecSpec {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// User; `None` is the container's.
    pub user: Option<String>,
    /// Working directory; `None` is the container's.
    pub working_dir: Option<String>,
    /// Further variables, `KEY=value`.
    pub environment: Vec<String>,
    /// All capabilities.
    pub privileged: bool,
}

/// What a command did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutcome {
    /// Exit code.
    pub exit_code: i64,
    /// Standard output and error together, cut at 64 KiB.
    pub output: String,
}
