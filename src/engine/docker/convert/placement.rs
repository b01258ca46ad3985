//! Attributes of a create call whose place depends on the API version: the networks and their order, MAC addresses,
//! kernel parameters of an interface.

use std::collections::BTreeMap;

use super::version::{Refused, needs};
use crate::model::{ApiVersion, ContainerSpec, EndpointSpec};

/// Since this version a create call takes all endpoints, each with its MAC address. Earlier versions take one endpoint,
/// and the MAC address belongs to the container.
const ENDPOINTS: ApiVersion = ApiVersion::new(1, 44);
/// Since this version kernel parameters of an interface belong to its endpoint. From API 1.48 on, engines refuse them
/// as parameters of the container.
const ENDPOINT_SYSCTLS: ApiVersion = ApiVersion::new(1, 46);
const SYSCTLS: &str = "com.docker.network.endpoint.sysctls";

/// The parts of a create call whose place depends on the API version.
#[derive(Debug, Default)]
pub(super) struct Placement {
    /// The network that the container is created on.
    pub network_mode: Option<String>,
    /// The endpoints of the create call.
    pub at_create: Vec<EndpointSpec>,
    /// The endpoints to connect after the call.
    pub later: Vec<EndpointSpec>,
    /// The MAC address of the container itself.
    pub mac_address: Option<String>,
    /// The kernel parameters of the container.
    pub sysctls: BTreeMap<String, String>,
}

/// Decides the places of networks, MAC addresses and kernel parameters.
pub(super) fn placement(spec: &ContainerSpec, version: ApiVersion) -> Result<Placement, Refused> {
    let mut placed = Placement {
        network_mode: spec.network_mode.clone(),
        at_create: spec.networks.clone(),
        sysctls: spec.sysctls.clone(),
        ..Placement::default()
    };
    // Without networks in the file, the mode may be the name of an engine's network: `bridge`.
    let mode = spec.network_mode.as_deref().filter(|mode| !has_no_network_of_its_own(mode) && spec.networks.is_empty());
    if version >= ENDPOINTS {
        if let Some((mode, address)) = mode.zip(spec.mac_address.as_ref()) {
            endpoint_of(&mut placed, mode).mac_address = Some(address.clone());
        }
    } else {
        begin_with_address(&mut placed, version)?;
        placed.later = placed.at_create.split_off(placed.at_create.len().min(1));
        let own = placed.at_create.first().and_then(|first| first.mac_address.clone());
        placed.mac_address = own.or_else(|| spec.mac_address.clone().filter(|_| mode.is_some()));
    }
    if version >= ENDPOINT_SYSCTLS && (mode.is_some() || !spec.networks.is_empty()) {
        move_sysctls(&mut placed, mode);
    }
    Ok(placed)
}

fn has_no_network_of_its_own(mode: &str) -> bool {
    matches!(mode, "host" | "none" | "") || mode.starts_with("container:") || mode.starts_with("service:")
}

/// Returns the endpoint on the network that the mode names.
fn endpoint_of<'a>(placed: &'a mut Placement, mode: &str) -> &'a mut EndpointSpec {
    if placed.at_create.is_empty() {
        placed.at_create.push(EndpointSpec { network: mode.into(), ..EndpointSpec::default() });
    }
    &mut placed.at_create[0]
}

/// Creates the container on the network for which it has a MAC address: the engine gives the container's own address to
/// that endpoint, and chooses the addresses of all other endpoints.
fn begin_with_address(placed: &mut Placement, version: ApiVersion) -> Result<(), Refused> {
    let has_address = |endpoint: &EndpointSpec| endpoint.mac_address.is_some();
    let count = placed.at_create.iter().filter(|endpoint| has_address(endpoint)).count();
    needs(count > 1, version, ENDPOINTS.minor, "`mac_address` on several networks")?;
    let Some(index) = placed.at_create.iter().position(has_address).filter(|index| *index > 0) else { return Ok(()) };
    let first = placed.at_create.remove(index);
    placed.network_mode = Some(first.network.to_string());
    placed.at_create.insert(0, first);
    Ok(())
}

