//! One calm live view: a row for each thing, what is being done to it, for how long, and what it waits for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Event, Listener, StepHeader, StepState};
use crate::plan::Verb;
use crate::plan::{StepId, Target};
use crate::text::escape_controls;
use crate::ui::{self, Style};

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// The view; a thread of its own redraws it so that time is seen to pass.
pub(super) struct Tty {
    shared: Arc<Mutex<State>>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    steps: BTreeMap<StepId, StepHeader>,
    rows: Vec<Row>,
    /// Lines drawn last, to be drawn over.
    drawn: usize,
    frame: usize,
    is_over: bool,
    style: Style,
    begun: Option<Instant>,
}

struct Row {
    target: Target,
    running: usize,
    word: String,
    detail: String,
    begun: Instant,
    ended: Option<Instant>,
    has_failed: bool,
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tty {
    pub(super) fn new(style: Style) -> Self {
        let shared = Arc::new(Mutex::new(State { style, ..State::default() }));
        let ticking = Arc::clone(&shared);
        let ticker = std::thread::spawn(move || {
            loop {
                std::thread::park_timeout(TICK);
                let mut state = lock(&ticking);
                if state.is_over {
                    return;
                }
                state.draw();
            }
        });
        Self { shared, ticker: Some(ticker) }
    }
}

impl Listener for Tty {
    fn on_event(&mut self, event: &Event) {
        let mut state = lock(&self.shared);
        match event {
            Event::Planned { steps, .. } => {
                state.begun = Some(Instant::now());
                state.steps = steps.iter().map(|step| (step.id, step.clone())).collect();
            }
            Event::Step { id, state: step } => state.step(*id, step),
            Event::Note(_) | Event::Finished { .. } => {}
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.shared);
            state.draw();
            state.is_over = true;
        }
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // A ticker that panicked has nothing more to draw.
            let _ = ticker.join();
        }
    }
}

impl State {
    fn step(&mut self, id: StepId, step: &StepState) {
        let Some(header) = self.steps.get(&id).cloned() else { return };
        let now = Instant::now();
        let index = match self.rows.iter().position(|row| row.target == header.target) {
            Some(index) => index,
            None => {
                let row = Row {
                    target: header.target.clone(),
                    running: 0,
                    word: String::new(),
                    detail: String::new(),
                    begun: now,
                    ended: None,
                    has_failed: false,
                };
                self.rows.push(row);
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[index];
        let is_quiet = header.verb == Verb::Rename;
        match step {
            StepState::Started => {
                row.running += 1;
                row.ended = None;
                if !is_quiet {
                    row.word = header.verb.present().to_owned();
                    row.detail = match header.verb {
                        Verb::Recreate | Verb::Build | Verb::Pull => header.reason.clone(),
                        _ => String::new(),
                    };
                }
            }
            StepState::Progress { text, current, total } => {
                row.detail = match (current, total) {
                    (Some(current), Some(total)) if header.verb == Verb::Pull => {
                        format!("{text} {}/{}", megabytes(*current), megabytes(*total))
                    }
                    _ => text.clone(),
                };
            }
            StepState::Output(text) => row.detail = text.clone(),
            StepState::Done { note, .. } => {
                row.end(now);
                let is_one_of_several_waits = header.verb == Verb::Wait && row.running > 0;
                if !(is_quiet || is_one_of_several_waits) {
                    row.word = note.unwrap_or(header.verb.past()).to_owned();
                    row.detail.clear();
                }
            }
            StepState::Failed { message, .. } => {
                row.end(now);
                row.has_failed = true;
                row.word = "Error".to_owned();
                row.detail = message.clone();
            }
            StepState::Skipped { .. } => {
                row.ended.get_or_insert(now);
                if !row.has_failed && row.word.is_empty() {
                    row.word = "Skipped".to_owned();
                }
            }
            StepState::Undone => {
                if header.verb == Verb::Stop {
                    row.word = "Restored".to_owned();
                }
            }
        }
    }

    fn draw(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.frame += 1;
        let (columns, lines) =
            crossterm::terminal::size().map_or((80, 24), |(columns, lines)| (usize::from(columns), usize::from(lines)));
        let text = self.frame_text(columns, lines);
        let mut out = String::new();
        if self.drawn > 0 {
            out.push_str(&format!("\x1b[{}A", self.drawn));
        }
        out.push_str("\x1b[0J");
        out.push_str(&text);
        self.drawn = text.matches('\n').count();
        ui::tell(&out);
    }

    /// Returns a frame. Where the rows are too many for the height, those that are done give way.
    fn frame_text(&self, columns: usize, lines: usize) -> String {
        let done = self.rows.iter().filter(|row| row.is_done()).count();
        let seconds = self.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        let mut out = format!("[+] {done}/{} {seconds:.1} s\n", self.rows.len());
        let room = lines.saturating_sub(3).max(1);
        let hidden = self.rows.len().saturating_sub(room);
        let mut to_hide = hidden;
        let width = self.rows.iter().map(|row| row.name().chars().count()).max().unwrap_or(0);
        for row in &self.rows {
            if to_hide > 0 && row.is_done() && !row.has_failed {
                to_hide -= 1;
                continue;
            }
            out.push_str(&self.row_text(row, width, columns));
        }
        out
    }

    fn row_text(&self, row: &Row, width: usize, columns: usize) -> String {
        let (mark, colour) = match (row.has_failed, row.is_done()) {
            (true, _) => ('✘', "\x1b[31m"),
            (false, true) => ('✔', "\x1b[32m"),
            (false, false) => (SPINNER[self.frame % SPINNER.len()], "\x1b[33m"),
        };
        let seconds = row.ended.unwrap_or_else(Instant::now).duration_since(row.begun).as_secs_f64();
        let time = format!("{seconds:.1}s");
        let body = format!(" {:<width$}  {:<10} {}", row.name(), row.word, escape_controls(&row.detail));
        let room = columns.saturating_sub(time.len() + 4);
        let body: String = body.chars().take(room).collect();
        let (on, off) = if self.style.is_coloured { (colour, "\x1b[0m") } else { ("", "") };
        format!(" {on}{mark}{off}{body:<room$} {time}\n")
    }
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.target.kind(), escape_controls(self.target.name()))
    }

    fn is_done(&self) -> bool {
        self.running == 0 && self.ended.is_some()
    }

    fn end(&mut self, now: Instant) {
        self.running = self.running.saturating_sub(1);
        if self.running == 0 {
            self.ended = Some(now);
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
