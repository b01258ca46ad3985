//! Builds of images, by one of two builders: the engine's BuildKit (`buildkit`), or the classic builder (`classic`). Which of
//! them builds is decided when the connection is made ([`EngineFacts::builder`](crate::model::EngineFacts::builder)).

mod classic;
mod context;
pub(super) mod dockerfile;
pub(super) mod size;

use async_trait::async_trait;

use super::engine::DockerEngine;
use crate::engine::{BuildEngine, BuildEvent, EngineResult, EngineStream};
use crate::model::BuildRequest;

#[async_trait]
impl BuildEngine for DockerEngine {
    async fn build_image(&self, request: BuildRequest) -> EngineResult<EngineStream<BuildEvent>> {
        #[cfg(feature = "buildkit")]
        if self.facts.builder.is_buildkit() {
            let sessions = (&self.sessions, self.facts.version.as_str());
            return super::buildkit::build(&self.raw, &self.credentials, sessions, &request).await;
        }
        classic::build(&self.raw, &self.credentials, request).await
    }
}
