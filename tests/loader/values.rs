//! Values that docker compose accepts and the engine refuses. `config` warns of each at its place, and `up` refuses
//! them.
//!
//! Each value was tried on an engine, which refused it when a container, network or volume was created or started.

use crate::setup::config;
use inception::env::Environment;
use inception::loader::{self, LoadOptions, Loaded};
use inception::model::RestartPolicy;

fn load(yaml: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, yaml).unwrap();
    let options = LoadOptions { files: vec![file], project_name: Some("p".to_owned()), ..LoadOptions::default() };
    loader::load(&options, &Environment::new([], folder.path()))
}

/// Returns the paths and messages of what `up` refuses. For `config` none of them may be an error.
fn refused(yaml: &str) -> Vec<(String, String)> {
    let mut loaded = load(yaml);
    assert!(!loaded.has_errors(), "{yaml}\n{:#?}", loaded.diagnostics);
    let project = loaded.project();
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|one| one.is_error()).collect();
    assert_eq!(project.is_none(), !errors.is_empty(), "{yaml}");
    for one in &errors {
        assert!(loaded.sources.line_column(one.primary.span).is_some(), "no place: {one:?}");
    }
    errors.iter().map(|one| (one.path.clone(), one.message.clone())).collect()
}

fn service(attributes: &str) -> String {
    format!("services: {{ z: {{ image: i }}, a: {{ image: i, {attributes} }} }}\nvolumes: {{ v: }}\n")
}

