//! `up`: everything between what is there and what the file says, in one plan.
//!
//! Services are planned in dependency order; each leaves in [`Done`] what its dependents must wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::containers::{self, Slot};
use super::contents::Contents;
use super::hooks::Stop;
use super::networks::{self, Networks};
use super::options::{Recreate, UpOptions};
use super::recreate::{self, Desired};
use super::scope::Scope;
use super::spec::{self, SpecInput};
use super::swapped::{self, Cleared};
use super::{
    Action, ContainerRef, Interrupted, Plan, Reason, StepId, Target, Until, addresses, naming, orphans, plugins, ports,
    preflight, replace, restarts, volumes, waits,
};
use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{
    Condition, ContainerId, ContainerName, ContainerSpec, ContainerState, Health, ImageId, MountSource, NetworkKey,
    Observed, ObservedContainer, ObservedEndpoint, Project, Service, ServiceName, VolumeKey, VolumeName,
};

/// Plans `up` (also `create` and `scale`). Images are there, or their absence is told as an error of the run.
pub fn up(project: &Project, observed: &Observed, contents: &Contents, options: &UpOptions) -> Plan {
    let graph = Graph::new(&project.services);
    let selected = selected(&graph, project, options);
    let mut builder = Builder::new(&project.name);
    let volumes_used = volumes_used(project, &selected);
    let scope = Scope { project, observed, selected: &selected, options };
    let volumes = volumes::plan(&mut builder, scope, &volumes_used);
    ports::check(&mut builder, scope);
    addresses::check(&mut builder, scope);
    // What gives way to a new volume is gone for everything that follows.
    let (given_way, staying) = without(observed, &volumes);
    let observed = staying.as_ref().unwrap_or(observed);
    let cleared = swapped::clear(&mut builder, Scope { observed, ..scope });
    let renamed = cleared.renamed(observed);
    let observed = renamed.as_ref().unwrap_or(observed);
    let networks_used = networks_used(project, &selected);
    plugins::check(&mut builder, project, observed, &selected, (&volumes_used, &networks_used));
    let gone = volumes.removals.clone();
    let networks = networks::plan(&mut builder, project, observed, &networks_used, options.grace, gone);
    let mut up = Up {
        project,
        observed,
        contents,
        options,
        selected: &selected,
        builder,
        networks,
        volumes,
        given_way,
        cleared,
        spared: waits::spared(&graph, &options.services, &selected),
        done: BTreeMap::new(),
        handed_over: BTreeMap::new(),
        givers: BTreeMap::new(),
        families: BTreeMap::new(),
        waiting: BTreeMap::new(),
        begun: BTreeMap::new(),
        orphans_gone: BTreeMap::new(),
    };
    up.orphans_gone = orphans::plan(&mut up.builder, project, observed, options, &mut up.networks.displaced);
    let handovers = up.hand_over();
    up.find_families();
    let order = graph.order_after(&up.order_of_handovers(handovers));
    for name in order.iter().copied() {
        if let Some(service) = project.services.get(name).filter(|_| up.selected.contains(name)) {
            up.service(service);
        }
    }
    for batches in std::mem::take(&mut up.waiting).into_values() {
        up.commit(batches);
    }
    up.restart_dependents(&order);
    up.bring_back();
    up.restart_joined();
    restarts::tell_cut_off(&mut up.builder, project, observed);
    up.builder.finish()
}

/// Splits off the containers that are removed because a volume of theirs is made anew; the rest only where there are any.
fn without(observed: &Observed, volumes: &volumes::Volumes) -> (Vec<ObservedContainer>, Option<Observed>) {
    if volumes.users.is_empty() {
        return (Vec::new(), None);
    }
    let mut staying = observed.clone();
    let is_user = |one: &ObservedContainer| volumes.users.contains_key(&one.id);
    let (users, rest) = std::mem::take(&mut *staying.containers).into_iter().partition(is_user);
    staying.containers = Vec::into(rest);
    (users, Some(staying))
}

