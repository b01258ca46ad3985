//! Everything of a project that is planned before its services: networks, volumes, images and orphans, and the
//! containers that must stop for them.
//!
//! A network or volume is needed by several services, so its steps come first, and each service waits for them. No file
//! here knows how a service is planned (`plan::up`). Start at [`networks`]; [`displaced`] has the stops and removals of
//! containers that the planners of `up` share.

mod builds;
pub(crate) mod displaced;
pub(crate) mod image_options;
pub(crate) mod images;
pub(crate) mod inactive;
pub(crate) mod joined;
pub(crate) mod networks;
pub(crate) mod orphans;
pub(crate) mod pushes;
pub(crate) mod staying;
pub(crate) mod volumes;
