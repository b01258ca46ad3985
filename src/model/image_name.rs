//! Image names as the engine lists them.

/// Returns an image name as the engine lists it: without the default registry, with a tag unless it has a digest.
pub fn familiar(image: &str) -> String {
    let short = image
        .strip_prefix("docker.io/library/")
        .or_else(|| image.strip_prefix("index.docker.io/library/"))
        .or_else(|| image.strip_prefix("docker.io/"))
        .or_else(|| image.strip_prefix("index.docker.io/"))
        .or_else(|| image.strip_prefix("library/"))
        .unwrap_or(image);
    if let Some((name, digest)) = short.split_once('@') {
        // With both a tag and a digest the engine goes by the digest.
        return format!("{}@{digest}", without_tag(name));
    }
    if without_tag(short).len() == short.len() && !short.starts_with("sha256:") {
        format!("{short}:latest")
    } else {
        short.to_owned()
    }
}

fn without_tag(name: &str) -> &str {
    match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_are_compared_as_the_engine_lists_them() {
        assert_eq!(familiar("nginx"), "nginx:latest");
        assert_eq!(familiar("docker.io/library/nginx:1"), "nginx:1");
        assert_eq!(familiar("host:5000/a/b"), "host:5000/a/b:latest");
        assert_eq!(familiar("host:5000/a/b:2"), "host:5000/a/b:2");
        assert_eq!(familiar("a:1@sha256:00"), "a@sha256:00");
    }
}
