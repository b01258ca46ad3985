//! Refuses values that docker compose accepts and the engine refuses in the middle of a run. With these checks the run
//! does not begin, so nothing is left half done. Start at [`faults`].
//!
//! These checks need the value alone, and hold on every engine. Checks that depend on the engine, its machine, the
//! images or other containers are made when a run is planned.
//!
//! Compat: as in docker compose, `config` prints such values; it also warns of them.

use serde_json::Value as Json;

use super::spans::{ServiceSpans, place};
use crate::diag::Diagnostic;
use crate::loader::loaded::Loaded;
use crate::loader::tree::Node;
use crate::model::Span;

mod files;
mod health;
mod limits;
mod logging;
mod network;
mod process;
mod resources;
mod told;
mod words;

use told::Checks;

/// Returns the values of a model that the engine would refuse.
pub fn faults(loaded: &Loaded) -> Vec<Diagnostic> {
    let empty = Node::map(Span::NONE);
    let root = loaded.tree.as_ref().unwrap_or(&empty);
    let mut diagnostics = Vec::new();
    let section = |name: &str| loaded.model.get(name).and_then(Json::as_object).into_iter().flatten();
    for (kind, check) in [
        ("services", service as fn(&mut Checks<'_>, &Json, Option<&Node>, Span)),
        ("networks", resources::network),
        ("volumes", resources::volume),
    ] {
        for (name, value) in section(kind) {
            let (node, span) = place(root, kind, name);
            let mut checks = Checks { path: format!("{kind}.{name}"), diagnostics: &mut diagnostics };
            if let Some(node) = node {
                checks.nul(node, &checks.path.clone());
            }
            check(&mut checks, value, node, span);
        }
    }
    diagnostics
}

/// Checks a service.
fn service(checks: &mut Checks<'_>, value: &Json, node: Option<&Node>, span: Span) {
    let spans = ServiceSpans { node, span };
    checks.names(value, &spans);
    checks.rights(value, &spans);
    checks.restart(value, &spans);
    checks.limits(value, &spans);
    checks.addresses(value, &spans);
    checks.namespaces(value, &spans);
    checks.healthcheck(value, &spans);
    checks.logging(value, &spans);
    checks.modes(value, &spans);
    checks.devices(value, &spans);
    checks.mounts(value, &spans);
}
