//! The volumes of a project as file and engine know them, and those that a command line names.

use std::collections::BTreeMap;

use crate::app::project::{self, Found};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::failure::Failure;
use crate::model::{MountSource, ObservedContainer, ObservedVolume, Span, Volume, labels};
use crate::settings::{Context, Settings};
use crate::text::escape_controls;

/// One volume of a project.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Key in the file; of a volume that no file declares, the key in its label.
    pub key: String,
    /// Name in the engine.
    pub name: String,
    /// The volume in the engine; `None` where it is missing.
    pub observed: Option<ObservedVolume>,
    /// Whether the file declares the volume.
    pub is_declared: bool,
    /// `external: true`.
    pub is_external: bool,
    /// The containers that mount the volume, of whatever project.
    pub users: Vec<ObservedContainer>,
}

/// Finds the project with all volumes of its file, also those that no service mounts: they are no orphans.
pub(super) fn project(context: &Context) -> Result<Found, Failure> {
    let settings = Settings { all_resources: true, ..context.settings.clone() };
    project::find(&Context { settings, ..context.clone() }, &[])
}

/// Collects the volumes of a project: those of the file, and those whose label names the project. A volume of another project
/// counts only where the file says `external: true`.
pub(super) async fn volumes(engine: &dyn ReadEngine, found: &Found) -> Result<Vec<Kept>, Failure> {
    let (all, containers) = (engine.list_volumes().await?, engine.list_containers(&[]).await?);
    let mut left: BTreeMap<String, ObservedVolume> = all.into_iter().map(|one| (one.name.to_string(), one)).collect();
    let mut kept = Vec::new();
    if let Found::File(loading) = found {
        for volume in loading.project.volumes.values() {
            kept.push(declared(volume, left.remove(volume.name.as_str()), found.name()));
        }
    }
    for (name, one) in left {
        if one.labels.get(labels::PROJECT).is_none_or(|project| project != found.name()) {
            continue;
        }
        let key = one.labels.get(labels::VOLUME).cloned().unwrap_or_else(|| name.clone());
        let is_declared = matches!(found, Found::Labels(..));
        kept.push(Kept { key, name, observed: Some(one), is_declared, is_external: false, users: Vec::new() });
    }
    for one in &mut kept {
        let mounts = |container: &&ObservedContainer| {
            container.mounts.iter().any(|mount| mount.kind == "volume" && mount.name == one.name)
        };
        one.users = containers.iter().filter(mounts).cloned().collect();
        one.users.sort_by(|a, b| a.name.cmp(&b.name));
    }
    kept.sort_by(|a, b| (&a.key, &a.name).cmp(&(&b.key, &b.name)));
    Ok(kept)
}

fn declared(volume: &Volume, observed: Option<ObservedVolume>, project: &str) -> Kept {
    let is_ours = |one: &ObservedVolume| {
        volume.is_external || one.labels.get(labels::PROJECT).is_some_and(|owner| owner == project)
    };
    Kept {
        key: volume.key.to_string(),
        name: volume.name.to_string(),
        observed: observed.filter(is_ours),
        is_declared: true,
        is_external: volume.is_external,
        users: Vec::new(),
    }
}

/// Chooses the volumes that a command line names: by key, by name in the engine, or by a service that mounts them. Without a
/// name, all that exist. Fails for a name that means nothing, and for a volume that is missing.
pub(super) fn chosen(found: &Found, all: Vec<Kept>, names: &[String]) -> Result<Vec<Kept>, Failure> {
    for name in names {
        if !all.iter().any(|one| is_meant(found, one, name)) {
            return Err(unknown(&all, name));
        }
    }
    let is_chosen = |one: &Kept| names.is_empty() || names.iter().any(|name| is_meant(found, one, name));
    let list: Vec<Kept> = all.into_iter().filter(is_chosen).collect();
    if let Some(missing) = list.iter().find(|one| one.observed.is_none() && !names.is_empty()) {
        let (key, name) = (escape_controls(&missing.key), escape_controls(&missing.name));
        let message = format!("the project has no volume `{key}` yet: the engine has none of its own named `{name}`");
        return Err(fault(
            "no-such-volume",
            message,
            "`inception volume ls` shows what there is; `up` makes it".into(),
        ));
    }
    Ok(list.into_iter().filter(|one| one.observed.is_some()).collect())
}

fn is_meant(found: &Found, one: &Kept, name: &str) -> bool {
    one.key == name || one.name == name || one.users.iter().any(|user| is_of(user, found, name)) || {
        let Found::File(loading) = found else { return false };
        let service = loading.project.service(name);
        service.is_some_and(|service| {
            let mut sources = service.volumes.iter().map(|mount| &mount.source);
            sources.any(|source| matches!(source, MountSource::Volume { key, .. } if key.as_str() == one.key))
        })
    }
}

/// Returns whether a container is one of a service of the project.
fn is_of(container: &ObservedContainer, found: &Found, service: &str) -> bool {
    container.label(labels::PROJECT) == Some(found.name()) && container.service() == Some(service)
}

fn unknown(all: &[Kept], name: &str) -> Failure {
    let known: Vec<String> = all.iter().map(|one| format!("`{}`", escape_controls(&one.key))).collect();
    let help = match known.is_empty() {
        true => "the project has no volumes".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    let message = format!("`{}` is no volume of the project, and no service that mounts any", escape_controls(name));
    fault("no-such-volume", message, help)
}

pub(super) fn fault(code: &'static str, message: String, help: String) -> Failure {
    Failure::one(Diagnostic::error(code, Span::NONE, message).help(help))
}
