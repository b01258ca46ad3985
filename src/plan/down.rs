//! `down`: removes the containers and networks of the project, dependents before their dependencies. Volumes and images
//! stay, unless `--volumes` or `--rmi` asks for their removal.
//!
//! The labels say what belongs to the project; the file adds the dependencies and the volumes that may be removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{
    ImageRef, NetworkKey, Observed, ObservedContainer, ObservedNetwork, ObservedVolume, Project, Span, VolumeKey,
    labels,
};
use crate::plan::builder::Builder;
use crate::plan::container::{naming, owned, replicas};
use crate::plan::hooks::Stop;
use crate::plan::resources::{inactive, orphans, staying};
use crate::plan::{Action, ContainerRef, DownOptions, Plan, Reason, RemoveImages, StepId, Target};

/// The reason of the steps that no option asks for.
const WHY: Reason = Reason::Command("down");

/// Plans `down`. Where services are named, only their containers (and with `--rmi` their images) are removed.
pub fn down(project: &Project, observed: &Observed, options: &DownOptions) -> Plan {
    let mut builder = Builder::new(&project.name);
    let removed = containers(&mut builder, project, observed, options);
    if options.services.is_empty() {
        networks(&mut builder, project, observed, &removed);
        if options.volumes {
            volumes(&mut builder, project, observed, &removed);
        }
    } else if options.volumes {
        volumes_stay(&mut builder, project, observed);
    }
    images(&mut builder, project, observed, options, &removed);
    builder.finish()
}

/// Plans the stop and the removal of the containers. Returns the removals.
fn containers(builder: &mut Builder, project: &Project, observed: &Observed, options: &DownOptions) -> Vec<StepId> {
    let graph = Graph::new(&project.services);
    let mut last: BTreeMap<String, Vec<StepId>> = BTreeMap::new();
    for name in
        graph.order().into_iter().rev().filter(|name| options.services.is_empty() || options.services.contains(*name))
    {
        let first: Vec<StepId> = graph
            .dependents(name)
            .iter()
            .filter_map(|(dependent, _)| last.get(*dependent))
            .flatten()
            .copied()
            .collect();
        for container in belongs_to(observed, project, name) {
            let step = remove(builder, project, container, options, &first);
            last.entry(name.to_owned()).or_default().push(step);
        }
    }
    let mut removed: Vec<StepId> = last.into_values().flatten().collect();
    if options.services.is_empty() || options.remove_orphans {
        removed.extend(leftover(builder, project, observed, options));
    }
    if options.services.is_empty() {
        inactive::tell(builder, project, &inactive::find(project, observed), "stay");
    }
    removed
}

/// Returns the replicas and the one-off containers of a service.
fn belongs_to<'a>(
    observed: &'a Observed,
    project: &'a Project,
    service: &'a str,
) -> impl Iterator<Item = &'a ObservedContainer> {
    observed.containers.of_service(project.name.as_str(), service)
}

/// Plans the stop and the removal of a container, both after the end of the removals `first` of its dependents. Returns
/// the removal.
fn remove(
    builder: &mut Builder,
    project: &Project,
    container: &ObservedContainer,
    options: &DownOptions,
    first: &[StepId],
) -> StepId {
    let mut stopped = None;
    if replicas::is_up(container) {
        let stop = Stop::of(project, container, options.grace, WHY);
        for step in stop.plan(builder, &[]) {
            builder.after(step, first.iter().copied());
            stopped = Some(step);
        }
    }
    let remove = Action::RemoveContainer {
        container: ContainerRef::Existing(container.id.clone()),
        force: true,
        volumes: options.volumes,
    };
    let removed = builder.step(&replicas::target_of(container), remove, WHY, stopped);
    // The removal waits for the end of the dependents' removals, not for their success: where `web` cannot be removed,
    // `db` is removed all the same.
    builder.after(removed, first.iter().copied());
    removed
}

/// Plans the removal of orphans with `--remove-orphans`, or warns of them. Returns the removals.
fn leftover(builder: &mut Builder, project: &Project, observed: &Observed, options: &DownOptions) -> Vec<StepId> {
    let (elsewhere, ours): (Vec<_>, Vec<_>) =
        orphans::find(project, observed).into_iter().partition(|orphan| owned::is_from_elsewhere(project, orphan));
    let ours: Vec<&ObservedContainer> =
        ours.into_iter().filter(|orphan| orphan.service().is_none_or(|name| project.service(name).is_none())).collect();
    if options.remove_orphans {
        return ours.into_iter().map(|orphan| orphans::remove(builder, project, orphan, options.grace)).collect();
    }
    let staying: Vec<&ObservedContainer> = ours.into_iter().chain(elsewhere).collect();
    if !staying.is_empty() {
        let message = format!(
            "containers of services that are not in the file stay: {}",
            owned::aged(&staying, observed.taken_at)
        );
        builder.tell(Diagnostic::warning("orphans", Span::NONE, message).help("remove them with `--remove-orphans`"));
    }
    Vec::new()
}

/// Plans the removal of the project's networks, after the end of the containers' removals. External networks stay.
fn networks(builder: &mut Builder, project: &Project, observed: &Observed, removed: &[StepId]) {
    for network in observed.networks.iter().filter(|network| labels::are_of(&network.labels, &project.name)) {
        let key = network.labels.get(labels::NETWORK).map(|key| NetworkKey::from(key.as_str()));
        if key.as_ref().and_then(|key| project.networks.get(key)).is_some_and(|declared| declared.is_external) {
            continue;
        }
        let on_it = observed.containers.on(&network.id).filter(|one| replicas::is_up(one)).collect();
        if staying::keep(builder, project, &format!("network `{}`", network.name), on_it) {
            continue;
        }
        let target = Target::Network { key, name: network.name.clone() };
        let id = builder.step(&target, Action::RemoveNetwork { id: network.id.clone() }, WHY, []);
        builder.after(id, removed.iter().copied());
        tell_users(builder, project, observed, network);
    }
}

