//! Caches in directories of this machine (`cache_to` and `cache_from` of `type=local`): the engine reads and writes their
//! blobs through the session, by the calls of containerd's content store.
//!
//! A directory is an image layout: `blobs/sha256/DIGEST`, and `index.json`, which names the newest cache. A blob is written
//! under another name until its digest is right, so that an interrupted build leaves no half blob behind.
//! `messages` are the messages of the calls, `store` are the files.

mod messages;
pub(crate) mod store;

use std::path::PathBuf;

use self::messages::{
    Action, Info, InfoRequest, InfoResponse, Nothing, ReadRequest, ReadResponse, WriteRequest, WriteResponse,
};
use self::store::Writing;
use super::super::grpc::server::Call;
use super::super::grpc::{Code, Status};

/// The service, with the methods that are answered.
pub(super) const SERVICE: &str = "/containerd.services.content.v1.Content/";
pub(super) const METHODS: [&str; 4] = ["Info", "Read", "Write", "Abort"];
/// The header that names a store.
pub(super) const STORE: &str = "buildkit-attachable-store-id";
/// Size of a piece of a blob, in bytes.
const PIECE: usize = 1 << 20;

/// Answers a call about a store in a directory.
pub(super) async fn answer(mut call: Call, directory: PathBuf) -> Result<(), Status> {
    match call.method.strip_prefix(SERVICE).unwrap_or_default() {
        "Info" => {
            let request = call.messages.next::<InfoRequest>().await?.unwrap_or_default();
            let size =
                in_thread(move || store::size(&directory, &request.digest).map(|size| (request.digest, size))).await?;
            let info = Info { digest: size.0, size: size.1 };
            call.answers.send(&InfoResponse { info: Some(info) }).await
        }
        "Read" => {
            let request = call.messages.next::<ReadRequest>().await?.unwrap_or_default();
            let answers = call.answers.clone();
            in_thread(move || {
                let mut reading = store::Reading::open(&directory, &request.digest, request.offset, request.size)?;
                let mut offset = request.offset.max(0);
                while let Some(data) = reading.next(PIECE)? {
                    let length = data.len() as i64;
                    answers.blocking_send(&ReadResponse { offset, data })?;
                    offset += length;
                }
                Ok(())
            })
            .await
        }
        "Write" => write(call, directory).await,
        // What was written of a blob is dropped with the call that wrote it.
        "Abort" => call.answers.send(&Nothing {}).await,
        method => Err(Status::new(Code::Unimplemented, format!("`{method}` of the cache is not offered"))),
    }
}

async fn in_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, Status> + Send + 'static) -> Result<T, Status> {
    let failed = |_| Status::new(Code::Internal, "the cache could not be read or written");
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// Takes one blob.
async fn write(mut call: Call, directory: PathBuf) -> Result<(), Status> {
    let mut writing: Option<Writing> = None;
    while let Some(request) = call.messages.next::<WriteRequest>().await? {
        let action = Action::of(request.action);
        let (directory, before) = (directory.clone(), writing.take());
        let (after, answer) = in_thread(move || {
            let mut writing = match before {
                Some(writing) => writing,
                None => Writing::begin(&directory, &request.expected)?,
            };
            if action != Action::Stat {
                writing.add(request.offset, &request.data)?;
            }
            let offset = writing.offset();
            let mut answer =
                WriteResponse { action: request.action, offset, total: request.total, ..Default::default() };
            if action == Action::Commit {
                answer.digest = writing.commit(request.total, &request.expected)?;
                return Ok((None, answer));
            }
            Ok((Some(writing), answer))
        })
        .await?;
        writing = after;
        call.answers.send(&answer).await?;
        if action == Action::Commit {
            return Ok(());
        }
    }
    Ok(())
}
