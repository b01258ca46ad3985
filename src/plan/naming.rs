//! Names in the engine, by docker compose's rules (`<project>-<service>-<number>` and the like).

use crate::model::{ContainerId, ContainerName, ImageRef, Project, Service};

/// Returns the final name of a service's replica.
pub(super) fn container_name(project: &Project, service: &Service, number: u32, separator: char) -> ContainerName {
    match &service.container_name {
        Some(name) => ContainerName::new(name.clone()),
        None => ContainerName::new(format!("{}{separator}{}{separator}{number}", project.name, service.name)),
    }
}

/// Returns the name a replacement has until the old container is gone: twelve digits of the old id before the final name.
pub(super) fn temporary_name(old: &ContainerId, last: &ContainerName) -> ContainerName {
    ContainerName::new(format!("{}_{last}", old.short()))
}

/// Returns whether `name` is a replacement's temporary name for `last`.
pub(super) fn is_temporary_name(name: &str, last: &ContainerName) -> bool {
    name.strip_suffix(last.as_str())
        .and_then(|rest| rest.strip_suffix('_'))
        .is_some_and(|digits| digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns the image a service runs: the one it names, or the one built for it.
pub fn image_of(project: &Project, service: &Service, separator: char) -> ImageRef {
    match &service.image {
        Some(image) => image.clone(),
        None => ImageRef::new(format!("{}{separator}{}", project.name, service.name)),
    }
}

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

    #[test]
    fn a_temporary_name_is_told_from_a_final_one() {
        let last = ContainerName::from("p-web-1");
        let old = ContainerId::from("0123456789abcdef");
        assert!(is_temporary_name(temporary_name(&old, &last).as_str(), &last));
        assert!(!is_temporary_name("p-web-1", &last));
        assert!(!is_temporary_name("other_p-web-1", &last));
    }
}
