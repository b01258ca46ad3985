//! Attributes of the process in the container: image, names, signal, user, variables, rights, restarts.

use serde_json::Value as Json;

use super::told::Checks;
use super::words::{self, is_engine_name, is_signal};
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;
use crate::loader::report::nearest;
use crate::model::image_name;

/// The longest host name, in characters.
const LONGEST_HOSTNAME: usize = 64;
/// The kernel parameters of the namespace `ipc`, besides those that begin with `fs.mqueue.`.
const OF_IPC: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];
/// The first words of `security_opt`, also those of other engines.
const SECURITY: [&str; 10] = [
    "apparmor",
    "credentialspec",
    "label",
    "mask",
    "no-new-privileges",
    "proc-opts",
    "seccomp",
    "systempaths",
    "unmask",
    "writable-cgroups",
];

impl Checks<'_> {
    /// Checks the image, the container's name and the signal.
    pub(super) fn names(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        if let Some(image) = value.text("image")
            && let Err(reason) = image_name::check(&image)
        {
            let shown = crate::text::escape_controls(&image).into_owned();
            let message = format!("`{}.image`: `{shown}` is no image name: {reason}", self.path);
            self.refuse("image", spans.attribute("image"), message);
        }
        let mut check = |field: &str, expected: &str, fits: &dyn Fn(&str) -> bool| {
            if let Some(text) = value.text(field).filter(|text| !text.is_empty() && !fits(text)) {
                self.expect(field, spans.attribute(field), expected, &text);
            }
        };
        let expected = "at least two letters, digits, `_`, `.` or `-`, a letter or digit first";
        check("container_name", expected, &is_engine_name);
        check("stop_signal", "a signal such as `SIGTERM`", &is_signal);
        check("hostname", "a name of at most 64 characters", &|name| name.len() <= LONGEST_HOSTNAME);
        // A Windows path has `\`.
        let is_path = |path: &str| path.starts_with('/') || path.contains('\\');
        check("working_dir", "an absolute path", &is_path);
        let is_user = |user: &str| user.split(':').take(2).all(words::is_user_or_group);
        check("user", "names, or numbers from 0 to 2147483647", &is_user);
        for (index, group) in value.texts("group_add").iter().enumerate() {
            if !words::is_user_or_group(group) {
                let span = spans.item("group_add", index);
                self.expect(&format!("group_add[{index}]"), span, "a name, or a number from 0 to 2147483647", group);
            }
        }
        let variables = value.get("environment").and_then(Json::as_object);
        if variables.is_some_and(|all| all.contains_key("")) {
            let message = format!("`{}.environment` has a variable without a name", self.path);
            self.refuse("environment", spans.attribute("environment"), message);
        }
    }

    /// Checks capabilities, security options and kernel parameters.
    pub(super) fn rights(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        for field in ["cap_add", "cap_drop"] {
            for (index, name) in value.texts(field).iter().enumerate().filter(|(_, name)| !words::is_capability(name)) {
                let path = format!("{}.{field}[{index}]", self.path);
                let shown = crate::text::escape_controls(name);
                let message = format!("`{path}`: there is no capability `{shown}`");
                let fault = Diagnostic::error("bad-value", spans.item(field, index), message).at(path);
                let near = nearest(&words::capability(name), words::capabilities());
                self.diagnostics.push(match near {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault.help("`man 7 capabilities` lists them; `ALL` stands for all"),
                });
            }
        }
        for (index, option) in value.texts("security_opt").iter().enumerate() {
            let (word, rest) = option.split_once(['=', ':']).unwrap_or((option, ""));
            let is_alone = !option.contains(['=', ':']);
            let fits = match word {
                "no-new-privileges" => is_alone || words::is_boolean(rest),
                "disable" => is_alone,
                word => !is_alone && SECURITY.contains(&word),
            };
            if !fits {
                let expected = "an option such as `no-new-privileges:true` or `apparmor=unconfined`";
                self.expect(&format!("security_opt[{index}]"), spans.item("security_opt", index), expected, option);
            }
        }
        self.sysctls(value, spans);
    }

    /// Refuses kernel parameters that do not belong to the container alone. A runtime other than `runc` may run a
    /// kernel for the container.
    fn sysctls(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let runtime = value.text("runtime").unwrap_or_default();
        if !matches!(runtime.as_str(), "" | "runc") {
            return;
        }
        let is_host = |key: &str| value.text(key).is_some_and(|mode| mode == "host");
        for name in value.pairs("sysctls").keys() {
            let plain = with_dots(name);
            let is_of_ipc = OF_IPC.contains(&plain.as_str()) || plain.starts_with("fs.mqueue.");
            let reason = match plain.as_str() {
                _ if is_of_ipc && !is_host("ipc") => continue,
                _ if is_of_ipc => "belongs to the host with `ipc: host`",
                plain if plain.starts_with("net.") && !is_host("network_mode") => continue,
                plain if plain.starts_with("net.") => "belongs to the host with `network_mode: host`",
                "kernel.domainname" if !is_host("uts") => continue,
                "kernel.hostname" => "is set by `hostname`",
                _ => "is a setting of the whole machine, which no container can have for itself",
            };
            let shown = crate::text::escape_controls(name).into_owned();
            let path = format!("{}.sysctls.{shown}", self.path);
            let message = format!("`{path}` {reason}");
            let fault = Diagnostic::error("bad-value", spans.key("sysctls", name), message).at(path);
            self.diagnostics.push(fault.help("leave it out, and set it on the engine's machine where it is needed"));
        }
    }

    /// Checks `restart` and `deploy.restart_policy`.
    pub(super) fn restart(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let policy = value.get("deploy").and_then(|deploy| deploy.get("restart_policy"));
        if let Some(policy) = policy.filter(|policy| !policy.is_null()) {
            self.restart_policy(policy, spans);
        }
        let text = value.text("restart").unwrap_or_default();
        let (word, count) = text.split_once(':').unwrap_or((&text, ""));
        let is_count = count.is_empty() || count.parse::<u32>().is_ok();
        let fits = match word {
            "on-failure" => is_count,
            "" | "no" | "none" | "any" | "always" | "unless-stopped" => matches!(count, "" | "0"),
            _ => false,
        };
        if !fits {
            let message = format!(
                "service `{}`: restart policy `{}` is none of `no`, `always`, `unless-stopped`, `on-failure[:N]`",
                self.path.trim_start_matches("services."),
                crate::text::escape_controls(&text)
            );
            self.refuse("restart", spans.attribute("restart"), message);
        }
    }

    /// Checks `deploy.restart_policy`, and warns if the engine has no policy with that meaning.
    fn restart_policy(&mut self, policy: &Json, spans: &ServiceSpans<'_>) {
        let path = format!("{}.deploy.restart_policy", self.path);
        let place = |field: &str| spans.at(&["deploy", "restart_policy", field]);
        let condition = policy.text("condition").unwrap_or_default();
        let is_known =
            matches!(condition.as_str(), "" | "none" | "no" | "any" | "always" | "on-failure" | "unless-stopped");
        if !is_known {
            let expected = "one of `none`, `on-failure`, `any`, `unless-stopped`";
            self.expect("deploy.restart_policy.condition", place("condition"), expected, &condition);
            return;
        }
        if condition.is_empty() {
            // Compat: docker compose sends an empty policy, although the specification's default is `any`.
            let message = format!("`{path}` has no `condition`, so its containers are not restarted");
            let warning = Diagnostic::warning("restart-policy", place(""), message).at(path);
            self.diagnostics.push(warning.help("write `condition: any` or `condition: on-failure`"));
        } else if condition != "on-failure" && policy.int("max_attempts").is_some_and(|count| count != 0) {
            let message = format!("`{path}.max_attempts` has no effect with `condition: {condition}`");
            let warning = Diagnostic::warning("restart-policy", place("max_attempts"), message);
            let help = "the engine counts restarts with `condition: on-failure` only";
            self.diagnostics.push(warning.at(format!("{path}.max_attempts")).help(help));
        }
    }
}

/// Returns the name of a kernel parameter with dots. In `net/ipv4/conf/eth0.1/forwarding` the separator is `/`.
fn with_dots(name: &str) -> String {
    match name.find(['.', '/']).map(|at| name.as_bytes()[at]) {
        Some(b'/') => name
            .chars()
            .map(|char| match char {
                '/' => '.',
                '.' => '/',
                char => char,
            })
            .collect(),
        _ => name.to_owned(),
    }
}
