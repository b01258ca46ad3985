//! The state of a plan for `up` under construction, and who owns which part of it.
//!
//! This file uses none of the files that fill the state: each of those adds methods to [`Up`].

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Condition, ContainerId, ContainerState, Contents, Health, ServiceName};
use crate::plan::builder::Builder;
use crate::plan::resources::networks::Networks;
use crate::plan::resources::volumes::Volumes;
use crate::plan::scope::Scope;
use crate::plan::up::batch::Batch;
use crate::plan::up::exchanged_names::FreedNames;
use crate::plan::{ContainerRef, StepId, Target};

/// A plan for `up` under construction.
pub(crate) struct Up<'a> {
    /// The project, the selected services, the options, and the containers as the first steps of the plan leave them.
    pub scope: Scope<'a>,
    pub contents: &'a Contents,
    pub builder: Builder,
    pub networks: Networks,
    pub volumes: Volumes,
    pub freed: FreedNames,
    /// Selected services that are only there for dependents with `required: false`.
    pub spared: BTreeSet<&'a str>,
    /// The services that are planned already.
    pub done: BTreeMap<ServiceName, Done>,
    pub handovers: Handovers,
    pub families: Families,
    /// The removals of orphans. An orphan may be a renamed service that writes to the same data, so no container starts
    /// before the orphans are removed.
    pub orphans_gone: Vec<StepId>,
}

/// What a plan knows of networks, volumes and names before its services are planned.
pub(crate) struct Ground {
    pub builder: Builder,
    pub networks: Networks,
    pub volumes: Volumes,
    pub freed: FreedNames,
}

impl<'a> Up<'a> {
    /// Makes the state before the first service.
    pub(crate) fn on(ground: Ground, scope: Scope<'a>, contents: &'a Contents) -> Self {
        let Ground { builder, networks, volumes, freed } = ground;
        Self {
            scope,
            contents,
            builder,
            networks,
            volumes,
            freed,
            spared: BTreeSet::new(),
            done: BTreeMap::new(),
            handovers: Handovers::default(),
            families: Families::default(),
            orphans_gone: Vec::new(),
        }
    }
}

/// Host ports and addresses that pass from one service to another.
#[derive(Debug, Default)]
pub(crate) struct Handovers {
    /// The steps that free what a service takes over.
    pub steps: BTreeMap<ServiceName, Vec<StepId>>,
    /// The services that a service takes something over from.
    pub givers: BTreeMap<ServiceName, Vec<ServiceName>>,
    /// Replacements that are created before their service is planned. The key is the old container, which hands
    /// something over and stops only when its replacement exists.
    pub begun: BTreeMap<ContainerId, StepId>,
}

impl Handovers {
    /// Returns the steps that free what a service takes over.
    pub(crate) fn before(&self, service: &ServiceName) -> impl Iterator<Item = StepId> {
        self.steps.get(service).into_iter().flatten().copied()
    }
}

/// Services that are replaced and given back together: they share a namespace or volumes, or hand something over to
/// each other.
#[derive(Debug, Default)]
pub(crate) struct Families {
    /// The family of each service, named by the first of its members. A service that stands alone has none.
    families: BTreeMap<ServiceName, ServiceName>,
    /// The replacements of families of which some member is not planned yet.
    pub waiting: BTreeMap<ServiceName, Vec<Batch>>,
}

impl Families {
    /// Returns the family of a service.
    pub(crate) fn of(&self, service: &ServiceName) -> Option<&ServiceName> {
        self.families.get(service)
    }

    /// Returns the members of a family.
    pub(crate) fn members(&self, family: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        self.families.iter().filter(move |(_, of)| *of == family).map(|(name, _)| name)
    }

    /// Makes two services members of one family, with all who are in a family with one of them.
    pub(crate) fn unite(&mut self, one: &ServiceName, other: &ServiceName) {
        let of = |name: &ServiceName| self.families.get(name).unwrap_or(name).clone();
        let (first, second) = (of(one), of(other));
        let (kept, lost) = if first <= second { (first, second) } else { (second, first) };
        for family in self.families.values_mut().filter(|family| **family == lost) {
            *family = kept.clone();
        }
        self.families.insert(one.clone(), kept.clone());
        self.families.insert(other.clone(), kept.clone());
        self.families.insert(lost, kept);
    }
}

/// The part of a service's plan that its dependents need to know.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub replicas: Vec<Replica>,
    /// Whether a container of the service is replaced.
    pub is_replaced: bool,
    /// The removals of old containers, as far as they are planned.
    pub departures: Vec<StepId>,
    /// Whether a container that stays is started: then containers that share its network have lost it.
    pub is_started: bool,
}

/// One replica as the plan leaves it.
#[derive(Debug)]
pub(crate) struct Replica {
    pub target: Target,
    pub container: ContainerRef,
    /// Steps after which the replica is started; none if it runs already.
    pub started: Vec<StepId>,
    /// State, health and exit code of the container, if the plan leaves it alone.
    pub untouched: Option<(ContainerState, Health, Option<i64>)>,
    /// The waits for the replica that are planned so far, by condition.
    pub waits: BTreeMap<Condition, StepId>,
}

impl Replica {
    /// Returns the replica number.
    pub(crate) fn number(&self) -> u32 {
        match &self.target {
            Target::Container { number, .. } => *number,
            _ => 0,
        }
    }
}
