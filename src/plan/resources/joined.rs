//! Containers that share the network of another container (`network_mode: service:db`, `container:ID`) which the plan
//! starts or removes.
//!
//! Example: `web` shares the network of `db`. If the plan starts `db` again, `db` gets a new network, and `web` must be
//! restarted to join it ([`joined`]). If the plan removes `db` and leaves `web`, the user is warned ([`tell_cut_off`]).

use crate::diag::Diagnostic;
use crate::model::{ContainerState, ObservedContainer, Project, ServiceName, Span, labels};
use crate::plan::StepId;
use crate::plan::builder::Builder;
use crate::plan::container::replicas;
use crate::plan::world::World;

/// A running container that shares the network of a container which the plan starts again: its host.
pub(crate) struct Joined<'a> {
    pub container: &'a ObservedContainer,
    /// The service of the host.
    pub host: ServiceName,
    /// The step that starts the host.
    pub started: StepId,
}

/// Returns the running containers of the project that share the network of a container which the plan starts again, and
/// so need a restart. A container that the plan itself stops, starts or removes is left out.
pub(crate) fn joined<'a>(builder: &Builder, project: &Project, world: impl Into<World<'a>>) -> Vec<Joined<'a>> {
    let world = world.into();
    let is_ours = |one: &&ObservedContainer| {
        one.label(labels::PROJECT) == Some(project.name.as_str()) && one.state == ContainerState::Running
    };
    let join = |container: &'a ObservedContainer| {
        let host = host_of(container, world)?;
        let started = builder.start_of(&host.id)?;
        Some(Joined { container, host: host.service()?.into(), started })
    };
    let joined = world.containers().filter(is_ours).filter_map(join);
    joined.filter(|one| !builder.is_moved(&one.container.id)).collect()
}

/// Returns the container whose network a container shares.
fn host_of<'a>(container: &ObservedContainer, world: World<'a>) -> Option<&'a ObservedContainer> {
    let host = container.network_mode.strip_prefix("container:")?;
    world.by_id(host)
}

/// Warns of running containers that lose their network because the plan removes the container that has it. The plan
/// does not recreate them, because their services are not selected.
pub(crate) fn tell_cut_off(builder: &mut Builder, project: &Project, world: World<'_>) {
    for container in world.containers().filter(|one| replicas::is_up(one)) {
        let host = host_of(container, world).filter(|host| builder.removal_of(&host.id).is_some());
        if let Some(host) = host.filter(|_| !builder.is_moved(&container.id)) {
            builder.tell(cut_off(project, container, host));
        }
    }
}

/// Returns the warning for a container that loses its network.
fn cut_off(project: &Project, container: &ObservedContainer, host: &ObservedContainer) -> Diagnostic {
    let name = |one: &ObservedContainer| crate::text::escape_controls(one.name.as_str()).into_owned();
    let message = format!(
        "container `{}` will have no network: it shares that of `{}`, which is removed",
        name(container),
        name(host)
    );
    let is_ours = container.label(labels::PROJECT) == Some(project.name.as_str()) && !container.is_oneoff();
    let service = container.service().filter(|_| is_ours).and_then(|name| project.service(name));
    match service {
        Some(service) => Diagnostic::warning("joined-cut-off", service.span, message)
            .at(format!("services.{}.network_mode", service.name))
            .help(format!("afterwards recreate it: `inception up -d {}`", service.name)),
        None => Diagnostic::warning("joined-cut-off", Span::NONE, message).help("afterwards recreate it"),
    }
}
