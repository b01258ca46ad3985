//! What a service needs from its image: a health check that others wait for, and a command to run.
//!
//! Planning does not ask the engine: the application inspects the images of [`images_in_doubt`] before. An image that
//! was not inspected is never a reason to refuse.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Condition, ImageFacts, Project, Service, ServiceName};
use crate::plan::builder::Builder;
use crate::plan::container::naming;
use crate::plan::options::Recreate;
use crate::plan::scope::Scope;
use crate::plan::{Action, Plan, Until};

/// Returns the names of the images on which the result of a check depends: the file leaves the health check or the
/// command to the image, and others wait for the service to be healthy or the container is new.
pub fn images_in_doubt(project: &Project, plan: &Plan, separator: char) -> BTreeSet<String> {
    let is_in_doubt = |action: &Action, service: &Service| match action {
        Action::CreateContainer { .. } => is_empty(&service.command) && is_empty(&service.entrypoint),
        Action::WaitFor { until: Until::Condition(Condition::Healthy), .. } => own_check(service).is_none(),
        _ => false,
    };
    let services = plan.steps.iter().filter_map(|step| {
        let service = project.service(step.target.service()?.as_str())?;
        is_in_doubt(&step.action, service).then_some(service)
    });
    services.map(|service| naming::image_of(project, service, separator).to_string()).collect()
}

/// Refuses a wait for the health of a service without a health check. For a dependency with `required: false` the
/// diagnostic is a warning.
pub(crate) fn healthcheck(builder: &mut Builder, scope: Scope<'_>, dependent: &Service, name: &ServiceName) {
    let (Some(service), Some(edge)) = (scope.project.services.get(name), dependent.depends_on.get(name)) else {
        return;
    };
    // With `--no-recreate` an old container stays, and may have a health check that the file no longer has.
    let has_check = own_check(service).or_else(|| facts(scope, service).map(|facts| facts.has_healthcheck));
    if has_check != Some(false) || scope.options.recreate == Recreate::Never {
        return;
    }
    let image = naming::image_of(scope.project, service, scope.options.separator);
    let message = format!(
        "service `{}` waits for `{name}` to be healthy, but neither the file nor the image `{image}` has a health check",
        dependent.name
    );
    let fault = match edge.required {
        true => Diagnostic::error("no-healthcheck", edge.span, message),
        false => Diagnostic::warning("no-healthcheck", edge.span, message),
    };
    let path = format!("services.{}.depends_on.{name}", dependent.name);
    builder
        .tell(fault.at(path).help(format!("give `{name}` a `healthcheck`, or wait with `condition: service_started`")));
}

/// Refuses a new container that has nothing to run.
pub(crate) fn command(builder: &mut Builder, scope: Scope<'_>, service: &Service) {
    if !is_empty(&service.command) || !is_empty(&service.entrypoint) {
        return;
    }
    let Some(facts) = facts(scope, service) else { return };
    // An empty `entrypoint` removes the image's entrypoint. An empty `command` removes nothing.
    if facts.has_command || (facts.has_entrypoint && service.entrypoint.is_none()) {
        return;
    }
    let image = naming::image_of(scope.project, service, scope.options.separator);
    let message = format!("service `{}` has no command, and neither has its image `{image}`", service.name);
    let fault = Diagnostic::error("no-command", service.span, message);
    builder.tell(fault.at(format!("services.{}.command", service.name)).help("say what to run: `command: [...]`"));
}

/// Returns whether a service has a health check by its file alone; `None` if the image decides.
fn own_check(service: &Service) -> Option<bool> {
    let check = service.healthcheck.as_ref()?;
    match check.is_disabled {
        true => Some(false),
        false => (!check.test.is_empty()).then_some(true),
    }
}

fn facts<'a>(scope: Scope<'a>, service: &Service) -> Option<&'a ImageFacts> {
    let observed = scope.world.observed;
    let image = naming::image_of(scope.project, service, scope.options.separator);
    observed.image_facts.get(observed.image(image.as_str())?)
}

fn is_empty(words: &Option<Vec<String>>) -> bool {
    words.as_ref().is_none_or(Vec::is_empty)
}
