//! Interfaces of bridge networks on the engine's machine: which interface the file claims, which network holds the
//! interface, and how a refusal reads.
//!
//! An engine takes over an interface that exists already. Example: network `front` of the file names the interface
//! `br0`, which network `legacy` has. When `front` is removed, the engine removes `br0`, too, and `legacy` is left
//! without its interface.

use crate::diag::Diagnostic;
use crate::model::{Network, ObservedNetwork, Service};
use crate::plan::checks::claims::{Claim, Holder};
use crate::plan::own_networks;
use crate::plan::scope::Scope;

/// The driver option that names a network's interface.
const NAME: &str = "com.docker.network.bridge.name";

/// An interface that a network of the file names.
#[derive(Clone, Copy)]
pub(crate) struct InterfaceClaim<'a> {
    network: &'a Network,
    interface: &'a str,
}

/// Returns the interface that a network claims; `None` where the engine chooses one.
pub(crate) fn claim(network: &Network) -> Option<InterfaceClaim<'_>> {
    let is_bridge = network.driver.as_deref().is_none_or(|driver| driver == "bridge");
    let interface = network.driver_opts.get(NAME).map(String::as_str)?;
    (is_bridge && !interface.is_empty() && !network.is_external).then_some(InterfaceClaim { network, interface })
}

impl<'a> Claim<'a> for InterfaceClaim<'a> {
    type Key = &'a str;

    fn key(&self) -> Self::Key {
        self.interface
    }

    fn claimant(&self) -> Option<&'a Service> {
        None
    }

    fn excludes(&self, _other: &Self) -> bool {
        true
    }

    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>> {
        let is_holder = |other: &&ObservedNetwork| {
            other.name != self.network.name && other.driver_opts.get(NAME).is_some_and(|name| name == self.interface)
        };
        scope.world.observed.networks.iter().filter(is_holder).map(Holder::Network).collect()
    }

    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool {
        matches!(holder, Holder::Network(other) if !own_networks::stays(scope.project, other))
    }

    fn refused(&self, _scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic {
        match holder {
            Holder::Network(other) => {
                let name = crate::text::escape_controls(other.name.as_str());
                self.taken().cause(format!("it is that of network `{name}`"))
            }
            Holder::Container(_) | Holder::Program(_) => self.taken(),
        }
    }

    fn twice(&self, first: &Self) -> Diagnostic {
        let fault = self.taken().cause(format!("network `{}` asks for it, too", first.network.key));
        fault.related(first.network.span, "the other network")
    }
}

impl InterfaceClaim<'_> {
    fn taken(&self) -> Diagnostic {
        let message = format!("network `{}` cannot have the interface `{}`", self.network.key, self.interface);
        Diagnostic::error("bridge-taken", self.network.span, message)
            .at(format!("networks.{}.driver_opts.{NAME}", self.network.key))
            .help("give it another name, or leave it out and let the engine choose")
    }
}
