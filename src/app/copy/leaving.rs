//! `cp` out of a container.

use std::path::Path;

use futures_util::StreamExt;

use super::place::{self, Side, Source};
use super::request::{CopyRequest, blocking, cannot_copy};
use super::unpack::{self, Keep};
use super::{export, pack, pipe};
use crate::engine::{EngineError, EngineHandle, EngineStream, FileKind, PathStat};
use crate::failure::Failure;
use crate::model::ObservedContainer;
use crate::ui;

/// Copies out of the one container in the list.
pub(super) async fn copy(
    engine: &EngineHandle,
    list: &[ObservedContainer],
    path: &str,
    to: &Side,
    request: &CopyRequest,
    say: &impl Fn(&ObservedContainer),
) -> Result<(), Failure> {
    for container in list {
        let missing = |error: EngineError| match error.is_not_found() {
            true => cannot_copy(path, format!("there is no such path in container `{}`", container.name)),
            false => error.into(),
        };
        let (stat, read) = source(engine, container, path, request.follows).await.map_err(missing)?;
        let (_, stream) = engine.read_archive(&container.id, &read).await.map_err(missing)?;
        match to {
            Side::Local(target) => write(stream, &stat, path, target, request.keeps_owners).await?,
            _ => export::print(stream).await?,
        }
        say(container);
    }
    Ok(())
}

/// Looks at a source; with `follows`, a link stands for what it leads to. Returns also the path to read.
async fn source(
    engine: &EngineHandle,
    container: &ObservedContainer,
    path: &str,
    follows: bool,
) -> Result<(PathStat, String), EngineError> {
    let stat = engine.stat_path(&container.id, path).await?;
    match stat.link_target.clone().filter(|_| follows && stat.kind == FileKind::Link) {
        // The engine has followed the link to its end.
        Some(target) => Ok((engine.stat_path(&container.id, &target).await?, target)),
        None => Ok((stat, contents(path))),
    }
}

/// Returns the path with its end spelt so that the names in the archive begin with `./` where they have no name in front.
fn contents(path: &str) -> String {
    let is_spelt = path.ends_with("/.") || !place::is_contents(path.as_ref());
    if is_spelt { path.to_owned() } else { format!("{}/.", path.trim_end_matches('/')) }
}

/// Writes an archive of `path` to this machine, as it comes.
async fn write(
    mut stream: EngineStream<bytes::Bytes>,
    stat: &PathStat,
    path: &str,
    target: &Path,
    owners: bool,
) -> Result<(), Failure> {
    let name = if place::is_contents(path.as_ref()) { None } else { Path::new(path).file_name().map(Into::into) };
    let keep = Keep { owners, has_contents: name.is_none() };
    let (target, kind) = pack::target(target);
    let source = Source { name, is_directory: stat.kind == FileKind::Directory };
    let place = place::place(&source, &target, kind).map_err(|why| cannot_copy(path, why))?;
    let (sender, receiver) = pipe::pipe();
    let unpacking = blocking(move || unpack::unpack(pipe::Reader::new(receiver), &place, keep));
    let feeding = async move {
        while let Some(piece) = stream.next().await {
            // Whoever unpacks has gone, and says why.
            if sender.send(piece.map_err(std::io::Error::other)).await.is_err() {
                return;
            }
        }
    };
    let (left_out, ()) = tokio::join!(unpacking, feeding);
    for name in left_out.map_err(|error| cannot_copy(path, error))? {
        ui::tell(&format!("`{}` is a device: left out\n", crate::text::escape_controls(&name)));
    }
    Ok(())
}
