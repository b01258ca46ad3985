//! Caches to read and to write: `cache_from` and `cache_to`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry};

use crate::engine::docker::buildkit::session::content::store;

/// The caches of a build.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caches {
    pub options: CacheOptions,
    /// The directories of caches of `type=local`, by the name that the engine has for them.
    pub stores: BTreeMap<String, PathBuf>,
    /// The directories of those that are written, with their tags.
    written: Vec<(PathBuf, Option<String>)>,
}

impl Caches {
    /// Reads the caches of a build. A local cache that is not there yet is left out of those that are read, as the first build
    /// of a machine finds none.
    pub(super) fn of(from: &[String], to: &[String]) -> Self {
        let mut caches = Self::default();
        for mut entry in from.iter().filter_map(|text| entry(text)) {
            if entry.r#type == "local" {
                let Some(directory) = caches.local(&mut entry, "src") else { continue };
                let tag = entry.attrs.get("tag").map(String::as_str);
                let known = entry.attrs.get("digest").cloned();
                let Some(digest) = known.or_else(|| store::newest(&directory, tag)) else { continue };
                entry.attrs.insert("digest".to_owned(), digest);
            }
            caches.options.imports.push(entry);
        }
        for mut entry in to.iter().filter_map(|text| entry(text)) {
            if entry.r#type == "local" {
                let Some(directory) = caches.local(&mut entry, "dest") else { continue };
                caches.written.push((directory, entry.attrs.get("tag").cloned()));
            }
            caches.options.exports.push(entry);
        }
        caches
    }

    /// Names the directory of a local cache.
    fn local(&mut self, entry: &mut CacheOptionsEntry, key: &str) -> Option<PathBuf> {
        let directory = std::path::absolute(Path::new(entry.attrs.get(key)?)).ok()?;
        let text = directory.to_str()?.to_owned();
        self.stores.insert(format!("local:{text}"), directory.clone());
        entry.attrs.insert(key.to_owned(), text);
        Some(directory)
    }

    /// Returns the caches to read in the form that the Dockerfile frontend takes. It asks for them itself, and does not see
    /// those of the request.
    pub(super) fn imports(&self) -> Option<String> {
        let one = |entry: &CacheOptionsEntry| {
            let attrs: BTreeMap<_, _> = entry.attrs.iter().collect();
            serde_json::json!({ "Type": entry.r#type, "Attrs": attrs })
        };
        let all: Vec<_> = self.options.imports.iter().map(one).collect();
        (!all.is_empty()).then(|| serde_json::Value::from(all).to_string())
    }

    /// Names the local caches that a build has written, after its end.
    pub(super) fn name(&self, descriptor: &str) -> std::io::Result<()> {
        self.written.iter().try_for_each(|(directory, tag)| store::name(directory, descriptor, tag.as_deref()))
    }
}

/// Reads `type=registry,ref=NAME`, or the name of an image.
fn entry(text: &str) -> Option<CacheOptionsEntry> {
    let registry = |name: &str| CacheOptionsEntry {
        r#type: "registry".to_owned(),
        attrs: [("ref".to_owned(), name.to_owned())].into(),
    };
    if !text.contains('=') {
        return (!text.is_empty()).then(|| registry(text));
    }
    let pairs = text.split(',').filter_map(|field| field.split_once('='));
    let mut attrs: HashMap<String, String> =
        pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect();
    let kind = attrs.remove("type").unwrap_or_else(|| "registry".to_owned());
    Some(CacheOptionsEntry { r#type: kind, attrs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_a_name_or_attributes() {
        let read = |text: &str| entry(text).map(|entry| (entry.r#type, entry.attrs.get("ref").cloned()));
        assert_eq!(read("host/a:b"), Some(("registry".into(), Some("host/a:b".into()))));
        assert_eq!(read("type=registry,ref=x"), Some(("registry".into(), Some("x".into()))));
        assert_eq!(read("type=inline"), Some(("inline".into(), None)));
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_local_cache_is_read_once_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let caches =
            || Caches::of(&[format!("type=local,src={path}"), "a".to_owned()], &[format!("type=local,dest={path}")]);
        let first = caches();
        assert_eq!((first.options.imports.len(), first.options.exports.len()), (1, 1));
        assert_eq!(first.stores.get(&format!("local:{path}")), Some(&folder.path().to_owned()));
        assert_eq!(first.imports().as_deref(), Some(r#"[{"Type":"registry","Attrs":{"ref":"a"}}]"#));
        first.name(r#"{"digest":"sha256:1"}"#).unwrap();
        assert_eq!(caches().options.imports[0].attrs.get("digest").map(String::as_str), Some("sha256:1"));
    }
}
