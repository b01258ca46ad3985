//! A chart as text: a tree of dependencies for a terminal, and sentences for readers who see no picture.

use std::fmt::Write;

use super::chart::{Arrow, Chart, Kind, Need};

/// Draws the tree: services that nothing needs at the left, what they need below them. What is needed more than once is
/// drawn in full once.
pub fn render(chart: &Chart) -> String {
    let mut is_needed = vec![false; chart.nodes.len()];
    chart.arrows.iter().for_each(|arrow| is_needed[arrow.to] = true);
    let mut tree = Tree {
        chart,
        leaving: chart.leaving(),
        drawn: vec![false; chart.nodes.len()],
        indent: Indent::default(),
        text: String::new(),
    };
    for (index, _) in chart.services().filter(|(index, _)| !is_needed[*index]) {
        tree.branch(index, None);
    }
    tree.text
}

/// A tree that is being drawn.
struct Tree<'a> {
    chart: &'a Chart,
    leaving: Vec<Vec<&'a Arrow>>,
    drawn: Vec<bool>,
    indent: Indent,
    text: String,
}

/// What stands before a line: for each level, whether more branches follow there.
#[derive(Default)]
struct Indent(Vec<bool>);

impl Indent {
    fn before_line(&self) -> String {
        let Some((last, outer)) = self.0.split_last() else { return String::new() };
        let mut text: String = outer.iter().map(|goes_on| if *goes_on { "│  " } else { "   " }).collect();
        text.push_str(if *last { "├─ " } else { "└─ " });
        text
    }
}

impl Tree<'_> {
    fn branch(&mut self, index: usize, need: Option<Need>) {
        let node = &self.chart.nodes[index];
        let mut words = vec![match node.kind {
            Kind::Service => node.name.clone(),
            Kind::Volume => format!("volume {}", node.name),
        }];
        words.extend(need.map(|need| format!("({})", need.word())));
        if let Some(status) = &node.status {
            words.push(format!("{} {}", status.mood.sign(), status.words));
        }
        let needed = self.leaving[index].len();
        let is_repeated = std::mem::replace(&mut self.drawn[index], true) && needed > 0;
        if is_repeated {
            words.push("(see above)".to_owned());
        } else {
            if !node.lines.is_empty() {
                words.push(format!("— {}", node.lines.join(", ")));
            }
            if !node.networks.is_empty() {
                words.push(format!("on {}", node.networks.join(", ")));
            }
        }
        let _ = writeln!(self.text, "{}{}", self.indent.before_line(), words.join(" "));
        for place in 0..if is_repeated { 0 } else { needed } {
            let arrow = self.leaving[index][place];
            self.indent.0.push(place + 1 < needed);
            self.branch(arrow.to, Some(arrow.need));
            self.indent.0.pop();
        }
    }
}

/// Returns the chart as sentences: the text alternative of a picture.
pub fn sentences(chart: &Chart) -> String {
    let mut text = String::new();
    let leaving = chart.leaving();
    for (index, node) in chart.services() {
        let _ = write!(text, "Service {}", node.name);
        if let Some(status) = &node.status {
            let _ = write!(text, " ({})", status.words);
        }
        let needed: Vec<String> = leaving[index]
            .iter()
            .map(|arrow| {
                let to = &chart.nodes[arrow.to];
                match arrow.need {
                    Need::Data | Need::DataToRead => format!("{} volume {}", arrow.need.word(), to.name),
                    need => format!("needs {} {}", to.name, need.word()),
                }
            })
            .collect();
        if !needed.is_empty() {
            let _ = write!(text, " {}", needed.join(", "));
        }
        text.push_str(". ");
    }
    text.trim_end().to_owned()
}
