//! Configs and secrets: which of them are mounted and which are copied into the container, and with which owner.
//!
//! A content that is no file of the host is copied into the container. A file of the host is mounted, unless the mount
//! would not do what the file says: its `uid`, `gid` or `mode` is set, the container's user may not read it, or the
//! engine may not have it. Then it is copied. A copied file belongs to the container's user, unless the service sets an
//! owner. Start at [`files`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diag::Diagnostic;
use crate::model::{
    ContainerSpec, Content, Contents, Copied, FileReference, FileSource, FileSpec, HostFile, ImageId, MountKind,
    MountSpec, Observed, Project, Secret, Service,
};
use crate::plan::container::mounts::{file_target, is_below_mount};
use crate::plan::{Action, Plan, Step};

/// The mode of a file if the service sets none, as the specification says.
const MODE: u32 = 0o444;
/// A user who may read only what everybody may read.
const NOBODY: &str = "65534:65534";

/// A config or secret of a service, with what is known about it.
struct Wanted<'a> {
    kind: &'static str,
    reference: &'a FileReference,
    object: &'a Secret,
    content: Option<&'a Content>,
    /// The path in the container.
    target: String,
}

/// Adds the configs and secrets of a service to a specification. `image_user`: the user of the image, if known.
pub(crate) fn files(
    project: &Project,
    service: &Service,
    contents: &Contents,
    image_user: Option<&str>,
    spec: &mut ContainerSpec,
) {
    for wanted in wanted(project, service, contents) {
        let bytes = wanted.content.and_then(|content| content.bytes.clone());
        let FileSource::File(path) = &wanted.object.source else {
            spec.files.extend(bytes.map(|content| file_spec(&wanted, content, None)));
            continue;
        };
        let why = why_copied(service, contents, image_user, &wanted, path);
        match why.zip(bytes).filter(|_| obstacle(service, &wanted).is_none()) {
            Some((why, content)) => spec.files.push(file_spec(&wanted, content, Some(why))),
            None => spec.mounts.push(file_mount(path, wanted.target)),
        }
    }
}

/// Returns warnings about files that are mounted although they should be copied.
pub(crate) fn told(
    project: &Project,
    service: &Service,
    contents: &Contents,
    image_user: Option<&str>,
) -> Vec<Diagnostic> {
    let warning = |wanted: Wanted<'_>| {
        let FileSource::File(path) = &wanted.object.source else { return None };
        let why = why_copied(service, contents, image_user, &wanted, path)?;
        let is_known = wanted.content.is_some_and(|content| content.bytes.is_some());
        let obstacle = obstacle(service, &wanted)
            .or_else(|| (!is_known).then_some("it is a directory, larger than 64 MiB, or not readable here"))?;
        let Wanted { kind, reference, .. } = wanted;
        let what = match why {
            Copied::Asked => "`uid`, `gid` and `mode` have no effect",
            Copied::Unreadable => "the container's user may not be able to read it",
            Copied::Elsewhere => "the engine will look for the file on its own machine",
        };
        let message = format!("service `{}`: {kind} `{}` is mounted, so {what}", service.name, reference.source);
        let cause = format!("a copy would be needed ({}), but {obstacle}", why.reason());
        let path = format!("services.{}.{kind}s", service.name);
        let fault = Diagnostic::warning("content-mounted", reference.span, message).at(path).cause(cause);
        Some(fault.help("give the file on the host the owner and mode that the container needs"))
    };
    wanted(project, service, contents).filter_map(warning).collect()
}

/// Returns the images whose user must be known to decide whether a file can be mounted into a new container.
pub fn images_with_unknown_user(
    project: &Project,
    plan: &Plan,
    contents: &Contents,
    observed: &Observed,
) -> BTreeSet<ImageId> {
    let is_open = |service: &Service, wanted: &Wanted<'_>| match &wanted.object.source {
        FileSource::File(path) => {
            let why = |user| why_copied(service, contents, user, wanted, path);
            why(None).is_none() && why(Some(NOBODY)).is_some()
        }
        _ => false,
    };
    let image = |step: &Step| {
        let Action::CreateContainer { spec, .. } = &step.action else { return None };
        let service = project.service(step.target.service()?.as_str()).filter(|service| service.user.is_none())?;
        let image = observed.image(spec.image.as_str()).filter(|image| !observed.image_facts.contains_key(*image))?;
        wanted(project, service, contents).any(|one| is_open(service, &one)).then(|| image.clone())
    };
    plan.steps.iter().filter_map(image).collect()
}

