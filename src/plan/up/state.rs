//! The state of a plan for `up` under construction.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Condition, ContainerId, ContainerName, ContainerState, Health, Observed, ObservedContainer, Project, ServiceName,
};
use crate::plan::builder::Builder;
use crate::plan::container::contents::Contents;
use crate::plan::resources::networks::Networks;
use crate::plan::resources::volumes;
use crate::plan::up::batch::Batch;
use crate::plan::up::swapped::Cleared;
use crate::plan::{ContainerRef, StepId, Target, UpOptions};

/// A plan for `up` under construction.
pub(crate) struct Up<'a> {
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
    pub waiting: BTreeMap<ServiceName, Vec<Batch>>,
    /// Orphans that are removed, by their names, each with its last step. What they were renamed to may write to the same
    /// data, so nothing starts before they are gone.
    pub orphans_gone: BTreeMap<ContainerName, StepId>,
}

/// What is planned for a service.
#[derive(Debug, Default)]
pub(crate) struct Done {
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
pub(crate) struct Replica {
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
    pub(crate) fn number(&self) -> u32 {
        match &self.target {
            Target::Container { number, .. } => *number,
            _ => 0,
        }
    }
}
