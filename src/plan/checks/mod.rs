//! What the engine would refuse half way through a run is refused before anything is changed.
//!
//! Start at [`claims`]: it decides for host ports, addresses, subnets, interfaces and container names whether they can be had.

pub(crate) mod addresses;
pub(crate) mod claims;
pub(crate) mod interfaces;
pub(crate) mod names;
pub(crate) mod plugins;
pub(crate) mod ports;
pub(crate) mod preflight;
pub(crate) mod start;
pub(crate) mod subnet;
pub(crate) mod subnets;
