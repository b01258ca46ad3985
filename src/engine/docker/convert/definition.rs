//! An inspected container's definition in the words of the compose file.

use serde_json::{Map, Value, json};

use crate::model::{DefinedEndpoint, Definition};

/// Returns the definition that a container was created with (`GET /containers/{id}/json`: `Config` and `HostConfig`).
pub(super) fn definition(inspected: &Value) -> Definition {
    let mut definition = Definition::default();
    config(&mut definition, inspected.get("Config").unwrap_or(&Value::Null));
    host_config(&mut definition, inspected.get("HostConfig").unwrap_or(&Value::Null));
    definition.set_started_at(inspected.pointer("/State/StartedAt").and_then(Value::as_str).unwrap_or_default());
    let networks = inspected.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    for (name, found) in networks.into_iter().flatten() {
        definition.add_endpoint(name.as_str(), endpoint(found));
    }
    definition
}

fn endpoint(found: &Value) -> DefinedEndpoint {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let aliases = found.get("Aliases").and_then(Value::as_array).into_iter().flatten();
    DefinedEndpoint {
        aliases: aliases.filter_map(Value::as_str).map(str::to_owned).collect(),
        ipv4_address: text("/IPAMConfig/IPv4Address"),
        ipv6_address: text("/IPAMConfig/IPv6Address"),
    }
}

fn config(definition: &mut Definition, config: &Value) {
    for variable in config.get("Env").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        definition.set(format!("environment.{name}"), value);
    }
    for (name, value) in config.get("Labels").and_then(Value::as_object).into_iter().flatten() {
        definition.set(format!("labels.{name}"), value.clone());
    }
    for (key, path) in [
        ("Image", "image"),
        ("Cmd", "command"),
        ("Entrypoint", "entrypoint"),
        ("User", "user"),
        ("WorkingDir", "working_dir"),
        ("Hostname", "hostname"),
        ("Domainname", "domainname"),
        ("StopSignal", "stop_signal"),
    ] {
        definition.set_if_given(path, config.get(key).cloned().unwrap_or_default());
    }
    for path in config.get("Volumes").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        definition.add_volume_of_image(path.trim_end_matches('/'));
    }
    let test = config.get("Healthcheck").and_then(|check| check.get("Test")).cloned();
    definition.set_if_given("healthcheck.test", test.unwrap_or_default());
}

fn host_config(definition: &mut Definition, host: &Value) {
    definition.set_if_given("restart", restart(host));
    definition.set_if_given("ports", ports(host));
    for (key, path) in [("Privileged", "privileged"), ("ReadonlyRootfs", "read_only")] {
        if host.get(key).and_then(Value::as_bool).unwrap_or_default() {
            definition.set(path, true);
        }
    }
    let number = |key: &str| host.get(key).and_then(Value::as_i64).filter(|number| *number > 0);
    for (key, path) in
        [("Memory", "mem_limit"), ("MemorySwap", "memswap_limit"), ("MemoryReservation", "mem_reservation")]
    {
        definition.set_if_given(path, number(key).map(|bytes| bytes.to_string()));
    }
    for (key, path) in [
        ("CpuShares", "cpu_shares"),
        ("CpuPeriod", "cpu_period"),
        ("CpuQuota", "cpu_quota"),
        ("PidsLimit", "pids_limit"),
    ] {
        definition.set_if_given(path, number(key));
    }
    definition.set_if_given("cpus", number("NanoCpus").map(|nanos| nanos as f64 / 1e9));
    definition.set_if_given("cpuset", host.get("CpusetCpus").cloned().unwrap_or_default());
}

/// Returns the restart policy as the file writes it: `always`, `on-failure:3`; `None` for `no`.
fn restart(host: &Value) -> Option<String> {
    let policy = host.get("RestartPolicy")?;
    let name = policy.get("Name").and_then(Value::as_str).filter(|name| !name.is_empty() && *name != "no")?;
    match policy.get("MaximumRetryCount").and_then(Value::as_i64) {
        Some(count) if count > 0 => Some(format!("{name}:{count}")),
        _ => Some(name.to_owned()),
    }
}

/// Returns the published ports in the canonical form of the file.
fn ports(host: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (port, bindings) in host.get("PortBindings").and_then(Value::as_object).into_iter().flatten() {
        let (target, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        for binding in bindings.as_array().into_iter().flatten() {
            let mut entry = Map::new();
            entry.insert("mode".to_owned(), json!("ingress"));
            for (key, name) in [("HostIp", "host_ip"), ("HostPort", "published")] {
                if let Some(text) = binding.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                    entry.insert(name.to_owned(), json!(text));
                }
            }
            entry.insert("target".to_owned(), json!(target.parse::<u16>().unwrap_or_default()));
            entry.insert("protocol".to_owned(), json!(protocol));
            all.push(Value::Object(entry));
        }
    }
    all
}
