//! The labels by which containers, networks and volumes belong to a project. They are docker compose's labels, so that
//! both tools see the same project, and a few labels under `dev.inception.`, which docker compose ignores.

/// On everything: name of the project.
pub const PROJECT: &str = "com.docker.compose.project";
/// On containers: name of the service.
pub const SERVICE: &str = "com.docker.compose.service";
/// On containers of services: number of the replica, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// On containers: `True` for a one-off of `run`, `False` for a replica of a service.
pub const ONEOFF: &str = "com.docker.compose.oneoff";
/// On containers, networks and volumes: SHA-256 of the canonical definition.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// On containers: id of the image that the container was created from.
pub const IMAGE: &str = "com.docker.compose.image";
/// On containers: `db:service_healthy:true,...` (name, condition, restart).
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// On containers: the compose files, absolute, joined by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// On containers: the project directory, absolute.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// On containers: files given by `--env-file`, absolute, joined by commas.
pub const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
/// On everything: version of the tool that created the object.
pub const VERSION: &str = "com.docker.compose.version";
/// On a replacement: name of the replaced container without the project.
pub const REPLACE: &str = "com.docker.compose.replace";
/// On one-off containers: the random part of the name.
pub const SLUG: &str = "com.docker.compose.slug";
/// Of this program, on one-off containers: the process that the container's streams are connected to, `PID@START` as `/proc`
/// tells them.
pub const CLIENT: &str = "dev.inception.client";
/// On networks: the key in the file.
pub const NETWORK: &str = "com.docker.compose.network";
/// On volumes: the key in the file.
pub const VOLUME: &str = "com.docker.compose.volume";

/// Of this program, on a replacement: id of the container that it replaces. The replacement is unfinished while that
/// container exists, or while the replacement does not have its final name. The label alone does not say so, because
/// labels cannot be removed.
pub const REPLACES: &str = "dev.inception.replaces";
/// Of this program, on a replacement: present where the replaced container did not run when the replacement was created. So
/// whoever undoes an interrupted run does not start the replaced container.
pub const REPLACES_ENDED: &str = "dev.inception.replaces-ended";
/// Of this program, on containers, networks and volumes: a digest of each field of the canonical definition, so that a
/// plan can name the field that changed. Values are never stored.
pub const FIELDS: &str = "dev.inception.fields";
/// Of this program, on containers: digests of the content of configs and secrets.
pub const CONTENTS: &str = "dev.inception.contents";

/// Of this program, on containers: the fixed addresses, `network=address` each, separated by blanks. The engine forgets
/// the address of a container that is disconnected for a moment.
pub const ADDRESSES: &str = "dev.inception.addresses";

/// The value of [`VERSION`]: the release of docker compose whose rules this program keeps.
pub const COMPATIBLE_VERSION: &str = "2.40.3";

/// Returns whether the labels of an object name a project as its own ([`PROJECT`]).
pub fn are_of(found: &std::collections::BTreeMap<String, String>, project: &super::ProjectName) -> bool {
    found.get(PROJECT).map(String::as_str) == Some(project.as_str())
}
