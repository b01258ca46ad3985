//! Images, builds, commands and files, as far as plans depend on them.
//!
//! A pull or a build gives its image at once; a command is a probe or a hook without output; files are only noted.
//! Sessions with streams, waits, pushes, commits, exports and reading of archives answer
//! [`ErrorKind::Unsupported`](crate::engine::ErrorKind::Unsupported), because the simulator does not need them.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::FakeEngine;
use super::history::Done;
use super::read::{FAIL, PROBE};
use super::state::{State, not_found, refused};
use crate::engine::{
    ArchiveEngine, BuildEngine, BuildEvent, EngineResult, EngineStream, ErrorKind, ExecOutcome, ExecSpec, ImageEngine,
    PullEvent, SessionEngine,
};
use crate::model::{BuildRequest, ContainerId, Health, ImageId};

#[async_trait]
impl ImageEngine for FakeEngine {
    async fn pull_image(&self, image: &str, _platform: Option<&str>) -> EngineResult<EngineStream<PullEvent>> {
        let key = crate::model::familiar(image);
        self.change("pull_image", image, move |state| {
            state.images.insert(key, ImageId::new(format!("sha256:{:0>64}", "f")));
            Ok(())
        })
        .await?;
        Ok(futures_util::stream::empty().boxed())
    }

    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()> {
        let (from, to) = (crate::model::familiar(image), crate::model::familiar(name));
        self.change("tag_image", image, move |state| {
            let id = state.images.get(&from).cloned().ok_or_else(|| not_found(&from))?;
            state.images.insert(to, id);
            Ok(())
        })
        .await
    }

    async fn remove_image(&self, image: &str) -> EngineResult<()> {
        let key = crate::model::familiar(image);
        self.change("remove_image", image, move |state| {
            state.images.remove(&key);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl BuildEngine for FakeEngine {
    async fn build_image(&self, request: BuildRequest) -> EngineResult<EngineStream<BuildEvent>> {
        let name = request.tags.first().cloned().unwrap_or_default();
        let id = ImageId::new(format!("sha256:{:0>64}", "b"));
        let made = id.clone();
        self.change("build_image", &name, move |state| {
            for tag in &request.tags {
                state.images.insert(crate::model::familiar(tag), made.clone());
            }
            Ok(())
        })
        .await?;
        Ok(futures_util::stream::iter([Ok(BuildEvent::Built(id))]).boxed())
    }
}

#[async_trait]
impl SessionEngine for FakeEngine {
    async fn exec(&self, id: &ContainerId, command: &ExecSpec) -> EngineResult<ExecOutcome> {
        let is = |name: &str| command.command.first().is_some_and(|word| word == name);
        let (key, is_probe, is_failing) = (id.clone(), is(PROBE), is(FAIL));
        self.read("exec", id.as_str(), move |state| {
            let container = state.container(key.as_str())?;
            if !container.is_up() {
                return Err(refused(ErrorKind::Conflict, format!("container {key} is not running")));
            }
            let is_bad = is_probe && container.health(Instant::now()) != Health::Healthy;
            Ok(ExecOutcome { exit_code: i64::from(is_bad || is_failing), output: String::new() })
        })
        .await
    }
}

#[async_trait]
impl ArchiveEngine for FakeEngine {
    async fn write_archive(&self, id: &ContainerId, _path: &str, _tar: Bytes) -> EngineResult<()> {
        let key = id.clone();
        let act = move |state: &mut State| {
            state.container(key.as_str())?;
            state.note_container(&key, Done::Filled);
            Ok(())
        };
        self.change("write_archive", id.as_str(), act).await
    }
}
