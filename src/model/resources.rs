//! The resources of a project beside its services: networks, volumes, secrets, configs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{NetworkKey, NetworkName, Span, VolumeKey, VolumeName};

/// A network of the top-level `networks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Key in the file.
    pub key: NetworkKey,
    /// The place of the key; [`Span::NONE`] for the implicit network `default`.
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
    /// The canonical network, which the config hash covers.
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
    /// The place in the file.
    pub span: Span,
}

/// A volume of the top-level `volumes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// Key in the file.
    pub key: VolumeKey,
    /// The place of the key.
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
    /// `x-protected: true`: no command of this program removes the volume.
    pub is_protected: bool,
    /// The canonical volume, which the config hash covers.
    pub canonical: Arc<serde_json::Value>,
}

/// The source of the content of a secret or config.
#[derive(Clone, PartialEq, Eq)]
pub enum FileSource {
    /// `file`: absolute path on the host.
    File(PathBuf),
    /// `environment`: a variable of the process environment or an env file.
    Environment {
        /// Name of the variable.
        variable: String,
        /// Value of the variable when the project was loaded; `None` where the variable was not set.
        value: Option<String>,
    },
    /// `content` (configs only).
    Content(String),
    /// `external`: the Swarm keeps the content. Without a Swarm the content is not available.
    External,
}

impl std::fmt::Debug for FileSource {
    // Values must never reach a log, so the debug output names the source only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileSource::File(path) => write!(f, "File({})", path.display()),
            FileSource::Environment { variable, .. } => write!(f, "Environment({variable})"),
            FileSource::Content(_) => f.write_str("Content(..)"),
            FileSource::External => f.write_str("External"),
        }
    }
}

/// A secret of the top-level `secrets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The place of the key.
    pub span: Span,
    /// Name in the engine: `name:`, or `<project>_<key>`.
    pub name: String,
    /// Source of the content.
    pub source: FileSource,
    /// The place of the attribute that names the source.
    pub source_span: Span,
}

/// A config of the top-level `configs`. It has the shape of a secret, and other default paths.
pub type Config = Secret;
