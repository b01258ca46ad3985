//! The commands, one file each: the order of the calls and nothing else.
//!
//! A command takes a [`Context`](crate::settings::Context) and a request, and gives an [`Exit`](crate::failure::Exit)
//! or a [`Failure`](crate::failure::Failure); `cli` prints the failure.
//!
//! | file | what it holds |
//! |---|---|
//! | [`up`], [`plan`], [`images`] | `up` and `create`; `plan`; `build`, `pull` and `push` |
//! | [`down`], [`lifecycle`] | `down`; `stop`, `start`, `restart`, `kill`, `pause`, `unpause`, `rm` |
//! | [`ps`], [`logs`], [`drift`], [`config`] | commands that only look |
//! | [`look`] | further commands that only look: `port`, `top`, `images`, `ls`, `volumes`, `events`, `wait` |
//! | [`diagnosis`] | commands that answer questions about a stack: `check` |
//! | [`copy`] | files of containers: `cp`, `export`, `commit` |
//! | [`volume`] | volumes of the project by their keys: `volume ls`, `inspect`, `backup`, `verify` |
//! | [`init`] | a new stack |
//! | [`prepare`] | what `up`, `plan`, `build` and `pull` have in common: from the request to the plans |
//! | [`complete`] | names for the completion of a command line |
//! | `project` | the project of a command, from its files or from labels |
//! | [`watch`] | `watch` and `up --watch`: files of this machine, and what their changes lead to |
//! | [`variables`] | settings in the env files of the project |
//! | [`run`] | a command that changes something: session, rounds, guards, report |
//! | [`sessions`] | commands that connect this terminal to a container: `exec`, `attach`, `run` |
//! | `output` | follows the output of an attached `up` |

pub mod complete;
pub mod config;
pub mod copy;
pub mod diagnosis;
pub mod down;
pub mod drift;
pub mod images;
pub mod init;
pub mod lifecycle;
pub mod logs;
pub mod look;
mod output;
pub mod plan;
pub mod prepare;
mod project;
pub mod ps;
pub mod run;
pub mod sessions;
pub mod up;
pub mod variables;
pub mod volume;
pub mod watch;