#[test]
fn what_the_engine_refuses_of_a_service_is_refused_beforehand_at_its_place() {
    for (attributes, path) in [
        ("restart: sometimes", "restart"),
        ("restart: 'always:3'", "restart"),
        ("restart: 'on-failure:-1'", "restart"),
        ("deploy: { restart_policy: { condition: sometimes } }", "deploy.restart_policy.condition"),
        ("stop_signal: NOSUCH", "stop_signal"),
        ("cpus: -1", "cpus"),
        ("cpus: 0.001", "cpus"),
        ("cpus: 1, cpu_quota: 5000", "cpu_quota"),
        ("cpus: 1, cpu_period: 5000", "cpu_period"),
        ("cpu_period: 10", "cpu_period"),
        ("cpu_period: 2000000", "cpu_period"),
        ("cpu_quota: 10", "cpu_quota"),
        ("cpu_rt_period: 100, cpu_rt_runtime: 200", "cpu_rt_runtime"),
        ("cpuset: 1-0", "cpuset"),
        ("cpuset: abc", "cpuset"),
        ("mem_limit: 1m", "mem_limit"),
        ("mem_limit: 100000000000000000000g", "mem_limit"),
        ("shm_size: 100000000000000000000g", "shm_size"),
        ("mem_reservation: 1m", "mem_reservation"),
        ("mem_limit: 64m, mem_reservation: 128m", "mem_reservation"),
        ("memswap_limit: 1g", "memswap_limit"),
        ("mem_limit: 64m, memswap_limit: 32m", "memswap_limit"),
        ("mem_swappiness: 101", "mem_swappiness"),
        ("volumes: [{ type: tmpfs, target: /d, tmpfs: { size: 100000000000000000000g } }]", "volumes[0].tmpfs.size"),
        ("ulimits: { nosuch: 1 }", "ulimits.nosuch"),
        ("ulimits: { nofile: { soft: 10, hard: 5 } }", "ulimits.nofile.soft"),
        ("ulimits: { core: { soft: -1, hard: 5 } }", "ulimits.core.soft"),
        ("ulimits: { nofile: -1 }", "ulimits.nofile"),
        ("cap_add: [NOSUCH]", "cap_add[0]"),
        ("cap_drop: [ALL, NET_ADMN]", "cap_drop[1]"),
        ("security_opt: [foo]", "security_opt[0]"),
        ("security_opt: [foo=bar]", "security_opt[0]"),
        ("security_opt: ['no-new-privileges:maybe']", "security_opt[0]"),
        ("sysctls: { vm.max_map_count: 262144 }", "sysctls.vm.max_map_count"),
        ("sysctls: { kernel.hostname: x }", "sysctls.kernel.hostname"),
        ("sysctls: { net.core.somaxconn: 100 }, network_mode: host", "sysctls.net.core.somaxconn"),
        ("sysctls: { kernel.shmmax: 100000 }, ipc: host", "sysctls.kernel.shmmax"),
        ("working_dir: app", "working_dir"),
        ("environment: ['=x']", "environment"),
        ("environment: { A: \"a\\0b\" }", "environment.A"),
        ("environment: { \"A\\0\": b }", "environment.A\\u{0}"),
        ("labels: { a: \"a\\0b\" }", "labels.a"),
        ("hostname: aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbabcde", "hostname"),
        ("user: '2147483648'", "user"),
        ("user: '0:-5'", "user"),
        ("group_add: ['99999999999']", "group_add[0]"),
        ("mac_address: nosuch", "mac_address"),
        ("mac_address: '01:00:5e:00:00:01'", "mac_address"),
        ("networks: { default: { mac_address: '00:00:00:00:00:00' } }", "networks.default.mac_address"),
        ("networks: { default: { ipv4_address: '10.5' } }", "networks.default.ipv4_address"),
        ("networks: { default: { link_local_ips: [nosuch] } }", "networks.default.link_local_ips[0]"),
        ("extra_hosts: ['a:nosuch']", "extra_hosts[0]"),
        ("ipc: foo", "ipc"),
        ("pid: foo", "pid"),
        ("uts: foo", "uts"),
        ("uts: host, hostname: x", "hostname"),
        ("network_mode: 'service:z', ports: ['8080:80']", "ports"),
        ("network_mode: 'service:z', expose: ['80']", "expose"),
        ("network_mode: 'container:z', hostname: x", "hostname"),
        ("network_mode: 'container:z', dns: 1.1.1.1", "dns"),
        ("network_mode: 'container:z', extra_hosts: ['a:1.1.1.1']", "extra_hosts[0]"),
        ("healthcheck: { test: x, interval: -5s }", "healthcheck.interval"),
        ("healthcheck: { test: x, timeout: 1us }", "healthcheck.timeout"),
        ("logging: { driver: json-file, options: { nosuch: x } }", "logging.options.nosuch"),
        ("logging: { driver: json-file, options: { max-size: abc } }", "logging.options.max-size"),
        ("logging: { driver: json-file, options: { max-file: '0' } }", "logging.options.max-file"),
        ("logging: { driver: local, options: { tag: x } }", "logging.options.tag"),
        ("logging: { options: { mode: nosuch } }", "logging.options.mode"),
        ("logging: { options: { max-buffer-size: 1m } }", "logging.options.max-buffer-size"),
        ("device_cgroup_rules: [foo]", "device_cgroup_rules[0]"),
        ("volumes: ['vv:/']", "volumes[0]"),
        ("volumes: ['vv:data']", "volumes[0]"),
        ("volumes: ['/tmp:/proc']", "volumes[0]"),
        ("volumes: ['/tmp:/proc/x']", "volumes[0]"),
        ("tmpfs: ['/d/'], volumes: ['vv:/d']", "volumes[0]"),
        ("tmpfs: [/]", "tmpfs[0]"),
        ("tmpfs: [d]", "tmpfs[0]"),
        ("tmpfs: ['/d:nosuch']", "tmpfs[0]"),
        ("tmpfs: ['/d:size=abc']", "tmpfs[0]"),
        ("image: 'a b'", "image"),
    ] {
        let attributes = attributes.strip_prefix("image: 'a b'").map_or(attributes, |_| "container_name: x");
        let yaml = match path {
            "image" => "services: { a: { image: 'a b' } }".to_owned(),
            _ => service(attributes).replace("v: }", "v: , vv: }"),
        };
        let told = refused(&yaml);
        let wanted = match path {
            "extra_hosts[0]" if attributes.contains("container:") => "services.a.extra_hosts".to_owned(),
            path => format!("services.a.{path}"),
        };
        assert!(told.len() == 1 && told[0].0 == wanted, "{attributes}: {told:?}");
    }
}

#[test]
fn what_the_engine_takes_is_not_refused() {
    for attributes in [
        "restart: none",
        "restart: any",
        "restart: 'on-failure:'",
        "restart: 'no:0'",
        "cpus: 0.01",
        "cpu_quota: -1",
        "cpu_shares: 512",
        "cpuset: '0-1,3'",
        "memswap_limit: -1",
        "mem_limit: 64m, memswap_limit: -1",
        "mem_limit: 1000000g",
        "mem_swappiness: -1",
        "pids_limit: -1",
        "oom_score_adj: -1000",
        "ulimits: { nofile: 1000, core: -1, NPROC: { soft: 5, hard: 5 } }",
        "cap_add: [net_admin, CAP_SYS_TIME, all, BPF]",
        "security_opt: ['no-new-privileges', 'label:disable', 'apparmor=unconfined', 'systempaths=unconfined']",
        "sysctls: { net/core/somaxconn: 100, fs.mqueue.msg_max: 10, kernel.domainname: x }",
        "sysctls: { vm.max_map_count: 262144 }, runtime: kata",
        "sysctls: { net.core.somaxconn: 100 }, network_mode: none",
        "user: 'www-data:2147483647', group_add: [video, 5]",
        "network_mode: 'service:z', dns_search: x, domainname: x",
        "network_mode: host, ports: ['8080:80'], hostname: x",
        "ipc: shareable, pid: host, uts: host",
        "ipc: 'service:z'",
        "healthcheck: { test: x, interval: 0s }",
        "logging: { driver: none, options: { nosuch: x } }",
        "logging: { driver: syslog, options: { syslog-facility: daemon, mode: non-blocking, max-buffer-size: 1m } }",
        "logging: { driver: json-file, options: { max-size: 1.5m, max-file: '3', compress: 'true', tag: x, labels: a } }",
        "logging: { options: { gelf-address: x } }",
        "device_cgroup_rules: ['c 1:3 mr', 'a *:* rwm']",
        "volumes: ['/proc:/proc:ro', '/x:/proc/cpuinfo', '/proc:/host/proc']",
        "tmpfs: ['/d:size=10%,mode=1777,uid=5,noexec', /run]",
        "working_dir: 'C:\\app'",
    ] {
        let told = refused(&service(attributes));
        assert!(told.is_empty(), "{attributes}: {told:?}");
    }
}

