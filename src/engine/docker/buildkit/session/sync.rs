//! Sends a directory (`FileSync/DiffCopy`, the variant with packets): first a description of every entry, in order. The
//! engine compares them with its copy of the directory, and asks for the contents of the files that differ.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use prost::Message;
use rustix::fs::{Mode, OFlags};

use super::super::grpc::server::{Answers, Call, Words};
use super::super::grpc::{Code, Status};
use super::select::{Selection, Verdict};
use super::tables::Directory;
use super::walk::Walk;
use crate::engine::docker::build::size::Size;

/// Size of a piece of a file, in bytes.
const PIECE: usize = 32 * 1024;
/// How many files that the engine has asked for may wait.
const ASKED: usize = 1024;

/// Takes the packets for the engine, and counts them.
#[derive(Clone)]
struct Out {
    answers: Answers,
    sent: Arc<AtomicU64>,
}

impl Out {
    fn send(&self, packet: &Packet) -> Result<(), Status> {
        self.sent.fetch_add(packet.encoded_len() as u64, Ordering::Relaxed);
        self.answers.blocking_send(packet)
    }
}

/// A packet of a kind.
fn packet(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

/// Sends what the engine asks for of a directory. `sent` counts the bytes, `size` what is described.
pub(super) async fn send(call: Call, directory: Directory, sent: &Arc<AtomicU64>, size: Size) -> Result<(), Status> {
    let Call { words, mut messages, answers, .. } = call;
    let out = Out { answers: answers.clone(), sent: Arc::clone(sent) };
    let listed = Arc::new(Mutex::new(Vec::new()));
    let (queue, mut wanted) = tokio::sync::mpsc::channel(ASKED);
    let mut describing = {
        let (out, directory, listed) = (out.clone(), directory.clone(), Arc::clone(&listed));
        tokio::task::spawn_blocking(move || describe(&directory, &words, &listed, &size, &out))
    };
    let mut reading = tokio::task::spawn_blocking(move || read_all(&directory, &listed, &mut wanted, &out));
    let mut is_described = false;
    loop {
        tokio::select! {
            biased;
            end = &mut describing, if !is_described => {
                ended(end)?;
                is_described = true;
            }
            end = &mut reading => return ended(end),
            message = messages.next::<Packet>() => {
                let Some(message) = message? else { return Ok(()) };
                match message.r#type() {
                    PacketType::PacketReq => {
                        // The reader has ended only after an error, which the other branch returns.
                        let _ = queue.send(message.id).await;
                    }
                    PacketType::PacketFin => return answers.send(&packet(PacketType::PacketFin)).await,
                    PacketType::PacketErr => {
                        return Err(Status::new(Code::Cancelled, String::from_utf8_lossy(&message.data)));
                    }
                    PacketType::PacketStat | PacketType::PacketData => {}
                }
            }
        }
    }
}

/// The result of a thread; a panic of it is an error.
fn ended(end: Result<Result<(), Status>, tokio::task::JoinError>) -> Result<(), Status> {
    end.unwrap_or_else(|_| Err(Status::new(Code::Internal, "the build context could not be read")))
}

/// The paths of the entries that were described, by number.
type Listed = Mutex<Vec<String>>;

fn describe(directory: &Directory, words: &Words, listed: &Listed, size: &Size, out: &Out) -> Result<(), Status> {
    let root = match directory {
        Directory::OnDisk(path) => Some(path.as_path()),
        Directory::InMemory(_) => None,
    };
    let selection = Selection::of(words, root);
    let tell = |stat: Stat| {
        size.add(&stat.path, stat.size.try_into().unwrap_or_default());
        listed.lock().unwrap_or_else(PoisonError::into_inner).push(stat.path.clone());
        let packet = Packet { stat: Some(stat), ..packet(PacketType::PacketStat) };
        out.send(&packet).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    };
    let walked = match directory {
        Directory::OnDisk(root) => Walk::run(root, &selection, tell),
        Directory::InMemory(files) => files
            .iter()
            .filter(|(name, _)| selection.judge(name, false) == Verdict::Sent)
            .map(|(name, text)| Stat { path: name.clone(), mode: 0o644, size: text.len() as i64, ..Stat::default() })
            .try_for_each(tell),
    };
    walked.map_err(|error| Status::new(Code::Internal, format!("cannot read the build context: {error}")))?;
    // A packet without a description ends the list.
    out.send(&packet(PacketType::PacketStat))
}

/// Sends the contents of the files that are asked for, one after the other.
fn read_all(
    directory: &Directory,
    listed: &Listed,
    wanted: &mut tokio::sync::mpsc::Receiver<u32>,
    out: &Out,
) -> Result<(), Status> {
    while let Some(id) = wanted.blocking_recv() {
        let path = listed.lock().unwrap_or_else(PoisonError::into_inner).get(id as usize).cloned();
        let path =
            path.ok_or_else(|| Status::new(Code::Invalid, "the engine asks for a file that was not described"))?;
        let fault = |error: io::Error| Status::new(Code::Internal, format!("cannot read `{path}`: {error}"));
        match directory {
            Directory::OnDisk(root) => copy(open(root, &path).map_err(fault)?, id, out, fault)?,
            Directory::InMemory(files) => copy(in_memory(files, &path), id, out, fault)?,
        }
        out.send(&Packet { id, ..packet(PacketType::PacketData) })?;
    }
    Ok(())
}

fn in_memory<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> &'a [u8] {
    files.get(path).map(Vec::as_slice).unwrap_or_default()
}

/// Opens a regular file of a context. A name that has become a link since the directory was described is not followed, not
/// even in the middle of the path: the link may lead to a file that is not part of the context.
fn open(root: &Path, path: &str) -> io::Result<std::fs::File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let mut directory = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty())?;
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    for part in above.split('/').filter(|part| !part.is_empty()) {
        directory = rustix::fs::openat(&directory, part, flags | OFlags::DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
    }
    // A pipe without a writer would be waited for.
    let file = rustix::fs::openat(&directory, name, flags | OFlags::NOFOLLOW | OFlags::NONBLOCK, Mode::empty())?;
    let file = std::fs::File::from(file);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "is no longer a regular file")),
    }
}

fn copy(mut file: impl Read, id: u32, out: &Out, fault: impl Fn(io::Error) -> Status) -> Result<(), Status> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                out.send(&Packet { id, data: piece[..length].to_vec(), ..packet(PacketType::PacketData) })?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fault(error)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files of a test")]
mod tests {
    use super::*;

    #[test]
    fn what_has_become_a_link_or_a_pipe_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "x").unwrap();
        let read = |path: &str| {
            let mut text = String::new();
            open(root, path).and_then(|mut file| file.read_to_string(&mut text)).map(|_| text).ok()
        };
        assert_eq!(read("a/b/file").as_deref(), Some("x"));
        std::os::unix::fs::symlink("b/file", root.join("a/link")).unwrap();
        std::os::unix::fs::symlink("b", root.join("a/turned")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        for path in ["a/link", "a/turned/file", "pipe", "a/b", "gone", "../x"] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
