//! Logins of registries, as docker's configuration and its credential helpers keep them.

mod credential_helper;
pub(super) mod credentials;
