//! A chart as SVG: one file that needs nothing else, readable in light and dark, with a text alternative.

use std::fmt::Write;

use super::chart::{Chart, Kind, Mood, Need, Node};
use super::layout::{self, Input, Layout, Rectangle};

/// Width of a character, in pixels: the widest of the usual fixed-width fonts at 12 pixels.
const CHARACTER: i32 = 8;
const LINE: i32 = 17;
const PADDING: i32 = 10;
/// Space around everything, which holds frames and their names.
const MARGIN: i32 = 34;

/// Colours and strokes. The colours of texts have a contrast of at least 4.5 to 1 in both modes; states differ by their sign, and
/// arrows by their dashes, too.
///
/// No variables of CSS: not all viewers know them.
const STYLE: &str = "
svg{background:#fff;font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
text{fill:#1d2733}.soft,.quiet{fill:#526070}.name{font-weight:700}
.good{fill:#116329}.waiting{fill:#7a4b00}.bad{fill:#a40e26}
.box{fill:#f4f7fa;stroke:#8794a3}.broken{stroke:#a40e26;stroke-width:2}
.frame{fill:none;stroke:#5b6b7d;stroke-dasharray:2 4}
.arrow{fill:none;stroke:#76828f;stroke-width:1.5}.head{fill:#76828f;stroke:none}
.healthy,.completed{stroke:#1d2733}.head.healthy,.head.completed{fill:#1d2733;stroke:none}
.completed{stroke-dasharray:7 4}.writes{stroke-dasharray:1 3;stroke-linecap:round}.reads{stroke-dasharray:1 6;stroke-linecap:round}
@media(prefers-color-scheme:dark){svg{background:#12171d}text{fill:#e8edf2}.soft,.quiet{fill:#a9b6c3}
.good{fill:#5fd38a}.waiting{fill:#f0b44c}.bad{fill:#ff8a94}.box{fill:#1d252e;stroke:#75828f}.broken{stroke:#ff8a94}
.frame{stroke:#8fa0b3}.arrow{stroke:#8592a0}.head{fill:#8592a0}
.healthy,.completed{stroke:#e8edf2}.head.healthy,.head.completed{fill:#e8edf2}}
";

/// Draws a chart.
pub fn render(chart: &Chart) -> String {
    let sizes: Vec<(i32, i32)> = chart.nodes.iter().map(size).collect();
    let input = Input {
        sizes,
        arrows: chart.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect(),
        last: chart.nodes.iter().map(|node| node.kind == Kind::Volume).collect(),
        groups: chart.nodes.iter().map(|node| node.networks.join(" ")).collect(),
    };
    let layout = layout::layout(&input);
    let (key, key_width, key_height) = legend(&needs(chart), layout.width, layout.height + MARGIN);
    let (width, height) = (layout.width.max(key_width) + 2 * MARGIN, layout.height + 2 * MARGIN + key_height);
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"title desc\">"
    );
    let _ = writeln!(svg, "<title id=\"title\">Project {}</title>", escape(&chart.title));
    let _ = writeln!(svg, "<desc id=\"desc\">{}</desc>", escape(&super::text::sentences(chart)));
    let _ = write!(svg, "<style>{STYLE}</style>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n");
    frames(&mut svg, chart, &layout);
    for (arrow, route) in chart.arrows.iter().zip(&layout.routes) {
        draw_arrow(&mut svg, chart, arrow.from, arrow.to, arrow.need, route);
    }
    for (node, rectangle) in chart.nodes.iter().zip(&layout.boxes) {
        draw_node(&mut svg, node, rectangle);
    }
    svg.push_str(&key);
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Returns the lines of a box after its name.
fn lines(node: &Node) -> Vec<(String, &'static str)> {
    let mut lines: Vec<(String, &'static str)> = node.lines.iter().map(|line| (line.clone(), "soft")).collect();
    if !node.networks.is_empty() {
        let all = format!("on {}", node.networks.join(", "));
        let shown = if all.chars().count() > 36 { format!("on {} networks", node.networks.len()) } else { all };
        lines.push((shown, "soft"));
    }
    if let Some(status) = &node.status {
        lines.push((format!("{} {}", status.mood.sign(), status.words), class(status.mood)));
    }
    lines
}

fn class(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Waiting => "waiting",
        Mood::Bad => "bad",
        Mood::Quiet => "quiet",
    }
}

fn size(node: &Node) -> (i32, i32) {
    let lines = lines(node);
    let longest =
        lines.iter().map(|(line, _)| line.chars().count()).chain([node.name.chars().count(), 6]).max().unwrap_or(6);
    let tall = LINE * (lines.len() as i32 + 1) + 2 * PADDING - 4;
    // A volume's lid takes some room.
    let lid = if node.kind == Kind::Volume { 8 } else { 0 };
    (longest as i32 * CHARACTER + 2 * PADDING, tall + lid)
}

fn draw_node(svg: &mut String, node: &Node, at: &Rectangle) {
    let is_bad = node.status.as_ref().is_some_and(|status| status.mood == Mood::Bad);
    let class = if is_bad { "box broken" } else { "box" };
    let lid = if node.kind == Kind::Volume { 8 } else { 0 };
    match node.kind {
        Kind::Service => {
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
                at.x, at.y, at.width, at.height
            );
        }
        Kind::Volume => {
            let half = at.width / 2;
            let _ = writeln!(
                svg,
                "<path class=\"{class}\" d=\"M{x} {y}v{down}a{half} 8 0 0 0 {width} 0V{y}a{half} 8 0 0 0 -{width} 0a{half} 8 0 0 0 \
                 {width} 0\"/>",
                x = at.x,
                y = at.y + 8,
                down = at.height - 16,
                width = at.width,
            );
        }
    }
    let text = |svg: &mut String, row: i32, class: &str, line: &str| {
        let y = at.y + PADDING + lid + LINE * row + 9;
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"{}\" y=\"{y}\">{}</text>", at.x + PADDING, escape(line));
    };
    text(svg, 0, "name", &node.name);
    for (row, (line, class)) in lines(node).iter().enumerate() {
        text(svg, row as i32 + 1, class, line);
    }
}

fn draw_arrow(svg: &mut String, chart: &Chart, from: usize, to: usize, need: Need, route: &[(i32, i32)]) {
    let Some(((x, y), rest)) = route.split_first() else { return };
    let mut path = format!("M{x} {y}");
    for (x, y) in rest {
        let _ = write!(path, "L{x} {y}");
    }
    let (tip_x, tip_y) = rest.last().copied().unwrap_or((*x, *y));
    let word = need.word();
    let (from, to) = (escape(&chart.nodes[from].name), escape(&chart.nodes[to].name));
    let _ = writeln!(
        svg,
        "<g><title>{from} needs {to}: {word}</title><path class=\"arrow {word}\" d=\"{path}\"/><path class=\"head {word}\" \
         d=\"M{tip_x} {tip_y}l-4 -8h8z\"/></g>"
    );
}

/// Draws a frame around the boxes of each network, where the frame holds no other box. The boxes name their networks, too.
fn frames(svg: &mut String, chart: &Chart, layout: &Layout) {
    let mut drawn: i32 = 0;
    for network in &chart.networks {
        let around = around(&network.members, layout, 8 + 5 * (drawn % 4));
        let is_other = |(index, _): &(usize, &Rectangle)| !network.members.contains(index);
        let boxes = layout.boxes.iter().enumerate().filter(is_other);
        let has_room = around.y > -MARGIN;
        if !has_room || boxes.into_iter().any(|(_, other)| other.meets(&around)) {
            continue;
        }
        drawn += 1;
        let Rectangle { x, y, width, height } = around;
        let _ = writeln!(
            svg,
            "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\
             <text class=\"soft\" x=\"{}\" y=\"{}\">{}</text>",
            x + 10,
            y - 4,
            escape(&network.name)
        );
    }
}

fn around(members: &[usize], layout: &Layout, by: i32) -> Rectangle {
    let boxes = || members.iter().map(|index| layout.boxes[*index]);
    let left = boxes().map(|one| one.x).min().unwrap_or(0) - by;
    let top = boxes().map(|one| one.y).min().unwrap_or(0) - by;
    let right = boxes().map(|one| one.x + one.width).max().unwrap_or(0) + by;
    let bottom = boxes().map(|one| one.y + one.height).max().unwrap_or(0) + by;
    Rectangle { x: left, y: top, width: right - left, height: bottom - top }
}

/// Returns the needs that the chart shows, each once.
fn needs(chart: &Chart) -> Vec<Need> {
    let all = [Need::Started, Need::Healthy, Need::Completed, Need::Data, Need::DataToRead];
    all.into_iter().filter(|need| chart.arrows.iter().any(|arrow| arrow.need == *need)).collect()
}

fn legend_words(need: Need) -> &'static str {
    match need {
        Need::Started => "needs it started",
        Need::Healthy => "needs it healthy",
        Need::Completed => "needs it completed",
        Need::Data => "reads and writes",
        Need::DataToRead => "reads",
    }
}

fn legend_width(need: Need) -> i32 {
    legend_words(need).chars().count() as i32 * CHARACTER + 56
}

/// Draws what the arrows mean, in lines no wider than the picture if one entry fits. Returns the lines with their width and
/// height.
fn legend(needs: &[Need], most: i32, top: i32) -> (String, i32, i32) {
    let (mut svg, mut x, mut y, mut width) = (String::new(), 0, top, 0);
    for need in needs {
        if x > 0 && x + legend_width(*need) > most {
            (x, y) = (0, y + LINE + 4);
        }
        let _ = writeln!(
            svg,
            "<path class=\"arrow {}\" d=\"M{x} {y}h30\"/><text class=\"soft\" x=\"{}\" y=\"{}\">{}</text>",
            need.word(),
            x + 38,
            y + 4,
            legend_words(*need)
        );
        x += legend_width(*need);
        width = width.max(x);
    }
    (svg, width, if needs.is_empty() { 0 } else { y - top + LINE })
}

/// Escapes a text for SVG. Control characters were escaped when the chart was made.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            char => escaped.push(char),
        }
    }
    escaped
}
