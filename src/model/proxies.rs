//! Proxies of docker's configuration.

use std::collections::BTreeMap;

/// The variables that every container and every build gets for the proxies of docker's configuration: `HTTP_PROXY`,
/// `http_proxy` and the like. An address may hold a password, so values are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies(pub BTreeMap<String, String>);

impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
