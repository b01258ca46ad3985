//! Pushes: the images that are built here go to their registries.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::model::{ImageRef, Project, ServiceName, familiar};
use crate::plan::builder::Builder;
use crate::plan::{Action, Plan, Reason, Target, UpOptions, scope};

/// Plans the pushes for the selected services. Returns also the services that have nothing to push.
///
/// Compat: pushed is what has both `build` and `image`, and the tags of the build. An image that several services name is
/// pushed once.
pub fn pushes(project: &Project, options: &UpOptions, ignores_failures: bool) -> (Plan, Vec<ServiceName>) {
    let mut builder = Builder::new(&project.name);
    let graph = Graph::new(&project.services);
    let selected = scope::selected(&graph, project, options);
    let (mut pushed, mut left_out) = (BTreeSet::new(), Vec::new());
    for service in project.services.values().filter(|service| selected.contains(service.name.as_str())) {
        let (Some(build), Some(image)) = (&service.build, &service.image) else {
            left_out.push(service.name.clone());
            continue;
        };
        let tags = build.tags.iter().map(ImageRef::new);
        for image in std::iter::once(image.clone()).chain(tags).filter(|image| pushed.insert(familiar(image.as_str())))
        {
            let target = Target::Image { service: service.name.clone(), image: image.clone() };
            let step = builder.step(&target, Action::PushImage { image }, Reason::Command("push"), []);
            if ignores_failures {
                builder.optional(step);
            }
        }
    }
    (builder.finish(), left_out)
}
