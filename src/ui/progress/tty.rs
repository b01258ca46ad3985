//! The live view: a row for each container, network, volume and image, with its current action, the time since its
//! start, and the reason of a wait.
//!
//! The writer of standard error draws the frames. While the terminal is stopped (Ctrl-S), the newest frame replaces the
//! older ones.

#![expect(clippy::disallowed_methods, reason = "a frame tells how long a step has run")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Event, Listener, Part, PartEnd, StepHeader, StepState};
use crate::plan::{StepId, Target, Verb};
use crate::text::escape_controls;
use crate::ui::diagnostics::Style;
use crate::ui::output;
use crate::ui::terminal::{self, USUAL_SIZE};

/// Time between two frames.
const TICK: Duration = Duration::from_millis(100);

/// The most parts of a build that are shown, as far as no more of them run.
const MOST_PARTS: usize = 6;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// The view. Its own thread draws it again and again, so that the seconds advance.
pub(super) struct Tty {
    shared: Arc<Mutex<State>>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    steps: BTreeMap<StepId, StepHeader>,
    rows: Vec<Row>,
    /// Number of frames so far; turns the spinner.
    frame: usize,
    is_over: bool,
    style: Style,
    begun: Option<Instant>,
}

struct Row {
    target: Target,
    /// Number of running steps on the target.
    running: usize,
    word: String,
    detail: String,
    begun: Instant,
    ended: Option<Instant>,
    has_failed: bool,
    /// Instructions of a build that run, and those that ended last.
    parts: Vec<PartRow>,
    /// The last line that the build printed.
    last_line: String,
}

/// A part of a step.
struct PartRow {
    part: Part,
    begun: Instant,
}

/// A panic in a holder of the lock leaves the state usable.
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
            state.is_over = true;
            state.draw();
        }
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // If the thread panicked, there is nothing more to draw.
            let _ = ticker.join();
        }
    }
}

impl State {
    /// Notes a change of a step in the row of its target.
    fn step(&mut self, id: StepId, step: &StepState) {
        let Some(header) = self.steps.get(&id).cloned() else { return };
        let now = Instant::now();
        let index = self.rows.iter().position(|row| row.target == header.target).unwrap_or_else(|| {
            self.rows.push(Row::new(header.target.clone(), now));
            self.rows.len() - 1
        });
        self.rows[index].step(&header, step, now);
    }

    /// Draws a frame. After the end of the run it is the last one.
    fn draw(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.frame += 1;
        let size = terminal::size().unwrap_or(USUAL_SIZE);
        output::frame(self.frame_text(size.columns, size.lines), self.is_over);
    }

