//! Fixed addresses on networks (`ipv4_address`, `ipv6_address`).

use crate::common::{plan_up, project};
use crate::setup::{ADDRESSED, brought_up, refused};
use inception::model::Observed;
use inception::plan::{Recreate, UpOptions};

#[tokio::test(start_paused = true)]
async fn fixed_addresses_that_the_engine_would_refuse_are_refused_before_anything_is_made() {
    let on = |network: &str, address: &str| {
        format!(
            "services: {{ a: {{ image: app:1, networks: {{ n: {{ {address} }} }} }} }}\nnetworks: {{ n: {network} }}"
        )
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    let told = |network: &str, address: &str| refused(&on(network, address), &nothing, &default);
    let v4 = |network: &str, address: &str| told(network, &format!("ipv4_address: {address}"));
    let plain = "{ ipam: { config: [{ subnet: 10.5.0.0/24 }] } }";
    for address in ["10.5.1.2", "10.5.0.0", "10.5.0.255", "10.5.0.1"] {
        assert_eq!(v4(plain, address), ["address-unusable"], "{address}");
    }
    assert!(v4(plain, "10.5.0.2").is_empty());
    assert_eq!(v4("{}", "10.5.0.2"), ["address-unusable"], "no subnet");
    let full = "{ ipam: { config: [{ subnet: 10.5.0.0/24, gateway: 10.5.0.254, aux_addresses: { x: 10.5.0.9 } }] } }";
    assert_eq!(v4(full, "10.5.0.254"), ["address-unusable"]);
    assert_eq!(v4(full, "10.5.0.9"), ["address-unusable"]);
    assert!(v4(full, "10.5.0.1").is_empty(), "the gateway is another");
    // In such networks it is unknown which address the engine gives to the gateway.
    assert!(v4("{ internal: true, ipam: { config: [{ subnet: 10.5.0.0/24 }] } }", "10.5.0.1").is_empty());
    assert!(v4("{ ipam: { config: [{ subnet: 10.5.0.0/24, ip_range: 10.5.0.128/25 }] } }", "10.5.0.1").is_empty());
    // Other drivers have their own rules.
    assert!(v4("{ driver: macvlan }", "10.5.0.2").is_empty());
    let both = "{ enable_ipv6: true, ipam: { config: [{ subnet: 10.5.0.0/24 }, { subnet: 'fd00:5::/64' }] } }";
    assert!(told(both, "ipv4_address: 10.5.0.2, ipv6_address: 'fd00:5::2'").is_empty());
    assert_eq!(told(both, "ipv4_address: 10.5.0.2, ipv6_address: 'fd00:6::2'"), ["address-unusable"]);
    assert_eq!(told("{ enable_ipv6: true }", "ipv6_address: 'fd00:6::2'"), ["address-unusable"]);
    // A network without IPv6: the engine ignores the address.
    assert!(told(plain, "ipv6_address: 'fd00:6::2'").is_empty());
    let (_, observed) = brought_up_fixed().await;
    let kept = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
    assert!(refused(&on(plain, "ipv4_address: 10.6.0.2"), &observed, &kept).is_empty(), "nothing is made");
}

async fn brought_up_fixed() -> (std::sync::Arc<inception::engine::fake::FakeEngine>, Observed) {
    brought_up(
        "services: { a: { image: app:1, networks: { n: { ipv4_address: 10.5.0.2 } } } }
networks: { n: { ipam: { config: [{ subnet: 10.5.0.0/24 }] } } }",
    )
    .await
}

#[test]
fn two_containers_cannot_have_one_address() {
    let two = |more: &str| {
        format!(
            "services:
  a: {{ image: app:1, networks: {{ n: {{ ipv4_address: 10.5.0.2 }} }} }}
  b: {{ image: app:1, networks: {{ n: {{ ipv4_address: 10.5.0.2 }} }} {more} }}
networks: {{ n: {{ ipam: {{ config: [{{ subnet: 10.5.0.0/24 }}] }} }} }}"
        )
    };
    let (nothing, default) = (Observed::default(), UpOptions::default());
    assert_eq!(refused(&two(""), &nothing, &default), ["address-taken"]);
    let turns = two(", depends_on: { a: { condition: service_completed_successfully } }");
    assert!(refused(&turns, &nothing, &default).is_empty(), "a has given it back by then");
    let without_b = UpOptions { scale: [("b".into(), 0)].into(), ..UpOptions::default() };
    assert!(refused(&two(""), &nothing, &without_b).is_empty());
    let twice = UpOptions { scale: [("a".into(), 2), ("b".into(), 0)].into(), ..UpOptions::default() };
    assert_eq!(refused(&two(""), &nothing, &twice), ["address-taken"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_has_lost_its_address_is_recreated() {
    let (_, mut observed) = brought_up(ADDRESSED).await;
    let plan_at = |observed: &mut Observed, address: &str| {
        let networks = &mut observed.containers[0].networks;
        networks.values_mut().for_each(|endpoint| endpoint.ip_address = address.to_owned());
        plan_up(&project(ADDRESSED), observed, &UpOptions::default())
    };
    assert!(plan_at(&mut observed, "10.9.0.10").is_empty());
    let plan = plan_at(&mut observed, "10.9.0.2");
    assert_eq!(plan.steps[0].reason.to_string(), "not at its address 10.9.0.10 on network `n`");
}
