//! The labels that tie what is in the engine to a project: docker compose's set, so that both tools see one project,
//! and a few of our own under `dev.inception.`, which it ignores.

/// On everything: the project's name.
pub const PROJECT: &str = "com.docker.compose.project";
/// On containers: the service's name.
pub const SERVICE: &str = "com.docker.compose.service";
/// On containers of services: the replica's number, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// On containers: `True` for what `run` made, `False` for a service's replica.
pub const ONEOFF: &str = "com.docker.compose.oneoff";
/// On containers, networks and volumes: SHA-256 of the canonical definition.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// On containers: id of the image they were made from.
pub const IMAGE: &str = "com.docker.compose.image";
/// On containers: `db:service_healthy:true,...` (name, condition, restart).
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// On containers: the compose files, absolute, joined by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// On containers: the project directory, absolute.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// On containers: files given by `--env-file`, absolute, joined by commas.
pub const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
/// On everything: version of the tool that made it.
pub const VERSION: &str = "com.docker.compose.version";
/// On a container that takes the place of another: that one's name without the project.
pub const REPLACE: &str = "com.docker.compose.replace";
/// On one-off containers: their random name part.
pub const SLUG: &str = "com.docker.compose.slug";
/// On networks: the key in the file.
pub const NETWORK: &str = "com.docker.compose.network";
/// On volumes: the key in the file.
pub const VOLUME: &str = "com.docker.compose.volume";

/// Ours, on containers: id of the container that this one replaces. It stays as long as the container lives; the
/// replacement is unfinished only while that container still exists or this one has not its final name.
pub const REPLACES: &str = "dev.inception.replaces";
/// Ours, on containers, networks and volumes: digests of the canonical definition, field by field, so that a plan can name what changed.
/// Values are never stored, only digests.
pub const FIELDS: &str = "dev.inception.fields";
/// Ours, on containers: digests of the content of configs and secrets.
pub const CONTENTS: &str = "dev.inception.contents";

/// The version we write to [`VERSION`]: that of the docker compose release whose rules we keep.
pub const COMPATIBLE_VERSION: &str = "2.40.3";
