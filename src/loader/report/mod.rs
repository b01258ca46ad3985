//! Finishes the diagnostics after all stages: drops consequences, masks values, adds the places that led to a value.

mod finish;
mod masking;
mod nearest;
mod provenance;

pub use finish::{MOST_TOLD, NOT_KNOWN, finish};
pub use nearest::nearest;
pub use provenance::add_provenance;
