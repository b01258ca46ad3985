//! `export`: all files of a container as a tar archive. What standard output and files are given here, `cp` gives, too.

#![expect(clippy::disallowed_methods, reason = "writes the archive that was asked for")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::interrupted;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::EngineStream;
use crate::failure::{Exit, Failure};
use crate::model::Span;
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `export`.
#[derive(Clone, Debug, Default)]
pub struct ExportRequest {
    /// The container.
    pub replica: ReplicaRequest,
    /// `--output`; `None` is standard output.
    pub output: Option<PathBuf>,
}

/// Runs `export`. The container need not run.
pub fn export(context: &Context, request: &ExportRequest) -> Result<Exit, Failure> {
    if request.output.is_none() && ui::terminal::is_output() {
        let message = "an archive is not written to a terminal";
        return Err(Failure::one(Diagnostic::error("usage", Span::NONE, message).help("name a file: `-o FILE`")));
    }
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let container = replica::find(session.reading(), &found, &request.replica);
        let container = session::answer(&session.interrupt, container).await?;
        let Some(engine) = session.changing() else {
            let name = escape_controls(container.name.as_str());
            ui::progress::say(context, &format!(" DRY-RUN MODE -  {name} Exported"));
            return Ok(Exit::SUCCESS);
        };
        let work = async {
            let stream = engine.export_container(&container.id).await?;
            match &request.output {
                Some(path) => save(stream, path).await,
                None => print(stream).await,
            }
        };
        tokio::select! {
            result = work => result?,
            signal = session.interrupt.first() => return Err(interrupted(signal)),
            failure = ui::failed() => return Err(failure),
        }
        Ok(Exit::SUCCESS)
    })
}

/// Prints an archive as it comes.
pub(super) async fn print(mut stream: EngineStream<Bytes>) -> Result<(), Failure> {
    while let Some(piece) = stream.next().await {
        ui::ready().await;
        ui::print_data(piece?.to_vec());
    }
    Ok(())
}

/// Writes an archive into a file, under another name until it is whole. What is no regular file (a pipe, `/dev/null`) is
/// written as it is.
async fn save(stream: EngineStream<Bytes>, path: &Path) -> Result<(), Failure> {
    let is_other = tokio::fs::metadata(path).await.is_ok_and(|metadata| !metadata.is_file());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = if is_other { path } else { &unfinished };
    let mut result = write(stream, written).await;
    if !is_other {
        result = match result {
            Ok(()) => tokio::fs::rename(written, path).await.map_err(|error| unwritable(path, &error)),
            Err(failure) => Err(failure),
        };
        if result.is_err() {
            // Nothing is there where the file could not be made.
            let _ = tokio::fs::remove_file(written).await;
        }
    }
    result
}

async fn write(mut stream: EngineStream<Bytes>, path: &Path) -> Result<(), Failure> {
    let fault = |error| unwritable(path, &error);
    let mut file = tokio::fs::File::create(path).await.map_err(fault)?;
    while let Some(piece) = stream.next().await {
        file.write_all(&piece?).await.map_err(fault)?;
    }
    file.flush().await.map_err(fault)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`", escape_controls(&path.to_string_lossy()));
    Failure::one(Diagnostic::error("file-unwritable", Span::NONE, message).cause(error.to_string()))
}
