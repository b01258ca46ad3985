//! resources

pub(crate) mod displaced;
pub(crate) mod images;
pub(crate) mod joined;
pub(crate) mod networks;
pub(crate) mod orphans;
pub(crate) mod owned;
pub(crate) mod volumes;
