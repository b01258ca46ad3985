//! The resources of a project beside its services: networks, volumes, secrets, configs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{NetworkKey, NetworkName, Span, VolumeKey, VolumeName};

/// Top-level `networks.X`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// The key.
    pub key: NetworkKey,
    /// Where the key stands; none for the implicit `default`.
    pub span: Span,
    /// Name in the engine.
    pub name: NetworkName,
    /// `external`.
    pub is_external: bool,
    /// `driver`; `None` is the engine's default.
    pub driver: Option<String>,
    /// `driver_opts`.
    pub driver_opts: BTreeMap<String, String>,
    /// `ipam`.
    pub ipam: Ipam,
    /// `internal`.
    pub internal: bool,
    /// `attachable`.
    pub attachable: bool,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `enable_ipv4` (API 1.47).
    pub enable_ipv4: Option<bool>,
    /// `enable_ipv6`.
    pub enable_ipv6: Option<bool>,
    /// The canonical network object, input of the config hash.
    pub canonical: Arc<serde_json::Value>,
}

/// `ipam`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipam {
    /// `driver`.
    pub driver: Option<String>,
    /// `config`.
    pub pools: Vec<IpamPool>,
    /// `options`.
    pub options: BTreeMap<String, String>,
}

/// One entry of `ipam.config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpamPool {
    /// `subnet`.
    pub subnet: Option<String>,
    /// `ip_range`.
    pub ip_range: Option<String>,
    /// `gateway`.
    pub gateway: Option<String>,
    /// `aux_addresses`.
    pub aux_addresses: BTreeMap<String, String>,
    /// Where it stands.
    pub span: Span,
}

/// Top-level `volumes.X`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// The key.
    pub key: VolumeKey,
    /// Where the key stands.
    pub span: Span,
    /// Name in the engine.
    pub name: VolumeName,
    /// `external`.
    pub is_external: bool,
    /// `driver`; `None` is `local`.
    pub driver: Option<String>,
    /// `driver_opts`.
    pub driver_opts: BTreeMap<String, String>,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `x-protected: true`: no command of ours removes it.
    pub is_protected: bool,
    /// The canonical volume object, input of the config hash.
    pub canonical: Arc<serde_json::Value>,
}

/// Where the bytes of a secret or config come from.
#[derive(Clone, PartialEq, Eq)]
pub enum FileSource {
    /// `file`: absolute path on the host.
    File(PathBuf),
    /// `environment`: the variable's name and its value, `None` where it is not set.
    Environment {
        /// Name of the variable.
        variable: String,
        /// Its value when the project was loaded.
        value: Option<String>,
    },
    /// `content` (configs only).
    Content(String),
    /// `external`: kept by the engine's cluster; one machine cannot give it.
    External,
}

impl std::fmt::Debug for FileSource {
    // Values never reach a log: a debug print names the source only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileSource::File(path) => write!(f, "File({})", path.display()),
            FileSource::Environment { variable, .. } => write!(f, "Environment({variable})"),
            FileSource::Content(_) => f.write_str("Content(..)"),
            FileSource::External => f.write_str("External"),
        }
    }
}

/// Top-level `secrets.X`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where the key stands.
    pub span: Span,
    /// Name: `<project>_<key>` or `name:`.
    pub name: String,
    /// Where the bytes come from.
    pub source: FileSource,
    /// Where the source is named.
    pub source_span: Span,
}

/// Top-level `configs.X`: the same shape as a secret, other rules.
pub type Config = Secret;
