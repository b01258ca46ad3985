//! Builds: the request for an image, and which services share one.

use std::collections::BTreeMap;

use crate::model::{
    Build, BuildContext, BuildRequest, FileSource, ImageRef, Observed, Project, Service, ServiceName, labels,
};
use crate::plan::container::naming;

use super::image_options::ImageOptions;

/// The inputs of a build: context, Dockerfile and inline Dockerfile.
pub(super) type Recipe = (String, Option<String>, Option<String>);

/// Returns the inputs of a build. Two builds of the classic builder with the same inputs must not run at the same time.
///
/// Example: `web` and `worker` are built from one Dockerfile at the same time, so each build creates its own layers.
/// The next run finds the layers of `web` in the cache and builds `worker` from them. The image of `worker` then has
/// another id, and its container is recreated without any change. If the builds run one after the other, `worker` uses
/// the layers of `web`. BuildKit itself carries a common step out once.
pub(super) fn recipe(request: &BuildRequest, observed: &Observed) -> Option<Recipe> {
    let context = match &request.context {
        BuildContext::Directory(path) => path.display().to_string(),
        BuildContext::Remote(url) => url.clone(),
    };
    // A build with `no_cache` uses no layers of another build, so it need not wait.
    let waits = !request.no_cache && !observed.engine.builder.is_buildkit();
    waits.then(|| (context, request.dockerfile.clone(), request.dockerfile_inline.clone()))
}

/// What a run needs to know to make the requests of its builds.
pub(super) struct Builds<'a> {
    project: &'a Project,
    observed: &'a Observed,
    wish: &'a ImageOptions,
    separator: char,
    /// The service whose name is on the image, of each group of services with one definition.
    namesakes: BTreeMap<&'a ServiceName, &'a ServiceName>,
}

impl<'a> Builds<'a> {
    pub(super) fn new(project: &'a Project, observed: &'a Observed, separator: char, wish: &'a ImageOptions) -> Self {
        let mut builds = Self { project, observed, wish, separator, namesakes: BTreeMap::new() };
        builds.namesakes = builds.groups();
        builds
    }

    /// Returns the first service of each service's group: of those whose builds differ in nothing but the names of their
    /// images. All services of the file count, so that an image does not depend on which of them are selected.
    fn groups(&self) -> BTreeMap<&'a ServiceName, &'a ServiceName> {
        let mut first: Vec<(BuildRequest, &'a ServiceName)> = Vec::new();
        let mut groups = BTreeMap::new();
        for service in self.project.services.values() {
            let Some(build) = &service.build else { continue };
            let definition = self.definition(service, build);
            let known = first.iter().find(|(other, _)| *other == definition).map(|(_, name)| *name);
            let name = known.unwrap_or(&service.name);
            if known.is_none() {
                first.push((definition, &service.name));
            }
            groups.insert(&service.name, name);
        }
        groups
    }

    /// Returns the build of a service's image as the engine gets it.
    pub(super) fn request(&self, service: &Service, build: &Build, image: &ImageRef) -> BuildRequest {
        let mut request = self.definition(service, build);
        let name = self.namesakes.get(&service.name).copied().unwrap_or(&service.name);
        request.labels.insert(labels::SERVICE.to_owned(), name.to_string());
        request.tags = std::iter::once(image.to_string()).chain(build.tags.iter().cloned()).collect();
        request
    }

    /// Returns the build without what differs between services with one definition: names and label of the image.
    fn definition(&self, service: &Service, build: &Build) -> BuildRequest {
        let mut all = build.labels.clone();
        all.insert(labels::PROJECT.to_owned(), self.project.name.to_string());
        all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
        let mut args = build.args.clone();
        args.extend(self.wish.build_args.clone());
        // A Dockerfile need not declare the proxies, and the engine keeps them out of the image's history.
        for (name, value) in &self.observed.engine.proxies.0 {
            args.entry(name.clone()).or_insert_with(|| Some(value.clone()));
        }
        BuildRequest {
            context: BuildContext::of(&build.context),
            dockerfile: build.dockerfile.clone(),
            dockerfile_inline: build.dockerfile_inline.clone(),
            tags: Vec::new(),
            args,
            labels: all,
            target: build.target.clone(),
            network: build.network.clone(),
            cache_from: build.cache_from.clone(),
            cache_to: build.cache_to.clone(),
            no_cache: build.no_cache || self.wish.no_cache,
            no_cache_filter: build.no_cache_filter.clone(),
            contexts: self.contexts(build),
            secrets: self.secrets(build),
            ssh: ssh(build),
            entitlements: entitlements(build),
            pull: build.pull || self.wish.pull_base,
            shm_size: build.shm_size,
            memory: self.wish.memory,
            extra_hosts: build.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect(),
            platform: service.platform.clone().or_else(|| build.platforms.first().cloned()),
            ulimits: build.ulimits.clone(),
            // Who says `build` wants the builder to be asked.
            skips_unchanged: !self.wish.only_build,
        }
    }

    /// Returns the additional contexts. The image of another service is one by its name.
    fn contexts(&self, build: &Build) -> BTreeMap<String, BuildContext> {
        let context = |text: &String| {
            let other = text.strip_prefix("service:").and_then(|name| self.project.service(name));
            match other {
                Some(other) => {
                    let image = naming::image_of(self.project, other, self.separator);
                    BuildContext::Remote(format!("docker-image://{}", image.as_str()))
                }
                None => BuildContext::of(text),
            }
        };
        build.additional_contexts.iter().map(|(name, text)| (name.clone(), context(text))).collect()
    }

    /// Returns the secrets by the ids that steps ask for. A secret that the file does not define is refused when the file is
    /// loaded.
    fn secrets(&self, build: &Build) -> BTreeMap<String, FileSource> {
        let secret = |reference: &crate::model::FileReference| {
            let id = reference.target.clone().filter(|id| !id.is_empty());
            let source = self.project.secrets.get(reference.source.as_str())?.source.clone();
            Some((id.unwrap_or_else(|| reference.source.clone()), source))
        };
        build.secrets.iter().filter_map(secret).collect()
    }
}

fn ssh(build: &Build) -> BTreeMap<String, Option<std::path::PathBuf>> {
    let path = |text: &String| (!text.is_empty()).then(|| text.into());
    build.ssh.iter().map(|(id, text)| (id.clone(), path(text))).collect()
}

/// `privileged` is the entitlement that lets a step ask for all rights; the Dockerfile must ask, too.
fn entitlements(build: &Build) -> Vec<String> {
    let all = build.privileged.then(|| "security.insecure".to_owned());
    let mut list: Vec<String> = build.entitlements.iter().cloned().chain(all).collect();
    list.sort();
    list.dedup();
    list
}
