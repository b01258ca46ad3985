//! What a container may do to this machine: privileges, capabilities, namespaces, protections, devices, hooks.

use crate::diag::Severity;
use crate::diagnose::compose::mounts::cleaned;
use crate::diagnose::facts::{services, texts};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;
use crate::model::Span;

static PRIVILEGED: Rule = Rule::security(
    "privileged",
    Severity::Error,
    "CIS Docker 5.5, OWASP Docker 3",
    "a privileged container has every capability and every device, so whoever controls it controls this machine",
    "remove `privileged`, and add the one capability (`cap_add`) or device (`devices`) that is needed",
);
static ENGINE_API: Rule = Rule::security(
    "engine-api",
    Severity::Error,
    "CIS Docker 5.32, OWASP Docker 1",
    "who speaks to the engine can start a privileged container, and so controls this machine",
    "remove `use_api_socket`, or put a proxy between them that lets only harmless requests pass",
);
static HOST_NETWORK: Rule = Rule::both(
    "host-network",
    Severity::Error,
    "CIS Docker 5.10, subject N2",
    "the container sees all traffic and every port of this machine, also those that listen on 127.0.0.1 only",
    "put the service on a network of the project, and publish its ports",
);
static HOST_PID: Rule = Rule::security(
    "host-pid",
    Severity::Error,
    "CIS Docker 5.16",
    "the container sees the processes of this machine with their arguments and environments, and may end them",
    "remove `pid: host`",
);
static HOST_IPC: Rule = Rule::security(
    "host-ipc",
    Severity::Error,
    "CIS Docker 5.17",
    "the container can read and change the shared memory of this machine's processes",
    "remove `ipc: host`; two services share memory by `ipc: service:NAME`",
);
static HOST_UTS: Rule = Rule::security(
    "host-uts",
    Severity::Warning,
    "CIS Docker 5.21",
    "the container can change the host name of this machine",
    "remove `uts: host`, and set `hostname`",
);
static HOST_USERS: Rule = Rule::security(
    "host-users",
    Severity::Warning,
    "CIS Docker 5.31",
    "root in the container is root of this machine, although the engine keeps the two apart",
    "remove `userns_mode: host`",
);
static HOST_CGROUP: Rule = Rule::security(
    "host-cgroup",
    Severity::Warning,
    "CIS Docker 5.25",
    "the container sees the control groups of this machine, and where it may write there it escapes its limits",
    "remove `cgroup: host`",
);
static DANGEROUS_CAPABILITY: Rule = Rule::security(
    "dangerous-capability",
    Severity::Error,
    "CIS Docker 5.4, OWASP Docker 3",
    "the capability is enough to reach the machine behind the container",
    "remove the capability; look in capabilities(7) for a smaller one",
);
static SECCOMP_OFF: Rule = Rule::security(
    "seccomp-off",
    Severity::Error,
    "CIS Docker 5.22, OWASP Docker 6",
    "without the profile all system calls are allowed, also those that containers escape by",
    "remove the option, or name a profile with the calls that are needed: `seccomp:FILE`",
);
static APPARMOR_OFF: Rule = Rule::security(
    "apparmor-off",
    Severity::Warning,
    "CIS Docker 5.2, OWASP Docker 6",
    "the engine's AppArmor profile keeps the container from writing to `/proc` and `/sys`, and from mounting",
    "remove `apparmor:unconfined`",
);
static SELINUX_OFF: Rule = Rule::security(
    "selinux-off",
    Severity::Warning,
    "CIS Docker 5.3, OWASP Docker 6",
    "without its label SELinux does not keep the container from files of this machine",
    "remove `label:disable`; `:z` or `:Z` behind a volume gives the container its files",
);
static NEW_PRIVILEGES: Rule = Rule::security(
    "new-privileges",
    Severity::Warning,
    "CIS Docker 5.26, OWASP Docker 4",
    "a set-user-id program in the image makes any process root",
    "write `no-new-privileges:true`",
);
static SYSTEM_PATHS: Rule = Rule::security(
    "system-paths",
    Severity::Error,
    "CIS Docker 5.6",
    "`/proc` and `/sys` are writable in the container, with settings of the whole machine",
    "remove `systempaths=unconfined`",
);
static HOST_DEVICE: Rule = Rule::security(
    "host-device",
    Severity::Error,
    "CIS Docker 5.18",
    "the device gives more than the service needs: a disk has all files, memory has all processes",
    "remove the device, or name the smallest one that does, with `:r`",
);
static DEVICE_RULE: Rule = Rule::security(
    "device-rule",
    Severity::Error,
    "CIS Docker 5.18",
    "the rule allows whole classes of devices, and the container may make them by itself",
    "name each device under `devices`",
);
static PRIVILEGED_HOOK: Rule = Rule::security(
    "privileged-hook",
    Severity::Error,
    "CIS Docker 5.23",
    "the command of the hook runs with all privileges in a container that has none",
    "remove `privileged` from the hook; `user: root` is enough for files of the container",
);
static PRIVILEGED_BUILD: Rule = Rule::security(
    "privileged-build",
    Severity::Error,
    "CIS Docker 5.5",
    "each RUN of the Dockerfile, and of its base images, has every right on the machine that builds",
    "remove `privileged` or `security.insecure` from `build`",
);
/// Root as the user, in a compose file or a Dockerfile.
pub static USER_ROOT: Rule = Rule::security(
    "user-root",
    Severity::Warning,
    "CIS Docker 4.1, OWASP Docker 2",
    "a fault in the service gives away root of the container, one step from this machine",
    "name an ordinary user, or leave `user` out where the image's own user will do",
);

