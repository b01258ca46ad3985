//! The parts of a backup file. `docs/volumes.md` describes them.
//!
//! The file is one zstd frame around one tar archive: the manifest, then for each volume an empty entry and the entries of
//! the volume as the engine gave them, then the checksums. The names of the entries that are not of a volume begin with a
//! random word, so that no file of a volume can pass for one of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of this format.
pub(super) const FORMAT: u32 = 1;
/// Bytes of a block of a tar archive.
pub(super) const BLOCK: usize = 512;
/// The most bytes of a manifest, of checksums, and of the attributes before an entry.
pub(super) const MOST: u64 = 16 * 1024 * 1024;
/// The names of the entries that are not of a volume begin so, with the random word behind it.
pub(super) const PREFIX: &str = "inception-";
/// The end of the first entry's name.
pub(super) const MANIFEST: &str = "/manifest.json";
/// The end of the last entry's name.
pub(super) const CHECKSUMS: &str = "/checksums.json";

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Number of the format.
    pub format: u32,
    /// Version of the program that wrote the file.
    pub program: String,
    /// Name of the project.
    pub project: String,
    /// Time of the beginning, RFC 3339.
    pub created: String,
    /// The volumes, in the order of the file.
    pub volumes: Vec<Volume>,
}

/// A volume as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Volume {
    /// Key in the file.
    pub key: String,
    /// Name in the engine.
    pub name: String,
    /// Driver.
    pub driver: String,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `paused` where running containers that may write were paused while the volume was read; `unused` where none ran.
    pub consistency: String,
    /// The containers that mounted the volume.
    pub users: Vec<User>,
}

/// A container that mounted a volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    /// Name of the container.
    pub container: String,
    /// Service of the container.
    pub service: Option<String>,
    /// Name of the image.
    pub image: String,
    /// Id of the image, with its algorithm.
    pub image_id: String,
    /// Path in the container.
    pub path: String,
}

/// The last entry: what the others must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Checksums {
    /// SHA-256 of the manifest's text.
    pub manifest: String,
    /// One for each volume of the manifest, in that order.
    pub volumes: Vec<Checksum>,
}

/// What the entries of a volume must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    /// Key in the file.
    pub key: String,
    /// SHA-256 of all entries with their headers.
    pub sha256: String,
    /// Bytes of all entries with their headers.
    pub bytes: u64,
    /// Number of entries: files, directories, links.
    pub entries: u64,
}

/// Packs an entry that is not of a volume: a header and the text, filled up to whole blocks.
pub(super) fn own_entry(name: &str, text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(text.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    let mut packed = header.as_bytes().to_vec();
    packed.extend_from_slice(text);
    packed.resize(packed.len().next_multiple_of(BLOCK), 0);
    Ok(packed)
}

/// What is read of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The name in the header; a long name stands before the entry and is not looked at.
    pub name: String,
    /// Bytes of the content.
    pub size: u64,
    /// Whether the content is attributes of the entry that follows, among them its size.
    pub has_attributes: bool,
    /// Whether the header belongs to the entry that follows: a long name, attributes.
    pub is_prelude: bool,
}

/// Reads a header. The checksum in it must be right.
pub(super) fn head(block: &[u8; BLOCK]) -> std::io::Result<Head> {
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    if header.cksum()? != sum {
        return Err(std::io::Error::other("a header of the archive is damaged"));
    }
    let kind = header.entry_type();
    let is_prelude = kind.is_pax_local_extensions() || kind.is_gnu_longname() || kind.is_gnu_longlink();
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    // Links and directories have no content, whatever the size in the header.
    let is_empty = kind.is_dir() || kind.is_symlink() || kind.is_hard_link();
    let size = if is_empty { 0 } else { header.entry_size()? };
    Ok(Head { name, size, has_attributes: kind.is_pax_local_extensions(), is_prelude })
}

/// Returns the size that attributes give to the entry that follows: of a file too large for its header.
pub(super) fn size_in_attributes(text: &[u8]) -> Option<u64> {
    let records = tar::PaxExtensions::new(text);
    let size = records.flatten().filter(|record| record.key_bytes() == b"size").last()?;
    std::str::from_utf8(size.value_bytes()).ok()?.parse().ok()
}