fn wanted<'a>(project: &'a Project, service: &'a Service, contents: &'a Contents) -> impl Iterator<Item = Wanted<'a>> {
    let make = |kind, base, declared: &'a BTreeMap<String, Secret>, known: &'a BTreeMap<String, Content>| {
        move |reference: &'a FileReference| {
            Some(Wanted {
                kind,
                reference,
                object: declared.get(&reference.source)?,
                content: known.get(&reference.source),
                target: file_target(reference, base),
            })
        }
    };
    let secrets = make("secret", "/run/secrets/", &project.secrets, &contents.secrets);
    let configs = make("config", "/", &project.configs, &contents.configs);
    service.secrets.iter().filter_map(secrets).chain(service.configs.iter().filter_map(configs))
}

/// Returns why a file of the host should be copied; `None` if a mount has the same effect.
fn why_copied(
    service: &Service,
    contents: &Contents,
    image_user: Option<&str>,
    wanted: &Wanted<'_>,
    path: &Path,
) -> Option<Copied> {
    let file = contents.files.get(path)?;
    if wanted.reference.sets_owner_or_mode() {
        return Some(Copied::Asked);
    }
    if file.is_elsewhere {
        return Some(Copied::Elsewhere);
    }
    let user = service.user.as_deref().or(image_user);
    (!may_read(service, user, file)).then_some(Copied::Unreadable)
}

/// Returns why nothing can be copied to the target.
fn obstacle(service: &Service, wanted: &Wanted<'_>) -> Option<&'static str> {
    if service.read_only {
        return Some("the root of the container is read-only");
    }
    is_below_mount(service, &wanted.target).then_some("its path in the container lies below a mount")
}

/// Returns whether a user of a container may read a file of the host. An unknown user counts as root, because most
/// images set no user.
fn may_read(service: &Service, user: Option<&str>, file: &HostFile) -> bool {
    let (name, group) = user.unwrap_or_default().split_once(':').unwrap_or((user.unwrap_or_default(), ""));
    let uid = if matches!(name, "" | "root") { Some(0) } else { name.parse::<u32>().ok() };
    if uid == Some(0) && reads_everything(service) {
        return true;
    }
    let own_group = if group.is_empty() && uid == Some(0) { Some(0) } else { group.parse().ok() };
    let groups = service.group_add.iter().map(|group| group.parse::<u32>().ok()).chain([own_group]);
    let bit = if uid == Some(file.uid) {
        0o400
    } else if groups.flatten().any(|group| group == file.gid) {
        0o040
    } else {
        0o004
    };
    file.mode & bit != 0
}

/// Returns whether root in the container may read files of others. It may, unless the service drops the capability.
fn reads_everything(service: &Service) -> bool {
    let has = |list: &[String], words: &[&str]| {
        list.iter().any(|name| {
            let name = name.to_ascii_uppercase();
            words.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
        })
    };
    service.privileged
        || has(&service.cap_add, &["ALL", "DAC_OVERRIDE", "DAC_READ_SEARCH"])
        || !has(&service.cap_drop, &["ALL", "DAC_OVERRIDE"])
}

fn file_mount(path: &Path, target: String) -> MountSpec {
    let kind = MountKind::Bind {
        source: path.to_string_lossy().into_owned(),
        create_host_path: false,
        propagation: None,
        selinux: None,
        recursive: None,
    };
    MountSpec { target, is_read_only: true, consistency: None, kind }
}

fn file_spec(wanted: &Wanted<'_>, content: std::sync::Arc<[u8]>, copied: Option<Copied>) -> FileSpec {
    let reference = wanted.reference;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    FileSpec {
        path: wanted.target.clone(),
        content,
        uid: given(&reference.uid),
        gid: given(&reference.gid),
        mode: reference.mode.unwrap_or(MODE),
        copied,
    }
}