/// The codes with which a service hands over this machine: what `up` tells of in one line.
pub const HANDS_OVER: &[&str] = &[
    "privileged",
    "engine-api",
    "engine-socket",
    "host-root",
    "host-directory",
    "host-network",
    "host-pid",
    "host-ipc",
    "dangerous-capability",
    "seccomp-off",
    "system-paths",
    "host-device",
    "device-rule",
    "privileged-hook",
    "privileged-build",
    "host-program",
];

const DANGEROUS: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "SYS_TIME",
    "DAC_READ_SEARCH",
    "BPF",
    "NET_ADMIN",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "SYSLOG",
    "PERFMON",
    "CHECKPOINT_RESTORE",
];
/// Devices that give nothing away, or only a part of the hardware that is meant for programs.
const HARMLESS_DEVICES: &[&str] = &[
    "/dev/dri",
    "/dev/snd",
    "/dev/video",
    "/dev/tty",
    "/dev/net/tun",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/dev/nvidia",
    "/dev/kfd",
    "/dev/serial",
    "/dev/rtc",
    "/dev/bus/usb",
    "/dev/i2c",
    "/dev/gpio",
];

/// Applies the rules.
pub fn findings(root: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, _, service) in services(root) {
        let mut own = privileges(service);
        own.extend(namespaces(service));
        own.extend(protections(service));
        own.extend(devices(service));
        found.extend(own.into_iter().map(|one| one.of(name)));
    }
    found
}

fn truth(node: Option<&Node>) -> Option<Span> {
    node.filter(|node| node.as_bool() == Some(true)).map(|node| node.span)
}

