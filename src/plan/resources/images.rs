//! Images: what must be pulled or built before containers can be planned.
//!
//! A plan of its own: whether containers must be recreated is known only when the images are there.

use crate::model::labels;
use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{Build, BuildContext, BuildRequest, ImageRef, Observed, Project, Service};
use crate::plan::builder::Builder;
use crate::plan::container::naming;
use crate::plan::{Action, Plan, Reason, StepId, Target, UpOptions, scope};

/// What the user asked about images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageOptions {
    /// Build what can be built (`--build`, the command `build`).
    pub build: bool,
    /// Never build (`--no-build`).
    pub no_build: bool,
    /// `--pull`, or the command `pull`.
    pub pull: Option<PullPolicy>,
    /// Only build, never pull (the command `build`).
    pub only_build: bool,
    /// Only pull, never build (the command `pull`).
    pub only_pull: bool,
    /// Leave services with `build` alone when pulling (`--ignore-buildable`).
    pub ignore_buildable: bool,
    /// `build --no-cache`.
    pub no_cache: bool,
    /// `build --pull`: look for newer base images.
    pub pull_base: bool,
    /// `build --build-arg`.
    pub build_args: BTreeMap<String, Option<String>>,
    /// `pull --ignore-pull-failures`.
    pub ignore_pull_failures: bool,
}

/// When to pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Every time.
    Always,
    /// When there is no such image.
    Missing,
    /// Never.
    Never,
    /// Build instead.
    Build,
}

impl PullPolicy {
    /// Reads a policy's word. Time-based ones (`daily`, `every_12h`, ...) count as `missing`: an engine does not tell
    /// when a name was last pulled.
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

/// What must happen to one image.
enum ImageNeed {
    Nothing,
    Pull(Reason),
    Build(Reason),
    Impossible(&'static str),
}

/// Plans pulls and builds for the selected services. Names wanted by several services are pulled once.
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
                    let request = request(project, service, build, &image, wish);
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

/// Compat: what can be built is built and not looked for in a registry, unless its pull policy says so. docker compose
/// asks the registry first, where a stranger may have put something of the same name.
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

/// Services whose build takes another's image as a context come after it.
fn in_build_order<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> Vec<&'a Service> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for service in project.services.values().filter(|service| selected.contains(service.name.as_str())) {
        visit(project, service, &mut seen, &mut order);
    }
    order
}

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

/// Returns the services whose images a build uses as contexts.
fn contexts(build: &Build) -> impl Iterator<Item = &str> {
    build.additional_contexts.values().filter_map(|context| context.strip_prefix("service:"))
}

/// What a build reads: context, Dockerfile and inline Dockerfile.
type Recipe = (String, Option<String>, Option<String>);

/// Returns what builds have in common that must not run at once. Two builds of one Dockerfile at the same time each make
/// their own layers of the same steps; the next run finds the layers of one of them, builds the other anew on these, and
/// its container would be recreated though nothing changed. One after the other, the second takes the first one's layers.
fn recipe(request: &BuildRequest) -> Option<Recipe> {
    let context = match &request.context {
        BuildContext::Directory(path) => path.display().to_string(),
        BuildContext::Remote(url) => url.clone(),
    };
    // Without a cache nothing is taken from another.
    (!request.no_cache).then(|| (context, request.dockerfile.clone(), request.dockerfile_inline.clone()))
}

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
        extra_hosts: build.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect(),
        platform: service.platform.clone().or_else(|| build.platforms.first().cloned()),
        ulimits: build.ulimits.clone(),
    }
}