/// Warns of a network that containers of others use, with their names: the engine will refuse to remove the network.
fn tell_users(builder: &mut Builder, project: &Project, observed: &Observed, network: &ObservedNetwork) {
    let is_others = |one: &&ObservedContainer| one.label(labels::PROJECT) != Some(project.name.as_str());
    let users: Vec<&ObservedContainer> = observed.containers.on(&network.id).filter(is_others).collect();
    if !users.is_empty() {
        let message = format!("network `{}` is used by containers of others: {}", network.name, owned::names(&users));
        builder.tell(
            Diagnostic::warning("network-in-use", Span::NONE, message).help("disconnect them, then run `down` again"),
        );
    }
}

/// Plans the removal of the volumes that the file declares and whose label names the project. External volumes and
/// volumes with `x-protected: true` stay.
fn volumes(builder: &mut Builder, project: &Project, observed: &Observed, removed: &[StepId]) {
    let mut staying = Vec::new();
    for volume in observed.volumes.iter().filter(|volume| labels::are_of(&volume.labels, &project.name)) {
        // Several volumes of the file may have one `name`. Where one of them is external or protected, the volume
        // stays.
        let all = project.volumes.values().filter(|declared| declared.name == volume.name);
        let declared = all.max_by_key(|declared| (declared.is_external, declared.is_protected));
        match declared {
            Some(declared) if declared.is_external => {}
            Some(declared) if declared.is_protected => builder.tell(
                Diagnostic::error(
                    "volume-protected",
                    declared.span,
                    format!("volume `{}` is protected and is not removed", volume.name),
                )
                .at(format!("volumes.{}.x-protected", declared.key))
                .help("run `down` without `-v`, or take `x-protected: true` away first"),
            ),
            Some(_) => {
                if staying::keep(builder, project, &format!("volume `{}`", volume.name), with_volume(observed, volume))
                {
                    continue;
                }
                let id = builder.step(
                    &volume_target(volume),
                    Action::RemoveVolume { name: volume.name.clone() },
                    Reason::Asked("--volumes"),
                    [],
                );
                builder.after(id, removed.iter().copied());
            }
            None => staying.push(format!("`{}`", crate::text::escape_controls(volume.name.as_str()))),
        }
    }
    if !staying.is_empty() {
        let message =
            format!("volumes of this project that no active service of the file uses stay: {}", staying.join(", "));
        builder.tell(
            Diagnostic::warning("volume-not-in-file", Span::NONE, message)
                .help("remove them by name with `docker volume rm`"),
        );
    }
}

/// Returns the containers that mount a volume, running or not: the engine does not remove a volume in use.
fn with_volume<'a>(observed: &'a Observed, volume: &ObservedVolume) -> Vec<&'a ObservedContainer> {
    let has_it = |one: &&ObservedContainer| one.mounts.iter().any(|mount| mount.name == volume.name.as_str());
    observed.containers.iter().filter(has_it).collect()
}

/// Warns that named volumes stay where services are named: other services may use the volumes, too.
fn volumes_stay(builder: &mut Builder, project: &Project, observed: &Observed) {
    let ours = observed.volumes.iter().filter(|volume| labels::are_of(&volume.labels, &project.name));
    let names: Vec<String> =
        ours.map(|volume| format!("`{}`", crate::text::escape_controls(volume.name.as_str()))).collect();
    if !names.is_empty() {
        let message = format!(
            "`--volumes` removes no named volume where services are named; so these stay: {}",
            names.join(", ")
        );
        builder.tell(Diagnostic::warning("no-effect", Span::NONE, message).help("run `down -v` without a service"));
    }
}

/// Returns the target of a step on a volume that exists.
fn volume_target(volume: &ObservedVolume) -> Target {
    let key = volume.labels.get(labels::VOLUME).map(|key| VolumeKey::from(key.as_str()));
    Target::Volume { key, name: volume.name.clone() }
}

/// Plans the removal of the services' images (`--rmi`), after the end of the containers' removals.
fn images(builder: &mut Builder, project: &Project, observed: &Observed, options: &DownOptions, removed: &[StepId]) {
    if options.images == RemoveImages::None {
        return;
    }
    let mut seen = BTreeSet::new();
    // The images are removed one after the other. Images share layers, and engines fail where another removal takes a
    // shared layer away at the same time.
    let mut last = None;
    for service in project
        .services
        .values()
        .filter(|service| options.services.is_empty() || options.services.contains(&service.name))
    {
        // `--rmi local` means the images of services without `image` in the file: only this project uses them.
        if options.images == RemoveImages::Local && service.image.is_some() {
            continue;
        }
        let name = naming::image_of(project, service, options.separator);
        let image = ImageRef::new(crate::model::familiar(name.as_str()));
        if observed.images.contains_key(image.as_str()) && seen.insert(image.clone()) {
            let is_it = |one: &&ObservedContainer| crate::model::familiar(&one.image) == image.as_str();
            let of_it = observed.containers.iter().filter(is_it).collect();
            if staying::keep(builder, project, &format!("image `{image}`"), of_it) {
                continue;
            }
            let target = Target::Image { service: service.name.clone(), image: image.clone() };
            let id = builder.step(&target, Action::RemoveImage { image }, Reason::Asked("--rmi"), []);
            builder.after(id, removed.iter().copied().chain(last));
            last = Some(id);
        }
    }
}