/// Returns the services a run is about: the named ones and, unless told otherwise, what they depend on.
pub fn selected<'a>(graph: &Graph<'a>, project: &'a Project, options: &UpOptions) -> BTreeSet<&'a str> {
    if options.services.is_empty() {
        return project.services.keys().map(ServiceName::as_str).collect();
    }
    let named = options.services.iter().map(ServiceName::as_str);
    if options.no_dependencies {
        project.services.keys().map(ServiceName::as_str).filter(|name| options.services.contains(*name)).collect()
    } else {
        graph.with_dependencies(named)
    }
}

fn networks_used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a NetworkKey> {
    let services = project.services.values().filter(|service| selected.contains(service.name.as_str()));
    let used = services.flat_map(|service| service.networks.keys());
    // Networks that no service uses are in the project only when all resources were asked for.
    let unused = project
        .networks
        .keys()
        .filter(|key| !project.services.values().any(|service| service.networks.contains_key(*key)));
    used.chain(unused).collect()
}

fn volumes_used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a VolumeKey> {
    let keys = |service: &'a Service| {
        service.volumes.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { key, .. } => Some(key),
            _ => None,
        })
    };
    let used = project.services.values().filter(|service| selected.contains(service.name.as_str())).flat_map(keys);
    let named: BTreeSet<&VolumeKey> = project.services.values().flat_map(keys).collect();
    let unused = project.volumes.keys().filter(|key| !named.contains(key));
    used.chain(unused).collect()
}

/// Why a replacement that an earlier run began is not finished.
pub(super) const OBSOLETE: Reason = Reason::Unfinished("its definition has changed since");

/// A plan for `up` under construction.
pub(super) struct Up<'a> {
    pub project: &'a Project,
    pub observed: &'a Observed,
    pub contents: &'a Contents,
    pub options: &'a UpOptions,
    /// The services this run is about.
    pub selected: &'a BTreeSet<&'a str>,
    pub builder: Builder,
    pub networks: Networks,
    pub volumes: volumes::Volumes,
    /// Containers that are removed because a volume of theirs is made anew.
    pub given_way: Vec<ObservedContainer>,
    /// Names that others had are free after these.
    pub cleared: Cleared,
    /// Services that the others can do without.
    pub spared: BTreeSet<&'a str>,
    pub done: BTreeMap<ServiceName, Done>,
    /// Steps that free the host ports and addresses of a service.
    pub handed_over: BTreeMap<ServiceName, Vec<StepId>>,
    /// Services that held host ports or addresses of a service until now.
    pub givers: BTreeMap<ServiceName, Vec<ServiceName>>,
    /// Services that must be given back together, each with the name of the first of them.
    pub families: BTreeMap<ServiceName, ServiceName>,
    /// Steps that create the successor of a container before its service is planned.
    pub begun: BTreeMap<ContainerId, StepId>,
    /// Replacements of families that are not complete yet.
    pub waiting: BTreeMap<ServiceName, Vec<replace::Batch>>,
    /// Orphans that are removed, by their names, each with its last step. What they were renamed to may write to the same
    /// data, so nothing starts before they are gone.
    pub orphans_gone: BTreeMap<ContainerName, StepId>,
}

/// What is planned for a service.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub replicas: Vec<Replica>,
    /// Whether any of its containers is replaced.
    pub is_replaced: bool,
    /// The removals of the old ones, as far as they are planned.
    pub departures: Vec<StepId>,
    /// Whether any of its containers that stay is started: what shared its network has lost it.
    pub is_started: bool,
}

/// One replica after the plan.
#[derive(Debug)]
pub(super) struct Replica {
    pub target: Target,
    pub container: ContainerRef,
    /// Steps after which it is started; none where it runs already.
    pub started: Vec<StepId>,
    /// Its state, where the plan leaves it alone.
    pub untouched: Option<(ContainerState, Health, Option<i64>)>,
    /// Waits made so far.
    pub waits: BTreeMap<Condition, StepId>,
}

