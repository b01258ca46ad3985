//! Images: which of them must be pulled or built before containers can be planned.
//!
//! Images have a plan of their own, which is run before `up` is planned. A container must be recreated where the id of
//! its image has changed, and the new id is known only once the image has been pulled or built. Start at [`images`].

use std::collections::{BTreeMap, BTreeSet};

use super::builds::{self, Builds};
use super::image_options::{ImageOptions, PullPolicy};
use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{Build, BuildRequest, ImageRef, Observed, Project, Service, familiar};
use crate::plan::builder::Builder;
use crate::plan::container::naming;
use crate::plan::{Action, Plan, Reason, StepId, Target, UpOptions, scope};

/// What a plan must do to have one image.
enum ImageNeed {
    Nothing,
    Pull(Reason),
    Build(Reason),
    Impossible(&'static str),
}

/// Plans the pulls and builds for the selected services. An image that several services use is pulled once.
pub fn images(project: &Project, observed: &Observed, options: &UpOptions, wish: &ImageOptions) -> Plan {
    let mut builder = Builder::new(&project.name);
    let graph = Graph::new(&project.services);
    let selected = scope::selected(&graph, project, options);
    let mut pulled = BTreeSet::new();
    let mut built: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut alike = BTreeMap::new();
    let builds = Builds::new(project, observed, options.separator, wish);
    let services = in_build_order(project, &selected);
    let made = made(project, &services, observed, options, wish);
    for service in services {
        if service.provider.is_some() {
            continue;
        }
        let image = naming::image_of(project, service, options.separator);
        let target = Target::Image { service: service.name.clone(), image: image.clone() };
        // A service without `build` may use the image that another service builds.
        if service.build.is_none() && made.contains(&familiar(image.as_str())) {
            continue;
        }
        match need(service, &image, observed, wish) {
            ImageNeed::Nothing => {}
            ImageNeed::Pull(reason) => {
                if pulled.insert(familiar(image.as_str())) {
                    let action = Action::PullImage { image, platform: service.platform.clone() };
                    let step = builder.step(&target, action, reason, []);
                    if wish.ignore_pull_failures {
                        builder.optional(step);
                    }
                }
            }
            ImageNeed::Build(reason) => {
                if let Some(build) = &service.build {
                    let request = builds.request(service, build, &image);
                    if let Some(step) = share(&mut builder, &request) {
                        built.insert(service.name.as_str(), step);
                        continue;
                    }
                    let first = contexts(build).filter_map(|name| built.get(name).copied());
                    let requires: Vec<StepId> = first.collect();
                    let recipe = builds::recipe(&request, observed);
                    let step = builder.step(&target, Action::BuildImage(Box::new(request)), reason, requires);
                    builder.after(step, recipe.and_then(|recipe| alike.insert(recipe, step)));
                    built.insert(service.name.as_str(), step);
                }
            }
            ImageNeed::Impossible(why) => builder.tell(
                Diagnostic::error(
                    "image-missing",
                    service.image_span,
                    format!("there is no image `{image}` for service `{}`", service.name),
                )
                .at(format!("services.{}.image", service.name))
                .cause(why)
                .help("pull or build it first, or change the policy"),
            ),
        }
    }
    builder.finish()
}

/// Returns the names of the images that these services build.
fn made(
    project: &Project,
    services: &[&Service],
    observed: &Observed,
    options: &UpOptions,
    wish: &ImageOptions,
) -> BTreeSet<String> {
    let names = services.iter().filter_map(|service| {
        let build = service.build.as_ref()?;
        let image = naming::image_of(project, service, options.separator);
        let is_built = matches!(need(service, &image, observed, wish), ImageNeed::Build(_));
        is_built.then(|| std::iter::once(image.to_string()).chain(build.tags.iter().cloned()))
    });
    names.flatten().map(|name| familiar(&name)).collect()
}

/// Gives the image of a planned build further names, where that build differs in nothing else. Returns its step.
fn share(builder: &mut Builder, request: &BuildRequest) -> Option<StepId> {
    let (id, planned) = builder.builds().find(|(_, planned)| is_same(planned, request))?;
    for tag in &request.tags {
        if !planned.tags.contains(tag) {
            planned.tags.push(tag.clone());
        }
    }
    Some(id)
}

fn is_same(one: &BuildRequest, other: &BuildRequest) -> bool {
    *one == BuildRequest { tags: one.tags.clone(), ..other.clone() }
}

/// Returns what the plan must do about the image of a service, by the command, the options and the pull policy.
fn need(service: &Service, image: &ImageRef, observed: &Observed, wish: &ImageOptions) -> ImageNeed {
    let is_there = observed.image(image.as_str()).is_some();
    let own = service.pull_policy.as_deref().and_then(PullPolicy::parse);
    let policy = wish.pull.or(own);
    if wish.only_pull {
        return match service.build.is_some() && (wish.ignore_buildable || service.image.is_none()) {
            true => ImageNeed::Nothing,
            false if own == Some(PullPolicy::Never) || own == Some(PullPolicy::Build) => ImageNeed::Nothing,
            false if policy == Some(PullPolicy::Missing) && is_there => ImageNeed::Nothing,
            false => ImageNeed::Pull(Reason::Command("pull")),
        };
    }
    if wish.only_build && service.build.is_none() {
        return ImageNeed::Nothing;
    }
    if service.build.is_some() {
        return need_of_buildable(service, policy, is_there, wish);
    }
    match (policy.unwrap_or(PullPolicy::Missing), is_there) {
        (PullPolicy::Always, _) => ImageNeed::Pull(Reason::Asked("pull policy `always`")),
        (_, true) => ImageNeed::Nothing,
        (PullPolicy::Never, false) => ImageNeed::Impossible("its pull policy is `never`"),
        (PullPolicy::Build, false) => ImageNeed::Impossible("its pull policy is `build`, but it has no `build`"),
        (PullPolicy::Missing, false) => ImageNeed::Pull(Reason::Missing),
    }
}

/// Returns what the plan must do about the image of a service with `build`.
///
/// Compat: a missing image is built, and pulled only if the pull policy says so. docker compose asks the registry
/// first, where a stranger may have pushed an image of the same name.
fn need_of_buildable(service: &Service, policy: Option<PullPolicy>, is_there: bool, wish: &ImageOptions) -> ImageNeed {
    if wish.build && !wish.no_build {
        return ImageNeed::Build(Reason::Asked("--build"));
    }
    match (policy, is_there) {
        (Some(PullPolicy::Always), _) if service.image.is_some() => {
            ImageNeed::Pull(Reason::Asked("pull policy `always`"))
        }
        (Some(PullPolicy::Build), _) if !wish.no_build => ImageNeed::Build(Reason::Asked("pull policy `build`")),
        (_, true) => ImageNeed::Nothing,
        (Some(PullPolicy::Missing), false) if service.image.is_some() => ImageNeed::Pull(Reason::Missing),
        (_, false) if wish.no_build => ImageNeed::Impossible("it must be built, and `--no-build` forbids it"),
        (_, false) => ImageNeed::Build(Reason::Missing),
    }
}

/// Returns the selected services in the order of their builds. A service whose build uses another service's image as a
/// context (`additional_contexts: { base: service:base }`) comes after that service.
fn in_build_order<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> Vec<&'a Service> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for service in project.services.values().filter(|service| selected.contains(service.name.as_str())) {
        visit(project, service, &mut seen, &mut order);
    }
    order
}

/// Adds a service to the order, after the services whose images its build uses.
fn visit<'a>(project: &'a Project, service: &'a Service, seen: &mut BTreeSet<&'a str>, order: &mut Vec<&'a Service>) {
    if !seen.insert(service.name.as_str()) {
        return;
    }
    for name in service.build.iter().flat_map(contexts) {
        if let Some(other) = project.service(name) {
            visit(project, other, seen, order);
        }
    }
    order.push(service);
}

/// Returns the names of the services whose images a build uses as contexts.
fn contexts(build: &Build) -> impl Iterator<Item = &str> {
    build.additional_contexts.values().filter_map(|context| context.strip_prefix("service:"))
}
