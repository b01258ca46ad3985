//! The fixed addresses that a container was created with, kept in a label.
//!
//! The engine forgets the fixed address of a container that is disconnected from a network. If the run dies then, the
//! next run must connect the container at its old address, which the engine no longer tells. The file does not help: it
//! may have changed, and may give another address, or give this one to another service.

use crate::model::{EndpointSpec, NetworkName, ObservedContainer, labels};

/// The fixed addresses of a container on one network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FixedAddresses {
    pub ipv4: Option<String>,
    pub ipv6: Option<String>,
}

/// Returns the value of the label [`labels::ADDRESSES`]: `network=address` for each fixed address, separated by blanks.
/// `None` where there is no fixed address.
pub(crate) fn label(endpoints: &[EndpointSpec]) -> Option<String> {
    let entries = endpoints.iter().flat_map(|endpoint| {
        let addresses = [&endpoint.ipv4_address, &endpoint.ipv6_address].into_iter().flatten();
        addresses.map(|address| format!("{}={address}", endpoint.network))
    });
    let entries: Vec<String> = entries.collect();
    (!entries.is_empty()).then(|| entries.join(" "))
}

/// Returns the fixed addresses that a container has on a network, or had before it was disconnected. `None` if unknown:
/// the container is not connected and was created by docker compose.
pub(crate) fn of(container: &ObservedContainer, network: &NetworkName) -> Option<FixedAddresses> {
    if let Some(had) = container.networks.get(network) {
        return Some(FixedAddresses { ipv4: had.fixed_ipv4.clone(), ipv6: had.fixed_ipv6.clone() });
    }
    let is_ours = container.label(labels::FIELDS).is_some();
    let text = container.label(labels::ADDRESSES).or_else(|| is_ours.then_some(""))?;
    let mut fixed = FixedAddresses::default();
    for address in
        text.split(' ').filter_map(|entry| entry.split_once('=')).filter(|(name, _)| *name == network.as_str())
    {
        let slot = if address.1.contains(':') { &mut fixed.ipv6 } else { &mut fixed.ipv4 };
        *slot = Some(address.1.to_owned());
    }
    Some(fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObservedEndpoint;

    fn endpoint(network: &str, ipv4: Option<&str>, ipv6: Option<&str>) -> EndpointSpec {
        EndpointSpec {
            network: network.into(),
            ipv4_address: ipv4.map(str::to_owned),
            ipv6_address: ipv6.map(str::to_owned),
            ..EndpointSpec::default()
        }
    }

    fn container(labels: &[(&str, &str)]) -> ObservedContainer {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ObservedContainer { labels, ..ObservedContainer::default() }
    }

    #[test]
    fn a_label_tells_the_addresses_of_a_container_that_was_disconnected() {
        let endpoints = [endpoint("a", Some("10.9.0.2"), Some("fd00::2")), endpoint("b", None, None)];
        let text = label(&endpoints).unwrap();
        let container = container(&[(labels::FIELDS, "x"), (labels::ADDRESSES, &text)]);
        let on_a = FixedAddresses { ipv4: Some("10.9.0.2".to_owned()), ipv6: Some("fd00::2".to_owned()) };
        assert_eq!(of(&container, &"a".into()), Some(on_a));
        assert_eq!(of(&container, &"b".into()), Some(FixedAddresses::default()));
        assert_eq!(label(&endpoints[1..]), None);
    }

    #[test]
    fn a_connected_container_tells_its_address_itself_and_one_of_docker_compose_tells_nothing() {
        let mut one = container(&[(labels::FIELDS, "x"), (labels::ADDRESSES, "a=10.9.0.2")]);
        let held = ObservedEndpoint { fixed_ipv4: Some("10.9.0.3".to_owned()), ..ObservedEndpoint::default() };
        one.networks.insert("a".into(), held);
        assert_eq!(of(&one, &"a".into()).and_then(|fixed| fixed.ipv4).as_deref(), Some("10.9.0.3"));
        assert_eq!(of(&container(&[]), &"a".into()), None);
        assert_eq!(of(&container(&[(labels::FIELDS, "x")]), &"a".into()), Some(FixedAddresses::default()));
    }
}
