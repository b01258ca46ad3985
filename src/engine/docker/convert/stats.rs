//! Samples of resource use.

use serde_json::Value;

use crate::engine::{BlockUse, CpuUse, MemoryUse, NetworkUse, StatsSample};

/// Returns the sample of a line (`GET /containers/{id}/stats`); `None` for a line that is no sample.
pub(crate) fn sample(line: &[u8]) -> Option<StatsSample> {
    let value: Value = serde_json::from_slice(line).ok().filter(Value::is_object)?;
    let networks = value.get("networks").and_then(Value::as_object).into_iter().flatten();
    let limit = number(&value, "/pids_stats/limit");
    Some(StatsSample {
        read: value.get("read").and_then(Value::as_str).unwrap_or_default().to_owned(),
        cpu: cpu(value.get("cpu_stats")),
        previous_cpu: cpu(value.get("precpu_stats")),
        memory: memory(value.get("memory_stats")),
        networks: networks.map(|(name, traffic)| (name.clone(), network(traffic))).collect(),
        block: block(value.get("blkio_stats")),
        pids: number(&value, "/pids_stats/current"),
        // "No limit" is a missing number, 0, or the largest number.
        pids_limit: (limit != 0 && limit != u64::MAX).then_some(limit),
    })
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

fn cpu(value: Option<&Value>) -> CpuUse {
    let Some(value) = value else { return CpuUse::default() };
    let per_processor = value.pointer("/cpu_usage/percpu_usage").and_then(Value::as_array).map_or(0, Vec::len);
    let online = match number(value, "/online_cpus") {
        0 => per_processor as u64,
        online => online,
    };
    CpuUse {
        container_nanos: number(value, "/cpu_usage/total_usage"),
        system_nanos: number(value, "/system_cpu_usage"),
        online: u32::try_from(online).unwrap_or(u32::MAX),
    }
}

/// Compat: as in `docker stats`, the inactive page cache is subtracted: `total_inactive_file` of cgroup v1,
/// `inactive_file` of v2.
fn memory(value: Option<&Value>) -> MemoryUse {
    let Some(value) = value else { return MemoryUse::default() };
    let all = number(value, "/usage");
    let inactive = value.pointer("/stats/total_inactive_file").or_else(|| value.pointer("/stats/inactive_file"));
    let inactive = inactive.and_then(Value::as_u64).filter(|inactive| *inactive < all).unwrap_or_default();
    MemoryUse { used: all - inactive, limit: number(value, "/limit") }
}

fn network(value: &Value) -> NetworkUse {
    NetworkUse {
        received: number(value, "/rx_bytes"),
        sent: number(value, "/tx_bytes"),
        packets_received: number(value, "/rx_packets"),
        packets_sent: number(value, "/tx_packets"),
    }
}

/// Adds up the devices. The words for reading and writing begin with a capital in one cgroup version only.
fn block(value: Option<&Value>) -> BlockUse {
    let entries = value.and_then(|value| value.get("io_service_bytes_recursive")).and_then(Value::as_array);
    let mut found = BlockUse::default();
    for entry in entries.into_iter().flatten() {
        let bytes = number(entry, "/value");
        match entry.get("op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase().as_str() {
            "read" => found.read = found.read.saturating_add(bytes),
            "write" => found.written = found.written.saturating_add(bytes),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> StatsSample {
        sample(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_sample_is_read_as_docker_stats_reads_it() {
        let found = read(&json!({
            "read": "2026-01-01T00:00:00Z",
            "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
            "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000, "online_cpus": 2},
            "memory_stats": {"usage": 1000, "limit": 5000, "stats": {"inactive_file": 400}},
            "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2, "rx_packets": 3, "tx_packets": 4}},
            "blkio_stats": {"io_service_bytes_recursive": [
                {"op": "Read", "value": 5}, {"op": "read", "value": 6}, {"op": "write", "value": 7}, {"op": "total", "value": 99}
            ]},
            "pids_stats": {"current": 3, "limit": u64::MAX},
        }));
        assert!((found.cpu_percent() - 40.0).abs() < 1e-9);
        assert_eq!(found.memory, MemoryUse { used: 600, limit: 5000 });
        assert_eq!(found.networks["eth0"].packets_sent, 4);
        assert_eq!(found.block, BlockUse { read: 11, written: 7 });
        assert_eq!((found.pids, found.pids_limit), (3, None));
    }

    #[test]
    fn a_sample_without_numbers_is_zeros() {
        let empty = json!({"cpu_stats": {"cpu_usage": null}, "blkio_stats": {"io_service_bytes_recursive": null}, "networks": 3});
        let found = read(&empty);
        assert_eq!(found, StatsSample::default());
        assert_eq!(found.cpu_percent().to_bits(), 0.0_f64.to_bits());
        assert!(sample(b"[1]").is_none() && sample(b"").is_none());
    }
}
