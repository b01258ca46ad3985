//! Rules about images: Dockerfiles, scripts, configurations.

mod base;
mod configs;
mod dockerfile;
mod scripts;

use super::facts::Facts;
use super::rule::Finding;
use crate::loader::Node;
use crate::model::Sources;

/// Applies the rules to every image.
pub fn findings(facts: &Facts, root: &Node, sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for image in &facts.images {
        let mut own = dockerfile::findings(image);
        own.extend(base::findings(image, &facts.bases));
        own.extend(dockerfile::of_role(facts, root, image));
        own.extend(scripts::findings(image));
        own.extend(configs::findings(facts, root, image));
        found.extend(own.into_iter().map(|one| one.of(&image.service)));
    }
    found.extend(configs::mounted(facts));
    found.extend(scripts::of_services(root, sources));
    found
}
