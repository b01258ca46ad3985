//! Volumes: which of them exist, and which must be created.
//!
//! A volume cannot be changed, and creating it anew loses its data. So a changed definition is refused, unless the user
//! has given up the data of this volume by name (`--recreate-volume`). If only labels have changed, the user is warned.
//! Start at [`plan`].

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::model::{
    ContainerId, ObservedContainer, ObservedVolume, Project, Span, Volume, VolumeKey, VolumeSpec, hash, labels,
};
use crate::plan::builder::Builder;
use crate::plan::container::{fields, owned};
use crate::plan::resources::displaced::{self, End};
use crate::plan::scope::Scope;
use crate::plan::{Action, Reason, StepId, Target, UpOptions};

/// The volumes of a plan, for the planners of services.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    /// The steps after which containers can use a volume; none for a volume that exists and stays.
    pub ready: BTreeMap<VolumeKey, Vec<StepId>>,
    /// The containers that are removed because a volume of theirs is created anew, each with the volume.
    pub users: BTreeMap<ContainerId, VolumeKey>,
    /// The removals of the containers in `users`.
    pub removals: Vec<StepId>,
    /// The creation of the last volume that is created anew. It comes after all removals.
    last_made: Option<StepId>,
}

impl Volumes {
    /// Returns the removals for which a step must wait beside its requirements: none where the step requires the
    /// creation of the last volume, which comes after all removals.
    pub(crate) fn removals_beside(&self, requires: &[StepId]) -> &[StepId] {
        match self.last_made {
            Some(made) if requires.contains(&made) => &[],
            _ => &self.removals,
        }
    }
}

/// Plans the volumes in `used`.
pub(crate) fn plan(builder: &mut Builder, scope: Scope<'_>, used: &BTreeSet<&VolumeKey>) -> Volumes {
    let Scope { project, options, .. } = scope;
    let observed = scope.world.observed;
    let mut volumes = Volumes::default();
    unknown_names(builder, project, options);
    for (key, volume) in project.volumes.iter().filter(|(key, _)| used.contains(key)) {
        let existing = observed.volumes.iter().find(|candidate| candidate.name == volume.name);
        let steps = match existing {
            None if volume.is_external => {
                missing_external(builder, volume);
                Vec::new()
            }
            None => vec![create(builder, project, volume, Reason::Missing, Vec::new())],
            Some(_) if volume.is_external => Vec::new(),
            Some(existing) => match compare(builder, project, volume, existing, options) {
                Some(what) => anew(builder, scope, volume, what, &mut volumes),
                None => Vec::new(),
            },
        };
        volumes.ready.insert(key.clone(), steps);
    }
    volumes
}

fn create(builder: &mut Builder, project: &Project, volume: &Volume, reason: Reason, requires: Vec<StepId>) -> StepId {
    builder.step(&target(volume), Action::CreateVolume(Box::new(spec(project, volume))), reason, requires)
}

/// Refuses names given to `--recreate-volume` that no volume of the file has.
fn unknown_names(builder: &mut Builder, project: &Project, options: &UpOptions) {
    for name in &options.recreate_volumes {
        if !project.volumes.values().any(|volume| is_named(volume, name)) {
            let shown = crate::text::escape_controls(name).into_owned();
            let known: Vec<String> = project.volumes.keys().map(|key| format!("`{key}`")).collect();
            let message = format!("--recreate-volume names `{shown}`, but the file has no such volume");
            let help = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            builder.tell(Diagnostic::error("undefined", Span::NONE, message).help(help));
        }
    }
}

fn is_named(volume: &Volume, name: &str) -> bool {
    volume.key.as_str() == name || volume.name.as_str() == name
}

