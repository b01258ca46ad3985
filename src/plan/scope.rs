//! What the parts of a plan for `up` are made from.

use std::collections::BTreeSet;

use super::options::UpOptions;
use super::orphans;
use super::up::wanted;
use crate::model::{Observed, ObservedContainer, Project, Service, labels};

/// What `up` is about, and what it is asked.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub project: &'a Project,
    pub observed: &'a Observed,
    /// The services this run is about.
    pub selected: &'a BTreeSet<&'a str>,
    pub options: &'a UpOptions,
}

impl<'a> Scope<'a> {
    /// Returns the services this run is about.
    pub(super) fn services(self) -> impl Iterator<Item = &'a Service> {
        self.project.services.values().filter(move |service| self.selected.contains(service.name.as_str()))
    }

    /// Returns those of them that containers are wanted of.
    pub(super) fn wanted(self) -> impl Iterator<Item = &'a Service> {
        self.services().filter(move |service| wanted(service, self.options) > 0)
    }

    /// Whether a container is one that this run replaces, keeps or removes as the file says.
    pub(super) fn gives_way(self, container: &ObservedContainer) -> bool {
        let service = container.service().unwrap_or_default();
        let is_orphan = self.project.service(service).is_none();
        container.label(labels::PROJECT) == Some(self.project.name.as_str())
            && !container.is_oneoff()
            && match is_orphan {
                true => self.options.remove_orphans && !orphans::is_from_elsewhere(self.project, container),
                false => self.selected.contains(service),
            }
    }
}
