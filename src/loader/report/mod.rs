//! Diagnostics, once all stages have run: consequences dropped, values masked, places that led to a value added.

mod finish;
mod masking;
mod nearest;
mod provenance;

pub use finish::{MOST_TOLD, NOT_KNOWN, finish};
pub use nearest::nearest;
pub use provenance::add_provenance;