impl Replica {
    fn number(&self) -> u32 {
        match &self.target {
            Target::Container { number, .. } => *number,
            _ => 0,
        }
    }
}

impl<'a> Up<'a> {
    fn service(&mut self, service: &'a Service) {
        if service.provider.is_some() {
            let message = format!("service `{}` is made by a provider, which is not supported", service.name);
            self.builder.tell(
                Diagnostic::error("provider", service.span, message).at(format!("services.{}.provider", service.name)),
            );
            return;
        }
        preflight::engine(&mut self.builder, self.observed, service);
        self.done.insert(service.name.clone(), Done::default());
        let slots = containers::slots(self.observed, self.project, service, self.options.separator);
        let wanted = wanted(service, self.options);
        preflight::replicas(&mut self.builder, service, wanted);
        if wanted > MOST_REPLICAS {
            preflight::too_many(&mut self.builder, service, self.options.scale.get(&service.name).copied());
            return;
        }
        let judged: Vec<(Slot<'a>, Option<Reason>)> = slots
            .into_iter()
            .map(|slot| {
                let reason = self.reason(service, &slot);
                (slot, reason)
            })
            .collect();
        let (kept, surplus) = keep(judged, wanted as usize);
        for (slot, _) in surplus {
            self.remove_surplus(slot, wanted);
        }
        let missing = (wanted as usize).saturating_sub(kept.len());
        let taken: BTreeSet<u32> = kept.iter().map(|(slot, _)| slot.number).collect();
        let mut batch = replace::Batch::new(service);
        for (slot, reason) in kept {
            self.slot(service, slot, reason, &mut batch);
        }
        match self.families.get(&service.name) {
            Some(family) => self.waiting.entry(family.clone()).or_default().push(batch),
            None => self.commit(vec![batch]),
        }
        // Compat: docker compose goes on after the highest number; filling gaps ends where an undisturbed run ends.
        for number in (1..).filter(|number| !taken.contains(number)).take(missing) {
            self.create(service, number);
        }
        if let Some(done) = self.done.get_mut(&service.name) {
            // What shares a namespace joins the first by number, today and when it is looked at again.
            done.replicas.sort_by_key(|replica| replica.number());
        }
        if self.options.wait {
            self.verify_untouched(service);
        }
    }

    /// Whether a service is meant by itself, and not as a dependency of others.
    fn is_named(&self, service: &Service) -> bool {
        self.options.services.is_empty() || self.options.services.contains(&service.name)
    }

    fn recreate(&self, service: &Service) -> Recreate {
        if self.is_named(service) {
            self.options.recreate
        } else if self.options.recreate == Recreate::Never {
            Recreate::Never
        } else {
            self.options.recreate_dependencies
        }
    }

    /// Returns why a slot's container must be replaced. Of an unfinished replacement the successor is judged.
    pub(super) fn reason(&self, service: &Service, slot: &Slot<'_>) -> Option<Reason> {
        if let Some(created) = self.begun.get(&slot.current.id) {
            return self.builder.reason(*created);
        }
        let judged =
            slot.successor.filter(|successor| self.judge(service, successor).is_none()).unwrap_or(slot.current);
        self.judge(service, judged)
    }

    pub(super) fn judge(&self, service: &Service, container: &ObservedContainer) -> Option<Reason> {
        if self.observed.known.unstartable.contains(&container.id) {
            return Some(Reason::Unstartable);
        }
        let image_id = self.image_id(service);
        let desired = Desired {
            project: self.project,
            service,
            contents: self.contents,
            definitions: &self.observed.definitions,
            image_id: image_id.as_ref(),
            network_ids: &self.networks.ids,
            container_id: &|name| self.container_id(name),
            forced_by: if self.is_named(service) { "--force-recreate" } else { "--always-recreate-deps" },
            is_replaced: &|name| self.done.get(name).is_some_and(|done| done.is_replaced),
        };
        if let Some(displaced) = self.networks.displaced.get(&container.id) {
            // It gets back the networks that it loses by this plan; what it has lost otherwise it does not.
            let mut restored = container.clone();
            for network in displaced.networks.iter().filter_map(|key| self.project.networks.get(key)) {
                restored.networks.insert(network.name.clone(), ObservedEndpoint::default());
            }
            return recreate::reason(&desired, &restored, self.recreate(service));
        }
        recreate::reason(&desired, container, self.recreate(service))
    }

    pub(super) fn image_id(&self, service: &Service) -> Option<ImageId> {
        let image = naming::image_of(self.project, service, self.options.separator);
        self.observed.image(image.as_str()).cloned()
    }

    /// Returns the id of the first container of a service that exists and stays.
    pub(super) fn container_id(&self, service: &str) -> Option<String> {
        match self.done.get(service).map(|done| done.replicas.first()) {
            Some(Some(Replica { container: ContainerRef::Existing(id), .. })) => Some(id.to_string()),
            // Yet to be made, or none is wanted any more.
            Some(_) => None,
            // A service that is not part of this run keeps what it has.
            None => containers::of_service(self.observed, self.project, service)
                .min_by_key(|container| container.number())
                .map(|container| container.id.to_string()),
        }
    }

    fn reference(&self, service: &ServiceName) -> Option<ContainerRef> {
        match self.done.get(service) {
            Some(done) => done.replicas.first().map(|replica| replica.container.clone()),
            None => self.container_id(service.as_str()).map(|id| ContainerRef::Existing(id.into())),
        }
    }

    /// Returns the specification of a replica and the steps that must come before its creation.
    pub(super) fn specify(
        &self,
        service: &Service,
        number: u32,
        inherited_volumes: BTreeMap<String, VolumeName>,
    ) -> (ContainerSpec, Vec<super::Reference>, Vec<StepId>) {
        let image_id = self.image_id(service);
        let (spec, references) = spec::container_spec(&SpecInput {
            project: self.project,
            service,
            number,
            contents: self.contents,
            separator: self.options.separator,
            image_id: image_id.as_ref(),
            reference: &|name| self.reference(name),
            container_id: &|name| self.container_id(name),
            inherited_volumes,
        });
        let mut requires: Vec<StepId> = self.resource_steps(service);
        requires.extend(references.iter().filter_map(|reference| match &reference.container {
            ContainerRef::Planned(step) => Some(*step),
            ContainerRef::Existing(_) => None,
        }));
        (spec, references, requires)
    }

    /// Refuses a container to be made that the engine would refuse, or make otherwise than the file says.
    pub(super) fn check_made(&mut self, service: &Service, name: &ContainerName, spec: &ContainerSpec) {
        if !self.orphans_gone.contains_key(name) {
            preflight::name(&mut self.builder, self.project, self.observed, service, name);
        }
        preflight::files(&mut self.builder, service, spec);
        for parent in recreate::parents(service) {
            if self.reference(parent).is_none() {
                preflight::parent_missing(&mut self.builder, service, parent);
            }
        }
    }

    pub(super) fn resource_steps(&self, service: &Service) -> Vec<StepId> {
        let networks = service.networks.keys().filter_map(|key| self.networks.ready.get(key));
        let volumes = service.volumes.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { key, .. } => self.volumes.ready.get(key),
            _ => None,
        });
        networks.chain(volumes).flatten().copied().collect()
    }

    fn create(&mut self, service: &Service, number: u32) {
        let predecessor = self.given_way.iter().find(|one| {
            one.service() == Some(service.name.as_str()) && one.number() == Some(number) && !one.is_oneoff()
        });
        let reason = predecessor
            .and_then(|one| self.volumes.users.get(&one.id))
            .map_or(Reason::Missing, |key| Reason::UsesChangedVolume(key.clone()));
        let inherited = predecessor.map(|one| self.inherited_volumes(service, one)).unwrap_or_default();
        let is_replaced = predecessor.is_some();
        let (spec, references, mut requires) = self.specify(service, number, inherited);
        requires.extend(self.cleared.steps.iter().copied());
        requires.extend(self.orphans_gone.get(&spec.name));
        // A container that gives way to a volume has a name and ports, too.
        requires.extend(self.volumes.removals_beside(&requires).to_vec());
        self.check_made(service, &spec.name, &spec);
        let target = target(service, number, &spec.name);
        let action = Action::CreateContainer { spec: Box::new(spec), references };
        let created = self.builder.step(&target, action, reason.clone(), requires);
        let container = ContainerRef::Planned(created);
        let started = self.start(service, &target, &container, vec![created], reason);
        if let Some(done) = self.done.get_mut(&service.name) {
            done.is_replaced |= is_replaced;
        }
        self.push(service, Replica { target, container, started, untouched: None, waits: BTreeMap::new() });
    }

    /// Plans a start: after `requires` and what the service depends on; then hooks, then a look whether it stays up.
    pub(super) fn start(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        mut requires: Vec<StepId>,
        reason: Reason,
    ) -> Vec<StepId> {
        if !self.options.start {
            return requires;
        }
        let (needed, optional) = self.conditions(service);
        requires.extend(needed);
        requires.extend(self.handed_over.get(&service.name).into_iter().flatten());
        requires.extend(self.departures_of_givers(service));
        match container {
            // What is made in this run is made after the removals of what gives way to volumes.
            ContainerRef::Planned(_) => requires.extend(self.orphans_gone.values()),
            ContainerRef::Existing(_) => requires.extend(self.departed()),
        }
        let start = Action::StartContainer { container: container.clone() };
        let started = self.builder.step(target, start, reason, requires);
        self.builder.after(started, optional);
        vec![self.verify(service, target, container, started)]
    }

    /// Returns the removals of containers that nothing takes the place of: orphans, and users of volumes that are made anew.
    /// Their ports and data are free then.
    pub(super) fn departed(&self) -> impl Iterator<Item = StepId> {
        self.orphans_gone.values().chain(&self.volumes.removals).copied()
    }

    /// Puts configs and secrets into a container that has never run: nothing on the engine tells whether the run that made
    /// it came to that.
    pub(super) fn put_files(
        &mut self,
        service: &Service,
        container: &ObservedContainer,
        number: u32,
        target: &Target,
        requires: &[StepId],
    ) -> Option<StepId> {
        if container.state != ContainerState::Created || !self.options.start {
            return None;
        }
        let (spec, _, _) = self.specify(service, number, BTreeMap::new());
        if spec.files.is_empty() {
            return None;
        }
        let action = Action::PutFiles { container: ContainerRef::Existing(container.id.clone()), files: spec.files };
        Some(self.builder.step(target, action, Reason::NeverRan, requires.iter().copied()))
    }

    pub(super) fn push(&mut self, service: &Service, replica: Replica) {
        if let Some(done) = self.done.get_mut(&service.name) {
            done.replicas.push(replica);
        }
    }

    fn slot(&mut self, service: &Service, slot: Slot<'a>, reason: Option<Reason>, batch: &mut replace::Batch) {
        let mut cleared: Vec<StepId> = slot
            .leftovers
            .iter()
            .map(|leftover| self.remove(leftover, Reason::Unfinished("a double was left behind")))
            .collect();
        let is_good = slot.successor.is_some_and(|successor| self.judge(service, successor).is_none());
        match (reason, slot.successor) {
            (None, Some(new)) if is_good => {
                self.finish_replacement(service, slot.current, new, slot.number, cleared, batch);
            }
            (None, obsolete) => {
                cleared.extend(obsolete.into_iter().flat_map(|obsolete| self.put_out_of_the_way(obsolete)));
                let kept = self.keep(service, slot.current, slot.number, cleared, obsolete.is_some());
                if let Some(obsolete) = obsolete {
                    let container = ContainerRef::Existing(obsolete.id.clone());
                    let remove = Action::RemoveContainer { container, force: false, volumes: false };
                    self.builder.step(&containers::target_of(obsolete), remove, OBSOLETE, kept);
                }
            }
            (Some(reason), obsolete) => {
                let old = replace::Old { container: slot.current, number: slot.number, obsolete };
                self.replace(service, old, reason, cleared, batch);
            }
        }
    }

    /// A container that is as it should be: give it its name and networks back where needed, start it where needed.
    ///
    /// `is_begun`: a run began to replace it and did not finish. That run may be about to stop it, or to die after it did.
    /// Returns the steps after which it is as it should be.
    fn keep(
        &mut self,
        service: &Service,
        container: &ObservedContainer,
        number: u32,
        cleared: Vec<StepId>,
        is_begun: bool,
    ) -> Vec<StepId> {
        let last = naming::container_name(self.project, service, number, self.options.separator);
        let target = target(service, number, &last);
        let reference = ContainerRef::Existing(container.id.clone());
        let mut requires = cleared;
        if let Some(reason) = self.misnamed(service, container, &last, number) {
            let action = Action::RenameContainer { container: reference.clone(), to: last.clone() };
            requires.extend(self.cleared.steps.iter().copied());
            requires.extend(self.orphans_gone.get(&last));
            requires.push(self.builder.step(&target, action, reason, requires.clone()));
        }
        let mut displaced = self.networks.displaced.remove(&container.id).unwrap_or_default();
        if !containers::is_up(container) {
            requires.extend(self.resource_steps(service));
        }
        requires.extend(displaced.steps.iter().copied());
        let must_start = !containers::is_up(container) || displaced.was_running || is_begun;
        if must_start && !containers::is_completed(self.project, service, container) {
            displaced.networks.extend(self.lost_networks(service, container, &displaced.networks));
        }
        requires.extend(self.reconnect(service, &target, &reference, &displaced));
        if container.state == ContainerState::Paused {
            self.paused(service, container);
        }
        if must_start && self.options.start && !containers::is_completed(self.project, service, container) {
            let lost = displaced.networks.into_iter().next();
            let reason = match lost {
                Some(key) => Reason::NotAttached(key),
                None if is_begun => Reason::Unfinished("it may have been stopped"),
                None => Reason::NotRunning,
            };
            requires.extend(self.put_files(service, container, number, &target, &requires));
            let started = self.start(service, &target, &reference, requires, reason);
            if let Some(start) = self.builder.start_of(&container.id).filter(|_| displaced.was_running) {
                let (container, stops) = (container.id.clone(), displaced.steps);
                self.builder.interrupted(Interrupted { container, stops, start, needs: self.needs(service) });
            }
            if let Some(done) = self.done.get_mut(&service.name) {
                done.is_started = true;
            }
            let after = started.clone();
            self.push(
                service,
                Replica { target, container: reference, started, untouched: None, waits: BTreeMap::new() },
            );
            return after;
        }
        if container.state == ContainerState::Restarting && self.options.start {
            // Found between two ends: it may be back in a moment, or never stay.
            let until = Until::Alive(self.options.settle);
            let wait = Action::WaitFor { container: reference.clone(), until, limit: self.options.wait_limit };
            let wait = self.builder.step(&target, wait, Reason::Verify, requires.clone());
            self.spare(service, wait);
        } else if requires.is_empty() {
            self.builder.unchanged(target.clone());
        }
        let untouched = Some((container.state, container.health, container.exit_code));
        let after = requires.clone();
        self.push(
            service,
            Replica { target, container: reference, started: requires, untouched, waits: BTreeMap::new() },
        );
        after
    }

    /// Stops what an earlier run made and nobody wants any more. It goes last: while it is there, it tells that the
    /// container it was to replace is to run.
    pub(super) fn put_out_of_the_way(&mut self, obsolete: &ObservedContainer) -> Vec<StepId> {
        let displaced = self.networks.displaced.remove(&obsolete.id).unwrap_or_default();
        if !containers::is_up(obsolete) || displaced.was_running {
            return displaced.steps;
        }
        let stop = Stop::of(self.project, obsolete, self.options.grace, OBSOLETE);
        stop.plan(&mut self.builder, &displaced.steps)
    }

    /// Returns why a container must be renamed; `None` where its name is right or its name is taken.
    fn misnamed(
        &self,
        service: &Service,
        container: &ObservedContainer,
        last: &ContainerName,
        number: u32,
    ) -> Option<Reason> {
        if self.cleared.names.contains_key(&container.id) {
            return Some(Reason::FinalName);
        }
        if naming::is_temporary_name(container.name.as_str(), last) {
            return Some(Reason::Unfinished("it still has its temporary name"));
        }
        // Compat: names with the other separator come from docker compose's `--compatibility`.
        let separators = ['-', '_'];
        let is_known = separators
            .iter()
            .any(|separator| naming::container_name(self.project, service, number, *separator) == container.name);
        let is_taken = self.observed.containers.named(last.as_str()).next().is_some();
        (!is_known && !is_taken).then(|| Reason::Renamed(container.name.clone()))
    }

    fn paused(&mut self, service: &Service, container: &ObservedContainer) {
        let name = crate::text::escape_controls(container.name.as_str()).into_owned();
        self.builder.tell(
            Diagnostic::error("container-paused", service.span, format!("container `{name}` is paused"))
                .at(format!("services.{}", service.name))
                .help(format!("let it go on first: `inception unpause {}`", service.name)),
        );
    }

    pub(super) fn remove(&mut self, container: &ObservedContainer, reason: Reason) -> StepId {
        let target = containers::target_of(container);
        let reference = ContainerRef::Existing(container.id.clone());
        let displaced = self.networks.displaced.remove(&container.id).unwrap_or_default();
        let mut requires = displaced.steps;
        requires.extend(self.cleared.steps.iter().copied());
        if containers::is_up(container) && !displaced.was_running {
            let stop = Stop::of(self.project, container, self.options.grace, reason.clone());
            requires.extend(stop.plan(&mut self.builder, &requires));
        }
        let remove = Action::RemoveContainer { container: reference, force: false, volumes: false };
        self.builder.step(&target, remove, reason, requires)
    }

    fn remove_surplus(&mut self, slot: Slot<'_>, wanted: u32) {
        for container in [Some(slot.current), slot.successor].into_iter().flatten().chain(slot.leftovers) {
            self.remove(container, Reason::ScaledDown { wanted });
        }
    }
}

/// More replicas than this are refused: a slip in a number must not take all memory.
pub(super) const MOST_REPLICAS: u32 = 10_000;

/// Returns how many replicas of a service are wanted. One more than [`MOST_REPLICAS`] stands for all that are too many, so
/// that nothing is ever made in the number that a file or an option says.
pub(super) fn wanted(service: &Service, options: &UpOptions) -> u32 {
    options.scale.get(&service.name).copied().unwrap_or(service.replicas).min(MOST_REPLICAS + 1)
}

/// Returns what a step on a replica acts on.
pub(super) fn target(service: &Service, number: u32, name: &ContainerName) -> Target {
    Target::Container { service: Some(service.name.clone()), number, name: name.clone() }
}

type Judged<'a> = (Slot<'a>, Option<Reason>);

/// Keeps as many as wanted. Obsolete replicas go first, then those of the highest numbers.
fn keep(mut judged: Vec<Judged<'_>>, wanted: usize) -> (Vec<Judged<'_>>, Vec<Judged<'_>>) {
    judged.sort_by_key(|(slot, reason)| (reason.is_some(), slot.number));
    let surplus = judged.split_off(wanted.min(judged.len()));
    judged.sort_by_key(|(slot, _)| slot.number);
    (judged, surplus)
}
