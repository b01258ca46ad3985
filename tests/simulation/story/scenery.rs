//! What is on the engine beside the project: images, and objects of other projects.

use std::time::Duration;

use inception::engine::fake::{Behaviour, Deed, Done, FakeEngine};
use inception::engine::{ChangeEngine, RemoveOptions};
use inception::model::{ContainerSpec, MountKind, NetworkSpec, Project, Volume, VolumeSpec, labels};

use super::Story;
use crate::random::Random;
use crate::state;

impl Story {
    /// Creates networks, volumes and containers of others, whose names and labels are close to those of the project.
    pub(super) async fn strangers(&mut self) {
        let world = self.engine.client(0);
        let network = |name: &str| NetworkSpec { name: name.into(), ..NetworkSpec::default() };
        world.create_network(&network("ext-n")).await.unwrap();
        world.create_volume(&VolumeSpec { name: "ext-v".into(), ..VolumeSpec::default() }).await.unwrap();
        let mut all = vec![("pet", vec![])];
        all.push(("other-s0-1", vec![(labels::PROJECT, "other"), (labels::SERVICE, "s0"), (labels::NUMBER, "1")]));
        let elsewhere = vec![
            (labels::PROJECT, "p"),
            (labels::SERVICE, "legacy"),
            (labels::NUMBER, "1"),
            (labels::WORKING_DIR, "/elsewhere"),
            (labels::CONFIG_HASH, "x"),
        ];
        all.push(("p-legacy-1", elsewhere));
        for (name, labels) in all {
            let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let spec = ContainerSpec { name: name.into(), image: "app:1".into(), labels, ..ContainerSpec::default() };
            let (id, _) = world.create_container(&spec).await.unwrap();
            world.start_container(&id).await.unwrap();
        }
    }

    /// Sometimes connects a container of others to a network of the project.
    pub(super) async fn visitors(&mut self, project: &Project) {
        if !self.random.percent(15) {
            return;
        }
        let seen = state::look(&self.engine).await;
        let strangers: Vec<_> = seen.containers.iter().filter(|one| !state::is_ours(&one.labels)).collect();
        let ours = seen.networks.iter().filter(|one| one.name.as_str().starts_with(&format!("{}_", project.name)));
        let endpoint = inception::model::EndpointSpec::default();
        if let Some(network) = ours.max_by_key(|one| one.name.clone()) {
            let visitor = self.random.pick(&strangers);
            let world = self.engine.client(0);
            world.connect_network(&network.name, &visitor.id, &endpoint).await.unwrap();
            self.say(|| format!("--- {} joins {}", visitor.name, network.name));
        }
    }

    /// Removes one of these volumes by hand, after the containers that use it.
    pub(super) async fn cleaned_by_hand(&mut self, volumes: Vec<&Volume>) {
        let which = usize::try_from(self.more.next()).unwrap_or_default();
        let Some(index) = which.checked_rem(volumes.len()) else { return };
        let name = &volumes[index].name;
        let world = self.engine.client(0);
        let mounts = |spec: &ContainerSpec| {
            spec.mounts
                .iter()
                .any(|mount| matches!(&mount.kind, MountKind::Volume { name: found, .. } if found == name))
        };
        for change in self.engine.history() {
            if let Deed::Container { id, spec, what: Done::Created, .. } = &change.deed
                && mounts(spec)
            {
                // The container may have been removed long ago.
                let _ = world.remove_container(id, RemoveOptions { force: true, volumes: false }).await;
            }
        }
        let _ = world.remove_volume(name).await;
        self.log.lock().unwrap().mishaps += 1;
        self.say(|| format!("--- {name} is removed by hand"));
    }
}

/// Adds the images. How their containers behave differs from seed to seed.
pub(super) fn images(engine: &FakeEngine, random: &mut Random) {
    let mut stops = |codes: &[i64]| (Duration::from_millis(random.below(3000)), *random.pick(codes));
    for version in 1..=2 {
        let (stops_after, stop_code) = stops(&[0, 143, 137]);
        let app = Behaviour { stops_after, stop_code, ..Behaviour::default() };
        engine.add_image(&format!("app:{version}"), &format!("a{version}"), app);
        let (stops_after, stop_code) = stops(&[0, 137]);
        let db = Behaviour {
            has_healthcheck: true,
            healthy_after: Some(stops_after + Duration::from_millis(100)),
            stops_after,
            stop_code,
            ..Behaviour::default()
        };
        engine.add_image(&format!("db:{version}"), &format!("d{version}"), db);
        let (lasts, stop_code) = stops(&[143, 137]);
        let job = Behaviour { exits: Some((lasts, 0)), stop_code, ..Behaviour::default() };
        engine.add_image(&format!("job:{version}"), &format!("c{version}"), job);
    }
    let broken = Behaviour { exits: Some((Duration::from_millis(10), 3)), ..Behaviour::default() };
    engine.add_image("broken:1", "b1", broken);
    engine.add_image("sick:1", "e1", Behaviour { has_healthcheck: true, ..Behaviour::default() });
}
