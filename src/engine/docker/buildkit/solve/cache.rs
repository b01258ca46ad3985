//! Caches to read and to write: `cache_from` and `cache_to`.

use std::collections::HashMap;

use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry};

/// Returns the caches of a build.
pub(super) fn options(from: &[String], to: &[String]) -> CacheOptions {
    CacheOptions {
        imports: from.iter().filter_map(|text| entry(text)).collect(),
        exports: to.iter().filter_map(|text| entry(text)).collect(),
        ..CacheOptions::default()
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
}
