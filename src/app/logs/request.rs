//! What `logs` and an attached `up` are asked about output.

use crate::model::ObservedContainer;

/// The request of `logs`.
#[derive(Clone, Debug, Default)]
pub struct LogsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--index`.
    pub index: Option<u32>,
    /// How output is read and printed.
    pub follow: FollowRequest,
    /// `--follow`.
    pub is_following: bool,
    /// `--group`.
    pub is_grouped: bool,
    /// `--since`.
    pub since: Option<String>,
    /// `--until`.
    pub until: Option<String>,
    /// `--tail`; `None` is all.
    pub tail: Option<u64>,
}

impl LogsRequest {
    /// Returns whether a container is one of those that are asked for.
    pub(in crate::app) fn is_meant(&self, container: &ObservedContainer) -> bool {
        let service = container.service().unwrap_or_default();
        !container.is_oneoff()
            && (self.services.is_empty() || self.services.iter().any(|name| name == service))
            && self.index.is_none_or(|index| container.number() == Some(index))
    }
}

/// How output is followed and printed.
#[derive(Clone, Debug, Default)]
pub struct FollowRequest {
    /// `--no-color`.
    pub no_color: bool,
    /// `--no-log-prefix`.
    pub no_prefix: bool,
    /// `--timestamps`.
    pub timestamps: bool,
    /// `--format json`.
    pub is_json: bool,
    /// `--abort-on-container-exit`.
    pub abort_on_exit: bool,
    /// `--abort-on-container-failure`.
    pub abort_on_failure: bool,
    /// `--exit-code-from`, or `--until`.
    pub exit_code_from: Option<String>,
    /// `--until`: only the end of that service ends all.
    pub only_until: bool,
    /// `--attach`.
    pub attach: Vec<String>,
    /// `--no-attach`.
    pub no_attach: Vec<String>,
    /// `--attach-dependencies`.
    pub with_dependencies: bool,
}

impl FollowRequest {
    /// Returns whether lines are printed with their times.
    pub(in crate::app) fn has_time(&self) -> bool {
        self.timestamps || self.is_json
    }

    /// Returns whether the end of one container ends all.
    pub fn stops_all(&self) -> bool {
        self.abort_on_exit || self.abort_on_failure || self.exit_code_from.is_some()
    }
}
