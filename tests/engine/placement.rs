//! Attributes whose place in a create call depends on the API version, read back from the engine. `DOCKER_HOST` chooses
//! the engine.

use inception::engine::EngineHandle;
use inception::model::{ContainerSpec, EndpointSpec, NetworkSpec};

use crate::common::real::told;
use crate::{Made, engine, unique};

const MAC: &str = "02:42:ac:11:65:43";

/// Networks that are removed when the value is dropped.
struct Networks(Vec<String>);

impl Networks {
    async fn made(engine: &EngineHandle, count: usize) -> Self {
        let mut made = Self(Vec::new());
        for _ in 0..count {
            let name = unique("network");
            engine.create_network(&NetworkSpec { name: name.as_str().into(), ..NetworkSpec::default() }).await.unwrap();
            made.0.push(name);
        }
        made
    }

    fn put(&self, spec: &mut ContainerSpec) {
        let endpoint = |name: &String| EndpointSpec { network: name.as_str().into(), ..EndpointSpec::default() };
        spec.networks = self.0.iter().map(endpoint).collect();
        spec.network_mode = self.0.first().cloned();
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        self.0.iter().for_each(|name| {
            told(&["network", "rm", name]);
        });
    }
}

/// Returns the MAC address of a container on each network.
fn addresses(made: &Made) -> String {
    told(&[
        "inspect",
        "-f",
        "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.MacAddress}} {{end}}",
        made.id.as_str(),
    ])
}

#[tokio::test]
async fn an_interface_has_the_address_that_was_asked_for() {
    let Some(engine) = engine().await else { return };
    for index in [0, 1] {
        let networks = Networks::made(&engine, 2).await;
        let made = Made::created(&engine, &["sleep", "1000"], |spec| {
            networks.put(spec);
            spec.networks[index].mac_address = Some(MAC.to_owned());
        })
        .await;
        made.start().await;
        let found = addresses(&made);
        assert!(found.contains(&format!("{}={MAC}", networks.0[index])), "{index}: {found}");
        assert_eq!(found.matches(MAC).count(), 1, "{found}");
        assert_eq!(found.split_whitespace().count(), 2, "{found}");
        drop(made);
        drop(networks);
    }
    let made = Made::created(&engine, &["sleep", "1000"], |spec| {
        (spec.network_mode, spec.mac_address) = (Some("bridge".to_owned()), Some(MAC.to_owned()));
    })
    .await;
    made.start().await;
    assert_eq!(addresses(&made).trim(), format!("bridge={MAC}"));
}

#[tokio::test]
async fn parameters_of_an_interface_hold() {
    let Some(engine) = engine().await else { return };
    let networks = Networks::made(&engine, 1).await;
    let made = Made::created(&engine, &["sleep", "1000"], |spec| {
        networks.put(spec);
        for key in ["net.ipv4.conf.eth0.log_martians", "net.ipv4.conf.all.log_martians", "net.ipv4.conf.eth0.rp_filter"]
        {
            spec.sysctls.insert(key.to_owned(), "1".to_owned());
        }
    })
    .await;
    made.start().await;
    let value = |key: &str| told(&["exec", made.id.as_str(), "cat", &format!("/proc/sys/net/ipv4/conf/{key}")]);
    assert_eq!([value("eth0/log_martians"), value("all/log_martians"), value("eth0/rp_filter")], ["1", "1", "1"]);
}