#[test]
fn what_the_engine_refuses_of_networks_and_volumes_is_refused_beforehand() {
    let pool = |pool: &str| format!("n: {{ ipam: {{ config: [{pool}] }} }}");
    for (network, path) in [
        (pool("{ subnet: nosuch }"), "ipam.config[0].subnet"),
        (pool("{ gateway: 10.5.0.1 }"), "ipam.config[0].gateway"),
        (pool("{ ip_range: 10.5.0.0/28 }"), "ipam.config[0].ip_range"),
        (pool("{ subnet: 10.5.0.0/24, gateway: 10.6.0.1 }"), "ipam.config[0].gateway"),
        (pool("{ subnet: 10.5.0.0/24, gateway: 10.5.0.0 }"), "ipam.config[0].gateway"),
        (pool("{ subnet: 10.5.0.0/24, gateway: 10.5.0.255 }"), "ipam.config[0].gateway"),
        (pool("{ subnet: 10.5.0.0/24, gateway: 'fd00::1' }"), "ipam.config[0].gateway"),
        (pool("{ subnet: 10.5.0.0/24, ip_range: 'fd00::/80' }"), "ipam.config[0].ip_range"),
        (pool("{ subnet: 10.5.0.0/24, aux_addresses: { a: 10.6.0.9 } }"), "ipam.config[0].aux_addresses.a"),
        (
            pool("{ subnet: 10.5.0.0/24, aux_addresses: { a: 10.5.0.9, b: 10.5.0.9 } }"),
            "ipam.config[0].aux_addresses.b",
        ),
        (pool("{ subnet: 10.5.0.0/24 }, { subnet: 10.6.0.0/24 }"), "ipam.config[1].subnet"),
        ("n: { driver: host }".to_owned(), "driver"),
        ("n: { driver: none }".to_owned(), "driver"),
        ("n: { name: default }".to_owned(), "name"),
        ("n: { name: \"a\\0b\" }".to_owned(), "name"),
        (
            "n: { driver_opts: { com.docker.network.driver.mtu: abc } }".to_owned(),
            "driver_opts.com.docker.network.driver.mtu",
        ),
        (
            "n: { driver_opts: { com.docker.network.bridge.name: abcdefghijklmnop } }".to_owned(),
            "driver_opts.com.docker.network.bridge.name",
        ),
        (
            "n: { driver_opts: { com.docker.network.bridge.enable_icc: maybe } }".to_owned(),
            "driver_opts.com.docker.network.bridge.enable_icc",
        ),
        ("n: { driver: macvlan, driver_opts: { macvlan_mode: nosuch } }".to_owned(), "driver_opts.macvlan_mode"),
    ] {
        let told = refused(&format!("services: {{ a: {{ image: i, networks: [n] }} }}\nnetworks: {{ {network} }}\n"));
        assert!(told.len() == 1 && told[0].0 == format!("networks.n.{path}"), "{network}: {told:?}");
    }
    for network in [
        pool("{ subnet: 10.5.0.0/24, ip_range: 10.5.0.128/25, gateway: 10.5.0.1 }"),
        pool("{ subnet: 10.5.0.0/24 }, { subnet: 'fd00::/64', gateway: 'fd00::1' }"),
        "n: { external: true, name: host }".to_owned(),
        "n: { driver: plugin, driver_opts: { com.docker.network.driver.mtu: abc } }".to_owned(),
        "n: { driver: ipvlan, driver_opts: { ipvlan_mode: l3 } }".to_owned(),
    ] {
        let told = refused(&format!("services: {{ a: {{ image: i, networks: [n] }} }}\nnetworks: {{ {network} }}\n"));
        assert!(told.is_empty(), "{network}: {told:?}");
    }
    for (volume, path) in [
        ("driver_opts: { nosuch: x }", "driver_opts.nosuch"),
        ("driver_opts: { type: nfs }", "driver_opts"),
        ("driver_opts: { device: /x }", "driver_opts"),
        ("name: a", "name"),
        ("labels: { a: \"a\\0\" }", "labels.a"),
    ] {
        let told = refused(&format!(
            "services: {{ a: {{ image: i, volumes: ['vv:/v'] }} }}\nvolumes: {{ vv: {{ {volume} }} }}\n"
        ));
        assert!(told.len() == 1 && told[0].0 == format!("volumes.vv.{path}"), "{volume}: {told:?}");
    }
    for volume in [
        "driver_opts: { type: none, o: bind, device: /x }",
        "driver: nfs, driver_opts: { share: x }",
        "external: true, name: x",
    ] {
        let yaml =
            format!("services: {{ a: {{ image: i, volumes: ['vv:/v'] }} }}\nvolumes: {{ vv: {{ {volume} }} }}\n");
        assert!(refused(&yaml).is_empty(), "{volume}");
    }
}