/// Follows the blocks of an archive, to find its entries and its end.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    block: Vec<u8>,
    /// Bytes of the content and its filling that are still to come.
    left: u64,
    /// Attributes of the next entry, while they are read.
    attributes: Option<Vec<u8>>,
    size: Option<u64>,
    /// Whether what was read last belongs to an entry that is still to come.
    is_behind_prelude: bool,
    /// Number of entries so far.
    pub entries: u64,
    /// Whether the end of the archive was seen.
    pub has_ended: bool,
}

impl Blocks {
    /// Returns whether the next block is the first one of an entry.
    pub(super) fn is_between_entries(&self) -> bool {
        self.left == 0 && self.block.is_empty() && !self.is_behind_prelude
    }

    /// Takes the next bytes of an archive, and passes those on that belong to entries. The end of an archive is no entry.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        while !bytes.is_empty() && !self.has_ended {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                let (now, rest) = bytes.split_at(count);
                out.extend_from_slice(now);
                self.content(now);
                bytes = rest;
                continue;
            }
            let count = (BLOCK - self.block.len()).min(bytes.len());
            self.block.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if let Ok(block) = <[u8; BLOCK]>::try_from(self.block.as_slice()) {
                self.block.clear();
                self.header(&block)?;
                if !self.has_ended {
                    out.extend_from_slice(&block);
                }
            }
        }
        Ok(())
    }

    fn content(&mut self, now: &[u8]) {
        self.left -= now.len() as u64;
        if let Some(attributes) = &mut self.attributes {
            attributes.extend_from_slice(now);
            if self.left == 0 {
                let end = attributes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
                self.size = size_in_attributes(&attributes[..end]);
                self.attributes = None;
            }
        }
    }

    fn header(&mut self, block: &[u8; BLOCK]) -> std::io::Result<()> {
        if block.iter().all(|byte| *byte == 0) {
            self.has_ended = true;
            return Ok(());
        }
        let head = head(block)?;
        let size = if head.is_prelude { head.size } else { self.size.take().unwrap_or(head.size) };
        if head.is_prelude && size > MOST {
            return Err(std::io::Error::other("the attributes of an entry are too long"));
        }
        self.entries += u64::from(!head.is_prelude);
        self.is_behind_prelude = head.is_prelude;
        self.attributes = head.has_attributes.then(Vec::new).filter(|_| size > 0);
        self.left = size.next_multiple_of(BLOCK as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(archive: &[u8], piece: usize) -> (Vec<u8>, Blocks) {
        let (mut blocks, mut out) = (Blocks::default(), Vec::new());
        archive.chunks(piece).for_each(|piece| blocks.feed(piece, &mut out).unwrap());
        (out, blocks)
    }

    #[test]
    fn an_archive_is_followed_to_its_end_however_it_is_cut() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(700);
        let long = "x".repeat(300);
        builder.append_data(&mut header, &long, &[1; 700][..]).unwrap();
        builder.append_pax_extensions([("SCHILY.xattr.user.a", &b"\x00b"[..])]).unwrap();
        builder.append_data(&mut header, "short", &[0; 700][..]).unwrap();
        let archive = builder.into_inner().unwrap();
        for piece in [1, 511, 512, 513, archive.len()] {
            let (out, blocks) = fed(&archive, piece);
            assert!(blocks.has_ended);
            assert_eq!(blocks.entries, 2);
            assert_eq!(out, archive[..archive.len() - 1024], "all but the two blocks at the end");
        }
        assert!(!fed(&archive[..1000], 64).1.has_ended, "cut off");
    }

    #[test]
    fn the_size_of_a_file_too_large_for_its_header_is_in_its_attributes() {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("path", &b"p"[..]), ("size", &b"600"[..])]).unwrap();
        let mut archive = builder.into_inner().unwrap();
        archive.truncate(archive.len() - 1024);
        archive.extend(own_entry("p", &[]).unwrap());
        archive.extend([7; 1024]);
        archive.extend([0; 1024]);
        let (out, blocks) = fed(&archive, 100);
        assert!(blocks.has_ended);
        assert_eq!((blocks.entries, out.len()), (1, archive.len() - 1024));
    }

    #[test]
    fn a_damaged_header_is_an_error() {
        let mut entry = own_entry("name", b"text").unwrap();
        entry[0] ^= 1;
        let error = Blocks::default().feed(&entry, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "a header of the archive is damaged");
    }
}
