//! A world as the YAML of a compose file.

use std::fmt::Write;

use super::{Condition, Network, Service, Update, Volume, World};

impl World {
    pub fn yaml(&self) -> String {
        let mut out = "services:\n".to_owned();
        for (index, service) in &self.services {
            self.service(&mut out, *index, service);
        }
        if !self.networks.is_empty() {
            out.push_str("networks:\n");
        }
        for (index, network) in &self.networks {
            match network.is_external {
                true => writeln!(out, "  n{index}: {{ external: true, name: ext-n }}").unwrap(),
                false => {
                    let mut more = String::new();
                    if network.name > 0 {
                        write!(more, ", name: p_n{index}x{}", network.name).unwrap();
                    }
                    if network.has_subnet {
                        write!(more, ", ipam: {{ config: [{{ subnet: 10.9.{index}.0/24 }}] }}").unwrap();
                    }
                    let Network { label, option, .. } = network;
                    writeln!(
                        out,
                        "  n{index}: {{ labels: {{ v: '{label}' }}, driver_opts: {{ o: '{option}' }}{more} }}"
                    )
                    .unwrap();
                }
            }
        }
        if !self.volumes.is_empty() {
            out.push_str("volumes:\n");
        }
        for (index, volume) in &self.volumes {
            match volume.is_external {
                true => writeln!(out, "  v{index}: {{ external: true, name: ext-v }}").unwrap(),
                false => {
                    let Volume { label, option, .. } = volume;
                    writeln!(out, "  v{index}: {{ labels: {{ v: '{label}' }}, driver_opts: {{ type: tmpfs, device: tmpfs, o: '{option}' }} }}")
                        .unwrap();
                }
            }
        }
        if self.has_files {
            out.push_str("configs: { word: { content: said } }\n");
        }
        out
    }

    fn service(&self, out: &mut String, index: usize, service: &Service) {
        let list = |items: Vec<String>| items.join(", ");
        let mut parts = vec![
            format!("image: '{}:{}'", service.kind.image(), service.version),
            format!("scale: {}", service.scale),
            format!("environment: {{ TITLE: '{}' }}", service.title),
        ];
        parts.extend(depends_on(service));
        if let Some(host) = service.namespace_of {
            parts.push(format!("network_mode: 'service:s{host}'"));
        } else if !service.networks.is_empty() {
            let address = |(place, n): (usize, &usize)| match service.address.filter(|_| place == 0) {
                Some(address) => format!("n{n}: {{ ipv4_address: 10.9.{n}.{address} }}"),
                None => format!("n{n}: {{}}"),
            };
            parts.push(format!("networks: {{ {} }}", list(service.networks.iter().enumerate().map(address).collect())));
        }
        if !service.volumes.is_empty() {
            parts.push(format!("volumes: [{}]", list(service.volumes.iter().map(|v| format!("v{v}:/v{v}")).collect())));
        }
        if self.has_files {
            parts.push("configs: [word]".to_owned());
        }
        if let Some(port) = service.port {
            parts.push(format!("ports: ['{port}:80']"));
        }
        for (name, hook) in [("pre_stop", service.pre_stop), ("post_start", service.post_start)] {
            if let Some(hook) = hook {
                parts.push(format!("{name}: {}", hook.yaml()));
            }
        }
        if service.is_off {
            parts.push("profiles: [off]".to_owned());
        }
        if let Some(restart) = service.restart {
            parts.push(format!("restart: {restart}"));
        }
        parts.extend(service.update.as_ref().map(update_config));
        writeln!(out, "  s{index}: {{ {} }}", list(parts)).unwrap();
    }
}

fn depends_on(service: &Service) -> Option<String> {
    let edges = service.edges.iter().map(|edge| {
        let condition = match edge.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::Completed => "service_completed_successfully",
        };
        format!(
            "s{}: {{ condition: {condition}, required: {}, restart: {} }}",
            edge.to, edge.is_required, edge.restarts
        )
    });
    let edges: Vec<String> = edges.collect();
    if edges.is_empty() { None } else { Some(format!("depends_on: {{ {} }}", edges.join(", "))) }
}

fn update_config(update: &Update) -> String {
    format!(
        "deploy: {{ update_config: {{ parallelism: {}, order: {}, failure_action: {}, delay: {}s }} }}",
        update.parallelism,
        if update.is_start_first { "start-first" } else { "stop-first" },
        if update.rolls_back { "rollback" } else { "pause" },
        update.delay
    )
}