fn privileges(service: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |rule, span, message: &str| found.push(Finding::new(rule, span, message));
    if let Some(span) = truth(service.get("privileged")) {
        tell(&PRIVILEGED, span, "the container is privileged");
    }
    if let Some(span) = truth(service.get("use_api_socket")) {
        tell(&ENGINE_API, span, "the container gets the engine's socket, and the user's logins with it");
    }
    for hooks in ["post_start", "pre_stop"] {
        for hook in service.get(hooks).map(Node::items).unwrap_or_default() {
            if let Some(span) = truth(hook.get("privileged")) {
                tell(&PRIVILEGED_HOOK, span, &format!("a hook of `{hooks}` is privileged"));
            }
        }
    }
    let build = service.get("build");
    if let Some(span) = truth(build.and_then(|build| build.get("privileged"))) {
        tell(&PRIVILEGED_BUILD, span, "the build is privileged");
    }
    for (text, span) in texts(build.and_then(|build| build.get("entitlements"))) {
        if text == "security.insecure" || text == "network.host" {
            tell(&PRIVILEGED_BUILD, span, &format!("the build is entitled to `{text}`"));
        }
    }
    for (text, span) in texts(service.get("cap_add")) {
        let capability = text.to_ascii_uppercase();
        let capability = capability.strip_prefix("CAP_").unwrap_or(&capability);
        if DANGEROUS.contains(&capability) {
            tell(&DANGEROUS_CAPABILITY, span, &format!("capability `{capability}` is added"));
        }
    }
    for (text, span) in texts(service.get("user")) {
        if matches!(text.split(':').next(), Some("root" | "0")) {
            tell(&USER_ROOT, span, "the service is told to run as root");
        }
    }
    found
}

fn namespaces(service: &Node) -> Vec<Finding> {
    let rules: [(&str, &'static Rule, &str); 6] = [
        ("network_mode", &HOST_NETWORK, "the container has the network of this machine"),
        ("pid", &HOST_PID, "the container has the process ids of this machine"),
        ("ipc", &HOST_IPC, "the container has the shared memory of this machine"),
        ("uts", &HOST_UTS, "the container has the host name of this machine"),
        ("userns_mode", &HOST_USERS, "the container has the users of this machine"),
        ("cgroup", &HOST_CGROUP, "the container has the control groups of this machine"),
    ];
    let is_host = |node: &&Node| node.as_text() == Some("host");
    let finding = |(key, rule, words): (&str, &'static Rule, &str)| {
        Some(Finding::new(rule, service.get(key).filter(is_host)?.span, words))
    };
    rules.into_iter().filter_map(finding).collect()
}

fn protections(service: &Node) -> Vec<Finding> {
    let finding = |(text, span): (String, Span)| {
        let option = text.replacen('=', ":", 1).to_ascii_lowercase();
        let (rule, words) = match option.as_str() {
            "seccomp:unconfined" => (&SECCOMP_OFF, "the filter of system calls is off"),
            "apparmor:unconfined" => (&APPARMOR_OFF, "the AppArmor profile is off"),
            "label:disable" => (&SELINUX_OFF, "the SELinux label is off"),
            "no-new-privileges:false" => (&NEW_PRIVILEGES, "processes may gain new privileges"),
            "systempaths:unconfined" => (&SYSTEM_PATHS, "the protected paths of `/proc` and `/sys` are open"),
            _ => return None,
        };
        Some(Finding::new(rule, span, words))
    };
    texts(service.get("security_opt")).into_iter().filter_map(finding).collect()
}

fn devices(service: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    for device in service.get("devices").map(Node::items).unwrap_or_default() {
        let written = device.get_text("source").map(str::to_owned).or_else(|| device.scalar_text()).unwrap_or_default();
        let source = cleaned(written.split(':').next().unwrap_or_default());
        if source.starts_with('/') && !HARMLESS_DEVICES.iter().any(|harmless| source.starts_with(harmless)) {
            found.push(Finding::new(&HOST_DEVICE, device.span, format!("the container gets the device `{source}`")));
        }
    }
    for (text, span) in texts(service.get("device_cgroup_rules")) {
        let is_wide = text.starts_with('a') || text.starts_with('b') || text.contains('*');
        if is_wide {
            found.push(Finding::new(&DEVICE_RULE, span, format!("the rule `{text}` allows many devices")));
        }
    }
    found
}