/// Moves parameters of the interface `eth0` (`net.ipv4.conf.eth0.rp_filter`) to the first endpoint, where the interface
/// is called `IFNAME`.
fn move_sysctls(placed: &mut Placement, mode: Option<&str>) {
    let name = |key: &str| match *key.splitn(5, '.').collect::<Vec<_>>() {
        ["net", family, part, "eth0", parameter] => Some(format!("net.{family}.{part}.IFNAME.{parameter}")),
        _ => None,
    };
    let moved: Vec<String> =
        placed.sysctls.iter().filter_map(|(key, value)| Some(format!("{}={value}", name(key)?))).collect();
    if moved.is_empty() {
        return;
    }
    placed.sysctls.retain(|key, _| name(key).is_none());
    let endpoint = endpoint_of(placed, mode.unwrap_or_default());
    let own = endpoint.driver_opts.remove(SYSCTLS);
    let all: Vec<String> = own.into_iter().chain(moved).collect();
    endpoint.driver_opts.insert(SYSCTLS.to_owned(), all.join(","));
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ApiVersion = ApiVersion::new(1, 41);
    const NEW: ApiVersion = ApiVersion::new(1, 51);
    const MAC: &str = "02:42:ac:11:65:43";

    fn endpoint(network: &str, mac: Option<&str>) -> EndpointSpec {
        EndpointSpec { network: network.into(), mac_address: mac.map(str::to_owned), ..EndpointSpec::default() }
    }

    fn on(networks: &[EndpointSpec]) -> ContainerSpec {
        let network_mode = networks.first().map(|first| first.network.to_string());
        ContainerSpec { networks: networks.to_vec(), network_mode, ..ContainerSpec::default() }
    }

    #[test]
    fn an_old_engine_begins_on_the_network_with_the_address() {
        let placed = placement(&on(&[endpoint("a", None), endpoint("b", Some(MAC))]), OLD).unwrap();
        assert_eq!(placed.network_mode.as_deref(), Some("b"));
        assert_eq!(placed.mac_address.as_deref(), Some(MAC));
        assert_eq!((placed.at_create[0].network.as_str(), placed.later[0].network.as_str()), ("b", "a"));
        let several = on(&[endpoint("a", Some(MAC)), endpoint("b", Some(MAC))]);
        assert!(placement(&several, OLD).unwrap_err().contains("1.44"));
        assert!(placement(&several, NEW).unwrap().mac_address.is_none());
    }

    #[test]
    fn a_network_of_the_engine_gets_the_address_too() {
        let spec = |mode: &str| ContainerSpec {
            network_mode: Some(mode.to_owned()),
            mac_address: Some(MAC.to_owned()),
            ..ContainerSpec::default()
        };
        assert_eq!(placement(&spec("bridge"), OLD).unwrap().mac_address.as_deref(), Some(MAC));
        let placed = placement(&spec("bridge"), NEW).unwrap();
        assert_eq!((placed.mac_address, placed.at_create), (None, vec![endpoint("bridge", Some(MAC))]));
        for mode in ["host", "none", "container:1"] {
            for version in [OLD, NEW] {
                let placed = placement(&spec(mode), version).unwrap();
                assert!(placed.mac_address.is_none() && placed.at_create.is_empty(), "{mode}");
            }
        }
    }

    #[test]
    fn parameters_of_an_interface_belong_to_the_endpoint_of_a_new_engine() {
        let mut spec = on(&[endpoint("a", None)]);
        let keys = ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.log_martians", "net.ipv4.conf.eth0.rp_filter"];
        spec.sysctls = keys.iter().map(|key| ((*key).to_owned(), "2".to_owned())).collect();
        spec.networks[0].driver_opts.insert(SYSCTLS.to_owned(), "net.ipv4.conf.IFNAME.forwarding=1".to_owned());
        assert_eq!(placement(&spec, OLD).unwrap().sysctls, spec.sysctls);
        let placed = placement(&spec, NEW).unwrap();
        assert_eq!(placed.sysctls.keys().collect::<Vec<_>>(), ["net.ipv4.conf.all.rp_filter"]);
        let all =
            "net.ipv4.conf.IFNAME.forwarding=1,net.ipv4.conf.IFNAME.log_martians=2,net.ipv4.conf.IFNAME.rp_filter=2";
        assert_eq!(placed.at_create[0].driver_opts[SYSCTLS], all);
    }
}
