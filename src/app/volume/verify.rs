//! `volume verify`: reads a backup file to its end and compares it with its checksums.

#![expect(clippy::disallowed_methods, reason = "reads the backup that was asked for")]

use std::io::{self, BufReader, Read};
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;
use sha2::{Digest, Sha256};

use super::format::{BLOCK, Blocks, CHECKSUMS, Checksum, Checksums, FORMAT, MANIFEST, MOST, Manifest, PREFIX, head};
use super::select::fault;
use crate::failure::{Exit, Failure};
use crate::text::{decimal_size, escape_controls};
use crate::ui;

/// The most bytes that a frame of zstd may look back. What this program writes looks back much less.
const WINDOW: u64 = 8 * 1024 * 1024;
/// The beginning of the frame: the magic number of zstd, and a descriptor that says no more than that a checksum follows.
const BEGIN: [u8; 5] = [0x28, 0xb5, 0x2f, 0xfd, 0x04];
const HELP: &str = "the file is damaged or was cut off: use another backup";

/// Runs `volume verify FILE`.
pub fn verify(path: &Path) -> Result<Exit, Failure> {
    let (manifest, checksums) = checked(path)?;
    let mut text = format!(
        "backup of project `{}` of {}, {} volumes\n",
        escape_controls(&manifest.project),
        escape_controls(&manifest.created),
        manifest.volumes.len()
    );
    for one in &checksums.volumes {
        let bytes = decimal_size(i64::try_from(one.bytes).unwrap_or(i64::MAX));
        text.push_str(&format!(
            "{}: {} entries, {bytes}, sha256 {}\n",
            escape_controls(&one.key),
            one.entries,
            one.sha256
        ));
    }
    ui::print_owned(text);
    Ok(Exit::SUCCESS)
}

/// Reads a backup to its end. Fails where anything in it is not as it was written.
pub(super) fn checked(path: &Path) -> Result<(Manifest, Checksums), Failure> {
    read(path).map_err(|error| {
        let path = escape_controls(&path.to_string_lossy()).into_owned();
        fault(
            "bad-backup",
            format!("`{path}` is no whole backup: {}", escape_controls(&error.to_string())),
            HELP.to_owned(),
        )
    })
}

fn read(path: &Path) -> io::Result<(Manifest, Checksums)> {
    let mut file = BufReader::new(std::fs::File::open(path)?);
    // Bits of the descriptor that mean nothing could be altered unseen.
    let mut begin = [0; BEGIN.len()];
    file.read_exact(&mut begin)?;
    if begin != BEGIN {
        return Err(io::Error::other("it does not begin as one"));
    }
    let file = begin.as_slice().chain(file);
    let decoder = StreamingDecoder::new_with_max_window_size(file, WINDOW).map_err(io::Error::other)?;
    let mut archive = Archive { decoder, prefix: String::new(), ahead: None };
    let text = archive.first()?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(io::Error::other)?;
    if manifest.format != FORMAT {
        let words = format!("its format is {}, and this version knows {FORMAT}", manifest.format);
        return Err(io::Error::other(words));
    }
    let mut found = Checksums { manifest: hex(Sha256::digest(&text).as_ref()), volumes: Vec::new() };
    let checksums = loop {
        let next = manifest.volumes.get(found.volumes.len());
        match archive.part(next.map(|one| one.key.as_str()))? {
            Part::Volume(checksum) => found.volumes.push(checksum),
            Part::Checksums(checksums) => break checksums,
        }
    };
    if found != checksums || found.volumes.len() != manifest.volumes.len() {
        return Err(io::Error::other("its contents do not have the checksums that it names"));
    }
    archive.end()?;
    Ok((manifest, checksums))
}

/// A part of an archive behind the manifest.
enum Part {
    Volume(Checksum),
    Checksums(Checksums),
}

