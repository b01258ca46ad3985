//! The dependencies between services: order, closures, cycles. Only this file knows petgraph.
//!
//! An edge leads from a dependent service to its dependency: from `web` to `db` for `web: { depends_on: [db] }`. Start
//! at [`Graph::new`].

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{has_path_connecting, kosaraju_scc};
use petgraph::graphmap::DiGraphMap;

use crate::diag::Diagnostic;
use crate::model::{Dependency, Service, ServiceName, Span};

/// A dependency as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge<'a> {
    /// The dependent service.
    pub from: &'a str,
    /// The dependency.
    pub to: &'a str,
    /// The place of the attribute that makes the dependency.
    pub span: Span,
}

/// The dependency graph of a set of services.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    edges: DiGraphMap<&'a str, &'a Dependency>,
}

impl<'a> Graph<'a> {
    /// Builds the graph of a set of services. Dependencies on other services are left out: the loader has checked them.
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

    /// Returns the services, each after its dependencies. Services that do not depend on each other are in order of
    /// names.
    ///
    /// Members of a cycle come last, in order of names. The loader refuses cycles, so callers never see one.
    pub fn order(&self) -> Vec<&'a str> {
        self.order_after(&[])
    }

    /// As [`Self::order`], but the first service of each pair comes after the second. A pair that contradicts a
    /// dependency or an earlier pair is ignored.
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

    /// Returns `roots` and their dependencies, direct or not.
    pub fn with_dependencies<'b>(&self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
        self.closure(roots, petgraph::Direction::Outgoing)
    }

    /// Returns `roots` and the services that depend on them, directly or not.
    pub fn with_dependents<'b>(&self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
        self.closure(roots, petgraph::Direction::Incoming)
    }

    /// Returns the services that depend on `service` directly, each with its dependency, in order of names.
    pub fn dependents(&self, service: &'a str) -> Vec<(&'a str, &'a Dependency)> {
        let mut list: Vec<_> = self
            .edges
            .edges_directed(service, petgraph::Direction::Incoming)
            .map(|(from, _, edge)| (from, *edge))
            .collect();
        list.sort_unstable_by_key(|(from, _)| *from);
        list
    }

    /// Returns `roots` and every service that their edges in one direction lead to.
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

/// Returns a diagnostic for each group of services that depend on each other (a strongly connected component). The
/// message shows the shortest cycle through the first service of the group, with the place of each edge.
///
/// `via` returns the attribute that makes an edge: `depends_on`, `links[0]`, `network_mode` and the like.
pub fn cycles(edges: &[Edge<'_>], via: &dyn Fn(&Edge<'_>) -> String) -> Vec<Diagnostic> {
    let mut graph = DiGraphMap::new();
    for edge in edges {
        if !graph.contains_edge(edge.from, edge.to) {
            graph.add_edge(edge.from, edge.to, edge);
        }
    }
    // Kosaraju's algorithm works without recursion, so a long chain of services does not exhaust the stack.
    let mut found: Vec<Diagnostic> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || group.first().is_some_and(|node| graph.contains_edge(*node, *node)))
        .map(|group| cycle_diagnostic(&graph, &group, via))
        .collect();
    found.sort_by_key(|diagnostic| diagnostic.primary.span);
    found
}

/// Returns the diagnostic for one group of services that depend on each other.
fn cycle_diagnostic(
    graph: &DiGraphMap<&str, &Edge<'_>>,
    group: &[&str],
    via: &dyn Fn(&Edge<'_>) -> String,
) -> Diagnostic {
    let path = shortest_cycle(graph, group);
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

/// Returns the shortest cycle through the first service of the group by name. The result begins and ends with this
/// service.
fn shortest_cycle<'a>(graph: &DiGraphMap<&'a str, &Edge<'_>>, group: &[&'a str]) -> Vec<&'a str> {
    let members: BTreeSet<&str> = group.iter().copied().collect();
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
    fn a_chain_of_many_services_is_looked_through_without_recursion() {
        let names: Vec<String> = (0..100_000).map(|number| format!("s{number}")).collect();
        let edge = |pair: &'_ [String]| (pair[0].clone(), pair[1].clone());
        let pairs: Vec<(String, String)> = names.windows(2).map(edge).collect();
        let mut edges: Vec<Edge<'_>> = pairs.iter().map(|(from, to)| Edge { from, to, span: Span::NONE }).collect();
        assert!(cycles(&edges, &|_| "depends_on".to_owned()).is_empty());
        edges.push(Edge { from: &names[names.len() - 1], to: &names[0], span: Span::NONE });
        assert_eq!(cycles(&edges, &|_| "depends_on".to_owned()).len(), 1);
    }

    #[test]
    fn a_service_that_needs_itself_is_a_cycle() {
        let found = cycles(&[Edge { from: "a", to: "a", span: Span::NONE }], &|_| "links[0]".to_owned());
        assert_eq!(found[0].message, "dependency cycle detected: a -> a");
    }
}
