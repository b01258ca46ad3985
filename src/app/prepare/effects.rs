//! Options of `up`, `create` and `plan` that cannot have an effect in this run: an error if docker compose refuses
//! them, else a warning.

use std::collections::BTreeSet;

use super::request::UpRequest;
use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::loader;
use crate::model::{Project, ServiceName, Span};
use crate::plan::{self, Recreate, UpOptions};
use crate::text::escape_controls;

/// The code of all warnings and errors here.
const CODE: &str = "no-effect";

/// Returns the diagnostics about the options. `options` are those of the request, of the environment and of the global
/// flags.
pub(super) fn faults(project: &Project, request: &UpRequest, options: &UpOptions) -> Vec<Diagnostic> {
    let graph = Graph::new(&project.services);
    let selected = plan::selected(&graph, project, options);
    let mut faults = unknown_services(project, request);
    faults.extend(unselected(project, request, &selected));
    faults.extend(not_followed(request));
    faults.extend(not_started(request));
    faults.extend(without_services(request));
    if options.remove_orphans && options.ignore_orphans {
        // Compat: docker compose refuses both together.
        let message = "`--remove-orphans` and COMPOSE_IGNORE_ORPHANS exclude each other";
        faults.push(Diagnostic::error("usage", Span::NONE, message).help("leave out one of them"));
    }
    faults
}

/// Checks services that options name. With a misspelt name, no output would be followed.
fn unknown_services(project: &Project, request: &UpRequest) -> Vec<Diagnostic> {
    let named = request.follow.attach.iter().chain(&request.follow.exit_code_from).map(String::as_str);
    let scaled = request.options.scale.keys().map(ServiceName::as_str);
    let unknown: BTreeSet<&str> = named.chain(scaled).filter(|name| !project.services.contains_key(*name)).collect();
    let is_in_file = |name: &&String| project.service(name.as_str()).is_some();
    let not_attached = request.follow.no_attach.iter().filter(|name| !is_in_file(name));
    let warnings = not_attached.map(|name| {
        let message = format!("`--no-attach {0}` has no effect: there is no service `{0}`", escape_controls(name));
        Diagnostic::warning(CODE, Span::NONE, message)
    });
    unknown.into_iter().map(|name| unknown_service(project, name)).chain(warnings).collect()
}

fn unknown_service(project: &Project, name: &str) -> Diagnostic {
    if project.disabled_services.contains_key(name) {
        return loader::inactive_service(name);
    }
    loader::no_such_service(name, project.services.keys().map(ServiceName::as_str), None)
}

/// Returns the diagnostics about options that name a service which is in the file, but not part of this run.
///
/// Compat: docker compose refuses `--scale` and `--exit-code-from` for such a service, and ignores `--attach`.
fn unselected(project: &Project, request: &UpRequest, selected: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let is_left_out = |name: &str| project.services.contains_key(name) && !selected.contains(name);
    let message =
        |option: &str, name: &str| format!("`{option}` has no effect: service `{name}` is not part of this run");
    let scaled = request.options.scale.iter().filter(|(name, _)| is_left_out(name.as_str()));
    let scaled =
        scaled.map(|(name, count)| (name.as_str(), message(&format!("--scale {name}={count}"), name.as_str())));
    let exit_code = request.follow.exit_code_from.iter().filter(|name| is_left_out(name));
    let exit_code =
        exit_code.map(|name| (name.as_str(), message(&format!("{} {name}", exit_code_flag(request)), name)));
    let attached = request.follow.attach.iter().filter(|name| is_left_out(name));
    let attached = attached.map(|name| (name.as_str(), message(&format!("--attach {name}"), name)));
    let help = |name: &str| format!("name `{name}`, too");
    let errors =
        scaled.chain(exit_code).map(|(name, message)| Diagnostic::error(CODE, Span::NONE, message).help(help(name)));
    let warnings = attached.map(|(name, message)| Diagnostic::warning(CODE, Span::NONE, message).help(help(name)));
    errors.chain(warnings).collect()
}

/// Returns the option that names the service whose exit code counts.
fn exit_code_flag(request: &UpRequest) -> &'static str {
    if request.follow.only_until { "--until" } else { "--exit-code-from" }
}

/// Returns a warning about options for following output, if nothing is followed.
fn not_followed(request: &UpRequest) -> Option<Diagnostic> {
    let follow = &request.follow;
    let given = [
        (follow.timestamps, "--timestamps"),
        (follow.is_json, "--format json"),
        (follow.no_prefix, "--no-log-prefix"),
        (follow.no_color, "--no-color"),
        (!follow.no_attach.is_empty(), "--no-attach"),
    ];
    let is_followed = !request.detach && request.options.start;
    warning(
        "no output is followed",
        given.iter().filter(|(is_given, _)| *is_given && !is_followed).map(|(_, flag)| *flag),
    )
}

/// Returns a warning about options for the time after the start, if nothing is started.
fn not_started(request: &UpRequest) -> Option<Diagnostic> {
    let follow = &request.follow;
    let given = [
        (request.options.wait, "--wait"),
        (request.options.wait_limit.is_some(), "--wait-timeout"),
        (follow.abort_on_exit, "--abort-on-container-exit"),
        (follow.abort_on_failure, "--abort-on-container-failure"),
        (follow.exit_code_from.is_some(), exit_code_flag(request)),
        (!follow.attach.is_empty(), "--attach"),
        (follow.with_dependencies, "--attach-dependencies"),
    ];
    let is_started = request.options.start;
    warning("nothing is started", given.iter().filter(|(is_given, _)| *is_given && !is_started).map(|(_, flag)| *flag))
}

/// Returns a warning about options that distinguish named services from their dependencies, if no service is named.
fn without_services(request: &UpRequest) -> Option<Diagnostic> {
    let given = [
        (request.options.no_dependencies, "--no-deps"),
        (request.options.recreate_dependencies == Recreate::Force, "--always-recreate-deps"),
        (request.follow.with_dependencies, "--attach-dependencies"),
    ];
    let is_named = !request.services.is_empty();
    warning("no service is named", given.iter().filter(|(is_given, _)| *is_given && !is_named).map(|(_, flag)| *flag))
}

fn warning<'a>(why: &str, flags: impl Iterator<Item = &'a str>) -> Option<Diagnostic> {
    let flags: Vec<String> = flags.map(|flag| format!("`{flag}`")).collect();
    let verb = if flags.len() == 1 { "has" } else { "have" };
    let message = format!("{} {verb} no effect: {why}", flags.join(", "));
    (!flags.is_empty()).then(|| Diagnostic::warning(CODE, Span::NONE, message))
}
