//! Readers of a finished plan and of the observed state. They change nothing: a plan is the same whether or not it is
//! read.
//!
//! [`text`] shows a plan to people, [`impact`] says what a plan means for the users of the services, [`lint`] checks
//! that a plan is sound, and [`drift`] compares what exists with the file, without a plan.

pub(crate) mod drift;
pub(crate) mod impact;
pub(crate) mod lint;
pub(crate) mod text;
