//! Listings: the formats of `--format`, and the rows of each command.
//!
//! One reader of `--format` ([`Format`]) and one renderer ([`render`]) serve all commands. A listing is a type that
//! implements [`Row`], in a file of its own here; see `containers` for one with all formats, `changes` for one with
//! two.

mod changes;
mod containers;
mod format;
mod images;
mod kept;
mod names;
mod projects;
mod stats;
pub mod table;
pub mod template;
mod variables;
mod volumes;

pub use changes::Change;
pub use containers::ContainerRow;
pub use format::{Format, Row, Shape, render, render_on};
pub use images::ImageRow;
pub use kept::{KeptRow, Standing, properties};
pub use names::{names, origins, shown_names};
pub use projects::ProjectRow;
pub use stats::{StatsRow, Use};
pub use variables::{Variable, variables};
pub use volumes::VolumeRow;
