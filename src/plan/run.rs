//! `run`: a plan that creates a one-off container of a service and starts it.
//!
//! The dependencies of the service have been brought up before; here they are only waited for. Start at [`run`].

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::model::{ContainerName, Contents, Observed, Project, RestartPolicy, Service, ServiceName, labels};
use crate::plan::builder::Builder;
use crate::plan::checks::{machine, plugins, preflight};
use crate::plan::container::naming::replica_target;
use crate::plan::container::replicas;
use crate::plan::resources::{networks, orphans, volumes};
use crate::plan::scope::{Scope, networks_used, volumes_used};
use crate::plan::up::exchanged_names;
use crate::plan::up::state::{Done, Ground, Replica, Up};
use crate::plan::{Action, ContainerRef, Plan, Reason, UpOptions, hooks};

/// Why the steps are in the plan.
const REASON: Reason = Reason::Command("run");

/// The one-off container of a `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOff {
    /// The service, as the command line has changed it.
    pub service: ServiceName,
    /// The container's name.
    pub name: ContainerName,
    /// The random word that tells the container from others (label `com.docker.compose.slug`).
    pub slug: String,
    /// The process of this program that the container's streams are connected to (label `dev.inception.client`); `None` for a
    /// container that is left to itself.
    pub client: Option<String>,
    /// The engine removes the container when it has ended.
    pub auto_remove: bool,
    /// The container has the names of its service on its networks, as replicas have them.
    pub has_aliases: bool,
    /// Nothing is waited for.
    pub no_dependencies: bool,
}

/// Plans a one-off container. Networks and volumes that exist are used as they are found: `project` says so by calling them
/// external.
pub fn run(project: &Project, observed: &Observed, contents: &Contents, options: &UpOptions, one: &OneOff) -> Plan {
    let mut builder = Builder::new(&project.name);
    let Some(service) = project.services.get(&one.service) else { return builder.finish() };
    // No replica of any service is part of this run.
    let (selected, own) = (BTreeSet::new(), BTreeSet::from([service.name.as_str()]));
    let scope = Scope { project, world: observed.into(), selected: &selected, options };
    let (volumes_used, networks_used) = (volumes_used(project, &own), networks_used(project, &own));
    if service.provider.is_some() {
        let message = format!("service `{}` is made by a provider, which is not supported", service.name);
        builder.tell(
            Diagnostic::error("provider", service.span, message).at(format!("services.{}.provider", service.name)),
        );
        return builder.finish();
    }
    preflight::engine(&mut builder, observed, service);
    preflight::mac_address(&mut builder, service);
    preflight::left_out(&mut builder, observed, service);
    plugins::check(&mut builder, Scope { selected: &own, ..scope }, (&volumes_used, &networks_used));
    machine::check(&mut builder, Scope { selected: &own, ..scope }, &networks_used);
    let orphans_gone = orphans::plan(&mut builder, project, observed, options);
    let volumes = volumes::plan(&mut builder, scope, &volumes_used);
    let survey = networks::survey(&mut builder, scope, &networks_used);
    let networks = networks::make_all(&mut builder, scope, survey, &orphans_gone, &BTreeMap::new());
    let freed = exchanged_names::free(&mut builder, scope);
    let done = if one.no_dependencies { BTreeMap::new() } else { dependencies(scope, service) };
    let mut up = Up::on(Ground { builder, networks, volumes, freed }, scope, contents);
    (up.done, up.orphans_gone) = (done, orphans_gone);
    up.one_off(service, one);
    up.builder.finish()
}

/// Returns the containers of the services that a service depends on, as they were found.
fn dependencies(scope: Scope<'_>, service: &Service) -> BTreeMap<ServiceName, Done> {
    let replicas = |name: &ServiceName| {
        let found = replicas::of_service(scope.world, scope.project, name.as_str());
        let replica = |one: &crate::model::ObservedContainer| Replica {
            target: replicas::target_of(one),
            container: ContainerRef::Existing(one.id.clone()),
            started: Vec::new(),
            untouched: Some((one.state, one.health, one.exit_code)),
            waits: BTreeMap::new(),
        };
        let mut all: Vec<Replica> = found.map(replica).collect();
        all.sort_by_key(Replica::number);
        Done { replicas: all, ..Done::default() }
    };
    service.depends_on.keys().map(|name| (name.clone(), replicas(name))).collect()
}

impl Up<'_> {
    fn one_off(&mut self, service: &Service, one: &OneOff) {
        let (mut spec, references, mut requires) = self.specify(service, 1, BTreeMap::new());
        let has_replicas =
            replicas::of_service(self.scope.world, self.scope.project, service.name.as_str()).count() > 0;
        for endpoint in &mut spec.networks {
            let of_replica = spec.name.to_string();
            endpoint.aliases.retain(|alias| one.has_aliases && *alias != of_replica);
            endpoint.aliases.insert(0, one.name.to_string());
            if has_replicas {
                // Fixed addresses are the replica's.
                (endpoint.ipv4_address, endpoint.ipv6_address, endpoint.mac_address) = (None, None, None);
            }
        }
        if has_replicas {
            spec.mac_address = None;
        }
        spec.name = one.name.clone();
        spec.restart = RestartPolicy::No;
        spec.attach = one.client.is_some();
        spec.stdin_once = spec.attach && spec.stdin_open;
        spec.auto_remove = one.auto_remove;
        spec.labels.remove(labels::NUMBER);
        spec.labels.insert(labels::ONEOFF.to_owned(), "True".to_owned());
        spec.labels.insert(labels::SLUG.to_owned(), one.slug.clone());
        if let Some(client) = &one.client {
            spec.labels.insert(labels::CLIENT.to_owned(), client.clone());
        }
        self.check_made(service, &spec.name, &spec);
        let (needed, optional) = self.conditions(service);
        requires.extend(needed);
        requires.extend(&self.orphans_gone);
        let target = replica_target(service, 0, &spec.name);
        let action = Action::CreateContainer { spec: Box::new(spec), references };
        let created = self.builder.step(&target, action, REASON, requires);
        self.builder.after(created, optional);
        let container = ContainerRef::Planned(created);
        let start = Action::StartContainer { container: container.clone() };
        let started = self.builder.step(&target, start, REASON, [created]);
        // The container may have ended before its hooks have run.
        for hook in hooks::plan_after(&mut self.builder, &service.post_start, &target, &container, &[started]) {
            self.builder.optional(hook);
        }
    }
}
