//! `volume backup`: the contents of volumes in one file.
//!
//! Running containers that may write into one of the volumes are paused while the volumes are read. The contents come from
//! the engine as tar streams and go through a thread that compresses them: a few pieces wait in between, never more. The
//! file has another name until it is whole, was written to the disk, and was read again.

#![expect(clippy::disallowed_methods, reason = "writes the backup that was asked for")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt;
use ruzstd::encoding::{CompressionLevel, FrameCompressor};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::format::{
    BLOCK, Blocks, CHECKSUMS, Checksum, Checksums, FORMAT, MANIFEST, Manifest, PREFIX, User, Volume, own_entry,
};
use super::helper;
use super::select::{self, Kept, fault};
use super::verify::{self, hex, volume_name};
use crate::app::copy::pipe;
use crate::app::run::session::{self, Session};
use crate::app::run::{interrupted, paused};
use crate::engine::{EngineHandle, RemoveOptions};
use crate::failure::{Exit, Failure};
use crate::model::{ContainerId, ContainerState, ObservedContainer};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `volume backup`.
#[derive(Clone, Debug, Default)]
pub struct BackupRequest {
    /// Keys of volumes, or services whose volumes are meant; empty means all volumes of the project.
    pub names: Vec<String>,
    /// `--output`.
    pub output: PathBuf,
}

/// Runs `volume backup`.
pub fn backup(context: &Context, request: &BackupRequest) -> Result<Exit, Failure> {
    let found = select::project(context)?;
    session::block_on(async {
        let session = Session::begin(context, found.name(), "volume backup").await?;
        let look = async {
            let all = select::volumes(session.reading(), &found).await?;
            let volumes = select::chosen(&found, all, &request.names)?;
            let image = helper::image(session.reading(), &volumes).await?;
            Ok((volumes, image))
        };
        let (volumes, image) = session::answer(&session.interrupt, look).await?;
        if volumes.is_empty() {
            let message = format!("project `{}` has no volume to back up", escape_controls(found.name()));
            return Err(fault("no-such-volume", message, "`inception volume ls` shows what there is".to_owned()));
        }
        let writers = writers(&volumes);
        let Some(engine) = session.changing() else {
            for one in &volumes {
                ui::progress::say(
                    context,
                    &format!(" DRY-RUN MODE -  Volume {} Backed up", escape_controls(&one.name)),
                );
            }
            return Ok(Exit::SUCCESS);
        };
        let image = image.ok_or_else(|| {
            let message = "the engine has no image, and contents of volumes are read through a container of one";
            fault("no-image", message.to_owned(), "pull or build an image of the project first".to_owned())
        })?;
        session::tell_gone_on(&paused::let_go_on(engine, found.name()).await?);
        let manifest = manifest(found.name(), &volumes, &writers);
        let copy = Copy { engine, project: found.name(), image: &image, volumes: &volumes, writers: &writers };
        let checksums = write(&session, &copy, &manifest, &request.output).await?;
        for one in &checksums.volumes {
            ui::progress::say(
                context,
                &format!(" Volume {} Backed up, {} entries", escape_controls(&one.key), one.entries),
            );
        }
        Ok(Exit::SUCCESS)
    })
}

/// What is copied, and by which container.
struct Copy<'a> {
    engine: &'a EngineHandle,
    project: &'a str,
    image: &'a str,
    volumes: &'a [Kept],
    /// The containers that are paused meanwhile.
    writers: &'a [&'a ObservedContainer],
}

/// Returns the running containers that may write into one of the volumes.
fn writers(volumes: &[Kept]) -> Vec<&ObservedContainer> {
    let may_write = |kept: &Kept, user: &ObservedContainer| {
        user.state == ContainerState::Running
            && user.mounts.iter().any(|mount| mount.name == kept.name && mount.is_writable)
    };
    let mut found: Vec<&ObservedContainer> =
        volumes.iter().flat_map(|kept| kept.users.iter().filter(|user| may_write(kept, user))).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    found
}

fn manifest(project: &str, volumes: &[Kept], writers: &[&ObservedContainer]) -> Manifest {
    let user = |kept: &Kept, one: &ObservedContainer| User {
        container: one.name.to_string(),
        service: one.service().map(str::to_owned),
        image: one.image.clone(),
        image_id: one.image_id.to_string(),
        path: one
            .mounts
            .iter()
            .find(|mount| mount.name == kept.name)
            .map(|mount| mount.destination.clone())
            .unwrap_or_default(),
    };
    let volume = |kept: &Kept| {
        let observed = kept.observed.clone().unwrap_or_default();
        let is_paused = kept.users.iter().any(|user| writers.iter().any(|writer| writer.id == user.id));
        Volume {
            key: kept.key.clone(),
            name: kept.name.clone(),
            driver: observed.driver,
            options: observed.options,
            labels: observed.labels,
            consistency: if is_paused { "paused" } else { "unused" }.to_owned(),
            users: kept.users.iter().map(|one| user(kept, one)).collect(),
        }
    };
    Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        project: project.to_owned(),
        created: jiff::Timestamp::now().to_string(),
        volumes: volumes.iter().map(volume).collect(),
    }
}

