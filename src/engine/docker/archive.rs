//! Files of a real engine's containers.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use hyper::HeaderMap;

use super::convert::path_stat::{HEADER, path_stat};
use super::engine::DockerEngine;
use super::http::errors::Call;
use super::http::limits::{LIMIT, LONG};
use super::http::lines;
use super::http::raw::{empty, encode, full, streamed};
use super::http::transport::Body;
use crate::engine::{
    ArchiveEngine, ByteStream, EngineError, EngineResult, EngineStream, ErrorKind, PathStat, PutOptions,
};
use crate::model::ContainerId;

const PUT: &str = "put files into container";
const READ: &str = "read files of container";
const STAT: &str = "look at a path of container";

fn path_of(id: &ContainerId, path: &str) -> String {
    format!("/containers/{}/archive?path={}", encode(id.as_str()), encode(path))
}

/// Reads the header that describes the path.
fn described(what: &'static str, headers: &HeaderMap) -> EngineResult<PathStat> {
    let value = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let words = "the engine's description of the path was not understood";
    value.and_then(path_stat).ok_or_else(|| EngineError::new(ErrorKind::Garbled, what, words))
}

#[async_trait]
impl ArchiveEngine for DockerEngine {
    async fn write_archive(&self, id: &ContainerId, path: &str, tar: Bytes) -> EngineResult<()> {
        // Not `copyUIDGID`: the engine would look the container's user up in its own `/etc/passwd`, give the files to
        // that user, and fail for `user: "1000"`.
        let work = self.put(id, path, full(tar), PutOptions::default());
        self.bounded(Call::new(PUT, id.short()), LIMIT, work).await
    }

    async fn put_archive(
        &self,
        id: &ContainerId,
        path: &str,
        tar: ByteStream,
        options: PutOptions,
    ) -> EngineResult<()> {
        let fault: Arc<Mutex<Option<String>>> = Arc::default();
        let noted = fault.clone();
        let tar = tar.inspect(move |piece| {
            if let Err(error) = piece {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            }
        });
        let work = self.put(id, path, streamed(tar.boxed()), options);
        let result = self.bounded(Call::new(PUT, id.short()), LONG, work).await;
        // The engine only sees a broken body; the real error is on this side.
        let fault = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (result, fault) {
            (Err(error), Some(words)) => Err(EngineError::new(ErrorKind::Invalid, error.request, words)),
            (result, _) => result,
        }
    }

    async fn read_archive(&self, id: &ContainerId, path: &str) -> EngineResult<(PathStat, EngineStream<Bytes>)> {
        let path = path_of(id, path);
        let work = self.raw.begun(READ, "GET", &path, empty(), &[]);
        let response = self.bounded(Call::new(READ, id.short()), LIMIT, work).await?;
        let stat = described(READ, response.headers())?;
        Ok((stat, lines::bytes(response.into_body(), READ)))
    }

    async fn stat_path(&self, id: &ContainerId, path: &str) -> EngineResult<PathStat> {
        let work = async {
            let response = self.raw.begun(STAT, "HEAD", &path_of(id, path), empty(), &[]).await;
            match response {
                // The answer to `HEAD` has no body, so the engine gives no message.
                Err(error) if error.is_not_found() => {
                    let words = format!("there is no container {}, or no `{path}` in it", id.short());
                    Err(EngineError::new(ErrorKind::NotFound, STAT, words))
                }
                response => described(STAT, response?.headers()),
            }
        };
        self.bounded(Call::new(STAT, id.short()), LIMIT, work).await
    }

    async fn export_container(&self, id: &ContainerId) -> EngineResult<EngineStream<Bytes>> {
        const WHAT: &str = "export container";
        let path = format!("/containers/{}/export", encode(id.as_str()));
        let work = self.raw.begun(WHAT, "GET", &path, empty(), &[]);
        let response = self.bounded(Call::new(WHAT, id.short()), LIMIT, work).await?;
        Ok(lines::bytes(response.into_body(), WHAT))
    }
}

impl DockerEngine {
    async fn put(&self, id: &ContainerId, path: &str, body: Body, options: PutOptions) -> EngineResult<()> {
        let mut path = path_of(id, path);
        if options.copy_uid_gid {
            path.push_str("&copyUIDGID=true");
        }
        if options.keep_kinds {
            path.push_str("&noOverwriteDirNonDir=true");
        }
        let headers = [("content-type", "application/x-tar".to_owned())];
        self.raw.request(PUT, "PUT", &path, body, &headers).await.map(|_| ())
    }
}