/// Returns the target of a step on a volume.
pub(crate) fn target(volume: &Volume) -> Target {
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

/// Compares an existing volume with the file, and reports a difference. Returns the difference if the user has given up
/// the data of the volume by name; then the volume is created anew.
fn compare(
    builder: &mut Builder,
    project: &Project,
    volume: &Volume,
    existing: &ObservedVolume,
    options: &UpOptions,
) -> Option<String> {
    let is_given_up = options.recreate_volumes.iter().any(|name| is_named(volume, name));
    let path = format!("volumes.{}", volume.key);
    match existing.labels.get(labels::PROJECT) {
        Some(owner) if owner == project.name.as_str() => {}
        owner => {
            adopted(builder, volume, owner, is_given_up);
            return None;
        }
    }
    let is_same =
        existing.labels.get(labels::CONFIG_HASH).is_none_or(|hash| *hash == hash::resource_hash(&volume.canonical));
    if is_same {
        if is_given_up {
            let message = format!("volume `{}` has not changed, so it stays", volume.name);
            let help = "leave out --recreate-volume, or remove the volume by name to begin with an empty one";
            builder.tell(Diagnostic::warning("volume-unchanged", volume.span, message).at(path).help(help));
        }
        return None;
    }
    let differences = differences(volume, existing);
    if is_given_up {
        let what = if differences.is_empty() { "labels changed".to_owned() } else { differences.join("; ") };
        return Some(what);
    }
    if differences.is_empty() {
        let message = format!("labels of volume `{}` have changed; the volume keeps its old ones", volume.name);
        let help = "a volume's labels are fixed when it is made; its data was not touched";
        builder.tell(Diagnostic::warning("volume-labels-changed", volume.span, message).at(path).help(help));
        return None;
    }
    let message = format!(
        "the definition of volume `{}` has changed, but a volume with data is never recreated unasked",
        volume.name
    );
    builder.tell(
        Diagnostic::error("volume-changed", volume.span, message)
            .at(path)
            .cause(format!("{}; all data in it would be lost", differences.join("; ")))
            .help(format!(
                "take the change back, or save the data and give the volume up: `up --recreate-volume {}`",
                volume.key
            )),
    );
    None
}

/// Plans that a volume is created anew: the containers that use the volume are removed, then the volume with its data,
/// and an empty volume is created. The planners of services create the containers again. Returns the creation of the
/// volume, or nothing if the volume must stay.
fn anew(builder: &mut Builder, scope: Scope<'_>, volume: &Volume, what: String, volumes: &mut Volumes) -> Vec<StepId> {
    let Scope { project, selected, options, .. } = scope;
    let path = format!("volumes.{}", volume.key);
    let same = || project.volumes.values().filter(|other| other.name == volume.name);
    if same().any(|other| other.is_external) {
        let message = format!("volume `{}` is declared as external, too, and is not recreated", volume.name);
        let help = "leave out --recreate-volume, or give the two different names";
        builder.tell(Diagnostic::error("foreign-volume", volume.span, message).at(path).help(help));
        return Vec::new();
    }
    if same().any(|other| other.is_protected) {
        let message = format!("volume `{}` is protected and is not recreated", volume.name);
        let help = "take `x-protected: true` away first";
        builder.tell(Diagnostic::error("volume-protected", volume.span, message).at(path).help(help));
        return Vec::new();
    }
    let uses = |one: &&ObservedContainer| one.mounts.iter().any(|mount| mount.name == volume.name.as_str());
    let users: Vec<&ObservedContainer> = scope.world.containers().filter(uses).collect();
    let is_made_again = |one: &&ObservedContainer| {
        one.label(labels::PROJECT) == Some(project.name.as_str())
            && !one.is_oneoff()
            && one.service().is_some_and(|service| selected.contains(service))
    };
    let others: Vec<&ObservedContainer> = users.iter().copied().filter(|one| !is_made_again(one)).collect();
    if !others.is_empty() {
        let message = format!("volume `{}` cannot be recreated while others use it", volume.name);
        let cause = format!("containers that this run does not make again: {}", owned::names(&others));
        let help = "remove them first, or name their services, too";
        builder.tell(Diagnostic::error("volume-in-use", volume.span, message).at(path).cause(cause).help(help));
        return Vec::new();
    }
    let reason = Reason::UsesChangedVolume(volume.key.clone());
    for user in users {
        // A container that uses two such volumes is removed once.
        if volumes.users.insert(user.id.clone(), volume.key.clone()).is_none() {
            let end = End { grace: options.grace, reason: reason.clone() };
            volumes.removals.push(displaced::remove(builder, project, user, end, &[]));
        }
    }
    // A volume without users waits for the users of other volumes, too: the last volume is created after all removals.
    let gone = volumes.removals.clone();
    let reason = Reason::VolumeChanged(what);
    let remove = Action::RemoveVolume { name: volume.name.clone() };
    let removed = builder.step(&target(volume), remove, reason.clone(), gone);
    let made = create(builder, project, volume, reason, vec![removed]);
    volumes.last_made = Some(made);
    vec![made]
}

/// Warns that a volume of another project, or of none, is used as it is. With `--recreate-volume` that is an error.
fn adopted(builder: &mut Builder, volume: &Volume, owner: Option<&String>, is_given_up: bool) {
    let owner = match owner {
        Some(owner) => format!("project `{}`", crate::text::escape_controls(owner)),
        None => "no project".to_owned(),
    };
    let message = format!(
        "volume `{}` exists and belongs to {owner}; it is used, and no command here will remove it",
        volume.name
    );
    let diagnostic = match is_given_up {
        true => Diagnostic::error("foreign-volume", volume.span, message).help("leave out --recreate-volume"),
        false => Diagnostic::warning("foreign-volume", volume.span, message)
            .help("set `external: true` to say that this is meant"),
    };
    builder.tell(diagnostic.at(format!("volumes.{}", volume.key)));
}

/// Returns the differences between a volume and its definition in the file in words. Labels are not compared.
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
            let path = format!("driver_opts.{name}");
            let show = |value: Option<&String>| match value {
                None => "(unset)".to_owned(),
                // The mount options of network file systems may contain passwords.
                Some(value) if fields::is_hidden(&path, value) => "(secret)".to_owned(),
                Some(value) => format!("`{}`", crate::text::escape_controls(value)),
            };
            found.push(format!("{path} {} → {}", show(before), show(after)));
        }
    }
    found
}

/// Returns the specification with which a volume of the project is created.
pub(crate) fn spec(project: &Project, volume: &Volume) -> VolumeSpec {
    let mut all = volume.labels.clone();
    all.insert(labels::PROJECT.to_owned(), project.name.to_string());
    all.insert(labels::VOLUME.to_owned(), volume.key.to_string());
    all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
    all.insert(labels::CONFIG_HASH.to_owned(), hash::resource_hash(&volume.canonical));
    all.insert(labels::FIELDS.to_owned(), fields::digest_label(&volume.canonical));
    VolumeSpec {
        name: volume.name.clone(),
        driver: volume.driver.clone(),
        driver_opts: volume.driver_opts.clone(),
        labels: all,
    }
}
