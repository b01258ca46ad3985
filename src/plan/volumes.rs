//! Volumes: which are there, which must be made. A volume that exists is never made anew: its data would be lost.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::{Action, Reason, StepId, Target};
use crate::diag::Diagnostic;
use crate::model::{Observed, ObservedVolume, Project, Volume, VolumeKey, VolumeSpec, hash, labels};

/// Plans the volumes of `used`; returns the steps after which each is there.
pub(super) fn plan(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    used: &BTreeSet<&VolumeKey>,
) -> BTreeMap<VolumeKey, Vec<StepId>> {
    let mut ready = BTreeMap::new();
    for (key, volume) in project.volumes.iter().filter(|(key, _)| used.contains(key)) {
        let existing = observed.volumes.iter().find(|candidate| candidate.name == volume.name);
        let steps = match existing {
            None if volume.is_external => {
                missing_external(builder, volume);
                Vec::new()
            }
            None => {
                let create = Action::CreateVolume(Box::new(spec(project, volume)));
                vec![builder.step(&target(volume), create, Reason::Missing, [])]
            }
            Some(existing) => {
                if !volume.is_external {
                    compare(builder, project, volume, existing);
                }
                Vec::new()
            }
        };
        ready.insert(key.clone(), steps);
    }
    ready
}

/// Returns what a step on this volume acts on.
pub(super) fn target(volume: &Volume) -> Target {
    Target::Volume { key: Some(volume.key.clone()), name: volume.name.clone() }
}

fn missing_external(builder: &mut Builder, volume: &Volume) {
    let message = format!("volume `{}` is declared as external, but the engine has none of that name", volume.name);
    builder.tell(
        Diagnostic::error("external-volume-missing", volume.span, message)
            .at(format!("volumes.{}", volume.key))
            .help(format!("make it with `docker volume create {}`, or drop `external`", volume.name)),
    );
}

fn compare(builder: &mut Builder, project: &Project, volume: &Volume, existing: &ObservedVolume) {
    match existing.labels.get(labels::PROJECT) {
        Some(owner) if owner == project.name.as_str() => {}
        owner => return adopted(builder, volume, owner),
    }
    let is_same =
        existing.labels.get(labels::CONFIG_HASH).is_none_or(|hash| *hash == hash::resource_hash(&volume.canonical));
    if is_same {
        return;
    }
    let differences = differences(volume, existing);
    let path = format!("volumes.{}", volume.key);
    if differences.is_empty() {
        let message = format!("labels of volume `{}` have changed; the volume keeps its old ones", volume.name);
        let help = "a volume's labels are fixed when it is made; its data was not touched";
        builder.tell(Diagnostic::warning("volume-labels-changed", volume.span, message).at(path).help(help));
        return;
    }
    let message = format!(
        "the definition of volume `{}` has changed, but a volume with data is never made anew unasked",
        volume.name
    );
    builder.tell(
        Diagnostic::error("volume-changed", volume.span, message).at(path).cause(differences.join("; ")).help(format!(
            "take the change back, or save the data and remove the volume by its name: `docker volume rm {}`",
            volume.name
        )),
    );
}

fn adopted(builder: &mut Builder, volume: &Volume, owner: Option<&String>) {
    let owner = match owner {
        Some(owner) => format!("project `{}`", crate::text::escape_controls(owner)),
        None => "no project".to_owned(),
    };
    let message = format!(
        "volume `{}` exists and belongs to {owner}; it is used, and no command here will remove it",
        volume.name
    );
    builder.tell(
        Diagnostic::warning("foreign-volume", volume.span, message)
            .at(format!("volumes.{}", volume.key))
            .help("set `external: true` to say that this is meant"),
    );
}

/// Returns what differs beyond labels, one phrase each.
fn differences(volume: &Volume, existing: &ObservedVolume) -> Vec<String> {
    let mut found = Vec::new();
    let driver = volume.driver.as_deref().unwrap_or("local");
    if driver != existing.driver {
        found.push(format!("driver {} → {driver}", crate::text::escape_controls(&existing.driver)));
    }
    let names: BTreeSet<&String> = volume.driver_opts.keys().chain(existing.options.keys()).collect();
    for name in names {
        let (before, after) = (existing.options.get(name), volume.driver_opts.get(name));
        if before != after {
            let show = |value: Option<&String>| {
                value.map_or("(unset)".to_owned(), |value| format!("`{}`", crate::text::escape_controls(value)))
            };
            found.push(format!("driver_opts.{name} {} → {}", show(before), show(after)));
        }
    }
    found
}

/// Returns the specification of a volume of the project.
pub(super) fn spec(project: &Project, volume: &Volume) -> VolumeSpec {
    let mut all = volume.labels.clone();
    all.insert(labels::PROJECT.to_owned(), project.name.to_string());
    all.insert(labels::VOLUME.to_owned(), volume.key.to_string());
    all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
    all.insert(labels::CONFIG_HASH.to_owned(), hash::resource_hash(&volume.canonical));
    VolumeSpec {
        name: volume.name.clone(),
        driver: volume.driver.clone(),
        driver_opts: volume.driver_opts.clone(),
        labels: all,
    }
}
