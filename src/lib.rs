//! Inception, a Compose orchestrator: desired and observed state in, one pure plan, one executor, events out.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | values: projects, observed state, specifications of containers, networks and volumes |
//! | [`text`] | control characters made visible |
//! | [`mod@env`] | the process environment, read once |
//! | [`diag`], [`explain`] | errors and warnings with place, cause and help; a page about each code |
//! | [`graph`] | dependencies between services: order, closures, cycles |
//! | [`loader`] | compose files to a [`model::Project`]; positions survive every stage |
//! | [`engine`] | the port to the engine, the adapter for Docker, and an engine in memory for tests |
//! | [`observe`] | one snapshot of the engine, and what is looked up on this machine |
//! | [`plan`] | desired and observed state to a [`plan::Plan`]; pure |
//! | [`diagnose`] | judges a stack by rules: facts in, findings out; pure |
//! | [`picture`] | a project as a tree, a layered picture, Graphviz or Mermaid; pure |
//! | [`exec`] | runs a plan: events out, one outcome |
//! | [`event`] | what happens during a run |
//! | [`settings`], [`failure`] | what holds for every command, and how a command ends |
//! | [`app`] | one file a command: the order of the calls |
//! | [`cli`] | the command line, turned into requests |
//! | [`ui`] | events, plans and diagnostics to text; the only room that prints |
//!
//! `docs/architecture.md` has the rooms inside, who owns which state, and where a new flag, command or check goes.

pub mod app;
pub mod cli;
pub mod diag;
pub mod diagnose;
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
pub mod picture;
pub mod plan;
pub mod settings;
pub mod text;
pub mod ui;
