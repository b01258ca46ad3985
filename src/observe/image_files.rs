//! The kind of file that an image has at a path.
//!
//! An engine gives an image's files only as an archive of the whole image (`GET /images/get`), so only small images are
//! read. The layers are read in order: a later layer may replace or remove files of earlier ones.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;

use futures_util::StreamExt;
use serde_json::Value;

use crate::engine::ReadEngine;

/// The largest image that is read, in bytes.
const LARGEST: usize = 128 << 20;
/// The prefix of a file name by which a layer removes the file with the rest of the name.
const WHITEOUT: &str = ".wh.";
/// The name of a file by which a layer removes all earlier files of the directory.
const OPAQUE: &str = ".wh..wh..opq";

/// The most symbolic links that are followed from one path.
const MOST_LINKS: usize = 8;

/// The kind of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A symbolic link to this path.
    Link(String),
    /// A directory or a device.
    Other,
}

/// Returns the kinds of the files that an image has at some absolute paths. Empty if the image is too large.
pub(super) async fn kinds(engine: &dyn ReadEngine, image: &str, paths: &BTreeSet<&str>) -> BTreeMap<String, Kind> {
    let work = async {
        let details = engine.inspect_image(image).await.ok()??;
        if usize::try_from(details.size).map_or(true, |size| size > LARGEST) {
            return None;
        }
        let mut stream = engine.image_files(image).await.ok()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.ok()?);
            if bytes.len() > 2 * LARGEST {
                return None;
            }
        }
        followed(&bytes, paths)
    };
    work.await.unwrap_or_default()
}

/// Returns the kinds of the files at some paths, with symbolic links followed.
fn followed(image: &[u8], paths: &BTreeSet<&str>) -> Option<BTreeMap<String, Kind>> {
    let mut found = in_image(image, paths)?;
    for _ in 0..MOST_LINKS {
        let links: BTreeSet<String> = found.values().filter_map(Kind::target).map(str::to_owned).collect();
        if links.is_empty() {
            break;
        }
        let next = in_image(image, &links.iter().map(String::as_str).collect())?;
        for kind in found.values_mut() {
            let Some(target) = kind.target() else { continue };
            *kind = next.get(target).cloned().unwrap_or(Kind::Other);
        }
    }
    Some(found)
}

impl Kind {
    /// Returns the target of a symbolic link.
    fn target(&self) -> Option<&str> {
        match self {
            Kind::Link(target) => Some(target),
            Kind::File | Kind::Other => None,
        }
    }
}

/// Returns the kinds of the files at some paths of an exported image; `None` if the archive has an unknown form.
fn in_image(image: &[u8], paths: &BTreeSet<&str>) -> Option<BTreeMap<String, Kind>> {
    let mut parts: BTreeMap<String, &[u8]> = BTreeMap::new();
    let mut links: BTreeMap<String, String> = BTreeMap::new();
    for entry in tar::Archive::new(Cursor::new(image)).entries().ok()? {
        let entry = entry.ok()?;
        let name = plain(&entry.path().ok()?)?;
        if let Ok(Some(target)) = entry.link_name() {
            let folder = Path::new(&name).parent().unwrap_or(Path::new(""));
            links.insert(name.clone(), plain(&folder.join(target))?);
            continue;
        }
        let start = usize::try_from(entry.raw_file_position()).ok()?;
        let end = start.checked_add(usize::try_from(entry.size()).ok()?)?;
        parts.insert(name, image.get(start..end)?);
    }
    let manifest: Value = serde_json::from_slice(parts.get("manifest.json")?).ok()?;
    let layers = manifest.pointer("/0/Layers")?.as_array()?;
    let mut found = BTreeMap::new();
    for layer in layers {
        let name = layer.as_str()?;
        let name = links.get(name).map_or(name, String::as_str);
        in_layer(parts.get(name)?, paths, &mut found)?;
    }
    Some(found)
}

