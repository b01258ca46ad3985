//! New containers: their specification, their creation and their start.

use std::collections::BTreeMap;

use crate::model::{
    ContainerName, ContainerSpec, ContainerState, ImageId, MountSource, ObservedContainer, Service, ServiceName,
    VolumeName,
};
use crate::plan::checks::names::NameClaim;
use crate::plan::checks::{claims, image, preflight};
use crate::plan::container::naming::{self, replica_target};
use crate::plan::container::spec::{self, SpecInput};
use crate::plan::container::{injected, replicas, shares};
use crate::plan::scope::Scope;
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Reason, StepId, Target};

impl<'a> Up<'a> {
    /// Returns the id of the image behind the service's image name; `None` where the snapshot has no such image.
    pub(crate) fn image_id(&self, service: &Service) -> Option<ImageId> {
        let image = naming::image_of(self.scope.project, service, self.scope.options.separator);
        self.scope.world.observed.image(image.as_str()).cloned()
    }

    /// Returns the user of an image; `None` where the image was not inspected.
    fn image_user(&self, image: Option<&ImageId>) -> Option<&'a str> {
        self.scope.world.observed.image_facts.get(image?).map(|facts| facts.user.as_str())
    }

    /// Returns the id of the first container of a service that exists and stays.
    pub(crate) fn container_id(&self, service: &str) -> Option<String> {
        match self.done.get(service).map(|done| done.replicas.first()) {
            Some(Some(Replica { container: ContainerRef::Existing(id), .. })) => Some(id.to_string()),
            // The container is not created yet, or no replica is wanted.
            Some(_) => None,
            // The service is not part of this run: its containers stay.
            None => replicas::of_service(self.scope.world, self.scope.project, service)
                .min_by_key(|container| container.number())
                .map(|container| container.id.to_string()),
        }
    }

    /// Returns the container of a service whose namespaces or volumes another service shares: its first replica.
    pub(crate) fn reference(&self, service: &ServiceName) -> Option<ContainerRef> {
        match self.done.get(service) {
            Some(done) => done.replicas.first().map(|replica| replica.container.clone()),
            None => self.container_id(service.as_str()).map(|id| ContainerRef::Existing(id.into())),
        }
    }

    /// Returns the specification of a replica, the places in it for ids of containers that do not exist yet, and the
    /// steps that come before its creation.
    pub(crate) fn specify(
        &self,
        service: &Service,
        number: u32,
        inherited_volumes: BTreeMap<String, VolumeName>,
    ) -> (ContainerSpec, Vec<crate::plan::Reference>, Vec<StepId>) {
        let image_id = self.image_id(service);
        let (spec, references) = spec::container_spec(&SpecInput {
            project: self.scope.project,
            service,
            number,
            contents: self.contents,
            separator: self.scope.options.separator,
            image_user: self.image_user(image_id.as_ref()),
            image_id: image_id.as_ref(),
            proxies: &self.scope.world.observed.engine.proxies,
            reference: &|name| self.reference(name),
            container_id: &|name| self.container_id(name),
            replicas: &|name| self.linked(name),
            inherited_volumes,
        });
        let mut requires: Vec<StepId> = self.resource_steps(service);
        requires.extend(references.iter().filter_map(|reference| match &reference.container {
            ContainerRef::Planned(step) => Some(*step),
            ContainerRef::Existing(_) => None,
        }));
        (spec, references, requires)
    }

    /// Returns the replicas of a linked service, in order of their numbers: those of this plan, or the existing ones if
    /// the service is not part of the run. If there is none, one replica is assumed.
    fn linked(&self, name: &ServiceName) -> Vec<(u32, ContainerName)> {
        let Scope { project, world, options, .. } = self.scope;
        let Some(service) = project.services.get(name) else { return Vec::new() };
        let mut numbers: Vec<u32> = match self.done.get(name) {
            Some(done) => done.replicas.iter().map(Replica::number).collect(),
            None => replicas::of_service(world, project, name.as_str()).filter_map(ObservedContainer::number).collect(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            numbers.push(1);
        }
        let named = |number| (number, naming::container_name(project, service, number, options.separator));
        numbers.into_iter().map(named).collect()
    }

    /// Refuses a container that the engine would not create, or would not create as the file says.
    pub(crate) fn check_made(&mut self, service: &Service, name: &ContainerName, spec: &ContainerSpec) {
        claims::check_one(&mut self.builder, self.scope, &NameClaim { service, name });
        preflight::files(&mut self.builder, service, spec);
        let image_user = self.image_user(self.image_id(service).as_ref());
        for warning in injected::told(self.scope.project, service, self.contents, image_user) {
            self.builder.tell(warning);
        }
        image::command(&mut self.builder, self.scope, service);
        for parent in shares::parents(service) {
            if self.reference(parent).is_none() {
                preflight::parent_missing(&mut self.builder, service, parent);
            }
        }
    }

    /// Returns the steps after which a container of a service can have a name.
    pub(crate) fn name_is_free(&self, service: &Service, name: &ContainerName) -> Vec<StepId> {
        let verdict = claims::decide(self.scope, &NameClaim { service, name });
        let mut steps = claims::free_after(&self.builder, &verdict);
        steps.extend(&self.freed.steps);
        steps
    }

    /// Returns the steps after which the networks and volumes of a service exist.
    pub(crate) fn resource_steps(&self, service: &Service) -> Vec<StepId> {
        let networks = service.networks.keys().filter_map(|key| self.networks.ready.get(key));
        let volumes = service.volumes.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { key, .. } => self.volumes.ready.get(key),
            _ => None,
        });
        networks.chain(volumes).flatten().copied().collect()
    }

    /// Plans a replica that is missing.
    pub(crate) fn create(&mut self, service: &Service, number: u32) {
        let Scope { project, world, .. } = self.scope;
        let mut containers = world.observed.containers.of_service(project.name.as_str(), service.name.as_str());
        // The old container of this number, if it is removed because one of its volumes is created anew.
        let predecessor = containers
            .find(|one| self.volumes.users.contains_key(&one.id) && one.number() == Some(number) && !one.is_oneoff());
        let reason = predecessor
            .and_then(|one| self.volumes.users.get(&one.id))
            .map_or(Reason::Missing, |key| Reason::UsesChangedVolume(key.clone()));
        let inherited = predecessor.map(|one| self.inherited_volumes(service, one)).unwrap_or_default();
        let is_replaced = predecessor.is_some();
        let (spec, references, mut requires) = self.specify(service, number, inherited);
        requires.extend(self.name_is_free(service, &spec.name));
        // Containers that are removed because of a volume hold names and ports, too.
        requires.extend(self.volumes.removals_beside(&requires).to_vec());
        self.check_made(service, &spec.name, &spec);
        let target = replica_target(service, number, &spec.name);
        let action = Action::CreateContainer { spec: Box::new(spec), references };
        let created = self.builder.step(&target, action, reason.clone(), requires);
        let container = ContainerRef::Planned(created);
        let started = self.start(service, &target, &container, vec![created], reason);
        if let Some(done) = self.done.get_mut(&service.name) {
            done.is_replaced |= is_replaced;
        }
        self.push(service, Replica { target, container, started, untouched: None, waits: BTreeMap::new() });
    }

    /// Plans the start of a container after `requires` and the dependencies of its service, its hooks, and the wait
    /// that shows whether it stays up. Returns the steps after which the container is started; without `start` these
    /// are `requires`.
    pub(crate) fn start(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        mut requires: Vec<StepId>,
        reason: Reason,
    ) -> Vec<StepId> {
        if !self.scope.options.start {
            return requires;
        }
        let (needed, optional) = self.conditions(service);
        requires.extend(needed);
        requires.extend(self.handovers.before(&service.name));
        requires.extend(self.departures_of_givers(service));
        match container {
            // The creation already comes after the removals because of volumes.
            ContainerRef::Planned(_) => requires.extend(&self.orphans_gone),
            ContainerRef::Existing(_) => requires.extend(self.departed()),
        }
        let start = Action::StartContainer { container: container.clone() };
        let started = self.builder.step(target, start, reason, requires);
        self.builder.after(started, optional);
        vec![self.verify(service, target, container, started)]
    }

    /// Plans that configs and secrets are copied into a container that has never run. The engine does not tell whether
    /// the interrupted run that created the container also copied them.
    pub(crate) fn put_files(
        &mut self,
        service: &Service,
        container: &ObservedContainer,
        number: u32,
        target: &Target,
        requires: &[StepId],
    ) -> Option<StepId> {
        if container.state != ContainerState::Created || !self.scope.options.start {
            return None;
        }
        let (spec, _, _) = self.specify(service, number, BTreeMap::new());
        if spec.files.is_empty() {
            return None;
        }
        let action = Action::PutFiles { container: ContainerRef::Existing(container.id.clone()), files: spec.files };
        Some(self.builder.step(target, action, Reason::NeverRan, requires.iter().copied()))
    }

    /// Adds a replica to the plan of its service.
    pub(crate) fn push(&mut self, service: &Service, replica: Replica) {
        if let Some(done) = self.done.get_mut(&service.name) {
            done.replicas.push(replica);
        }
    }
}
