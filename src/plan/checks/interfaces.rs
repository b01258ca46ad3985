//! Interfaces of bridge networks on the host: one that another network has is refused before anything is made.

use crate::plan::resources::owned;
use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::model::{Network, NetworkKey, Observed, ObservedNetwork, Project};
use crate::plan::builder::Builder;

/// The option that names a network's interface.
const NAME: &str = "com.docker.network.bridge.name";

/// Checks the interfaces that networks ask for: against each other, and against those that are there. Engines take over an
/// interface that exists, and the other network loses it with this one.
pub(crate) fn check(builder: &mut Builder, project: &Project, observed: &Observed, used: &BTreeSet<&NetworkKey>) {
    let mut given: BTreeMap<&str, &Network> = BTreeMap::new();
    let networks = project.networks.iter().filter(|(key, network)| used.contains(key) && !network.is_external);
    for (_, network) in networks {
        let Some(wanted) = interface(network) else { continue };
        if let Some(first) = given.insert(wanted, network) {
            let fault = taken(network, wanted).cause(format!("network `{}` asks for it, too", first.key));
            builder.tell(fault.related(first.span, "the other network"));
        }
        let is_others = |other: &&ObservedNetwork| {
            is_of(network, other) && other.name != network.name && owned::stays(project, other)
        };
        if let Some(other) = observed.networks.iter().find(is_others) {
            let name = crate::text::escape_controls(other.name.as_str());
            builder.tell(taken(network, wanted).cause(format!("it is that of network `{name}`")));
        }
    }
}

/// Whether another network has the interface that one asks for.
pub(crate) fn is_of(network: &Network, other: &ObservedNetwork) -> bool {
    interface(network).is_some_and(|wanted| other.driver_opts.get(NAME).is_some_and(|name| name == wanted))
}

/// Returns the interface that a bridge asks for; without a name the engine chooses one.
fn interface(network: &Network) -> Option<&str> {
    let is_bridge = network.driver.as_deref().is_none_or(|driver| driver == "bridge");
    network.driver_opts.get(NAME).map(String::as_str).filter(|name| is_bridge && !name.is_empty())
}

fn taken(network: &Network, interface: &str) -> Diagnostic {
    let message = format!("network `{}` cannot have the interface `{interface}`", network.key);
    Diagnostic::error("bridge-taken", network.span, message)
        .at(format!("networks.{}.driver_opts.{NAME}", network.key))
        .help("give it another name, or leave it out and let the engine choose")
}
