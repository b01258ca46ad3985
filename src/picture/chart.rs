//! What a picture of a project shows, without coordinates.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Condition, Mount, MountSource, Namespace, Port, Project, Service, ServiceName};

/// The most lines of one kind in a box, such as ports. More are counted.
const MOST_LINES: usize = 4;
/// The most characters of a line in a box.
const MOST_CHARACTERS: usize = 36;

/// A project as boxes, arrows and frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Name of the project.
    pub title: String,
    /// The boxes: services in order of names, then volumes in order of keys.
    pub nodes: Vec<Node>,
    /// The arrows, each from what needs something to what is needed.
    pub arrows: Vec<Arrow>,
    /// The networks of more than one service, in order of keys.
    pub networks: Vec<Frame>,
}

/// A box of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Name of the service, or key of the volume.
    pub name: String,
    /// What the box stands for.
    pub kind: Kind,
    /// Lines below the name: image, ports, replicas, namespaces. Without control characters, at most 36 characters each.
    pub lines: Vec<String>,
    /// Keys of the service's networks.
    pub networks: Vec<String>,
    /// How the service is; `None` where the engine was not asked.
    pub status: Option<Status>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Service,
    /// A named volume.
    Volume,
}

/// An arrow of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Index of the box that needs something.
    pub from: usize,
    /// Index of the box that is needed.
    pub to: usize,
    /// What is needed.
    pub need: Need,
}

/// What one box needs of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The dependency has started.
    Started,
    /// The dependency is healthy.
    Healthy,
    /// The dependency has ended with exit code 0.
    Completed,
    /// The volume, to read and write.
    Data,
    /// The volume, only to read.
    DataToRead,
}

impl Need {
    /// Returns the word that a reader sees.
    pub fn word(self) -> &'static str {
        match self {
            Need::Started => "started",
            Need::Healthy => "healthy",
            Need::Completed => "completed",
            Need::Data => "writes",
            Need::DataToRead => "reads",
        }
    }
}

impl From<Condition> for Need {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Started => Need::Started,
            Condition::Healthy => Need::Healthy,
            Condition::CompletedSuccessfully => Need::Completed,
        }
    }
}

/// A network with the boxes on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Key of the network.
    pub name: String,
    /// Indices of the boxes.
    pub members: Vec<usize>,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// One or a few words, such as `healthy` or `1 of 2 running`.
    pub words: String,
    /// How good that is.
    pub mood: Mood,
}

/// How good a state is. Pictures show it by a shape, too, never by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Good,
    /// On its way.
    Waiting,
    /// Broken.
    Bad,
    /// Not there, or ended as it should.
    Quiet,
}

impl Mood {
    /// Returns the sign of the mood.
    pub fn sign(self) -> char {
        match self {
            Mood::Good => '●',
            Mood::Waiting => '◐',
            Mood::Bad => '✕',
            Mood::Quiet => '○',
        }
    }
}

