//! A table on standard output that is drawn again and again: over the one before on a terminal, below it elsewhere.

use super::output;
use super::terminal::{self, HiddenCursor};

/// The place where a table is drawn.
#[derive(Debug)]
pub struct Screen {
    /// Lines of the table before; `None` where there is no terminal.
    before: Option<usize>,
    _cursor: Option<HiddenCursor>,
}

impl Screen {
    /// Takes standard output. Nothing is drawn yet.
    pub fn begin() -> Self {
        let is_terminal = terminal::is_output();
        Self { before: is_terminal.then_some(0), _cursor: is_terminal.then(HiddenCursor::hide).flatten() }
    }

    /// Returns how many columns there are; `None` where there is no terminal.
    pub fn columns(&self) -> Option<usize> {
        self.before.map(|_| terminal::size().unwrap_or(terminal::USUAL_SIZE).columns)
    }

    /// Draws a table. While nobody reads, tables are left out: the next one is newer.
    pub fn draw(&mut self, text: &str) {
        if !output::has_room() {
            return;
        }
        let Some(before) = self.before else { return output::print(text) };
        let size = terminal::size().unwrap_or(terminal::USUAL_SIZE);
        let (frame, lines) = frame(text, before, size);
        self.before = Some(lines);
        output::print_owned(frame);
    }
}

/// Returns the text that draws a table over one of so many lines, and its own number of lines. Lines are cut to the width of
/// the terminal, and those that do not fit are counted.
fn frame(text: &str, before: usize, size: terminal::Size) -> (String, usize) {
    let room = size.lines.saturating_sub(1).max(2);
    let all: Vec<&str> = text.lines().collect();
    let mut lines: Vec<String> = all.iter().map(|line| line.chars().take(size.columns).collect()).collect();
    if lines.len() > room {
        lines.truncate(room - 1);
        lines.push(format!("... and {} more", all.len() - (room - 1)));
    }
    let up = if before > 0 { format!("\x1b[{before}A") } else { String::new() };
    let drawn: String = lines.iter().map(|line| format!("{line}\x1b[K\n")).collect();
    (format!("\r{up}{drawn}\x1b[J"), lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_drawn_over_the_one_before_and_fits_the_terminal() {
        let size = terminal::Size { columns: 4, lines: 4 };
        assert_eq!(frame("abcdef\nx\n", 0, size), ("\rabcd\x1b[K\nx\x1b[K\n\x1b[J".to_owned(), 2));
        let (text, lines) = frame("a\nb\nc\nd\n", 2, size);
        assert_eq!((text.as_str(), lines), ("\r\x1b[2Aa\x1b[K\nb\x1b[K\n... and 2 more\x1b[K\n\x1b[J", 3));
    }
}
