//! `cp` into containers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::pack::{self, Local};
use super::pipe::{self, Writer};
use super::place::{self, Kind, Side};
use super::request::{CopyRequest, blocking, cannot_copy};
use crate::engine::{ByteStream, EngineHandle, ErrorKind, FileKind, PutOptions};
use crate::failure::Failure;
use crate::model::ObservedContainer;
use crate::text::escape_controls;
use crate::ui;

/// So many containers are copied into at the same time.
const AT_ONCE: usize = 4;
/// So many links are followed to a target.
const MOST_LINKS: usize = 8;

/// Copies into every container. `say` is told of each that is done.
pub(super) async fn copy(
    engine: &EngineHandle,
    list: &[ObservedContainer],
    from: &Side,
    path: &str,
    request: &CopyRequest,
    say: &impl Fn(&ObservedContainer),
) -> Result<(), Failure> {
    let shown = request.from.to_string_lossy();
    let Side::Local(local) = from else { return copy_input(engine, list, path, request, say).await };
    let local = pack::find(local, request.follows).map_err(|error| cannot_copy(&shown, error))?;
    let one = async |container: &ObservedContainer| {
        let (target, kind) = target(engine, container, path).await?;
        let place = place::place(&local.source, &target, kind).map_err(|why| cannot_copy(&shown, why))?;
        let stream = packed(local.clone(), place.name);
        put(engine, container, &place.folder, stream, request).await?;
        say(container);
        Ok(())
    };
    stream::iter(list).map(Ok).try_for_each_concurrent(AT_ONCE, one).await
}

/// Copies standard input, a tar archive, into every container at once: each is as fast as the slowest.
async fn copy_input(
    engine: &EngineHandle,
    list: &[ObservedContainer],
    path: &str,
    request: &CopyRequest,
    say: &impl Fn(&ObservedContainer),
) -> Result<(), Failure> {
    let (mut senders, mut ways) = (Vec::new(), Vec::new());
    for container in list {
        let (target, kind) = target(engine, container, path).await?;
        if kind != Kind::Directory {
            return Err(cannot_copy("-", format!("`{path}` is no directory of container `{}`", container.name)));
        }
        let (sender, receiver) = pipe::pipe();
        senders.push(sender);
        ways.push((container, target, pipe::stream(receiver)));
    }
    let reading = blocking(move || {
        let mut writer = Writer::new(senders);
        let result = ui::input::copy_to(&mut writer);
        writer.end(result);
        Ok(())
    });
    let one = async |(container, target, stream): (&ObservedContainer, PathBuf, ByteStream)| {
        put(engine, container, &target, stream, request).await?;
        say(container);
        Ok(())
    };
    let most = list.len();
    let putting = stream::iter(ways).map(Ok).try_for_each_concurrent(most, one);
    // Where a container refuses the archive, nobody waits for the rest of the input.
    tokio::select! {
        result = putting => result,
        Err(error) = reading => Err(cannot_copy("-", error)),
    }
}

/// Packs a source on a thread of its own, as fast as the stream is read.
fn packed(local: Local, name: Option<OsString>) -> ByteStream {
    let (sender, receiver) = pipe::pipe();
    tokio::task::spawn_blocking(move || {
        let mut writer = Writer::new(vec![sender]);
        let result = pack::pack(&local.path, name.as_deref(), &mut writer);
        writer.end(result);
    });
    pipe::stream(receiver)
}

/// Looks at a target in a container: where it is once links are followed, and what is there.
async fn target(engine: &EngineHandle, container: &ObservedContainer, path: &str) -> Result<(PathBuf, Kind), Failure> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let stat = match engine.stat_path(&container.id, &path).await {
            Ok(stat) => stat,
            Err(error) if error.is_not_found() => return Ok((path.into(), Kind::Missing)),
            Err(error) => return Err(error.into()),
        };
        match (stat.kind, stat.link_target) {
            (FileKind::Directory, _) => return Ok((path.into(), Kind::Directory)),
            (FileKind::Link, Some(target)) if target != path => path = target,
            _ => return Ok((path.into(), Kind::File)),
        }
    }
    Err(cannot_copy(&path, "too many links lead to it"))
}

async fn put(
    engine: &EngineHandle,
    container: &ObservedContainer,
    folder: &Path,
    stream: ByteStream,
    request: &CopyRequest,
) -> Result<(), Failure> {
    let folder = folder.to_string_lossy();
    let options = PutOptions { copy_uid_gid: request.keeps_owners, keep_kinds: true };
    let shown = request.from.to_string_lossy();
    engine.put_archive(&container.id, &folder, stream, options).await.map_err(|error| match error.kind {
        ErrorKind::NotFound => {
            let (folder, name) = (escape_controls(&folder), &container.name);
            cannot_copy(&shown, format!("there is no directory `{folder}` in container `{name}`"))
        }
        // What is wrong is the archive, and mostly what was to be packed into it.
        ErrorKind::Invalid | ErrorKind::Engine => cannot_copy(&shown, error.message),
        _ => error.into(),
    })
}
