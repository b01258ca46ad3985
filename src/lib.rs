//! Inception, a Compose orchestrator: desired and observed state in, one pure plan, one executor, events out.
//!
//! | module | what lives there |
//! |---|---|
//! | [`model`] | projects, observed state, container specifications: plain values |
//! | [`diag`] | errors and warnings with a place, a cause and a cure |
//! | [`explain`] | a page about each code |
//! | [`mod@env`] | the process environment, read once |
//! | [`text`] | control characters made visible |
//! | [`graph`] | dependencies between services: order, closures, cycles |
//! | [`loader`] | compose files to a [`model`] project; positions survive every stage |
//! | [`engine`] | the port to the engine, and its adapters |
//! | [`observe`] | one snapshot of what the engine has |
//! | [`plan`] | desired and observed state to a [`plan::Plan`]; pure |
//! | [`exec`] | runs a plan: events out, one outcome |
//! | [`event`] | what happened during a run |
//! | [`settings`], [`failure`] | what every command has at hand, and how it ends |
//! | [`app`] | one file per command: the order of the calls |
//! | [`cli`] | what was typed, turned into requests |
//! | [`ui`] | events, plans and diagnostics to text; the only place that prints |

pub mod app;
pub mod cli;
pub mod diag;
pub mod engine;
pub mod env;
pub mod event;
pub mod exec;
pub mod explain;
pub mod failure;
pub mod graph;
pub mod loader;
pub mod model;
pub mod observe;
pub mod plan;
pub mod settings;
pub mod text;
pub mod ui;
