//! The API versions that this program knows, and how long an answer may take.

use std::time::Duration;

use crate::model::ApiVersion;

/// The oldest API version that this program speaks, that of Engine 19.03.
pub(crate) const OLDEST: ApiVersion = ApiVersion::new(1, 40);
/// The newest API version that this program knows.
pub(crate) const NEWEST: ApiVersion = ApiVersion::new(1, 52);
/// The time limit of reads and of quick changes: with a silent engine, a command ends within a minute.
pub(crate) const LIMIT: Duration = Duration::from_secs(50);
/// The time limit of changes that may take long: removing a large container, committing, putting files.
pub(crate) const LONG: Duration = Duration::from_secs(3600);
