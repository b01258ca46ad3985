//! One container: as the file wants it, as it was observed, and how the two differ.
//!
//! [`spec`] turns a service and a replica number into the specification that the engine gets. [`replicas`] groups the
//! containers that were found by replica number. [`difference`] compares the two and says why a container must be
//! recreated. The other files serve these three. No file here adds a step to a plan. Start at [`difference`].

pub(crate) mod difference;
pub(crate) mod fields;
pub(crate) mod fixed;
pub(crate) mod injected;
pub(crate) mod mounts;
pub(crate) mod naming;
pub(crate) mod owned;
pub(crate) mod replicas;
pub(crate) mod shares;
pub(crate) mod spec;