impl Chart {
    /// Makes the chart of a project. `services` are the services to show with all that they need; empty means all.
    /// `statuses` tells how services are, as far as that is known.
    pub fn new(project: &Project, services: &[String], statuses: &BTreeMap<ServiceName, Status>) -> Self {
        let shown = closure(project, services);
        let mut chart = Chart { title: crate::text::one_line(project.name.as_str()), ..Chart::default() };
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, service) in project.services.iter().filter(|(name, _)| shown.contains(name.as_str())) {
            places.insert(name.as_str(), chart.nodes.len());
            chart.nodes.push(service_node(project, service, statuses.get(name).cloned()));
        }
        for (name, service) in project.services.iter().filter(|(name, _)| shown.contains(name.as_str())) {
            let needed = service.depends_on.iter().filter_map(|(to, edge)| Some((*places.get(to.as_str())?, edge)));
            chart.arrows.extend(needed.map(|(to, edge)| Arrow {
                from: places[name.as_str()],
                to,
                need: edge.condition.into(),
            }));
        }
        chart.add_volumes(project, &shown);
        chart.add_networks();
        chart
    }

    fn add_volumes(&mut self, project: &Project, shown: &BTreeSet<&str>) {
        let services = self.nodes.len();
        let mut users: BTreeMap<&str, BTreeMap<usize, bool>> = BTreeMap::new();
        for (place, (_, service)) in
            project.services.iter().filter(|(name, _)| shown.contains(name.as_str())).enumerate().take(services)
        {
            for mount in &service.volumes {
                if let MountSource::Volume { key, .. } = &mount.source {
                    let writes = users.entry(key.as_str()).or_default().entry(place).or_default();
                    *writes |= !is_read_only(mount);
                }
            }
        }
        for (key, users) in users {
            let to = self.nodes.len();
            self.nodes.push(Node {
                name: short(key),
                kind: Kind::Volume,
                lines: Vec::new(),
                networks: Vec::new(),
                status: None,
            });
            let need = |writes| if writes { Need::Data } else { Need::DataToRead };
            self.arrows.extend(users.into_iter().map(|(from, writes)| Arrow { from, to, need: need(writes) }));
        }
    }

    fn add_networks(&mut self) {
        let mut members: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for (place, node) in self.nodes.iter().enumerate() {
            for network in &node.networks {
                members.entry(network).or_default().push(place);
            }
        }
        let shared = members.into_iter().filter(|(_, members)| members.len() > 1);
        self.networks = shared.map(|(name, members)| Frame { name: name.clone(), members }).collect();
    }

    /// Returns the arrows that leave each box.
    pub fn leaving(&self) -> Vec<Vec<&Arrow>> {
        let mut leaving = vec![Vec::new(); self.nodes.len()];
        for arrow in &self.arrows {
            leaving[arrow.from].push(arrow);
        }
        leaving
    }

    /// Returns the boxes of services, with their indices.
    pub fn services(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.kind == Kind::Service)
    }
}

/// Returns the named services with all that they need; all services where none is named.
fn closure<'a>(project: &'a Project, named: &[String]) -> BTreeSet<&'a str> {
    let all = || project.services.keys().map(ServiceName::as_str);
    if named.is_empty() {
        return all().collect();
    }
    let mut open: Vec<&str> = all().filter(|name| named.iter().any(|one| one == name)).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(service) = project.service(name)
        {
            open.extend(service.depends_on.keys().map(ServiceName::as_str));
        }
    }
    found
}

fn service_node(project: &Project, service: &Service, status: Option<Status>) -> Node {
    let mut lines = Vec::new();
    match (&service.image, &service.build) {
        (Some(image), None) => lines.push(short(image.as_str())),
        (Some(image), Some(_)) => lines.push(short(&format!("{} (built)", image.as_str()))),
        (None, Some(_)) => lines.push("built here".to_owned()),
        (None, None) => {}
    }
    if service.replicas != 1 {
        lines.push(format!("{} replicas", service.replicas));
    }
    if let Some(Namespace::Service(host)) = &service.network_mode {
        lines.push(short(&format!("in the network of {host}")));
    } else if let Some(Namespace::Mode(mode)) = &service.network_mode {
        lines.push(short(&format!("network mode {mode}")));
    }
    lines.extend(some_of(service.ports.iter().map(port)));
    let known = service.networks.keys().filter(|key| project.networks.contains_key(*key));
    let networks = known.map(|key| short(key.as_str())).collect();
    Node { name: short(service.name.as_str()), kind: Kind::Service, lines, networks, status }
}

/// Returns at most [`MOST_LINES`] lines; the last one counts the rest.
fn some_of(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let all = lines.len();
    let most = if all > MOST_LINES { MOST_LINES - 1 } else { MOST_LINES };
    let mut shown: Vec<String> = lines.take(most).collect();
    if all > shown.len() {
        shown.push(format!("and {} more ports", all - shown.len()));
    }
    shown
}

fn port(port: &Port) -> String {
    let protocol = if port.protocol == "tcp" { String::new() } else { format!("/{}", port.protocol) };
    let published = port.published.as_deref().unwrap_or("any port");
    let address = match port.host_ip {
        Some(std::net::IpAddr::V6(address)) => format!("[{address}]:"),
        Some(address) => format!("{address}:"),
        None => String::new(),
    };
    short(&format!("{address}{published} → {}{protocol}", port.target))
}

fn is_read_only(mount: &Mount) -> bool {
    mount.is_read_only
}

/// Returns a text on one line, without control characters, and not too long for a box.
fn short(text: &str) -> String {
    let line = crate::text::one_line(&crate::text::escape_controls(text));
    match line.chars().count() > MOST_CHARACTERS {
        true => line.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect(),
        false => line,
    }
}
