//! What stands in pictures, whatever the names.

use super::{Arrow, Chart, Kind, Mood, Need, Node, Status, dot, mermaid, svg, text};

fn node(name: &str, kind: Kind) -> Node {
    Node { name: name.to_owned(), kind, lines: Vec::new(), networks: Vec::new(), status: None }
}

fn chart() -> Chart {
    let status = Status { words: "<healthy>".to_owned(), mood: Mood::Good };
    let mut web = Node { status: Some(status), ..node("<b>&\"web\"", Kind::Service) };
    web.lines.push("a`b;#c\\".to_owned());
    let nodes = vec![web, node("db", Kind::Service), node("data", Kind::Volume)];
    let arrow = |from, to, need| Arrow { from, to, need };
    let arrows = vec![arrow(0, 1, Need::Healthy), arrow(1, 2, Need::Data)];
    Chart { title: "a \"b\" <c>".to_owned(), nodes, arrows, ..Chart::default() }
}

#[test]
fn names_are_no_markup_in_svg() {
    let drawn = svg::render(&chart());
    assert!(drawn.contains(">&lt;b&gt;&amp;&quot;web&quot;</text>"), "{drawn}");
    assert!(drawn.contains("● &lt;healthy&gt;") && !drawn.contains("<b>") && !drawn.contains("<c>"));
    // The reader of the text alternative learns the same.
    assert!(drawn.contains("needs db healthy. Service db writes volume data.</desc>"), "{drawn}");
}

#[test]
fn names_are_no_markup_in_mermaid_and_dot() {
    let drawn = mermaid::render(&chart());
    assert!(
        drawn.contains("n0[\"#60;b#62;#38;#34;web#34;<br/>a#96;b#59;#35;c#92;<br/>● #60;healthy#62;\"]"),
        "{drawn}"
    );
    let drawn = dot::render(&chart());
    assert!(drawn.starts_with("digraph \"a \\\"b\\\" <c>\" {"), "{drawn}");
    assert!(drawn.contains("[label=\"<b>&\\\"web\\\"\\na`b;#c\\\\\\n● <healthy>\"];"), "{drawn}");
}

#[test]
fn a_deep_graph_of_shared_services_is_drawn_once() {
    let mut chart =
        Chart { nodes: (0..60).map(|index| node(&index.to_string(), Kind::Service)).collect(), ..Chart::default() };
    // Each service needs the next two: without repetitions a line for each arrow, with them more than 2^30.
    for from in 0..58 {
        chart.arrows.extend([1, 2].map(|step| Arrow { from, to: from + step, need: Need::Started }));
    }
    assert_eq!(text::render(&chart).lines().count(), 1 + chart.arrows.len());
}
