//! The commands, one file each: the order of the calls and nothing else.
//!
//! A command takes a [`Context`](crate::settings::Context) and a request, and gives an [`Exit`](crate::failure::Exit) or a
//! [`Failure`](crate::failure::Failure); `cli` prints the failure.
//!
//! | file | what it holds |
//! |---|---|
//! | [`up`], [`plan`], [`images`] | `up` and `create`; `plan`; `build` and `pull` |
//! | [`down`], [`lifecycle`] | `down`; `stop`, `start`, `restart`, `kill`, `pause`, `unpause`, `rm` |
//! | [`ps`], [`logs`], [`drift`], [`config`] | commands that only look |
//! | [`look`] | further commands that only look: `port`, `top`, `images`, `ls`, `volumes`, `events`, `wait` |
//! | [`prepare`] | what `up`, `plan`, `build` and `pull` have in common: from the request to the plans |
//! | `project` | the project that a command is about, from its files or from labels |
//! | [`watch`] | `watch` and `up --watch`: files of this machine, and what their changes lead to |
//! | [`variables`] | settings that stand in the env files of the project |
//! | [`run`] | a command that changes something: session, rounds, guards, report |
//! | `output` | follows the output of an attached `up` |

pub mod config;
pub mod down;
pub mod drift;
pub mod images;
pub mod lifecycle;
pub mod logs;
pub mod look;
mod output;
pub mod plan;
pub mod prepare;
mod project;
pub mod ps;
pub mod run;
pub mod up;
pub mod variables;
pub mod watch;
