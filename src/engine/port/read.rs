//! Lists, inspects and facts: the calls that change nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::events::EventEngine;
use super::logs::{LogEngine, LogRotation};
use super::stats::StatsEngine;
use super::unsupported::unsupported;
use crate::engine::{EngineResult, EngineStream, ErrorKind};
use crate::model::{
    ContainerId, ContainerName, ContainerState, Definition, EngineFacts, Health, Healthcheck, ImageId,
    ObservedContainer, ObservedNetwork, ObservedVolume, Plugins,
};

/// The calls that change nothing; events, logs and statistics are among them. A dry run holds only this.
#[async_trait]
pub trait ReadEngine: EventEngine + LogEngine + StatsEngine {
    /// Returns the facts that were agreed on when the connection was made; no call to the engine.
    fn facts(&self) -> &EngineFacts;

    /// Returns whether host paths and ports mean the same for the engine and for this program. The engine is asked
    /// (`GET /info`, once) only if the connection does not show that, as with a socket that a relay serves.
    async fn is_local(&self) -> bool {
        self.facts().is_local
    }

    /// Returns whether a path is the same file or directory for the engine, or would be. It is not if the engine is on
    /// another machine, or if the path is below a mount that only one of the two has.
    async fn shares_path(&self, path: &Path) -> bool {
        let _ = path;
        self.is_local().await
    }

    /// Returns whether a port that the engine publishes is taken for this program, too.
    async fn shares_ports(&self) -> bool {
        self.is_local().await
    }

    /// Returns whether the processes of the engine's containers are processes of this machine that this program can see
    /// in `/proc`. If that is unknown, the answer is no.
    async fn is_this_machines(&self) -> bool {
        false
    }

    /// Lists containers in every state (`GET /containers/json?all=1`); only those that carry all of these labels
    /// (`key=value` or `key`).
    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>>;

    /// Inspects a container by id or name (`GET /containers/{id}/json`).
    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails>;

    /// Lists the processes of a running container (`GET /containers/{id}/top`) with the columns that `ps ARGUMENTS`
    /// prints; an empty text is the engine's default, `-ef`. A container that does not run gives
    /// [`ErrorKind::Conflict`].
    async fn top(&self, id: &ContainerId, arguments: &str) -> EngineResult<Processes> {
        let _ = (id, arguments);
        unsupported("list processes of container")
    }

    /// Lists networks (`GET /networks`).
    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>>;

    /// Lists volumes (`GET /volumes`).
    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>>;

    /// Returns the bytes of the volumes whose size the engine knows, by name (`GET /system/df`). The engine measures the files
    /// of all volumes meanwhile.
    async fn volume_sizes(&self) -> EngineResult<BTreeMap<String, u64>> {
        unsupported("measure volumes")
    }

    /// Lists images with their names, digests and ids (`GET /images/json`), without intermediate images.
    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>>;

    /// Inspects an image (`GET /images/{name}/json`); `None` where the engine has no such image.
    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>>;

    /// Returns the layers of an image and the instructions that made them, newest first (`GET /images/{name}/history`).
    async fn image_history(&self, name: &str) -> EngineResult<Vec<HistoryEntry>> {
        let _ = name;
        unsupported("read history of image")
    }

    /// Reads an image with all its layers as tar bytes (`GET /images/get`). The engine collects the layers before it
    /// answers, which takes long for a large image.
    async fn image_files(&self, name: &str) -> EngineResult<EngineStream<Bytes>> {
        let _ = name;
        unsupported("read the files of an image")
    }

    /// Asks an image's registry for the image's digest, `sha256:…` (`GET /distribution/{name}/json`, with the
    /// credentials of the docker configuration).
    async fn image_digest(&self, name: &str) -> EngineResult<String>;

    /// Returns the drivers and runtimes of the engine, and facts of its machine (`GET /info`).
    async fn plugins(&self) -> EngineResult<Plugins>;

    /// Returns the id that tells this engine from other engines (`GET /info`); empty where the engine has none.
    async fn identity(&self) -> EngineResult<String>;
}

