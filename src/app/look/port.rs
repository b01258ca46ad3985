//! `port`: the address on the host behind a port of a container.

use super::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::session;
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, ObservedPort, Span};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `port`.
#[derive(Clone, Debug, Default)]
pub struct PortRequest {
    /// The replica.
    pub replica: ReplicaRequest,
    /// The port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// Runs `port`: prints `address:port`, IPv4 before IPv6.
pub fn port(context: &Context, request: &PortRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let found = replica::find_running(&*engine, &found, &request.replica);
        let container = session::answer(&interrupt, found).await?;
        let is_it = |port: &&ObservedPort| port.target == request.target && port.protocol == request.protocol;
        // The engine lists a port on all addresses twice, once for IPv6.
        let published = container.ports.iter().filter(is_it).filter_map(|port| Some((port.host_ip, port.published?)));
        let Some((address, port)) = published.min() else { return Err(not_published(&container, request)) };
        ui::print_owned(match address {
            Some(address) if address.is_ipv6() => format!("[{address}]:{port}\n"),
            Some(address) => format!("{address}:{port}\n"),
            None => format!("0.0.0.0:{port}\n"),
        });
        Ok(Exit::SUCCESS)
    })
}

fn not_published(container: &ObservedContainer, request: &PortRequest) -> Failure {
    let name = escape_controls(container.name.as_str());
    let message = format!("container `{name}` publishes no port {}/{}", request.target, request.protocol);
    let mut published: Vec<String> = container
        .ports
        .iter()
        .filter(|port| port.published.is_some())
        .map(|port| format!("{}/{}", port.target, port.protocol))
        .collect();
    published.sort();
    published.dedup();
    let cause = match published.is_empty() {
        true => "it publishes none".to_owned(),
        false => format!("it publishes {}", published.join(", ")),
    };
    Failure::one(Diagnostic::error("no-such-port", Span::NONE, message).cause(cause))
}
