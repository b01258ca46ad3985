//! Diagnostics as rustc shows them: severity, code and message, then the place with its line and carets, then other
//! places, then cause and help.

mod programs;
mod sarif;

pub use programs::json_lines;
pub use sarif::{document as sarif, results as sarif_results};

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diag::{Diagnostic, Label, Severity};
use crate::model::Sources;

/// How diagnostics are rendered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether colours are used.
    pub is_coloured: bool,
    /// Columns of the terminal, at which long lines are folded; `None`: lines are not folded.
    pub width: Option<usize>,
}

/// Renders diagnostics, each with a blank line behind it.
pub fn render(list: &[Diagnostic], sources: &Sources, style: Style) -> String {
    list.iter().map(|diagnostic| one(diagnostic, sources, style) + "\n").collect()
}

fn one(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = visible(&diagnostic.message);
    let title = level.primary_title(&message).id(diagnostic.code);
    let mut labels: Vec<(&Label, AnnotationKind)> = vec![(&diagnostic.primary, AnnotationKind::Primary)];
    labels.extend(diagnostic.related.iter().map(|label| (label, AnnotationKind::Context)));
    let snippets = snippets(&labels, sources);
    let mut group = Group::with_title(title);
    for snippet in snippets {
        group = group.element(snippet);
    }
    if let Some(origin) = origin(&diagnostic.primary, sources) {
        group = group.element(origin);
    }
    let elsewhere: Vec<String> = diagnostic.related.iter().filter_map(|label| hidden(label, sources)).collect();
    for words in &elsewhere {
        group = group.element(Level::NOTE.message(words));
    }
    let cause = diagnostic.cause.as_deref().map(visible);
    let help = diagnostic.help.as_deref().map(visible);
    if let Some(cause) = &cause {
        group = group.element(Level::NOTE.with_name("cause").message(cause));
    }
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if style.is_coloured { Renderer::styled() } else { Renderer::plain() };
    let renderer = match style.width {
        Some(width) => renderer.term_width(width),
        None => renderer,
    };
    let text = renderer.render(&[group]);
    format!("{text}\n")
}

/// Returns a snippet for each file, the file of the primary place first. A file with possible secrets, such as an env
/// file, gets no snippet.
fn snippets<'a>(
    labels: &[(&'a Label, AnnotationKind)],
    sources: &'a Sources,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files = Vec::new();
    for (label, _) in labels {
        if !label.span.is_none() && !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let mut out = Vec::new();
    for file in files {
        let Some(source) = sources.get(file) else { continue };
        if !source.is_shown {
            continue;
        }
        let mut snippet = Snippet::source(shown(&source.text)).path(&source.name).fold(true);
        for (label, kind) in labels.iter().filter(|(label, _)| label.span.file == file) {
            let (start, end) = clamp(&source.text, label.span.start as usize, label.span.end as usize);
            let annotation = kind.span(start..end);
            snippet =
                snippet.annotation(if label.text.is_empty() { annotation } else { annotation.label(&label.text) });
        }
        out.push(snippet);
    }
    out
}

/// Returns file, line and column of the primary place, if its line is not shown.
fn origin<'a>(label: &Label, sources: &'a Sources) -> Option<Origin<'a>> {
    let source = sources.get(label.span.file)?;
    if source.is_shown {
        return None;
    }
    let place = sources.line_column(label.span)?;
    Some(Origin::path(&source.name).line(place.line).char_column(place.column))
}

/// Returns the text for another place whose line is not shown.
fn hidden(label: &Label, sources: &Sources) -> Option<String> {
    origin(label, sources)?;
    let place = sources.place(label.span)?;
    Some(if label.text.is_empty() { place } else { format!("{}: {place}", visible(&label.text)) })
}

/// Returns the text of a file with a dot for each C1 control character, which some terminals obey. The dot has as many
/// bytes as the character, so that places stay right.
fn shown(text: &str) -> Cow<'_, str> {
    let is_c1 = |char: char| ('\u{80}'..='\u{9f}').contains(&char);
    if text.contains(is_c1) { Cow::Owned(text.replace(is_c1, "\u{b7}")) } else { Cow::Borrowed(text) }
}

/// Returns the part of a place that is marked: only its first line, because a mapping may be long.
fn clamp(text: &str, start: usize, end: usize) -> (usize, usize) {
    let start = (0..=start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let line_end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
    let end = end.clamp(start, line_end);
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    (start, end.max(start))
}

/// Returns a message with its control characters made visible, except its own line ends. Names from files may contain
/// control characters.
fn visible(text: &str) -> String {
    text.split('\n').map(crate::text::escape_controls).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;
    use expect_test::expect;

    #[test]
    fn a_diagnostic_shows_place_line_cause_and_help() {
        let mut sources = Sources::default();
        let file = sources.add("stack.yml", None, "services:\n  web:\n    imgae: x\n");
        let diagnostic = Diagnostic::error("unknown-key", Span { file, start: 21, end: 26 }, "unknown key `imgae`")
            .cause("a typo")
            .help("did you mean `image`?");
        expect![[r#"
            error[unknown-key]: unknown key `imgae`
             --> stack.yml:3:5
              |
            3 |     imgae: x
              |     ^^^^^
              |
              = cause: a typo
              = help: did you mean `image`?

        "#]]
        .assert_eq(&render(&[diagnostic], &sources, Style::default()));
    }

    #[test]
    fn a_line_with_control_characters_is_shown_without_them() {
        let mut sources = Sources::default();
        let text = "a: \u{1b}]0;x\u{7}\u{9c}\u{9b}31m b";
        let file = sources.add("stack.yml", None, text);
        let span = Span { file, start: 0, end: text.len() as u32 };
        let shown = render(&[Diagnostic::error("bad-value", span, text)], &sources, Style::default());
        assert!(!shown.contains(|char: char| char.is_control() && char != '\n'), "{shown:?}");
    }
}
