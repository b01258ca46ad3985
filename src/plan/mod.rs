//! Decides what must happen for the engine to match the project.
//!
//! Pure: no I/O, no clock, no environment. A command makes a [`Plan`] from the desired and the observed state: [`up()`], [`run()`], [`down()`],
//! [`lifecycle()`] and [`images()`] are the commands. A plan is made of [`Step`]s, each with an [`Action`] and a [`Reason`].
//!
//! | file or room | what it holds |
//! |---|---|
//! | `value`, `step`, `reason`, `verb` | the words of a plan |
//! | `builder` | a plan under construction |
//! | `scope`, `world`, `own_networks` | what a planner sees: the selected services, and the engine as the first steps leave it |
//! | `container` | one container: its specification, and how it differs from the file |
//! | `resources` | networks, volumes, images, orphans |
//! | `checks` | what is refused beforehand; start at `claims` |
//! | `up`, `run`, `down`, `lifecycle` | the commands |
//! | `report` | a finished plan for people, its impact, and drift |

mod builder;
mod checks;
mod container;
mod down;
mod hook_phase;
mod hooks;
mod lifecycle;
mod options;
mod own_networks;
mod reason;
mod report;
mod resources;
mod run;
mod scope;
mod step;
mod up;
mod value;
mod verb;
mod world;

pub use crate::model::{Content, Contents};
pub use checks::image::images_in_doubt;
pub use checks::machine::depends_on_machine;
pub use checks::plugins::plugins_named;
pub use container::fields::{HIDDEN, is_hidden, looks_secret, masked};
pub use container::injected::images_with_unknown_user;
pub use container::naming::{final_name, image_names, image_of};
pub use down::down;
pub use hook_phase::HookPhase;
pub use lifecycle::{Lifecycle, UntilReady, lifecycle};
pub use options::{DownOptions, Recreate, RemoveImages, SETTLE, SETTLE_REPLACED, UpOptions};
pub use reason::{FieldChange, Reason};
pub use report::drift::{Drift, drift};
pub use report::impact::{Downtime, Impact, Loss, impacts};
pub use report::lint::lint;
pub use report::text::{copied, describe, render};
pub use resources::image_options::{ImageOptions, PullPolicy};
pub use resources::images::images;
pub use resources::pushes::pushes;
pub use run::{OneOff, run};
pub use scope::selected;
pub use step::{
    Action, ContainerRef, Effect, Endpoints, IdField, Load, Nature, OnSignal, Reference, Step, StepId, Target, Until,
};
pub use up::up;
pub use value::{Interrupted, Need, Plan, Replacement};
pub use verb::Verb;
