//! Why a step is in a plan, down to the changed field.

use std::fmt;

use crate::model::{ContainerName, ImageId, NetworkKey, ServiceName, VolumeKey};
use crate::plan::HookPhase;

/// Why a step is in a plan. "The object" is what the step acts on: a container, network, volume or image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The object does not exist.
    Missing,
    /// The container exists, but does not run.
    NotRunning,
    /// The definition has changed, field by field.
    Changed(Vec<FieldChange>),
    /// The image name means another image now.
    ImageChanged {
        /// The image that the container was created from.
        from: ImageId,
        /// The image that the name means now.
        to: ImageId,
    },
    /// The content of a config or secret has changed.
    ContentChanged {
        /// `config` or `secret`.
        kind: &'static str,
        /// Key of the config or secret.
        key: String,
    },
    /// The container is not attached to a network of its service.
    NotAttached(NetworkKey),
    /// The container is on a network, but not at the address that the file sets.
    NotAtAddress {
        /// The network.
        network: NetworkKey,
        /// The address of the file.
        address: std::net::Ipv4Addr,
    },
    /// The container does not mount a volume of its service.
    NotMounted(VolumeKey),
    /// The container holds a host port that another service publishes now.
    PortNeededBy(ServiceName),
    /// The container holds a fixed address that the file gives to another service now.
    AddressNeededBy(ServiceName),
    /// The container shares a namespace or volumes with a container that is replaced.
    FollowsParent(ServiceName),
    /// The user asked for the step by this option: `--force-recreate`, `--build`, `--renew-anon-volumes`, `--pull`.
    Asked(&'static str),
    /// Another container replaces the container.
    ReplacedBy(ContainerName),
    /// Somebody renamed the container by hand.
    Renamed(ContainerName),
    /// The new container is started in place of the old one.
    TakesOver,
    /// The new container gets its final name.
    FinalName,
    /// The volume's definition has changed, and the user has given up its data (`--recreate-volume`).
    VolumeChanged(String),
    /// The container uses a volume that is created anew.
    UsesChangedVolume(VolumeKey),
    /// The file or `--scale` asks for fewer replicas.
    ScaledDown {
        /// Replicas wanted.
        wanted: u32,
    },
    /// The container's service is not in the file.
    Orphan,
    /// The container has never run, and the engine does not tell whether its configs and secrets were copied in.
    NeverRan,
    /// The engine cannot start the container any more, because it was killed during an earlier start.
    Unstartable,
    /// An interrupted run left the work unfinished.
    Unfinished(&'static str),
    /// A dependency with `restart: true` is replaced.
    DependencyReplaced(ServiceName),
    /// The container shares the network of a service's container that is started again and then has another network.
    HostStarted(ServiceName),
    /// A dependent service waits for the container.
    NeededBy(ServiceName),
    /// The run itself waits for the container (`--wait`, a replacement, the settle time).
    Verify,
    /// The command itself: `down`, `stop`, `restart`, `rm`.
    Command(&'static str),
    /// A hook of the service.
    Hook(HookPhase),
    /// Several reasons.
    Several(Vec<Reason>),
}

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Path below the service: `environment.WP_TITLE`.
    pub path: String,
    /// Old value, for people; `None` if there was none or it is unknown. Masked if it looks secret.
    pub from: Option<String>,
    /// New value; `None` if the field was removed. Masked if it looks secret.
    pub to: Option<String>,
}

impl Reason {
    /// Returns whether the definition in the file differs from the one that the container was created with.
    pub fn is_redefinition(&self) -> bool {
        match self {
            Reason::Changed(_) => true,
            Reason::Several(reasons) => reasons.iter().any(Reason::is_redefinition),
            _ => false,
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} {from} → {to}", self.path),
            (None, Some(to)) => write!(f, "{} → {to}", self.path),
            (Some(from), None) => write!(f, "{} {from} removed", self.path),
            (None, None) => write!(f, "{} changed", self.path),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Missing => f.write_str("does not exist"),
            Reason::NotRunning => f.write_str("not running"),
            Reason::Changed(fields) if fields.is_empty() => f.write_str("definition changed"),
            Reason::Changed(fields) => write_joined(f, fields),
            Reason::ImageChanged { from, to } => write!(f, "image {} → {}", from.short(), to.short()),
            Reason::ContentChanged { kind, key } => write!(f, "content of {kind} `{key}` changed"),
            Reason::NotAttached(key) => write!(f, "not attached to network `{key}`"),
            Reason::NotAtAddress { network, address } => {
                write!(f, "not at its address {address} on network `{network}`")
            }
            Reason::NotMounted(key) => write!(f, "volume `{key}` is not mounted"),
            Reason::PortNeededBy(service) => write!(f, "`{service}` publishes its host port from now on"),
            Reason::AddressNeededBy(service) => write!(f, "`{service}` has its address from now on"),
            Reason::FollowsParent(service) => write!(f, "shares what belongs to `{service}`, which is replaced"),
            Reason::Asked(flag) => write!(f, "asked by {flag}"),
            Reason::ReplacedBy(name) => write!(f, "gives way to the new `{name}`"),
            Reason::Renamed(name) => write!(f, "was renamed to `{}`", crate::text::escape_controls(name.as_str())),
            Reason::TakesOver => f.write_str("takes over"),
            Reason::FinalName => f.write_str("takes the final name"),
            Reason::VolumeChanged(what) => write!(f, "{what}; its data is given up by --recreate-volume"),
            Reason::UsesChangedVolume(key) => write!(f, "volume `{key}` is recreated"),
            Reason::ScaledDown { wanted } => write!(f, "only {wanted} wanted"),
            Reason::Orphan => f.write_str("no such service in the file"),
            Reason::NeverRan => f.write_str("has never run: its configs and secrets are put into it once more"),
            Reason::Unstartable => {
                f.write_str("the engine was killed while it started it, and cannot start it any more")
            }
            Reason::Unfinished(what) => write!(f, "an earlier run did not finish: {what}"),
            Reason::DependencyReplaced(service) => write!(f, "`{service}` is replaced and `restart: true` asks for it"),
            Reason::HostStarted(service) => write!(f, "shares the network of `{service}`, which is started again"),
            Reason::NeededBy(service) => write!(f, "`{service}` waits for it"),
            Reason::Verify => f.write_str("until it is up"),
            Reason::Command(command) => write!(f, "asked by `{command}`"),
            Reason::Hook(phase) => write!(f, "{phase} hook"),
            Reason::Several(reasons) => write_joined(f, reasons),
        }
    }
}

fn write_joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str("; ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// The reason for removing a replacement that an interrupted run created for an older definition.
pub(crate) const OBSOLETE: Reason = Reason::Unfinished("its definition has changed since");
