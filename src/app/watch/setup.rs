//! Makes the rules of `watch` of the project's `develop` sections, and tells what cannot be watched.

#![expect(clippy::disallowed_methods, reason = "reads .dockerignore, and asks which watched paths are files")]

use std::path::{Path, PathBuf};

use super::rules::{Filter, Rule, clean};
use crate::diag::Diagnostic;
use crate::model::{MountSource, Project, Service, Span, WatchAction, WatchRule};

/// More of a `.dockerignore` is not read.
const LARGEST: u64 = 1 << 20;

/// Returns the rules of the services with these names (all, where there is none), and what is wrong with them.
pub(super) fn rules(project: &Project, named: &[String]) -> (Vec<Rule>, Vec<Diagnostic>) {
    let (mut rules, mut told) = (Vec::new(), Vec::new());
    let is_named = |service: &&Service| named.is_empty() || named.iter().any(|name| *name == service.name.as_str());
    let services: Vec<&Service> = project.services.values().filter(is_named).collect();
    for (service, rule) in services.iter().flat_map(|service| service.watch.iter().map(move |rule| (service, rule))) {
        match fault(service, rule) {
            Some(diagnostic) => told.push(diagnostic),
            None => rules.push(made(project, service, rule)),
        }
    }
    if rules.is_empty() && !told.iter().any(Diagnostic::is_error) {
        let message = "there is nothing to watch: no service of this command has a rule in `develop.watch`";
        told.push(
            Diagnostic::error("nothing-to-watch", Span::NONE, message)
                .help("add `develop: { watch: [...] }` to a service"),
        );
    }
    (rules, told)
}

/// Returns why a rule cannot be followed.
fn fault(service: &Service, rule: &WatchRule) -> Option<Diagnostic> {
    let name = &service.name;
    if rule.action == WatchAction::Rebuild && service.build.is_none() {
        let message = format!("service `{name}` cannot be rebuilt: it has no `build`");
        return Some(Diagnostic::error("cannot-watch", rule.span, message).help("add `build`, or use another action"));
    }
    if rule.action == WatchAction::SyncExec && rule.exec.is_none() {
        let message = format!("service `{name}`: a watch with `sync+exec` needs `exec.command`");
        return Some(Diagnostic::error("cannot-watch", rule.span, message).help("add the command, or use `sync`"));
    }
    let is_mounted =
        |source: &MountSource| matches!(source, MountSource::Bind { path, .. } if rule.path.starts_with(path));
    if rule.action.syncs() && service.volumes.iter().any(|mount| is_mounted(&mount.source)) {
        let path = rule.path.display();
        let message =
            format!("service `{name}`: `{path}` is not synced: a bind mount brings it into the container already");
        return Some(Diagnostic::warning("cannot-watch", rule.span, message).help("leave out the rule, or the mount"));
    }
    None
}

fn made(project: &Project, service: &Service, rule: &WatchRule) -> Rule {
    let root = rule.path.clone();
    let mut filter = Filter::new(&rule.include, &rule.ignore);
    let mut own = project.config_files.clone();
    let build = service.build.as_ref().map(|build| (build, PathBuf::from(&build.context)));
    // A context elsewhere, such as a git repository, has no files here.
    if let Some((build, directory)) = build.filter(|(_, directory)| directory.is_absolute()) {
        let dockerfile = directory.join(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
        if let Some(text) = dockerignore(&directory, &dockerfile) {
            filter = filter.with_context(&root, &directory, &text);
        }
        own.extend([dockerfile, directory.join(".dockerignore")]);
    }
    if rule.action.syncs() {
        filter = filter.without(&root, own);
    }
    let mut target = rule.target.clone().unwrap_or_default();
    if target.ends_with('/') && root.is_file() {
        target.push_str(&root.file_name().unwrap_or_default().to_string_lossy());
    }
    let target =
        if rule.action.syncs() { clean(&target, service.working_dir.as_deref().unwrap_or("")) } else { String::new() };
    Rule {
        service: service.name.clone(),
        action: rule.action,
        root,
        target,
        exec: rule.exec.clone(),
        initial_sync: rule.initial_sync,
        filter,
    }
}

/// Reads the patterns that a build leaves out. Compat: BuildKit takes `NAME.dockerignore` beside the Dockerfile first.
fn dockerignore(directory: &Path, dockerfile: &Path) -> Option<String> {
    let beside = PathBuf::from(format!("{}.dockerignore", dockerfile.display()));
    [beside, directory.join(".dockerignore")].iter().find_map(|path| {
        let file = std::fs::File::open(path).ok()?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, LARGEST), &mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    })
}
