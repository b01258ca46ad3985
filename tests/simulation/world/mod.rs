//! Random projects: A, which runs first, and B, which A becomes.

use crate::random::Random;
use std::collections::BTreeMap;

mod yaml;

/// What the image of a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs, without a health check.
    App,
    /// Becomes healthy after a while.
    Db,
    /// Ends with 0.
    Job,
    /// Ends at once with 3.
    Broken,
    /// Never becomes healthy.
    Sick,
}

impl Kind {
    fn image(self) -> &'static str {
        match self {
            Kind::App => "app",
            Kind::Db => "db",
            Kind::Job => "job",
            Kind::Broken => "broken",
            Kind::Sick => "sick",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Started,
    Healthy,
    Completed,
}

#[derive(Clone, Debug)]
pub struct Edge {
    pub to: usize,
    pub condition: Condition,
    pub is_required: bool,
    pub restarts: bool,
}

#[derive(Clone, Debug)]
pub struct Update {
    parallelism: u64,
    is_start_first: bool,
    rolls_back: bool,
    delay: u64,
}

/// Whether the command of a hook succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    Works,
    Fails,
}

impl Hook {
    fn yaml(self) -> &'static str {
        match self {
            Hook::Works => "[{ command: ['true'] }]",
            Hook::Fails => "[{ command: ['fail'] }]",
        }
    }
}

/// The theme of a history: how often its projects have each feature, in percent.
#[derive(Clone, Debug)]
struct Theme {
    port: u64,
    address: u64,
    swap: u64,
    network: u64,
    volume: u64,
    shared: u64,
    hook: u64,
    off: u64,
    rescale: u64,
}

