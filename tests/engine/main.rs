//! The capabilities of the engine port on a real engine. Results are read back through the port, too.
//!
//! Each test creates its own containers from the test image and removes them, also when the test fails.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

mod archive;
mod events;
mod exec;
mod images;
mod placement;
mod running;
mod stats;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::real::{IMAGE, docker, is_ready};
use futures_util::StreamExt;
use inception::engine::docker::{Wanted, connect};
use inception::engine::{EngineHandle, EngineStream, OutputChunk, OutputStream, RemoveOptions};
use inception::env::Environment;
use inception::model::{ContainerId, ContainerSpec};

/// The longest time that a test waits for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns a name that no other test uses.
fn unique(word: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("inception-test-engine-{word}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Connects to the engine under test; `None` where no engine answers.
async fn engine() -> Option<EngineHandle> {
    if !is_ready() {
        return None;
    }
    #[allow(clippy::disallowed_methods)]
    let host = std::env::var("DOCKER_HOST").ok();
    let environment = Environment::new(host.map(|host| ("DOCKER_HOST".to_owned(), host)), "/");
    Some(connect(&Wanted::default(), &environment).await.unwrap())
}

/// Awaits `work`, which must end within [`LIMIT`].
#[track_caller]
fn in_time<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move { tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| panic!("not in time: {place}")) }
}

/// A container that is removed when the value is dropped.
struct Made {
    engine: EngineHandle,
    id: ContainerId,
}

impl Made {
    /// Creates a container of the test image, without starting it.
    async fn created(engine: &EngineHandle, command: &[&str], change: impl FnOnce(&mut ContainerSpec)) -> Self {
        let mut spec = ContainerSpec {
            name: unique("container").as_str().into(),
            image: IMAGE.into(),
            command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            stop_timeout: Some(Duration::ZERO),
            ..ContainerSpec::default()
        };
        change(&mut spec);
        let (id, _) = engine.create_container(&spec).await.unwrap();
        Self { engine: engine.clone(), id }
    }

    /// Starts a container that does nothing until it is killed.
    async fn idle(engine: &EngineHandle) -> Self {
        let made = Self::created(engine, &["sleep", "1000"], |_| {}).await;
        made.start().await;
        made
    }

    async fn start(&self) {
        self.engine.start_container(&self.id).await.unwrap();
    }

    async fn remove(&self) {
        self.engine.remove_container(&self.id, RemoveOptions { force: true, volumes: true }).await.unwrap();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        docker(&["rm", "-fv", self.id.as_str()]);
    }
}

/// Reads output to its end. Returns standard output and standard error.
async fn read(mut output: EngineStream<OutputChunk>) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    while let Some(chunk) = in_time(output.next()).await {
        let chunk = chunk.unwrap();
        match chunk.stream {
            OutputStream::Stdout => out.extend_from_slice(&chunk.bytes),
            OutputStream::Stderr => errors.extend_from_slice(&chunk.bytes),
        }
    }
    (out, errors)
}