/// Writes the file under another name, reads it again, and gives it its name.
async fn write(session: &Session, copy: &Copy<'_>, manifest: &Manifest, path: &Path) -> Result<Checksums, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let options = File::options().write(true).create_new(true).mode(0o600).open(&unfinished);
    let file = options.map_err(|error| unwritable(path, &error))?;
    let result = match paused(session, copy, manifest, file, path).await {
        Ok(checksums) => verified(&unfinished, path, checksums).await,
        Err(failure) => Err(failure),
    };
    if result.is_err() {
        // The failure itself is told; the unfinished file is of no use.
        let _ = std::fs::remove_file(&unfinished);
    }
    result
}

async fn verified(unfinished: &Path, path: &Path, checksums: Checksums) -> Result<Checksums, Failure> {
    let again = unfinished.to_owned();
    let read = tokio::task::spawn_blocking(move || verify::checked(&again)).await;
    let (_, found) =
        read.map_err(|error| Failure::Other(anyhow::anyhow!("cannot read the backup again: {error}")))??;
    if found != checksums {
        return Err(fault("bad-backup", "the file is not as it was written".to_owned(), "look at the disk".to_owned()));
    }
    std::fs::rename(unfinished, path).map_err(|error| unwritable(path, &error))?;
    Ok(checksums)
}

/// Copies while writers are paused. Whatever happens, they go on afterwards and the helper is removed.
async fn paused(
    session: &Session,
    copy: &Copy<'_>,
    manifest: &Manifest,
    file: File,
    path: &Path,
) -> Result<Checksums, Failure> {
    let engine = copy.engine;
    let helper = helper::create(engine, copy.project, copy.image, copy.volumes, copy.writers).await?;
    let names: Vec<String> =
        copy.writers.iter().map(|one| format!("`{}`", escape_controls(one.name.as_str()))).collect();
    if !names.is_empty() {
        ui::tell(&format!("paused while its volumes are read: {}\n", names.join(", ")));
    }
    let mut result = Ok(());
    // A pause is not raced by a signal: a call that was dropped could still pause the container later.
    for one in copy.writers {
        if result.is_ok() {
            result = engine.pause_container(&one.id).await;
        }
    }
    let result = match result {
        Ok(()) => tokio::select! {
            result = copied(copy, &helper, manifest, file, path) => result,
            signal = session.interrupt.first() => Err(interrupted(signal)),
        },
        Err(error) => Err(error.into()),
    };
    let mut stuck = None;
    for one in copy.writers {
        if let Err(error) = go_on(engine, &one.id).await {
            stuck.get_or_insert((escape_controls(one.name.as_str()).into_owned(), error));
        }
    }
    if let Some((name, error)) = stuck {
        // The helper stays, and tells the next run which containers are to go on.
        session.unfinished();
        let help = format!("`docker unpause {name}`, or the next command that changes the project, lets it go on");
        return Err(fault("engine", format!("container `{name}` may still be paused: {}", error.message), help));
    }
    engine.remove_container(&helper, RemoveOptions::default()).await?;
    result
}

/// Lets a container go on, if it is paused.
async fn go_on(engine: &EngineHandle, id: &ContainerId) -> Result<(), crate::engine::EngineError> {
    let is_paused = match engine.inspect_container(id.as_str()).await {
        Ok(details) => details.state == ContainerState::Paused,
        Err(error) if error.is_not_found() => false,
        Err(error) => return Err(error),
    };
    if is_paused { engine.unpause_container(id).await } else { Ok(()) }
}

/// Reads the volumes and hands everything to the thread that writes the file.
async fn copied(
    copy: &Copy<'_>,
    helper: &ContainerId,
    manifest: &Manifest,
    file: File,
    path: &Path,
) -> Result<Checksums, Failure> {
    let (sender, receiver) = pipe::pipe();
    let thread = tokio::task::spawn_blocking(move || compress(pipe::Reader::new(receiver), file));
    let sent = send(copy, helper, manifest, sender).await;
    let written = thread.await.map_err(|error| Failure::Other(anyhow::anyhow!("cannot compress: {error}")))?;
    written.map_err(|error| unwritable(path, &error))?;
    sent
}

