//! Changes of images and their names, and the way to and from registries.

use async_trait::async_trait;
use bytes::Bytes;

use super::unsupported::unsupported;
use crate::engine::{EngineResult, EngineStream};
use crate::model::{ContainerId, ImageId};

/// The calls that pull, push, name, make and export images.
#[async_trait]
pub trait ImageEngine: Send + Sync {
    /// Pulls an image (`POST /images/create`) with the credentials of the docker configuration.
    async fn pull_image(&self, image: &str, platform: Option<&str>) -> EngineResult<EngineStream<PullEvent>>;

    /// Pushes an image (`POST /images/{name}/push`) with the credentials of the docker configuration; without a tag,
    /// the tag `latest`. The stream ends with [`PushEvent::Pushed`] or with an error item. An image that the engine
    /// does not have is [`ErrorKind::NotFound`](crate::engine::ErrorKind::NotFound).
    async fn push_image(&self, image: &str) -> EngineResult<EngineStream<PushEvent>> {
        let _ = image;
        unsupported("push image")
    }

    /// Gives an image a further name (`POST /images/{name}/tag`).
    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()>;

    /// Removes an image name, and the image with its last name (`DELETE /images/{name}`).
    async fn remove_image(&self, image: &str) -> EngineResult<()>;

    /// Makes an image from a container's files, without its volumes (`POST /commit`). Returns the image's id. The call
    /// may take up to an hour.
    async fn commit_container(&self, id: &ContainerId, spec: &CommitSpec) -> EngineResult<ImageId> {
        let _ = (id, spec);
        unsupported("commit container")
    }

    /// Reads images with all their layers as tar bytes, in the form that `docker load` takes (`GET /images/get`).
    async fn export_images(&self, images: &[String]) -> EngineResult<EngineStream<Bytes>> {
        let _ = images;
        unsupported("export images")
    }
}

/// Progress of a pull, and of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullEvent {
    /// Short id of the layer; empty where the event is about the whole image.
    pub layer: String,
    /// `Downloading`, `Pull complete`, `Pushed`, ...
    pub status: String,
    /// Bytes so far.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// An item of a push's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushEvent {
    /// Progress of a layer, or of the whole image.
    Progress(PullEvent),
    /// The registry has the image.
    Pushed {
        /// The tag that was pushed.
        tag: String,
        /// Digest of the manifest, `sha256:…`.
        digest: String,
    },
}

/// How an image is made from a container. By default the image has no name, and the container is paused meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitSpec {
    /// Name of the image, `repository[:tag]`; `None` leaves the image without a name.
    pub name: Option<String>,
    /// Comment.
    pub comment: String,
    /// Author.
    pub author: String,
    /// Dockerfile instructions that change the image's configuration: `CMD ["sh"]`, `ENV A=1`, ...
    pub changes: Vec<String>,
    /// The container's processes go on while its files are read.
    pub without_pause: bool,
}