impl Theme {
    fn random(random: &mut Random) -> Self {
        let plain =
            Self { port: 20, address: 10, swap: 15, network: 20, volume: 5, shared: 10, hook: 5, off: 3, rescale: 20 };
        match random.below(6) {
            0 => Self { port: 60, address: 50, swap: 80, ..plain },
            1 => Self { network: 70, ..plain },
            2 => Self { shared: 50, port: 40, swap: 40, ..plain },
            3 => Self { volume: 50, hook: 40, ..plain },
            4 => Self { off: 15, rescale: 60, ..plain },
            _ => plain,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Service {
    pub kind: Kind,
    version: u64,
    title: u64,
    pub scale: u64,
    edges: Vec<Edge>,
    networks: Vec<usize>,
    volumes: Vec<usize>,
    port: Option<u64>,
    /// The last byte of the fixed address on the first network, if that network has a subnet.
    address: Option<u64>,
    /// Whether the service is disabled by a profile.
    pub is_off: bool,
    pre_stop: Option<Hook>,
    pub post_start: Option<Hook>,
    update: Option<Update>,
    restart: Option<&'static str>,
    namespace_of: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub struct Network {
    is_external: bool,
    label: u64,
    option: u64,
    /// How often the name of the network has changed.
    name: u64,
    has_subnet: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Volume {
    is_external: bool,
    label: u64,
    option: u64,
}

/// A project. A service may depend only on services with a lower index, so there is no cycle.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub services: BTreeMap<usize, Service>,
    theme: Option<Theme>,
    networks: BTreeMap<usize, Network>,
    volumes: BTreeMap<usize, Volume>,
    /// Whether the services have a config that is copied into their containers.
    pub has_files: bool,
}

pub fn random(random: &mut Random) -> World {
    let theme = Theme::random(random);
    let mut world = World { theme: Some(theme.clone()), ..World::default() };
    for index in 0..random.below(3) {
        let is_external = random.percent(15);
        let has_subnet = !is_external && random.percent(theme.address * 2);
        world.networks.insert(index as usize, Network { is_external, has_subnet, ..Network::default() });
    }
    for index in 0..random.below(3) {
        world.volumes.insert(index as usize, Volume { is_external: random.percent(20), ..Volume::default() });
    }
    for index in 0..random.between(1, 6) as usize {
        let service = service(random, &world, index);
        world.services.insert(index, service);
    }
    world.settle();
    world
}

fn service(random: &mut Random, world: &World, index: usize) -> Service {
    let theme = world.theme.clone().unwrap();
    let kind = *random.pick(&[Kind::App, Kind::App, Kind::Db, Kind::Job]);
    let mut service = Service {
        kind,
        version: 1,
        title: 0,
        scale: *random.pick(&[1, 1, 1, 1, 2, 2, 3, 0]),
        edges: Vec::new(),
        networks: world.networks.keys().copied().filter(|_| random.percent(50)).collect(),
        volumes: world.volumes.keys().copied().filter(|_| random.percent(40)).collect(),
        port: random.percent(theme.port).then(|| 8000 + index as u64),
        address: random.percent(theme.address).then(|| 10 + index as u64),
        is_off: random.percent(theme.off),
        pre_stop: random.percent(theme.hook).then(|| *random.pick(&[Hook::Works, Hook::Fails])),
        post_start: random.percent(theme.hook).then_some(Hook::Works),
        update: random.percent(30).then(|| update(random)),
        restart: random.percent(30).then(|| *random.pick(&["always", "unless-stopped", "on-failure"])),
        namespace_of: None,
    };
    for (to, other) in &world.services {
        if random.percent(35) {
            service.edges.push(edge(random, *to, other));
        }
    }
    let hosts: Vec<usize> = world
        .services
        .iter()
        .filter(|(_, other)| other.kind == Kind::App && other.scale > 0 && other.namespace_of.is_none())
        .map(|(to, _)| *to)
        .collect();
    if !hosts.is_empty() && random.percent(theme.shared) {
        service.namespace_of = Some(*random.pick(&hosts));
    }
    service
}

fn edge(random: &mut Random, to: usize, other: &Service) -> Edge {
    let special = match other.kind {
        Kind::Db => Condition::Healthy,
        Kind::Job => Condition::Completed,
        _ => Condition::Started,
    };
    let condition = if random.percent(75) { special } else { Condition::Started };
    Edge { to, condition, is_required: random.percent(85), restarts: random.percent(20) }
}

fn update(random: &mut Random) -> Update {
    Update {
        parallelism: random.below(3),
        is_start_first: random.percent(50),
        rolls_back: random.percent(40),
        delay: *random.pick(&[0, 0, 2]),
    }
}

/// Returns the project B that `before` becomes.
pub fn changed(random: &mut Random, before: &World) -> World {
    let mut world = before.clone();
    let theme = world.theme.clone().unwrap();
    for network in world.networks.values_mut() {
        if random.percent(theme.network) {
            *(if random.percent(50) { &mut network.label } else { &mut network.option }) += 1;
        }
        // The network of the old name stays and keeps its subnet, so a network with a subnet keeps its name.
        network.name += u64::from(!network.has_subnet && random.percent(theme.network / 4));
    }
    for volume in world.volumes.values_mut() {
        volume.label += u64::from(random.percent(15));
        volume.option += u64::from(random.percent(theme.volume));
    }
    let indices: Vec<usize> = world.services.keys().copied().collect();
    for index in indices {
        if world.services.len() > 1 && random.percent(12) {
            world.services.remove(&index);
        } else if let Some(service) = world.services.get_mut(&index) {
            change(random, &theme, service);
        }
    }
    if random.percent(25) {
        let index = before.services.len();
        let service = service(random, &world, index);
        world.services.insert(index, service);
    }
    swap(random, &theme, &mut world);
    world.settle();
    world.keep_used_volumes(before);
    world
}

fn change(random: &mut Random, theme: &Theme, service: &mut Service) {
    if random.percent(theme.off) {
        service.is_off = !service.is_off;
    }
    if random.percent(theme.hook / 2) {
        service.pre_stop = Some(*random.pick(&[Hook::Works, Hook::Fails]));
    }
    if random.percent(35) {
        service.version = 3 - service.version;
    }
    service.title += u64::from(random.percent(15));
    if random.percent(theme.rescale) {
        service.scale = random.below(4);
    }
    if random.percent(10) {
        service.update = Some(update(random));
    }
    if random.percent(10) && !service.networks.is_empty() {
        service.networks.pop();
    }
    if random.percent(5) && !service.volumes.is_empty() {
        service.volumes.pop();
    }
    if random.percent(5) {
        service.edges.pop();
    }
}

/// Exchanges the host ports or the addresses of two services.
fn swap(random: &mut Random, theme: &Theme, world: &mut World) {
    let indices: Vec<usize> = world.services.keys().copied().collect();
    if indices.len() < 2 || !random.percent(theme.swap) {
        return;
    }
    let (one, other) = (*random.pick(&indices), *random.pick(&indices));
    // `up` leaves the containers of a disabled service alone, so the service keeps its port and address.
    if world.services[&one].is_off || world.services[&other].is_off {
        return;
    }
    let (first, second) = (world.services[&one].clone(), world.services[&other].clone());
    let (ports, addresses) = (random.percent(75), random.percent(50));
    for (index, from) in [(one, second), (other, first)] {
        let service = world.services.get_mut(&index).unwrap();
        if ports {
            service.port = from.port;
        }
        if addresses {
            service.address = from.address;
        }
    }
}

/// Gives one service an image or a hook that fails. Returns the service.
pub fn break_one(random: &mut Random, world: &mut World) -> Option<usize> {
    let possible: Vec<usize> = world
        .services
        .iter()
        .filter(|(_, service)| service.scale > 0 && service.kind != Kind::Job)
        .map(|(index, _)| *index)
        .collect();
    if possible.is_empty() {
        return None;
    }
    let index = *random.pick(&possible);
    let theme = world.theme.clone().unwrap();
    let service = world.services.get_mut(&index).unwrap();
    service.is_off = false;
    if random.percent(theme.hook) {
        // The image works, but the hook fails.
        service.post_start = Some(Hook::Fails);
        return Some(index);
    }
    service.kind = if service.kind == Kind::Db && random.percent(50) { Kind::Sick } else { Kind::Broken };
    service.version = 1;
    Some(index)
}

impl World {
    /// Makes the project valid: no dependency on a missing service, one replica for a port, and so on.
    fn settle(&mut self) {
        let known: Vec<usize> = self.services.keys().copied().collect();
        let hosts: Vec<usize> = self
            .services
            .iter()
            .filter(|(_, one)| one.kind == Kind::App && one.scale > 0 && one.namespace_of.is_none() && !one.is_off)
            .map(|(index, _)| *index)
            .collect();
        let on: Vec<usize> = self.services.iter().filter(|(_, one)| !one.is_off).map(|(index, _)| *index).collect();
        for service in self.services.values_mut() {
            // A service may depend on a disabled one only with `required: false`.
            service.edges.retain(|edge| known.contains(&edge.to) && (on.contains(&edge.to) || !edge.is_required));
            service.namespace_of = service.namespace_of.filter(|host| hosts.contains(host));
            if service.namespace_of.is_some() {
                service.port = None;
                service.networks.clear();
            }
            let first = service.networks.first().and_then(|index| self.networks.get(index));
            service.address.take_if(|_| !first.is_some_and(|network| network.has_subnet));
            if service.port.is_some() || service.address.is_some() {
                service.scale = service.scale.min(1);
            }
        }
        // Compat: a job that no service waits for is started again by every `up`.
        let awaited: Vec<usize> = self
            .services
            .values()
            .filter(|one| !one.is_off)
            .flat_map(|one| one.edges.iter())
            .filter(|edge| edge.condition == Condition::Completed)
            .map(|edge| edge.to)
            .collect();
        for (index, service) in &mut self.services {
            if service.kind == Kind::Job && !awaited.contains(index) {
                service.kind = Kind::App;
            }
            if service.kind == Kind::Job {
                // The job may end before its hook runs.
                service.post_start = None;
                service.restart = None;
            }
        }
        // No service waits for a condition that its dependency can never meet.
        let kinds: BTreeMap<usize, Kind> = self.services.iter().map(|(index, one)| (*index, one.kind)).collect();
        for edge in self.services.values_mut().flat_map(|service| &mut service.edges) {
            edge.condition = match (edge.condition, kinds[&edge.to]) {
                (Condition::Healthy, Kind::Db) => Condition::Healthy,
                (Condition::Completed, Kind::Job) => Condition::Completed,
                _ => Condition::Started,
            };
        }
    }

    /// Whether the change only replaces containers one by one: no network or volume is recreated, no namespace is
    /// shared. Then two machines may run the same `up` at the same time.
    pub fn is_plain_change_of(&self, before: &World) -> bool {
        let shares = |world: &World| world.services.values().any(|service| service.namespace_of.is_some());
        self.has_networks_of(before) && self.made_anew(before).is_empty() && !shares(self) && !shares(before)
    }

    /// Takes back changes of volumes that `up` cannot recreate. Either a container of a removed or disabled service
    /// uses the volume, and `up` leaves that container alone; or no service uses the volume, and `up` does not look at
    /// such volumes.
    fn keep_used_volumes(&mut self, before: &World) {
        let is_left = |index: &usize| self.services.get(index).is_none_or(|service| service.is_off);
        let left = before.services.iter().filter(|(index, _)| is_left(index));
        let kept: Vec<usize> = left.flat_map(|(_, service)| service.volumes.iter().copied()).collect();
        let on = self.services.values().filter(|service| !service.is_off);
        let used: Vec<usize> = on.flat_map(|service| service.volumes.iter().copied()).collect();
        for (index, volume) in
            self.volumes.iter_mut().filter(|(index, _)| kept.contains(index) || !used.contains(index))
        {
            volume.option = before.volumes.get(index).map_or(0, |old| old.option);
        }
    }

    /// Returns the volumes whose definition has changed. `--recreate-volume` recreates them.
    pub fn made_anew(&self, before: &World) -> Vec<usize> {
        let has_changed = |(index, volume): &(&usize, &Volume)| {
            !volume.is_external && before.volumes.get(index).is_some_and(|old| old.option != volume.option)
        };
        self.volumes.iter().filter(has_changed).map(|(index, _)| *index).collect()
    }

    /// Whether the container of a service, or of the service whose network it shares, is removed before its successor
    /// is created, because one of its volumes is recreated.
    pub fn gives_way_to_a_volume(&self, before: &World, index: usize) -> bool {
        let anew = self.made_anew(before);
        let uses = |index: usize| {
            let services = [before.services.get(&index), self.services.get(&index)];
            services.into_iter().flatten().any(|one| one.volumes.iter().any(|volume| anew.contains(volume)))
        };
        let hosts = [before.services.get(&index), self.services.get(&index)].into_iter().flatten();
        let mut hosts = hosts.filter_map(|service| service.namespace_of);
        uses(index) || hosts.any(uses)
    }

    /// Whether a service depends on another one, directly or through others.
    pub fn depends_on(&self, index: usize, other: usize) -> bool {
        let Some(service) = self.services.get(&index) else { return false };
        let edges = service.edges.iter().map(|edge| edge.to).chain(service.namespace_of);
        edges.into_iter().any(|to| to == other || self.depends_on(to, other))
    }

    /// Whether no network is recreated.
    pub fn has_networks_of(&self, before: &World) -> bool {
        let definitions = |world: &World| -> Vec<(u64, u64, u64)> {
            world.networks.values().map(|network| (network.label, network.option, network.name)).collect()
        };
        definitions(self) == definitions(before)
    }

    /// Whether a service of `before` shares the network of a service that has been removed.
    pub fn loses_its_host(&self, before: &World, index: usize) -> bool {
        let host = before.services.get(&index).and_then(|service| service.namespace_of);
        host.is_some_and(|host| self.services.get(&host).is_none_or(|host| host.scale == 0))
    }
}
