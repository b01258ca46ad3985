//! Files of containers as tar archives.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::unsupported::unsupported;
use crate::engine::{EngineResult, EngineStream};
use crate::model::ContainerId;

/// Bytes that the caller sends to the engine. An error item ends the call.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// The calls that copy files out of a container and into a container. The container need not run.
#[async_trait]
pub trait ArchiveEngine: Send + Sync {
    /// Puts files into a container from a tar archive in memory (`PUT /containers/{id}/archive`). Owners and modes are
    /// those of the archive. The call may be repeated after a lost reply.
    async fn write_archive(&self, id: &ContainerId, path: &str, tar: Bytes) -> EngineResult<()>;

    /// Puts files into a container from a stream of tar bytes (`PUT /containers/{id}/archive`). `path` names an
    /// existing directory; the stream may be of any length, but the call ends after an hour. Where the stream gives an
    /// error, the call ends with [`ErrorKind::Invalid`](crate::engine::ErrorKind::Invalid) and the files before the
    /// error may have been put. A missing container or directory is
    /// [`ErrorKind::NotFound`](crate::engine::ErrorKind::NotFound).
    async fn put_archive(
        &self,
        id: &ContainerId,
        path: &str,
        tar: ByteStream,
        options: PutOptions,
    ) -> EngineResult<()> {
        let _ = (id, path, tar, options);
        unsupported("put files into container")
    }

    /// Reads a file or a directory with all its files from a container as tar bytes (`GET /containers/{id}/archive`).
    /// The names in the archive begin with the last part of `path`. A missing container or path is
    /// [`ErrorKind::NotFound`](crate::engine::ErrorKind::NotFound).
    async fn read_archive(&self, id: &ContainerId, path: &str) -> EngineResult<(PathStat, EngineStream<Bytes>)> {
        let _ = (id, path);
        unsupported("read files of container")
    }

    /// Looks at one path of a container (`HEAD /containers/{id}/archive`). A link is described itself, not its target.
    /// A missing container or path is [`ErrorKind::NotFound`](crate::engine::ErrorKind::NotFound).
    async fn stat_path(&self, id: &ContainerId, path: &str) -> EngineResult<PathStat> {
        let _ = (id, path);
        unsupported("look at a path of container")
    }

    /// Reads all files of a container as tar bytes (`GET /containers/{id}/export`), without its volumes.
    async fn export_container(&self, id: &ContainerId) -> EngineResult<EngineStream<Bytes>> {
        let _ = id;
        unsupported("export container")
    }
}

/// How an archive is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// The container's user owns the files instead of the owners in the archive (`copyUIDGID`). The engine looks the user
    /// up in the `/etc/passwd` of its own machine: a user that is missing there, also a number, fails the call.
    pub copy_uid_gid: bool,
    /// A directory never replaces a file, nor a file a directory (`noOverwriteDirNonDir`); such an archive is refused.
    pub keep_kinds: bool,
}

/// One path of a container (header `X-Docker-Container-Path-Stat`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStat {
    /// The last part of the path.
    pub name: String,
    /// The kind of file.
    pub kind: FileKind,
    /// Permission bits with set-user-id (`0o4000`), set-group-id (`0o2000`) and sticky (`0o1000`).
    pub permissions: u32,
    /// Bytes; of a directory the file system's own number.
    pub size: u64,
    /// Time of the last change, RFC 3339.
    pub modified: String,
    /// Where a link leads, as an absolute path inside the container; `None` for every other kind.
    pub link_target: Option<String>,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, pipe or socket.
    Special,
}