struct Archive<R: Read> {
    decoder: StreamingDecoder<R, ruzstd::decoding::FrameDecoder>,
    /// The beginning of the names of entries that are not of a volume.
    prefix: String,
    /// A block that was read too far.
    ahead: Option<[u8; BLOCK]>,
}

impl<R: Read> Archive<R> {
    fn block(&mut self) -> io::Result<[u8; BLOCK]> {
        if let Some(block) = self.ahead.take() {
            return Ok(block);
        }
        let mut block = [0; BLOCK];
        self.decoder.read_exact(&mut block)?;
        Ok(block)
    }

    /// Reads the content of an entry that is not of a volume.
    fn text(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MOST {
            return Err(io::Error::other("an entry is too long"));
        }
        let mut text = vec![0; usize::try_from(size.next_multiple_of(BLOCK as u64)).map_err(io::Error::other)?];
        self.decoder.read_exact(&mut text)?;
        text.truncate(usize::try_from(size).map_err(io::Error::other)?);
        Ok(text)
    }

    fn first(&mut self) -> io::Result<Vec<u8>> {
        let head = head(&self.block()?)?;
        let prefix = head.name.strip_suffix(MANIFEST).filter(|word| word.starts_with(PREFIX));
        self.prefix = prefix.ok_or_else(|| io::Error::other("it does not begin with a manifest"))?.to_owned();
        self.text(head.size)
    }

    /// Reads the next part: the volume of this key, or the checksums.
    fn part(&mut self, key: Option<&str>) -> io::Result<Part> {
        let own = head(&self.block()?)?;
        if own.name == format!("{}{CHECKSUMS}", self.prefix) {
            let text = self.text(own.size)?;
            return Ok(Part::Checksums(serde_json::from_slice(&text).map_err(io::Error::other)?));
        }
        let Some(key) = key.filter(|key| own.name == volume_name(&self.prefix, key)) else {
            return Err(io::Error::other("it has an entry that is of no volume in its manifest"));
        };
        self.text(own.size)?;
        self.volume(key)
    }

    /// Reads the entries of a volume, up to the next entry that is not of a volume.
    fn volume(&mut self, key: &str) -> io::Result<Part> {
        let (mut blocks, mut digest, mut bytes, mut out) = (Blocks::default(), Sha256::new(), 0, Vec::new());
        let own = format!("{}/", self.prefix);
        loop {
            let block = self.block()?;
            if blocks.is_between_entries() && head(&block).is_ok_and(|head| head.name.starts_with(&own)) {
                self.ahead = Some(block);
                break;
            }
            out.clear();
            blocks.feed(&block, &mut out)?;
            if blocks.has_ended {
                return Err(io::Error::other("it ends in the middle of a volume"));
            }
            digest.update(&out);
            bytes += out.len() as u64;
        }
        let sha256 = hex(digest.finalize().as_ref());
        Ok(Part::Volume(Checksum { key: key.to_owned(), sha256, bytes, entries: blocks.entries }))
    }

    /// Reads the end: two empty blocks, the checksum of the frame, and nothing behind it.
    fn end(mut self) -> io::Result<()> {
        let mut rest = Vec::new();
        (&mut self.decoder).take(2 * BLOCK as u64 + 1).read_to_end(&mut rest)?;
        if rest.len() != 2 * BLOCK || rest.iter().any(|byte| *byte != 0) {
            return Err(io::Error::other("it does not end as it should"));
        }
        let (mut source, frame) = self.decoder.into_parts();
        let (written, computed) = (frame.get_checksum_from_data(), frame.get_calculated_checksum());
        if written.is_none() || written != computed {
            return Err(io::Error::other("the checksum at its end is not that of its contents"));
        }
        match source.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(io::Error::other("something stands behind its end")),
        }
    }
}

/// Returns the name of the entry before those of a volume.
pub(super) fn volume_name(prefix: &str, key: &str) -> String {
    format!("{prefix}/{key}")
}

/// Returns bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
