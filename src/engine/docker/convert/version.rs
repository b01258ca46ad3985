//! Attributes that an engine is too old for.

use crate::model::ApiVersion;

/// The reason why a specification cannot be sent to this engine.
pub(super) type Refused = String;

/// Refuses an attribute that is used (`wanted`), if the engine is older than API 1.`minor`.
pub(super) fn needs(wanted: bool, have: ApiVersion, minor: u16, what: &str) -> Result<(), Refused> {
    let least = ApiVersion::new(1, minor);
    if !wanted || have >= least {
        return Ok(());
    }
    Err(format!("{what} needs Engine API {least}; this engine speaks {have}"))
}