#[test]
fn config_warns_of_what_up_refuses_for_a_value_alone_and_ends_with_0() {
    let yaml = "services:\n  a:\n    image: i\n    restart: sometimes\n    cpus: -1\n    environment: { A: \"a\\0b\" }\n    configs: [{ source: c, mode: 99999 }]\nconfigs: { c: { content: x } }\nnetworks: { default: { ipam: { config: [{ subnet: nosuch }] } } }\n";
    for arguments in [&["config", "-q"][..], &["config"], &["config", "--format", "json"]] {
        let (code, out, errors) = config(&[("compose.yaml", yaml)], arguments);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(out.is_empty(), arguments.len() == 2, "{out}");
        assert_eq!(errors.matches("warning[bad-value]").count(), 5, "{errors}");
        for place in
            ["compose.yaml:4:14", "compose.yaml:5:11", "compose.yaml:6:23", "compose.yaml:7:15", "compose.yaml:9:51"]
        {
            assert!(errors.contains(place), "`{place}` is missing in:\n{errors}");
        }
    }
    // Lists of names do not need the values, so there is no warning.
    assert_eq!(config(&[("compose.yaml", yaml)], &["config", "--services"]), (0, "a\n".to_owned(), String::new()));
}

#[test]
fn each_form_of_a_restart_policy_becomes_what_docker_compose_makes_of_it() {
    use RestartPolicy::{Always, No, OnFailure, UnlessStopped};
    let of = |attributes: &str| {
        let mut loaded = load(&service(attributes));
        let policy =
            loaded.project().unwrap_or_else(|| panic!("{attributes}: {:#?}", loaded.diagnostics)).services["a"].restart;
        let warned = loaded.diagnostics.iter().filter(|one| one.code == "restart-policy").count();
        (policy, warned)
    };
    for (attributes, policy, warned) in [
        ("restart: always", Always, 0),
        ("restart: any", Always, 0),
        ("restart: none", No, 0),
        ("restart: ''", No, 0),
        ("restart: unless-stopped", UnlessStopped, 0),
        ("restart: 'on-failure:3'", OnFailure(3), 0),
        ("deploy: { restart_policy: { condition: any } }", Always, 0),
        ("deploy: { restart_policy: { condition: always } }", Always, 0),
        ("deploy: { restart_policy: { condition: none } }, restart: always", No, 0),
        ("deploy: { restart_policy: { condition: 'no' } }", No, 0),
        ("deploy: { restart_policy: { condition: unless-stopped } }", UnlessStopped, 0),
        ("deploy: { restart_policy: { condition: on-failure } }", OnFailure(0), 0),
        ("deploy: { restart_policy: { condition: on-failure, max_attempts: 3, delay: 5s } }", OnFailure(3), 0),
        // Compat: docker compose sends the count, and the engine refuses it, because it counts only restarts after
        // failures.
        ("deploy: { restart_policy: { condition: any, max_attempts: 3 } }", Always, 1),
        ("deploy: { restart_policy: { condition: none, max_attempts: 3 } }", No, 1),
        // Compat: docker compose sends no policy, even if `restart` has one.
        ("deploy: { restart_policy: { delay: 5s } }, restart: always", No, 1),
        ("deploy: { restart_policy: { max_attempts: 3 } }", No, 1),
        ("deploy: { restart_policy: {} }, restart: always", No, 1),
    ] {
        assert_eq!(of(attributes), (policy, warned), "{attributes}");
    }
}
