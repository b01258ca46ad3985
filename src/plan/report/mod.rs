//! report

pub(crate) mod drift;
pub(crate) mod impact;
pub(crate) mod lint;
pub(crate) mod text;
