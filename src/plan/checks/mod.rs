//! Checks that refuse a plan beforehand. Without them the engine would refuse a step half way through the run, when
//! other steps have already changed something.
//!
//! Start at [`claims`]: a host port, an address, a subnet, an interface and a container name can have one holder at a
//! time. All other checks are independent of each other. A check adds diagnostics to the plan, and no steps.

pub(crate) mod addresses;
pub(crate) mod claims;
pub(crate) mod image;
pub(crate) mod interfaces;
pub(crate) mod machine;
pub(crate) mod names;
pub(crate) mod others;
pub(crate) mod plugins;
pub(crate) mod ports;
pub(crate) mod preflight;
pub(crate) mod start;
pub(crate) mod subnet;
pub(crate) mod subnets;
