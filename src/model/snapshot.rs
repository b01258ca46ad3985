//! The observed state: one snapshot of what the engine has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{ContainerId, Containers, Definition, ImageId, ObservedNetwork, ObservedVolume};

/// One snapshot. Everything after `observe` refers to it; nobody lists again halfway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The engine itself.
    pub engine: EngineFacts,
    /// Every container on the engine, ours and others'; others matter for names and ports.
    pub containers: Containers,
    /// Every network on the engine.
    pub networks: Vec<ObservedNetwork>,
    /// Every volume on the engine.
    pub volumes: Vec<ObservedVolume>,
    /// Images by each name they have (`repository:tag`, `repository@digest`), and by id; where only some names were of
    /// interest, perhaps no others.
    pub images: BTreeMap<String, ImageId>,
    /// TCP and UDP ports that programs on this machine listen on; empty where the engine is not on this machine.
    pub listeners: Vec<Listener>,
    /// Definitions of the containers that were inspected: those that differ from the file, and for `drift` all.
    pub definitions: BTreeMap<ContainerId, Definition>,
    /// What the engine offers beside what all engines have; `None` where nobody needed to know.
    pub plugins: Option<Plugins>,
    /// When the snapshot was taken, seconds since 1970 by this machine's clock; for ages, never for decisions.
    pub taken_at: i64,
}

impl Observed {
    /// Returns the image that a file means by a name, or by at least eight digits of its id. (Engines take fewer, too; a
    /// name such as `db` is none here.)
    pub fn image(&self, name: &str) -> Option<&ImageId> {
        self.images.get(&super::familiar(name)).or_else(|| {
            let is_id = name.len() >= 8 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let mut found = self.images.values().filter(|id| is_id && id.begins_with(name));
            let first = found.next()?;
            found.all(|id| id == first).then_some(first)
        })
    }
}

/// Drivers and runtimes of an engine (`GET /info`: `Plugins`, `Runtimes`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugins {
    /// Volume drivers.
    pub volume: BTreeSet<String>,
    /// Network drivers.
    pub network: BTreeSet<String>,
    /// Logging drivers.
    pub log: BTreeSet<String>,
    /// Runtimes.
    pub runtimes: BTreeSet<String>,
}

/// What is known of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Where it answers, for messages: `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// The engine's own version, such as `28.5.2`.
    pub version: String,
    /// The negotiated API version.
    pub api: ApiVersion,
    /// `linux`, `windows`.
    pub os: String,
    /// Whether it runs on this machine, so that paths and ports mean the same here and there.
    pub is_local: bool,
}

/// A version of the Engine API, such as 1.41. Ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// Makes a version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `1.41`; `None` where the text is no such pair.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().trim_start_matches('v').split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A program on this machine that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Address; unspecified is all.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// `nginx (pid 812)`, where it can be told.
    pub holder: Option<String>,
}
