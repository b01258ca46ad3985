//! DOCKER_DEFAULT_PLATFORM: the platform of services without `platform`.
//!
//! Compat: the platform applies when an image is pulled or built and when a container is created. The config hash
//! covers it only for services with `build`, and `config` does not print it.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::diag::Diagnostic;
use crate::loader::typed;
use crate::model::Service;

/// Variable with the platform.
pub(super) const NAME: &str = "DOCKER_DEFAULT_PLATFORM";

/// Gives a service the default platform.
pub(super) fn apply(service: &mut Service, platform: &str, diagnostics: &mut Vec<Diagnostic>) {
    if platform.is_empty() || service.platform.is_some() || service.provider.is_some() {
        return;
    }
    service.platform = Some(platform.to_owned());
    let Some(build) = &service.build else { return };
    if !build.platforms.is_empty() && !build.platforms.iter().any(|one| one == platform) {
        let shown = crate::text::escape_controls(platform);
        let message =
            format!("service `{}`: `build.platforms` does not include `{shown}`, the value of {NAME}", service.name);
        let fault = Diagnostic::error("invalid", build.span, message).at(format!("services.{}.build", service.name));
        diagnostics.push(fault.help(format!("add it to `build.platforms`, or do not set {NAME}")));
    }
    let mut canonical = (*service.canonical).clone();
    if let Some(map) = canonical.as_object_mut() {
        typed::insert_of_service(map, "platform", Json::from(platform));
    }
    service.canonical = Arc::new(canonical);
}
