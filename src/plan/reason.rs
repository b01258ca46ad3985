//! Why a step is in a plan, down to the field.

use std::fmt;

use crate::model::{ContainerName, ImageId, NetworkKey, ServiceName, VolumeKey};
use crate::plan::HookPhase;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not there.
    Missing,
    /// It is there but does not run.
    NotRunning,
    /// The definition has changed, field by field.
    Changed(Vec<FieldChange>),
    /// The image behind the name is another one.
    ImageChanged {
        /// What it was made from.
        from: ImageId,
        /// What the name means now.
        to: ImageId,
    },
    /// A config's or secret's content has changed.
    ContentChanged {
        /// `config` or `secret`.
        kind: &'static str,
        /// Its key.
        key: String,
    },
    /// It is not attached to a network it should be on.
    NotAttached(NetworkKey),
    /// It is on a network, but not at the address that the file gives it.
    NotAtAddress {
        /// The network.
        network: NetworkKey,
        /// The address it should have.
        address: std::net::Ipv4Addr,
    },
    /// It does not mount a volume it should.
    NotMounted(VolumeKey),
    /// Another service publishes the host port that it still holds.
    PortNeededBy(ServiceName),
    /// Another service has its fixed address from now on.
    AddressNeededBy(ServiceName),
    /// It shares a namespace or volumes with a container that is replaced.
    FollowsParent(ServiceName),
    /// `--force-recreate`, `--build`, `--renew-anon-volumes`, `--pull`: the user asked for it.
    Asked(&'static str),
    /// Its place is taken by another container.
    ReplacedBy(ContainerName),
    /// Somebody gave it another name.
    Renamed(ContainerName),
    /// It takes over from the container that it replaces.
    TakesOver,
    /// It takes its final name.
    FinalName,
    /// Its definition has changed, and the user gave up its data (`--recreate-volume`).
    VolumeChanged(String),
    /// A volume it uses is made anew.
    UsesChangedVolume(VolumeKey),
    /// The scale was lowered.
    ScaledDown {
        /// Replicas wanted.
        wanted: u32,
    },
    /// No service of this name stands in the file.
    Orphan,
    /// It has never run, and nothing tells whether its configs and secrets are in it.
    NeverRan,
    /// The engine cannot start it any more: it was killed in the middle of that.
    Unstartable,
    /// An earlier run did not finish.
    Unfinished(&'static str),
    /// Its dependency is replaced and it asked to be restarted (`restart: true`).
    DependencyReplaced(ServiceName),
    /// It shares the network of a service's container that is started again: that network is another one then.
    HostStarted(ServiceName),
    /// A dependent waits for it.
    NeededBy(ServiceName),
    /// The run waits for it (`--wait`, replacement, settle time).
    Verify,
    /// The command is about it: `down`, `stop`, `restart`, `rm`.
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
    /// Before, for people; `None` where it was not there or is not known. Masked where it looks secret.
    pub from: Option<String>,
    /// After; `None` where it is gone.
    pub to: Option<String>,
}

impl Reason {
    /// Returns whether the definition in the file differs from what the container was made with.
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
            Reason::UsesChangedVolume(key) => write!(f, "volume `{key}` is made anew"),
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

/// Why a replacement that an earlier run began is not finished.
pub(crate) const OBSOLETE: Reason = Reason::Unfinished("its definition has changed since");