/// Sends the whole archive. Where the other end has gone, its own error tells why.
async fn send(
    copy: &Copy<'_>,
    helper: &ContainerId,
    manifest: &Manifest,
    sender: mpsc::Sender<io::Result<Bytes>>,
) -> Result<Checksums, Failure> {
    let other = |error: io::Error| Failure::Other(anyhow::anyhow!("cannot make the archive: {error}"));
    let json = |error: serde_json::Error| Failure::Other(anyhow::anyhow!("cannot make the archive: {error}"));
    let mut word = [0_u8; 16];
    rustix::rand::getrandom(&mut word[..], rustix::rand::GetRandomFlags::empty())
        .map_err(|error| other(error.into()))?;
    let prefix = format!("{PREFIX}{}", hex(&word));
    let text = serde_json::to_vec_pretty(manifest).map_err(json)?;
    let mut checksums = Checksums { manifest: hex(Sha256::digest(&text).as_ref()), volumes: Vec::new() };
    let put = |bytes: Vec<u8>| async { drop(sender.send(Ok(Bytes::from(bytes))).await) };
    put(own_entry(&format!("{prefix}{MANIFEST}"), &text).map_err(other)?).await;
    for one in copy.volumes {
        put(own_entry(&volume_name(&prefix, &one.key), &[]).map_err(other)?).await;
        let result = volume(copy.engine, helper, &one.key, &sender).await;
        if let Err(failure) = &result {
            // The thread must not take what it has for the whole.
            let _ = sender.send(Err(io::Error::other(format!("{failure:?}")))).await;
        }
        checksums.volumes.push(result?);
    }
    let text = serde_json::to_vec_pretty(&checksums).map_err(json)?;
    put(own_entry(&format!("{prefix}{CHECKSUMS}"), &text).map_err(other)?).await;
    put(vec![0; 2 * BLOCK]).await;
    Ok(checksums)
}

async fn volume(
    engine: &EngineHandle,
    helper: &ContainerId,
    key: &str,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<Checksum, Failure> {
    let bad = |error: io::Error| {
        let message = format!("the engine's archive of volume `{}` cannot be read: {error}", escape_controls(key));
        fault("engine", message, "run the command again".to_owned())
    };
    let (_, mut stream) = engine.read_archive(helper, &helper::path_of(key)).await?;
    let (mut blocks, mut digest, mut bytes) = (Blocks::default(), Sha256::new(), 0);
    while let Some(piece) = stream.next().await {
        let mut out = Vec::new();
        blocks.feed(&piece?, &mut out).map_err(bad)?;
        digest.update(&out);
        bytes += out.len() as u64;
        if !out.is_empty() && sender.send(Ok(Bytes::from(out))).await.is_err() {
            break;
        }
    }
    if !blocks.has_ended && !sender.is_closed() {
        return Err(bad(io::Error::other("it was cut off")));
    }
    Ok(Checksum { key: key.to_owned(), sha256: hex(digest.finalize().as_ref()), bytes, entries: blocks.entries })
}

/// Compresses what comes into a file, and waits until the disk has it. The encoder panics at an error of either side, so it
/// never sees one: the sides keep their first error, and the encoder sees an end of the input.
fn compress(source: impl Read, file: File) -> io::Result<()> {
    let mut encoder = FrameCompressor::new(CompressionLevel::Fastest);
    encoder.set_source(Quiet { inner: source, fault: None });
    encoder.set_drain(Quiet { inner: file, fault: None });
    encoder.compress();
    let faults = [
        encoder.take_source().and_then(|source| source.fault),
        encoder.drain_mut().and_then(|drain| drain.fault.take()),
    ];
    if let Some(fault) = faults.into_iter().flatten().next() {
        return Err(fault);
    }
    encoder.take_drain().map_or(Ok(()), |drain| drain.inner.sync_all())
}

/// A reader or writer that keeps its first error to itself.
struct Quiet<T> {
    inner: T,
    fault: Option<io::Error>,
}

impl<T: Read> Read for Quiet<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Ok(0);
        }
        self.inner.read(buffer).or_else(|error| {
            self.fault = Some(error);
            Ok(0)
        })
    }
}

impl<T: Write> Write for Quiet<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fault.is_none()
            && let Err(error) = self.inner.write_all(bytes)
        {
            self.fault = Some(error);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot write `{}`: {error}", escape_controls(&path.to_string_lossy()));
    fault("file-unwritable", message, "name a file in a directory with room that may be written".to_owned())
}
