//! Compose files on the disk: finding and reading them, and the paths that they contain.

mod discover;
mod paths;
mod read;

pub use discover::{clean, discover, is_project_name, normalized, project_name_of};
pub use paths::{Base, is_remote, relative};
pub use read::{NamedBy, exists, is_directory, is_file, read, read_env, read_stdin, real_path, remote_file};
