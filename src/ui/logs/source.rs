//! Where lines come from.

/// The container that lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name for people, without the project: `web-1`.
    pub name: String,
    /// The container's name in the engine.
    pub container: String,
    /// The service that the labels name.
    pub service: String,
    /// The number of the replica, where the labels tell one.
    pub replica: Option<u32>,
}
