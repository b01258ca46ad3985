//! Dependencies between services: order, closures, cycles. petgraph stays private here.
//!
//! An edge goes from a dependent to what it depends on. Start at [`Graph::new`].

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{has_path_connecting, tarjan_scc};
use petgraph::graphmap::DiGraphMap;

use crate::diag::Diagnostic;
use crate::model::{Dependency, Service, ServiceName, Span};

/// One edge, as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge<'a> {
    /// Who depends.
    pub from: &'a str,
    /// On whom.
    pub to: &'a str,
    /// Where it says so.
    pub span: Span,
}

/// The dependency graph of a set of services.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    edges: DiGraphMap<&'a str, &'a Dependency>,
}

impl<'a> Graph<'a> {
    /// Builds the graph; edges to services that are not in the map are left out, the loader has judged them.
    pub fn new(services: &'a BTreeMap<ServiceName, Service>) -> Self {
        let mut edges = DiGraphMap::new();
        for (name, service) in services {
            edges.add_node(name.as_str());
            for (dependency, edge) in &service.depends_on {
                if services.contains_key(dependency.as_str()) {
                    edges.add_edge(name.as_str(), dependency.as_str(), edge);
                }
            }
        }
        Self { edges }
    }

    /// Returns the services with dependencies first; services that do not depend on each other are in order of names.
    ///
    /// Members of a cycle come last, in order of names: callers refuse cycles before.
    pub fn order(&self) -> Vec<&'a str> {
        self.order_after(&[])
    }

    /// As [`Self::order`]; in addition the first of each pair comes after the second, where no dependency and no earlier
    /// pair wants it the other way round.
    pub fn order_after(&self, pairs: &[(ServiceName, ServiceName)]) -> Vec<&'a str> {
        let mut edges: DiGraphMap<&'a str, ()> = self.edges.all_edges().map(|(from, to, _)| (from, to)).collect();
        for node in self.edges.nodes() {
            edges.add_node(node);
        }
        for (later, earlier) in pairs {
            let node = |name: &ServiceName| self.edges.nodes().find(|node| *node == name.as_str());
            if let (Some(later), Some(earlier)) = (node(later), node(earlier))
                && !has_path_connecting(&edges, earlier, later, None)
            {
                edges.add_edge(later, earlier, ());
            }
        }
        let mut missing: BTreeMap<&str, usize> =
            edges.nodes().map(|node| (node, edges.neighbors(node).count())).collect();
        let mut ready: BTreeSet<&'a str> = edges.nodes().filter(|node| missing[node] == 0).collect();
        let mut order = Vec::with_capacity(edges.node_count());
        while let Some(node) = ready.pop_first() {
            order.push(node);
            for dependent in edges.neighbors_directed(node, petgraph::Direction::Incoming) {
                if let Some(count) = missing.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(dependent);
                    }
                }
            }
        }
        let placed: BTreeSet<&str> = order.iter().copied().collect();
        let mut rest: Vec<&'a str> = edges.nodes().filter(|node| !placed.contains(node)).collect();
        rest.sort_unstable();
        order.extend(rest);
        order
    }

    /// Returns `roots` and everything they depend on, directly or not.
    pub fn with_dependencies<'b>(&self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
        self.closure(roots, petgraph::Direction::Outgoing)
    }

    /// Returns `roots` and everything that depends on them, directly or not.
    pub fn with_dependents<'b>(&self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
        self.closure(roots, petgraph::Direction::Incoming)
    }

    /// Returns who depends on `service` directly, with the edge, in order of names.
    pub fn dependents(&self, service: &'a str) -> Vec<(&'a str, &'a Dependency)> {
        let mut list: Vec<_> = self
            .edges
            .edges_directed(service, petgraph::Direction::Incoming)
            .map(|(from, _, edge)| (from, *edge))
            .collect();
        list.sort_unstable_by_key(|(from, _)| *from);
        list
    }

    fn closure<'b>(
        &self,
        roots: impl IntoIterator<Item = &'b str>,
        direction: petgraph::Direction,
    ) -> BTreeSet<&'a str> {
        let known: BTreeSet<&'a str> = self.edges.nodes().collect();
        let mut found = BTreeSet::new();
        let mut queue: Vec<&'a str> = roots.into_iter().filter_map(|root| known.get(root).copied()).collect();
        while let Some(node) = queue.pop() {
            if found.insert(node) {
                queue.extend(self.edges.neighbors_directed(node, direction));
            }
        }
        found
    }
}

