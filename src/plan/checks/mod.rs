//! checks

pub(crate) mod addresses;
pub(crate) mod interfaces;
pub(crate) mod plugins;
pub(crate) mod ports;
pub(crate) mod preflight;
pub(crate) mod start;
pub(crate) mod subnet;