    /// Returns a frame. If there are more rows than lines, rows of finished targets are left out first.
    fn frame_text(&self, columns: usize, lines: usize) -> String {
        let done = self.rows.iter().filter(|row| row.is_done()).count();
        let seconds = self.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        let mut out = format!("[+] {done}/{} {seconds:.1} s\n", self.rows.len());
        let room = lines.saturating_sub(3).max(1);
        let hidden = self.rows.len().saturating_sub(room);
        let mut to_hide = hidden;
        // What a build is at stands below its row, as far as there is room.
        let mut spare = room.saturating_sub(self.rows.len());
        let width = self.rows.iter().map(|row| row.name().chars().count()).max().unwrap_or(0);
        for row in &self.rows {
            if to_hide > 0 && row.is_done() && !row.has_failed {
                to_hide -= 1;
                continue;
            }
            out.push_str(&self.row_text(row, width, columns));
            for line in row.below(columns, Instant::now()).into_iter().take(spare) {
                out.push_str(&line);
                spare -= 1;
            }
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

impl PartRow {
    fn text(&self, columns: usize, now: Instant) -> String {
        let mark = match self.part.end {
            None => "",
            Some(PartEnd::Cached) => "CACHED ",
            Some(PartEnd::Done) => "✔ ",
            Some(PartEnd::Failed) => "✘ ",
        };
        let elapsed = self.part.elapsed.unwrap_or_else(|| now.duration_since(self.begun));
        let time = format!("{:.1}s", elapsed.as_secs_f64());
        let room = columns.saturating_sub(time.len() + 4);
        let body = format!("   => {mark}{}", escape_controls(&self.part.name));
        let body: String = body.chars().take(room).collect();
        format!("  {body:<room$} {time}\n")
    }
}

impl Row {
    fn new(target: Target, begun: Instant) -> Self {
        Self {
            target,
            running: 0,
            word: String::new(),
            detail: String::new(),
            begun,
            ended: None,
            has_failed: false,
            parts: Vec::new(),
            last_line: String::new(),
        }
    }

    /// Notes a part that begins or ends.
    fn part(&mut self, part: &Part, now: Instant) {
        match self.parts.iter_mut().find(|known| known.part.id == part.id) {
            Some(known) => {
                let elapsed = part.elapsed.or_else(|| Some(now.duration_since(known.begun)));
                known.part = Part { elapsed, ..part.clone() };
            }
            None => self.parts.push(PartRow { part: part.clone(), begun: now }),
        }
    }

    /// Returns the lines below a row: the parts that ended last, those that run, and the last line that the build printed.
    fn below(&self, columns: usize, now: Instant) -> Vec<String> {
        if self.is_done() {
            return Vec::new();
        }
        let is_shown = |row: &&PartRow| row.part.is_instruction || row.part.end.is_none();
        let rows: Vec<&PartRow> = self.parts.iter().filter(is_shown).collect();
        let (ended, running): (Vec<&PartRow>, Vec<&PartRow>) = rows.into_iter().partition(|row| row.part.end.is_some());
        let kept = MOST_PARTS.saturating_sub(running.len());
        let ended = ended.iter().skip(ended.len().saturating_sub(kept));
        let mut lines: Vec<String> = ended.chain(&running).map(|row| row.text(columns, now)).collect();
        if !self.last_line.is_empty() {
            let line = format!("      {}", escape_controls(&self.last_line));
            lines.push(line.chars().take(columns.saturating_sub(1)).chain(['\n']).collect());
        }
        lines
    }

    fn step(&mut self, header: &StepHeader, step: &StepState, now: Instant) {
        // A rename belongs to a replacement, whose other steps are shown.
        let is_quiet = header.verb == Verb::Rename;
        match step {
            StepState::Started => {
                self.running += 1;
                self.ended = None;
                if !is_quiet {
                    self.word = header.verb.present().to_owned();
                    self.detail = match header.verb {
                        Verb::Recreate | Verb::Build | Verb::Pull => header.reason.clone(),
                        _ => String::new(),
                    };
                }
            }
            StepState::Progress { text, current, total } => {
                self.detail = match (current, total) {
                    (Some(current), Some(total)) if matches!(header.verb, Verb::Pull | Verb::Push) => {
                        format!("{text} {}/{}", megabytes(*current), megabytes(*total))
                    }
                    _ => text.clone(),
                };
            }
            StepState::Part(part) => self.part(part, now),
            StepState::BuildOutput(text) if !self.parts.is_empty() => self.last_line = text.clone(),
            StepState::Delayed(text) | StepState::Output(text) | StepState::BuildOutput(text) => {
                self.detail = text.clone()
            }
            StepState::Done { note, .. } => {
                self.end(now);
                let is_one_of_several_waits = header.verb == Verb::Wait && self.running > 0;
                if !(is_quiet || is_one_of_several_waits) {
                    self.word = note.unwrap_or(header.verb.past()).to_owned();
                    self.detail.clear();
                }
            }
            StepState::Failed { message, .. } => {
                self.end(now);
                self.has_failed = true;
                self.word = "Error".to_owned();
                self.detail = message.clone();
            }
            StepState::Skipped { .. } => {
                self.ended.get_or_insert(now);
                if !self.has_failed && self.word.is_empty() {
                    self.word = "Skipped".to_owned();
                }
            }
            StepState::Undone if header.verb == Verb::Stop => self.word = "Restored".to_owned(),
            StepState::Undone => {}
        }
    }

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
