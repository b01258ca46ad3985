//! Images: which of them must be pulled or built before containers can be planned.
//!
//! Images have a plan of their own, which is run before `up` is planned. A container must be recreated where the id of
//! its image has changed, and the new id is known only once the image has been pulled or built. Start at [`images`].

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{Build, BuildContext, BuildRequest, ImageRef, Observed, Project, Service, labels};
use crate::plan::builder::Builder;
use crate::plan::container::naming;
use crate::plan::{Action, Plan, Reason, StepId, Target, UpOptions, scope};

/// What the user asks for about images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageOptions {
    /// Build every image whose service has `build` (`--build`, the command `build`).
    pub build: bool,
    /// Never build (`--no-build`).
    pub no_build: bool,
    /// `--pull`, or the command `pull`.
    pub pull: Option<PullPolicy>,
    /// Only build, never pull (the command `build`).
    pub only_build: bool,
    /// Only pull, never build (the command `pull`).
    pub only_pull: bool,
    /// Pull no image whose service has `build` (`--ignore-buildable`).
    pub ignore_buildable: bool,
    /// `build --no-cache`.
    pub no_cache: bool,
    /// `build --pull`: look for newer base images.
    pub pull_base: bool,
    /// `build --build-arg`.
    pub build_args: BTreeMap<String, Option<String>>,
    /// `build --memory`, in bytes; 0 is no limit.
    pub memory: u64,
    /// `pull --ignore-pull-failures`.
    pub ignore_pull_failures: bool,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// In every run.
    Always,
    /// When the engine does not have the image.
    Missing,
    /// Never.
    Never,
    /// Never: the image is built.
    Build,
}

impl PullPolicy {
    /// Parses a pull policy; `None` for an unknown word. Time-based policies (`daily`, `every_12h`, ...) count as
    /// `missing`, because an engine does not tell when an image was last pulled.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "always" => Some(Self::Always),
            "missing" | "if_not_present" | "daily" | "weekly" | "refresh" => Some(Self::Missing),
            "never" => Some(Self::Never),
            "build" => Some(Self::Build),
            word if word.starts_with("every_") => Some(Self::Missing),
            _ => None,
        }
    }
}

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
    for service in in_build_order(project, &selected) {
        if service.provider.is_some() {
            continue;
        }
        let image = naming::image_of(project, service, options.separator);
        let target = Target::Image { service: service.name.clone(), image: image.clone() };
        match need(service, &image, observed, wish) {
            ImageNeed::Nothing => {}
            ImageNeed::Pull(reason) => {
                if pulled.insert(crate::model::familiar(image.as_str())) {
                    let action = Action::PullImage { image, platform: service.platform.clone() };
                    let step = builder.step(&target, action, reason, []);
                    if wish.ignore_pull_failures {
                        builder.optional(step);
                    }
                }
            }
            ImageNeed::Build(reason) => {
                if let Some(build) = &service.build {
                    let mut request = request(project, service, build, &image, wish);
                    add_proxies(&mut request, observed);
                    let first = contexts(build).filter_map(|name| built.get(name).copied());
                    let requires: Vec<StepId> = first.collect();
                    let recipe = recipe(&request);
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

/// The inputs of a build: context, Dockerfile and inline Dockerfile.
type Recipe = (String, Option<String>, Option<String>);

/// Returns the inputs of a build. Two builds with the same inputs must not run at the same time.
///
/// Example: `web` and `worker` are built from one Dockerfile at the same time, so each build creates its own layers.
/// The next run finds the layers of `web` in the cache and builds `worker` from them. The image of `worker` then has
/// another id, and its container is recreated without any change. If the builds run one after the other, `worker` uses
/// the layers of `web`.
fn recipe(request: &BuildRequest) -> Option<Recipe> {
    let context = match &request.context {
        BuildContext::Directory(path) => path.display().to_string(),
        BuildContext::Remote(url) => url.clone(),
    };
    // A build with `no_cache` uses no layers of another build, so it need not wait.
    (!request.no_cache).then(|| (context, request.dockerfile.clone(), request.dockerfile_inline.clone()))
}

/// Adds the proxies of docker's configuration as build arguments, unless the build sets these arguments. A Dockerfile
/// need not declare them, and the engine keeps them out of the image's history.
fn add_proxies(request: &mut BuildRequest, observed: &Observed) {
    for (name, value) in &observed.engine.proxies.0 {
        request.args.entry(name.clone()).or_insert_with(|| Some(value.clone()));
    }
}

/// Returns the build of a service's image as the engine gets it.
fn request(project: &Project, service: &Service, build: &Build, image: &ImageRef, wish: &ImageOptions) -> BuildRequest {
    let mut all = build.labels.clone();
    all.insert(labels::PROJECT.to_owned(), project.name.to_string());
    all.insert(labels::SERVICE.to_owned(), service.name.to_string());
    all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
    let mut args = build.args.clone();
    args.extend(wish.build_args.clone());
    let mut tags = vec![image.to_string()];
    tags.extend(build.tags.iter().cloned());
    BuildRequest {
        context: BuildContext::of(&build.context),
        dockerfile: build.dockerfile.clone(),
        dockerfile_inline: build.dockerfile_inline.clone(),
        tags,
        args,
        labels: all,
        target: build.target.clone(),
        network: build.network.clone(),
        cache_from: build.cache_from.clone(),
        no_cache: build.no_cache || wish.no_cache,
        pull: build.pull || wish.pull_base,
        shm_size: build.shm_size,
        memory: wish.memory,
        extra_hosts: build.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect(),
        platform: service.platform.clone().or_else(|| build.platforms.first().cloned()),
        ulimits: build.ulimits.clone(),
    }
}
