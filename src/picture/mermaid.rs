//! A chart in the language of Mermaid, which code forges show in Markdown.

use std::fmt::Write;

use super::chart::{Chart, Kind, Need, Node};
use super::dot::{frame_of, lines};

/// Draws a chart.
pub fn render(chart: &Chart) -> String {
    let mut mermaid = String::from("flowchart TB\n");
    for (index, node) in chart.nodes.iter().enumerate().filter(|(index, _)| frame_of(chart, *index).is_none()) {
        let _ = writeln!(mermaid, "  {}", declared(index, node));
    }
    for (number, frame) in chart.networks.iter().enumerate() {
        let members: Vec<usize> =
            frame.members.iter().copied().filter(|index| frame_of(chart, *index) == Some(number)).collect();
        // Mermaid draws an empty frame as a box.
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(mermaid, "  subgraph f{number} [\"{}\"]", escape(&frame.name));
        for index in members {
            let _ = writeln!(mermaid, "    {}", declared(index, &chart.nodes[index]));
        }
        mermaid.push_str("  end\n");
    }
    for arrow in &chart.arrows {
        let line = match arrow.need {
            Need::Started | Need::Healthy => "-->",
            Need::Completed | Need::Data | Need::DataToRead => "-.->",
        };
        let _ = writeln!(mermaid, "  n{} {line}|{}| n{}", arrow.from, arrow.need.word(), arrow.to);
    }
    mermaid
}

fn declared(index: usize, node: &Node) -> String {
    let label: Vec<String> = std::iter::once(node.name.clone()).chain(lines(node)).map(|line| escape(&line)).collect();
    let label = label.join("<br/>");
    match node.kind {
        Kind::Service => format!("n{index}[\"{label}\"]"),
        Kind::Volume => format!("n{index}[(\"{label}\")]"),
    }
}

/// Escapes what Mermaid reads as markup, by the numbers of the characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '#' | '&' | '<' | '>' | '`' | ';' | '\\' => {
                let _ = write!(escaped, "#{};", u32::from(char));
            }
            char => escaped.push(char),
        }
    }
    escaped
}
