//! Names in the engine, by docker compose's rules (`<project>-<service>-<number>` and the like).

use crate::plan::Target;
use std::collections::BTreeSet;

use crate::model::{ContainerId, ContainerName, ImageRef, Project, Service};

/// Returns the final name of a service's replica.
pub(crate) fn container_name(project: &Project, service: &Service, number: u32, separator: char) -> ContainerName {
    match &service.container_name {
        Some(name) => ContainerName::new(name.clone()),
        None => ContainerName::new(format!("{}{separator}{}{separator}{number}", project.name, service.name)),
    }
}

/// Returns the name a replacement has until the old container is gone: twelve digits of the old id before the final name.
pub(crate) fn temporary_name(old: &ContainerId, last: &ContainerName) -> ContainerName {
    ContainerName::new(format!("{}_{last}", old.short()))
}

/// Returns another temporary name, for a container that is there: the one of its id is for what may replace it.
pub(crate) fn spare_name(id: &ContainerId, last: &ContainerName) -> ContainerName {
    let digits: String = id.as_str().chars().rev().take(12).collect();
    ContainerName::new(format!("{digits}_{last}"))
}

/// Returns the final name in a temporary one; any other as it is.
pub fn final_name(name: &str) -> &str {
    match name.split_once('_') {
        Some((digits, rest)) if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => rest,
        _ => name,
    }
}

/// Returns whether `name` is a replacement's temporary name for `last`.
pub(crate) fn is_temporary_name(name: &str, last: &ContainerName) -> bool {
    name != last.as_str() && final_name(name) == last.as_str()
}

/// Returns the image a service runs: the one it names, or the one built for it.
pub fn image_of(project: &Project, service: &Service, separator: char) -> ImageRef {
    match &service.image {
        Some(image) => image.clone(),
        None => ImageRef::new(format!("{}{separator}{}", project.name, service.name)),
    }
}

/// Returns the familiar names of all images of a project: no plan looks up any other.
pub fn image_names(project: &Project, separator: char) -> BTreeSet<String> {
    let images = project.services.values().map(|service| image_of(project, service, separator));
    images.map(|image| crate::model::familiar(image.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_name_is_told_from_a_final_one() {
        let last = ContainerName::from("p-web-1");
        let old = ContainerId::from("0123456789abcdef");
        assert!(is_temporary_name(temporary_name(&old, &last).as_str(), &last));
        let spare = spare_name(&ContainerId::from("0123456789abcdef"), &last);
        assert!(is_temporary_name(spare.as_str(), &last) && spare != temporary_name(&old, &last));
        assert!(!is_temporary_name("p-web-1", &last));
        assert_eq!(final_name("0123456789ab_shop-web-1"), "shop-web-1");
        assert_eq!(final_name("shop_web_1"), "shop_web_1");
        assert_eq!(final_name("0123456789ab"), "0123456789ab");
        assert!(!is_temporary_name("other_p-web-1", &last));
    }
}

/// Returns what a step on a replica acts on.
pub(crate) fn replica_target(service: &Service, number: u32, name: &ContainerName) -> Target {
    Target::Container { service: Some(service.name.clone()), number, name: name.clone() }
}
