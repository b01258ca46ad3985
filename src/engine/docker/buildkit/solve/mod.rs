//! The build itself: the request (`request`), its progress as events (`progress`), and where in the Dockerfile it failed
//! (`failure`).

mod cache;
mod failure;
mod progress;
pub(super) mod request;

use std::sync::Arc;
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::{SolveResponse, StatusRequest, StatusResponse};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use self::progress::Progress;
use self::request::Prepared;
use super::grpc::Status;
use super::grpc::client::{Answers, Client};
use super::names::{WHAT, random_id};
use super::session::Session;
use super::unchanged::Known;
use crate::engine::{BuildEvent, EngineError, EngineResult, EngineStream, ErrorKind};
use crate::model::ImageId;

const SOLVE: &str = "/moby.buildkit.v1.Control/Solve";
const STATUS: &str = "/moby.buildkit.v1.Control/Status";
/// How many events may wait for their reader.
const QUEUE: usize = 64;
/// How long the rest of the progress may take after the end of a build.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the answer to a build calls the image.
const DIGESTS: [&str; 2] = ["containerimage.config.digest", "containerimage.digest"];

/// Starts a build and returns its events. The build ends with the stream.
pub(super) fn run(
    client: Client,
    session: Arc<Session>,
    (mut prepared, known): (Prepared, Option<Known>),
) -> EngineResult<EngineStream<BuildEvent>> {
    prepared.solve.r#ref = random_id()?;
    prepared.solve.session = session.id().to_owned();
    let (events, receiver) = mpsc::channel(QUEUE);
    let work = Building { client, session, prepared, known, events };
    // The task ends where the stream is dropped. Its connections close then, and the engine cancels the build.
    let task = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(work.run()));
    let stream = futures_util::stream::unfold((receiver, task), |(mut receiver, task)| async move {
        receiver.recv().await.map(|event| (event, (receiver, task)))
    });
    Ok(stream.boxed())
}

struct Building {
    client: Client,
    session: Arc<Session>,
    prepared: Prepared,
    /// Where the result is noted.
    known: Option<Known>,
    events: mpsc::Sender<EngineResult<BuildEvent>>,
}

impl Building {
    async fn run(self) {
        let mut progress = Progress::new(self.prepared.dockerfile.clone());
        match self.solve(&mut progress).await {
            Ok(answer) => {
                let digest = DIGESTS.iter().find_map(|name| answer.exporter_response.get(*name));
                let image = digest.map(ImageId::new);
                if let Err(error) = self.name_caches(answer.exporter_response.get("cache.manifest")).await {
                    return self.tell(Err(error)).await;
                }
                if let (Some(known), Some(image)) = (&self.known, &image) {
                    known.keep(image).await;
                }
                self.tell(match image {
                    Some(image) => Ok(BuildEvent::Built(image)),
                    None => Err(EngineError::new(ErrorKind::Garbled, WHAT, "the engine named no image")),
                })
                .await;
            }
            Err(status) => {
                let place = failure::place(&status, &self.prepared.dockerfile).or_else(|| progress.broken());
                if let Some(place) = place {
                    self.tell(Ok(BuildEvent::Broken(place))).await;
                }
                self.tell(Err(failure::error(&status))).await;
            }
        }
    }

    /// Names the caches that were written to directories.
    async fn name_caches(&self, descriptor: Option<&String>) -> EngineResult<()> {
        let Some(descriptor) = descriptor.cloned() else { return Ok(()) };
        let caches = self.prepared.caches.clone();
        let named = tokio::task::spawn_blocking(move || caches.name(&descriptor).map_err(|error| error.to_string()));
        let named = named.await.unwrap_or_else(|error| Err(error.to_string()));
        let fault = |why| EngineError::new(ErrorKind::Invalid, WHAT, format!("the cache cannot be named: {why}"));
        named.map_err(fault)
    }

    /// Asks for the build and passes its progress on.
    async fn solve(&self, progress: &mut Progress) -> Result<SolveResponse, Status> {
        let mut solving = std::pin::pin!(self.client.call::<SolveResponse>(SOLVE, &self.prepared.solve));
        let request = StatusRequest { r#ref: self.prepared.solve.r#ref.clone() };
        let mut opening = std::pin::pin!(self.client.stream::<StatusResponse>(STATUS, &request));
        let mut answers = tokio::select! {
            biased;
            answers = &mut opening => match answers {
                Ok(answers) => answers,
                Err(_) => return solving.await,
            },
            // The engine knows of no progress where it refuses a request at once.
            answer = &mut solving => return answer,
        };
        loop {
            tokio::select! {
                biased;
                answer = &mut solving => {
                    let rest = self.follow(&mut answers, progress);
                    // The outcome is known, so the rest of the progress is not waited for without end.
                    let _ = tokio::time::timeout(PATIENCE, rest).await;
                    self.tell_all(progress.end()).await;
                    return answer;
                }
                // Only the wait for an answer is dropped where the outcome comes first, never an answer.
                answer = answers.next() => match answer {
                    Ok(Some(answer)) => self.pass_on(answer, progress).await,
                    // An error of the progress is also one of the build, which tells more.
                    _ => {
                        self.tell_all(progress.end()).await;
                        return solving.await;
                    }
                },
            }
        }
    }

    async fn follow(&self, answers: &mut Answers<StatusResponse>, progress: &mut Progress) {
        while let Ok(Some(answer)) = answers.next().await {
            self.pass_on(answer, progress).await;
        }
    }

    /// Passes on one part of the progress.
    async fn pass_on(&self, answer: StatusResponse, progress: &mut Progress) {
        self.tell_all(progress.take(answer)).await;
        if let Some(event) = self.session.large_context() {
            self.tell(Ok(event)).await;
        }
        let sent = self.session.sent();
        if let Some(event) = progress.sent(sent) {
            self.tell(Ok(event)).await;
        }
    }

    async fn tell_all(&self, events: Vec<BuildEvent>) {
        for event in events {
            self.tell(Ok(event)).await;
        }
    }

    async fn tell(&self, event: EngineResult<BuildEvent>) {
        // The reader has gone only where the build is given up.
        let _ = self.events.send(event).await;
    }
}
