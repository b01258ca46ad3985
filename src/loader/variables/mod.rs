//! Variables from outside the compose files: the process environment and env files, and their use in values.

pub mod dotenv;
mod env_files;
mod interpolate;
mod services;
mod unset;

pub use env_files::{ProjectVariables, disables_default, read_env_files, read_included};
pub use interpolate::Interpolation;
pub use services::{inherit, merge_env_files, merge_label_files, only_warn};
pub use unset::{CODE as UNSET_IN_ENV_FILE, generic as without_value};