/// A container as an inspect shows it, beyond what the list tells.
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
    /// Exit code of the last run; 0 while the container runs.
    pub exit_code: i64,
    /// The engine's words about a failed start; empty where the last start worked.
    pub error: String,
    /// The kind of failure behind `error`; `None` where the last start worked.
    pub start_failure: Option<ErrorKind>,
    /// Whether the kernel killed the container for its use of memory.
    pub is_oom_killed: bool,
    /// Number of starts by the restart policy.
    pub restart_count: u64,
    /// Process id on the engine's machine; 0 while the container does not run.
    pub pid: i64,
    /// Time of the last start, RFC 3339; empty or year 1 for a container that never ran.
    pub started_at: String,
    /// Time of the last end, RFC 3339.
    pub finished_at: String,
    /// Whether the container has a terminal (`Config.Tty`).
    pub is_tty: bool,
    /// Whether the container's standard input is open (`Config.OpenStdin`).
    pub is_stdin_open: bool,
    /// Whether the container's standard input is for one client alone, and ends with that (`Config.StdinOnce`).
    pub is_stdin_once: bool,
    /// The effective health check, the image's included; `None` where there is none or the check is disabled.
    pub healthcheck: Option<Healthcheck>,
    /// The last runs of the health check, oldest first.
    pub probes: Vec<ProbeResult>,
    /// How often the health check has failed in a row, as the engine counts: not during the start period.
    pub failing_streak: u64,
    /// How the container's log is rotated; `None` where it is not, or not by the engine.
    pub log_rotation: Option<LogRotation>,
    /// Whether the container has a restart policy other than `no`.
    pub has_restart_policy: bool,
    /// Whether the restart policy starts the container after every end except a stop (`always`, `unless-stopped`).
    pub is_kept_up: bool,
    /// Time between stop signal and kill (`Config.StopTimeout`); `None` is the engine's default.
    pub stop_timeout: Option<Duration>,
    /// The containers whose volumes this container shares, as `ID[:ro]` or `NAME[:ro]` (`HostConfig.VolumesFrom`).
    pub volumes_from: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The definition that the container was created with.
    pub definition: Definition,
}

/// One run of a health check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeResult {
    /// Exit code; -1 where the check could not run.
    pub exit_code: i64,
    /// Output, cut at 4096 characters.
    pub output: String,
}

/// The processes of a container, as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processes {
    /// Titles of the columns: `UID`, `PID`, `CMD`, ...
    pub titles: Vec<String>,
    /// One row a process. Process ids are those of the engine's machine.
    pub rows: Vec<Vec<String>>,
}

/// An image in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSummary {
    /// Id.
    pub id: ImageId,
    /// Names as `repository:tag`.
    pub tags: Vec<String>,
    /// Names as `repository@digest`.
    pub digests: Vec<String>,
    /// Bytes.
    pub size: i64,
    /// Time of creation, seconds since 1970.
    pub created: i64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// An image as an inspect shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageDetails {
    /// Id.
    pub id: ImageId,
    /// The image's health check.
    pub healthcheck: Option<Healthcheck>,
    /// Whether the image has a command (`CMD`).
    pub has_command: bool,
    /// Whether the image has an entrypoint.
    pub has_entrypoint: bool,
    /// Paths that the image declares as volumes.
    pub volumes: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// User of the image's processes.
    pub user: String,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// Bytes.
    pub size: i64,
    /// Time of creation, RFC 3339.
    pub created: String,
    /// Time at which the image last got a name on this engine, RFC 3339; empty where the engine does not tell.
    pub last_tagged: String,
}

/// One layer of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Id of the image that ended with this layer; empty where the engine does not know (`<missing>`).
    pub id: ImageId,
    /// The instruction that made the layer.
    pub created_by: String,
    /// Time of creation, seconds since 1970.
    pub created: i64,
    /// Bytes that the layer adds.
    pub size: i64,
    /// Names of the image that ended with this layer.
    pub tags: Vec<String>,
    /// Comment of a commit.
    pub comment: String,
}