/// Finds cycles and says, for each, every service on it and where each edge is written.
///
/// One diagnostic per knot of services, with the shortest cycle through its first member; linear but for that path. `via`
/// returns which attribute says so: `depends_on`, `links[0]`, `network_mode`, ...
pub fn cycles(edges: &[Edge<'_>], via: &dyn Fn(&Edge<'_>) -> String) -> Vec<Diagnostic> {
    let mut graph = DiGraphMap::new();
    for edge in edges {
        if !graph.contains_edge(edge.from, edge.to) {
            graph.add_edge(edge.from, edge.to, edge);
        }
    }
    let mut found: Vec<Diagnostic> = tarjan_scc(&graph)
        .into_iter()
        .filter(|knot| knot.len() > 1 || knot.first().is_some_and(|node| graph.contains_edge(*node, *node)))
        .map(|knot| cycle_diagnostic(&graph, &knot, via))
        .collect();
    found.sort_by_key(|diagnostic| diagnostic.primary.span);
    found
}

fn cycle_diagnostic(
    graph: &DiGraphMap<&str, &Edge<'_>>,
    knot: &[&str],
    via: &dyn Fn(&Edge<'_>) -> String,
) -> Diagnostic {
    let path = shortest_cycle(graph, knot);
    let hops: Vec<&Edge<'_>> =
        path.windows(2).filter_map(|pair| graph.edge_weight(pair[0], pair[1]).copied()).collect();
    let names: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
    let first = hops.first().map_or(Span::NONE, |hop| hop.span);
    let mut diagnostic =
        Diagnostic::error("dependency-cycle", first, format!("dependency cycle detected: {}", names.join(" -> ")))
            .help("remove one of these edges, or let both services wait for each other themselves");
    if let Some(hop) = hops.first() {
        diagnostic = diagnostic.label(hop_text(hop, via)).at(format!("services.{}.{}", hop.from, via(hop)));
    }
    hops.iter().skip(1).fold(diagnostic, |diagnostic, hop| diagnostic.related(hop.span, hop_text(hop, via)))
}

fn hop_text(hop: &Edge<'_>, via: &dyn Fn(&Edge<'_>) -> String) -> String {
    format!("`{}` needs `{}` by `{}`", hop.from, hop.to, via(hop))
}

/// Breadth first from the knot's smallest member back to itself; the result starts and ends with it.
fn shortest_cycle<'a>(graph: &DiGraphMap<&'a str, &Edge<'_>>, knot: &[&'a str]) -> Vec<&'a str> {
    let members: BTreeSet<&str> = knot.iter().copied().collect();
    let Some(start) = members.first().copied() else { return Vec::new() };
    let mut came_from: BTreeMap<&str, &'a str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node).filter(|next| members.contains(next)) {
            if next == start {
                let mut path = vec![start];
                let mut at = node;
                while at != start {
                    path.push(at);
                    at = came_from[at];
                }
                path.push(start);
                path.reverse();
                return path;
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    vec![start]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(edges: &[(&str, &[&str])]) -> BTreeMap<ServiceName, Service> {
        edges
            .iter()
            .map(|(name, needs)| {
                let depends_on = needs.iter().map(|need| (ServiceName::from(*need), Dependency::default())).collect();
                (ServiceName::from(*name), Service { name: (*name).into(), depends_on, ..Service::default() })
            })
            .collect()
    }

    #[test]
    fn dependencies_come_first_and_the_rest_by_name() {
        let services = services(&[("a", &["z"]), ("m", &[]), ("z", &[]), ("b", &["a"])]);
        assert_eq!(Graph::new(&services).order(), ["m", "z", "a", "b"]);
    }

    #[test]
    fn closures_follow_edges_both_ways() {
        let services = services(&[("web", &["app"]), ("app", &["db"]), ("db", &[]), ("other", &["db"])]);
        let graph = Graph::new(&services);
        assert_eq!(graph.with_dependencies(["app"]).into_iter().collect::<Vec<_>>(), ["app", "db"]);
        assert_eq!(graph.with_dependents(["app"]).into_iter().collect::<Vec<_>>(), ["app", "web"]);
        assert_eq!(graph.dependents("db").iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["app", "other"]);
    }

    #[test]
    fn a_cycle_names_every_service_on_it_once() {
        let edge = |from, to| Edge { from, to, span: Span::NONE };
        let edges = [edge("x", "a"), edge("a", "b"), edge("b", "c"), edge("c", "a"), edge("c", "d")];
        let found = cycles(&edges, &|_| "depends_on".to_owned());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "dependency cycle detected: a -> b -> c -> a");
        assert_eq!(found[0].related.len(), 2);
    }

    #[test]
    fn a_service_that_needs_itself_is_a_cycle() {
        let found = cycles(&[Edge { from: "a", to: "a", span: Span::NONE }], &|_| "links[0]".to_owned());
        assert_eq!(found[0].message, "dependency cycle detected: a -> a");
    }
}
