//! A chart in the language of Graphviz.

use std::fmt::Write;

use super::chart::{Chart, Kind, Need, Node};

/// Draws a chart.
pub fn render(chart: &Chart) -> String {
    let mut dot = format!("digraph {} {{\n  node [shape=box, fontname=monospace];\n", quoted(&chart.title));
    for (index, node) in chart.nodes.iter().enumerate().filter(|(index, _)| frame_of(chart, *index).is_none()) {
        let _ = writeln!(dot, "  {}", declared(index, node));
    }
    for (number, frame) in chart.networks.iter().enumerate() {
        let _ = write!(dot, "  subgraph cluster_{number} {{\n    label={};\n    style=dashed;\n", quoted(&frame.name));
        for index in frame.members.iter().filter(|index| frame_of(chart, **index) == Some(number)) {
            let _ = writeln!(dot, "    {}", declared(*index, &chart.nodes[*index]));
        }
        dot.push_str("  }\n");
    }
    for arrow in &chart.arrows {
        let style = match arrow.need {
            Need::Completed => ", style=dashed",
            Need::Data | Need::DataToRead => ", style=dotted",
            Need::Started | Need::Healthy => "",
        };
        let _ = writeln!(dot, "  n{} -> n{} [label=\"{}\"{style}];", arrow.from, arrow.to, arrow.need.word());
    }
    dot.push_str("}\n");
    dot
}

/// Returns the frame of a box that is on one network. A box on several networks stands outside of all frames, because a box
/// can be in one frame only; its label names the networks.
pub(super) fn frame_of(chart: &Chart, node: usize) -> Option<usize> {
    let mut frames = chart.networks.iter().enumerate().filter(|(_, frame)| frame.members.contains(&node));
    let (first, is_only) = (frames.next(), frames.next().is_none());
    first.filter(|_| is_only).map(|(number, _)| number)
}

/// Returns the lines of a box's label after the name.
pub(super) fn lines(node: &Node) -> Vec<String> {
    let mut lines = node.lines.clone();
    if node.networks.len() > 1 {
        lines.push(format!("on {}", node.networks.join(", ")));
    }
    lines.extend(node.status.as_ref().map(|status| format!("{} {}", status.mood.sign(), status.words)));
    lines
}

fn declared(index: usize, node: &Node) -> String {
    let shape = if node.kind == Kind::Volume { ", shape=cylinder" } else { "" };
    let label: Vec<String> = std::iter::once(node.name.clone()).chain(lines(node)).map(|line| escape(&line)).collect();
    format!("n{index} [label=\"{}\"{shape}];", label.join("\\n"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
