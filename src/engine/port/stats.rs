//! Resource use of containers.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::unsupported::unsupported;
use crate::engine::{EngineResult, EngineStream};
use crate::model::ContainerId;

/// The call that reads resource use.
#[async_trait]
pub trait StatsEngine: Send + Sync {
    /// Reads the resource use of a container about once a second (`GET /containers/{id}/stats`). The stream ends when
    /// the container is removed. A container that does not run gives samples of zeros, or none.
    async fn stats(&self, id: &ContainerId) -> EngineResult<EngineStream<StatsSample>> {
        let _ = id;
        unsupported("read statistics of container")
    }
}

/// Resource use at one moment. A number that the engine does not tell is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsSample {
    /// Time of the sample, RFC 3339 by the engine's clock.
    pub read: String,
    /// Processor time since the container's start.
    pub cpu: CpuUse,
    /// Processor time at the sample before; zeros in the first sample.
    pub previous_cpu: CpuUse,
    /// Memory.
    pub memory: MemoryUse,
    /// Traffic since the container's start by interface (`eth0`); empty for a container without a network of its own.
    pub networks: BTreeMap<String, NetworkUse>,
    /// Block devices.
    pub block: BlockUse,
    /// Processes and threads.
    pub pids: u64,
    /// Limit of processes and threads; `None` is without a limit.
    pub pids_limit: Option<u64>,
}

impl StatsSample {
    /// Returns the use of processors since the sample before, in percent of one processor (200 is two processors); 0
    /// for the first sample.
    pub fn cpu_percent(&self) -> f64 {
        let used = self.cpu.container_nanos.saturating_sub(self.previous_cpu.container_nanos);
        let all = self.cpu.system_nanos.saturating_sub(self.previous_cpu.system_nanos);
        if all == 0 || self.previous_cpu.system_nanos == 0 {
            return 0.0;
        }
        used as f64 / all as f64 * f64::from(self.cpu.online.max(1)) * 100.0
    }
}

/// Processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuUse {
    /// Nanoseconds of the container's processes.
    pub container_nanos: u64,
    /// Nanoseconds of the whole machine, all processors together.
    pub system_nanos: u64,
    /// Number of processors.
    pub online: u32,
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Memory in use, without the page cache that the kernel can take back (as `docker stats` counts).
    pub used: u64,
    /// Limit: the container's, or the memory of the machine.
    pub limit: u64,
}

/// Traffic of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkUse {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets sent.
    pub packets_sent: u64,
}

/// Traffic of block devices, in bytes since the container's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockUse {
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
}
