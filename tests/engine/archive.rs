//! Files of containers.

use bytes::Bytes;
use futures_util::StreamExt;
use inception::engine::{EngineStream, ErrorKind, FileKind, PutOptions};

use crate::{Made, engine, in_time};

/// Returns an archive with a file that has an owner and a mode, and a link to the file.
fn archive(content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o4750);
    header.set_uid(1234);
    header.set_gid(4321);
    builder.append_data(&mut header, "put/file", content).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "put/link", "file").unwrap();
    builder.into_inner().unwrap()
}

/// Returns bytes as a stream of pieces.
fn pieces(bytes: Vec<u8>) -> inception::engine::ByteStream {
    let pieces: Vec<_> = bytes.chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures_util::stream::iter(pieces).boxed()
}

async fn whole(mut stream: EngineStream<Bytes>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = in_time(stream.next()).await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    bytes
}

#[tokio::test]
async fn files_come_back_with_their_owners_modes_and_links() {
    let Some(engine) = engine().await else { return };
    // The container is never started.
    let made = Made::created(&engine, &["true"], |_| {}).await;
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let put = engine.put_archive(&made.id, "/", pieces(archive(&content)), PutOptions::default());
    in_time(put).await.unwrap();

    let stat = engine.stat_path(&made.id, "/put/file").await.unwrap();
    assert_eq!((stat.kind, stat.permissions, stat.size), (FileKind::File, 0o4750, 3_000_000));
    let link = engine.stat_path(&made.id, "/put/link").await.unwrap();
    assert_eq!((link.name.as_str(), link.kind), ("link", FileKind::Link));
    assert_eq!(link.link_target.as_deref(), Some("/put/file"));

    let (stat, stream) = engine.read_archive(&made.id, "/put").await.unwrap();
    assert_eq!((stat.name.as_str(), stat.kind), ("put", FileKind::Directory));
    let bytes = whole(stream).await;
    let mut found = Vec::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        let header = entry.header();
        let target = entry.link_name().unwrap().map(|target| target.display().to_string());
        let path = entry.path().unwrap().display().to_string();
        found.push((
            path,
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mode().unwrap() & 0o7777,
            target,
            content,
        ));
    }
    found.sort();
    let names: Vec<&str> = found.iter().map(|one| one.0.as_str()).collect();
    assert_eq!(names, ["put/", "put/file", "put/link"]);
    assert_eq!((found[1].1, found[1].2, found[1].3), (1234, 4321, 0o4750));
    assert!(found[1].5 == content);
    assert_eq!(found[2].4.as_deref(), Some("file"));
}

#[tokio::test]
async fn missing_paths_and_broken_archives_are_told_by_their_kind() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["true"], |_| {}).await;
    let kind = |result: Result<(), inception::engine::EngineError>| result.unwrap_err().kind;
    let missing = engine.stat_path(&made.id, "/no/such").await;
    assert_eq!(kind(missing.map(|_| ())), ErrorKind::NotFound);
    let missing = engine.read_archive(&made.id, "/no/such").await;
    assert_eq!(kind(missing.map(|_| ())), ErrorKind::NotFound);
    let into = engine.put_archive(&made.id, "/no/such", pieces(archive(b"x")), PutOptions::default()).await;
    assert_eq!(kind(into), ErrorKind::NotFound);
    let broken = [Ok(Bytes::from(archive(b"x")[..512].to_vec())), Err(std::io::Error::other("the disk is gone"))];
    let broken = futures_util::stream::iter(broken).boxed();
    let error = in_time(engine.put_archive(&made.id, "/", broken, PutOptions::default())).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Invalid, "the disk is gone"));
    // The archive has a directory where the container has a file.
    let over = PutOptions { keep_kinds: true, ..PutOptions::default() };
    engine.put_archive(&made.id, "/", pieces(archive(b"x")), PutOptions::default()).await.unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    builder.append_data(&mut header, "put", &b"y"[..]).unwrap();
    let file = builder.into_inner().unwrap();
    assert!(engine.put_archive(&made.id, "/", pieces(file), over).await.is_err());
    assert_eq!(engine.stat_path(&made.id, "/put").await.unwrap().kind, FileKind::Directory);
}

#[tokio::test]
async fn all_files_of_a_container_are_exported() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["true"], |_| {}).await;
    engine.put_archive(&made.id, "/", pieces(archive(b"mine")), PutOptions::default()).await.unwrap();
    let bytes = whole(engine.export_container(&made.id).await.unwrap()).await;
    let mut archive = tar::Archive::new(bytes.as_slice());
    let names: Vec<String> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert!(names.iter().any(|name| name == "put/file") && names.iter().any(|name| name == "bin/busybox"));
}

#[tokio::test]
async fn files_keep_the_owners_of_the_archive_whoever_the_containers_user_is() {
    let Some(engine) = engine().await else { return };
    for user in ["1000", "daemon", "4711:4711"] {
        let made = Made::created(&engine, &["true"], |spec| spec.user = Some(user.to_owned())).await;
        engine.write_archive(&made.id, "/", archive(b"secret").into()).await.unwrap();
        let (_, stream) = engine.read_archive(&made.id, "/put/file").await.unwrap();
        let bytes = whole(stream).await;
        let mut archive = tar::Archive::new(bytes.as_slice());
        let header = archive.entries().unwrap().next().unwrap().unwrap().header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (1234, 4321), "{user}");
    }
}
