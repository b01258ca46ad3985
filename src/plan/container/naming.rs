//! Names of containers and images in the engine, by the rules of docker compose (`<project>-<service>-<number>`).
//!
//! A container of a replica has its final name (`shop-web-1`), or for a while a temporary one
//! (`0123456789ab_shop-web-1`).

use std::collections::BTreeSet;

use crate::model::{ContainerId, ContainerName, ImageRef, Project, Service};
use crate::plan::Target;

/// Returns the final name of the container of a replica.
pub(crate) fn container_name(project: &Project, service: &Service, number: u32, separator: char) -> ContainerName {
    match &service.container_name {
        Some(name) => ContainerName::new(name.clone()),
        None => ContainerName::new(format!("{}{separator}{}{separator}{number}", project.name, service.name)),
    }
}

/// Returns the name of a replacement until the old container is removed: the first twelve digits of the old container's
/// id before the final name.
pub(crate) fn temporary_name(old: &ContainerId, last: &ContainerName) -> ContainerName {
    ContainerName::new(format!("{}_{last}", old.short()))
}

/// Returns a temporary name for a container that must give its current name free: the last twelve digits of its own id,
/// backwards, before the final name. The first digits of the id are left for the name of a replacement of this
/// container.
pub(crate) fn spare_name(id: &ContainerId, last: &ContainerName) -> ContainerName {
    let digits: String = id.as_str().chars().rev().take(12).collect();
    ContainerName::new(format!("{digits}_{last}"))
}

/// Returns the final name that a temporary name contains. Any other name is returned as it is.
pub fn final_name(name: &str) -> &str {
    match name.split_once('_') {
        Some((digits, rest)) if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => rest,
        _ => name,
    }
}

/// Returns whether `name` is a temporary name of a container whose final name is `last`.
pub(crate) fn is_temporary_name(name: &str, last: &ContainerName) -> bool {
    name != last.as_str() && final_name(name) == last.as_str()
}

/// Returns the name of a service's image: its `image`, or the name under which its image is built.
pub fn image_of(project: &Project, service: &Service, separator: char) -> ImageRef {
    match &service.image {
        Some(image) => image.clone(),
        None => ImageRef::new(format!("{}{separator}{}", project.name, service.name)),
    }
}

/// Returns the names of all images of a project, as the engine lists them. A plan looks up no other image.
pub fn image_names(project: &Project, separator: char) -> BTreeSet<String> {
    let images = project.services.values().map(|service| image_of(project, service, separator));
    images.map(|image| crate::model::familiar(image.as_str())).collect()
}

/// Returns the target of a step on a replica, with the replica's final name.
pub(crate) fn replica_target(service: &Service, number: u32, name: &ContainerName) -> Target {
    Target::Container { service: Some(service.name.clone()), number, name: name.clone() }
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
