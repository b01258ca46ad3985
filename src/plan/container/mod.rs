//! container

pub(crate) mod difference;
pub(crate) mod fields;
pub(crate) mod mounts;
pub(crate) mod naming;
pub(crate) mod owned;
pub(crate) mod replicas;
pub(crate) mod shares;
pub(crate) mod spec;
