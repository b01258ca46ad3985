//! Mounts of a container for a create call, by API version.

use bollard::models as api;

use super::version::{Refused, needs};
use crate::model::{ApiVersion, ContainerSpec, MountKind, MountSpec};

/// Mounts in the two forms of the API: `Binds` and `Mounts`.
///
/// Compat: as in docker compose, anonymous volumes are sent as `Mounts`. So `Config.Volumes` of a container has only
/// the volumes of its image.
#[derive(Default)]
pub(super) struct Mounts {
    pub binds: Vec<String>,
    pub typed: Vec<api::Mount>,
}

/// Returns the mounts of a container.
pub(super) fn mounts(spec: &ContainerSpec, version: ApiVersion) -> Result<Mounts, Refused> {
    let mut mounts = Mounts::default();
    for mount in &spec.mounts {
        add(mount, version, &mut mounts)?;
    }
    Ok(mounts)
}

fn add(mount: &MountSpec, version: ApiVersion, mounts: &mut Mounts) -> Result<(), Refused> {
    let mut typed = api::Mount {
        target: Some(mount.target.clone()),
        read_only: Some(mount.is_read_only),
        consistency: mount.consistency.clone(),
        ..Default::default()
    };
    match &mount.kind {
        MountKind::Bind { source, create_host_path, propagation, selinux, recursive } => {
            let recursive = recursion(recursive.as_deref(), version)?;
            // Before API 1.42 only `Binds` creates missing directories, and only `Binds` knows SELinux labels.
            let options =
                [if mount.is_read_only { Some("ro") } else { Some("rw") }, propagation.as_deref(), selinux.as_deref()];
            if (*create_host_path || selinux.is_some()) && recursive.is_none() {
                let options: Vec<&str> = options.into_iter().flatten().collect();
                mounts.binds.push(format!("{source}:{}:{}", mount.target, options.join(",")));
                return Ok(());
            }
            typed.typ = Some(api::MountType::BIND);
            typed.source = Some(source.clone());
            typed.bind_options = Some(bind_options(propagation.as_deref(), recursive, *create_host_path));
        }
        MountKind::Volume { name, nocopy, subpath } => {
            needs(subpath.is_some(), version, 45, "`volume.subpath`")?;
            typed.typ = Some(api::MountType::VOLUME);
            typed.source = Some(name.to_string());
            typed.volume_options = Some(volume_options(*nocopy, subpath.clone()));
        }
        MountKind::Anonymous { name, nocopy } => {
            typed.typ = Some(api::MountType::VOLUME);
            typed.source = name.as_ref().map(ToString::to_string);
            typed.volume_options = Some(volume_options(*nocopy, None));
        }
        MountKind::Tmpfs { size, mode } => {
            typed.typ = Some(api::MountType::TMPFS);
            let size_bytes = size.and_then(|size| i64::try_from(size).ok());
            typed.tmpfs_options = Some(api::MountTmpfsOptions { size_bytes, mode: mode.map(i64::from), options: None });
        }
        MountKind::Image { image, subpath } => {
            needs(true, version, 48, "a mount of type `image`")?;
            typed.typ = Some(api::MountType::IMAGE);
            typed.source = Some(image.to_string());
            typed.image_options = Some(api::MountImageOptions { subpath: subpath.clone() });
        }
        MountKind::NamedPipe { source } => {
            typed.typ = Some(api::MountType::NPIPE);
            typed.source = Some(source.clone());
        }
        MountKind::Cluster { name } => {
            needs(true, version, 42, "a mount of type `cluster`")?;
            typed.typ = Some(api::MountType::CLUSTER);
            typed.source = Some(name.clone());
        }
    }
    mounts.typed.push(typed);
    Ok(())
}

/// Returns the value of `bind.recursive` to send; `None` if that is the engine's default.
///
/// A bind is recursive, unless `disabled` (API 1.40). Below a read-only bind, other mounts stay writable before API
/// 1.44. Since then they become read-only if the kernel supports that.
fn recursion(word: Option<&str>, version: ApiVersion) -> Result<Option<&str>, Refused> {
    match word {
        None | Some("enabled") => Ok(None),
        Some("writable") if version < ApiVersion::new(1, 44) => Ok(None),
        Some("readonly") => needs(true, version, 44, "`bind.recursive: readonly`").map(|()| word),
        word => Ok(word),
    }
}

fn volume_options(nocopy: bool, subpath: Option<String>) -> api::MountVolumeOptions {
    api::MountVolumeOptions { no_copy: Some(nocopy), subpath, ..Default::default() }
}

fn bind_options(propagation: Option<&str>, recursive: Option<&str>, create: bool) -> api::MountBindOptions {
    use api::MountBindOptionsPropagationEnum as Propagation;
    api::MountBindOptions {
        propagation: match propagation {
            Some("private") => Some(Propagation::PRIVATE),
            Some("rprivate") => Some(Propagation::RPRIVATE),
            Some("shared") => Some(Propagation::SHARED),
            Some("rshared") => Some(Propagation::RSHARED),
            Some("slave") => Some(Propagation::SLAVE),
            Some("rslave") => Some(Propagation::RSLAVE),
            _ => None,
        },
        non_recursive: (recursive == Some("disabled")).then_some(true),
        read_only_non_recursive: (recursive == Some("writable")).then_some(true),
        read_only_force_recursive: (recursive == Some("readonly")).then_some(true),
        create_mountpoint: create.then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(recursive: &str, minor: u16) -> Result<(Vec<String>, Vec<api::Mount>), Refused> {
        let kind = MountKind::Bind {
            source: "/a".to_owned(),
            create_host_path: true,
            propagation: None,
            selinux: None,
            recursive: Some(recursive.to_owned()),
        };
        let mount = MountSpec { target: "/b".to_owned(), is_read_only: true, consistency: None, kind };
        let spec = ContainerSpec { mounts: vec![mount], ..ContainerSpec::default() };
        mounts(&spec, ApiVersion::new(1, minor)).map(|mounts| (mounts.binds, mounts.typed))
    }

    #[test]
    fn only_a_word_that_the_engine_does_not_follow_by_itself_is_sent_or_refused() {
        let plain = Ok((vec!["/a:/b:ro".to_owned()], Vec::new()));
        assert_eq!(bind("enabled", 41), plain);
        assert_eq!(bind("writable", 41), plain);
        let sent = |word: &str, minor: u16| bind(word, minor).unwrap().1.remove(0).bind_options.unwrap();
        assert_eq!(sent("disabled", 41).non_recursive, Some(true));
        assert_eq!(sent("writable", 44).read_only_non_recursive, Some(true));
        assert_eq!(sent("readonly", 44).read_only_force_recursive, Some(true));
        assert!(bind("readonly", 43).unwrap_err().contains("1.44"));
    }
}
