//! Rules about the compose files.

pub use access::USER_ROOT;
pub use running::{IMAGE_FLOATING, NO_HEALTHCHECK, floats};
pub use secrets::{may_be_secret, names_secret};

use super::rule::Finding;
use crate::loader::Node;
use crate::model::Sources;

pub mod access;
mod data;
pub mod mounts;
mod running;
mod secrets;
pub mod structure;

/// Applies the rules that hold for any stack.
pub fn findings(root: &Node, directory: &std::path::Path, sources: &Sources) -> Vec<Finding> {
    let mut found = access::findings(root);
    found.extend(mounts::findings(root, directory));
    found.extend(running::findings(root));
    found.extend(data::findings(root));
    found.extend(secrets::findings(root, sources));
    found
}