/// Applies a layer to the files found in earlier layers. `None` for a compressed layer.
fn in_layer(layer: &[u8], paths: &BTreeSet<&str>, found: &mut BTreeMap<String, Kind>) -> Option<()> {
    for entry in tar::Archive::new(Cursor::new(layer)).entries().ok()? {
        let entry = entry.ok()?;
        let name = plain(&entry.path().ok()?)?;
        let (folder, last) = name.rsplit_once('/').unwrap_or(("", &name));
        let kind = entry.header().entry_type();
        let removed = match last.strip_prefix(WHITEOUT) {
            Some(_) if last == OPAQUE => Some(folder.to_owned()),
            Some(rest) if folder.is_empty() => Some(rest.to_owned()),
            Some(rest) => Some(format!("{folder}/{rest}")),
            None if kind.is_dir() => None,
            // A file that replaces a directory hides all files of the directory.
            None => Some(name.clone()),
        };
        for path in paths {
            let wanted = plain(Path::new(path))?;
            let is_below = |above: &String| {
                above.is_empty() || wanted.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            if removed.as_ref().is_some_and(|removed| *removed == wanted || is_below(removed)) {
                found.remove(*path);
            }
            if name == wanted {
                let kind = match entry.link_name() {
                    Ok(Some(target)) if kind.is_symlink() => Kind::Link(plain(&Path::new(folder).join(target))?),
                    _ if kind.is_file() || kind.is_hard_link() => Kind::File,
                    _ => Kind::Other,
                };
                found.insert((*path).to_owned(), kind);
            }
        }
    }
    Some(())
}

/// Returns a path without `.`, `..` and slashes at both ends; `None` for a path that is not UTF-8.
fn plain(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str()?.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(files: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn later_layers_replace_and_remove_what_earlier_layers_have() {
        use tar::EntryType::{Directory, Regular};
        let first = tar(&[
            ("etc/", Directory, b""),
            ("etc/app.conf", Regular, b"x"),
            ("etc/gone.conf", Regular, b"x"),
            ("old/", Directory, b""),
            ("old/a", Regular, b"x"),
            ("opaque/a", Regular, b"x"),
        ]);
        let second = tar(&[
            ("./etc/.wh.gone.conf", Regular, b""),
            (".wh.old", Regular, b""),
            ("opaque/.wh..wh..opq", Regular, b""),
            ("data", Directory, b""),
        ]);
        let image = tar(&[
            ("1/layer.tar", Regular, &first),
            ("2/layer.tar", Regular, &second),
            ("manifest.json", Regular, br#"[{"Layers":["1/layer.tar","2/layer.tar"]}]"#),
        ]);
        let paths = ["/etc/app.conf", "/etc/gone.conf", "/old/a", "/opaque/a", "/data/", "/etc", "/nowhere"];
        let found = in_image(&image, &paths.into()).unwrap();
        let expected = [("/data/", Kind::Other), ("/etc", Kind::Other), ("/etc/app.conf", Kind::File)];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)).into());
        assert_eq!(in_image(b"no archive", &paths.into()), None);
    }

    #[test]
    fn links_are_followed_and_end() {
        let mut layer = tar::Builder::new(Vec::new());
        for (name, target) in [("bin/sh", "busybox"), ("bin/ash", "/bin/sh"), ("bin/loop", "loop"), ("bin/gone", "no")]
        {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            layer.append_link(&mut header, name, target).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        layer.append_data(&mut header, "bin/busybox", &b"x"[..]).unwrap();
        let layer = layer.into_inner().unwrap();
        let image = tar(&[
            ("1/layer.tar", tar::EntryType::Regular, &layer),
            ("manifest.json", tar::EntryType::Regular, br#"[{"Layers":["1/layer.tar"]}]"#),
        ]);
        let found = followed(&image, &["/bin/sh", "/bin/ash", "/bin/loop", "/bin/gone"].into()).unwrap();
        assert_eq!((found.get("/bin/sh"), found.get("/bin/ash")), (Some(&Kind::File), Some(&Kind::File)));
        assert_ne!(found.get("/bin/loop"), Some(&Kind::File));
        assert_eq!(found.get("/bin/gone"), Some(&Kind::Other));
    }
}
