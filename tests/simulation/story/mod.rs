//! One history: project A is brought up, changes to B under faults, the faults end, and one more run must reach B.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inception::engine::fake::FakeEngine;
use inception::engine::{ChangeEngine, LogEngine, LogOptions, ReadEngine};
use inception::exec::StepError;
use inception::model::Project;
use inception::plan::{DownOptions, Lifecycle, Plan, Recreate, UpOptions};

use crate::common;
use crate::faults::{Log, Mix, Script};
use crate::history::{self, RunRecord, Violation};
use crate::random::Random;
use crate::state;
use crate::world;

mod program;
mod scenery;
mod verdict;

pub use program::{Act, Notes};
use program::{Command, End, Program, Shown};

pub const CONVERGES: &str = "I1: one run without faults reaches the state";
pub const NOTHING_LEFT: &str = "I2: after success nothing is left to do";
pub const TRUTH: &str = "I6: a claimed success is true";
pub const ENDS: &str = "I7: a run ends in time";
pub const SERVING: &str = "the old container goes on where the new one cannot work";
pub const OTHERS: &str = "where one service cannot work, the others go on";
pub const TOGETHER: &str = "two runs of the same command at the same time both end well";
pub const SOUND: &str = "every plan passes the lint, and no step fails by an internal error";

/// The longest time that a run may take. A stop that hangs takes an hour.
const LIMIT: Duration = Duration::from_secs(8 * 3600);

/// A planted fault that the invariants must notice.
#[derive(Clone, Copy)]
pub enum Mutation {
    /// Changes a plan before it runs.
    Plan(fn(&mut Plan)),
    /// A later round is not held to the saved plan.
    LaterPlansUnchecked,
    /// A later round removes volumes without consent.
    LaterLossesUnasked,
}

/// The client that reads output while others change containers.
const READER: u32 = 900;

/// Reads the output of all containers, again and again, until the client dies.
async fn read_on<T>(engine: FakeEngine) -> T {
    let reading = async {
        loop {
            for one in engine.list_containers(&[]).await.unwrap_or_default() {
                // The container may have been removed since.
                let _ = engine.logs(&one.id, LogOptions::default()).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        biased;
        () = engine.crashed() => std::future::pending().await,
        never = reading => never,
    }
}

/// The state of a history while it is played.
pub struct Story {
    random: Random,
    /// Decides what was added to the histories later, so that the random numbers of older seeds stay the same.
    more: Random,
    engine: FakeEngine,
    log: Arc<Mutex<Log>>,
    runs: Vec<RunRecord>,
    mutation: Option<Mutation>,
    has_downs: bool,
    has_deaths: bool,
    /// Whether a run died while another one went on.
    has_deaths_beside: bool,
    /// Whether two runs with different aims ran at the same time.
    has_rivals: bool,
    /// Whether the engine still worked on a call after the end of its run. A late stop may end a container that the run
    /// has restored.
    has_late_calls: bool,
    /// Whether the project's lock tells of a dead run. (The lock is the one of the machine that runs most commands.)
    is_left: bool,
    pub trace: String,
    pub found: Vec<Violation>,
}

/// Plays a seed. Returns the broken rules, and the printed history if `is_verbose`.
pub fn play(seed: u64, mutation: Option<Mutation>, is_verbose: bool) -> (Vec<Violation>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let log = Arc::new(Mutex::new(Log { is_verbose, ..Log::default() }));
        let mut story = Story {
            random: Random::new(seed),
            more: Random::new(!seed),
            engine: FakeEngine::default(),
            log,
            runs: Vec::new(),
            mutation,
            has_downs: false,
            has_deaths: false,
            has_deaths_beside: false,
            has_rivals: false,
            has_late_calls: false,
            is_left: false,
            trace: String::new(),
            found: Vec::new(),
        };
        story.tell().await;
        (story.found, story.trace)
    })
}

impl Story {
    async fn tell(&mut self) {
        scenery::images(&self.engine, &mut self.random);
        self.strangers().await;
        let mut before = world::random(&mut self.random);
        before.has_files = self.random.percent(60);
        let mut after = world::changed(&mut self.random, &before);
        let broken = if self.random.percent(12) { world::break_one(&mut self.random, &mut after) } else { None };
        let (old, new) = (Arc::new(common::project(&before.yaml())), Arc::new(common::project(&after.yaml())));
        self.say(|| format!("--- A\n{}--- B\n{}", before.yaml(), after.yaml()));
        self.quiet_script();
        let has_before = self.random.percent(85);
        if has_before {
            let end = self.run(&old, &Command::Up(UpOptions::default()), Asked::default()).await;
            self.expect_state(&end, &old, &UpOptions::default()).await;
        }
        if !self.found.is_empty() {
            return;
        }
        self.visitors(&old).await;
        let recreate_volumes = after.made_anew(&before).into_iter().map(|index| format!("v{index}")).collect();
        let remove_orphans = self.random.percent(50);
        let options = UpOptions { remove_orphans, recreate_volumes, ..UpOptions::default() };
        match self.random.below(8) {
            0 | 1 => {}
            2 if broken.is_none() && options.recreate_volumes.is_empty() => {
                self.together(&new, &options, after.is_plain_change_of(&before)).await
            }
            _ => self.disturbed(&old, &new, &options).await,
        }
        self.faults_cease().await;
        let end = self.run(&new, &Command::Up(options.clone()), Asked::default()).await;
        match broken {
            None => self.expect_state(&end, &new, &options).await,
            Some(index) => {
                self.expect_failure(&end, &new, &after, index).await;
                if has_before && !self.has_downs && self.log.lock().unwrap().mishaps == 0 {
                    self.expect_serving(&before, &after, index, &new).await;
                }
            }
        }
        self.found.extend(history::judge(&self.engine, &self.runs));
    }

    fn say(&mut self, text: impl FnOnce() -> String) {
        if self.log.lock().unwrap().is_verbose {
            let lines = std::mem::take(&mut self.log.lock().unwrap().lines);
            for line in lines {
                writeln!(self.trace, "{line}").unwrap();
            }
            writeln!(self.trace, "{}", text()).unwrap();
        }
    }

    fn script(&mut self, mix: Mix) {
        let stuck = self.more.branch();
        let mut script = Script::new(self.random.branch(), stuck, mix, self.log.clone());
        let born = self.engine.born();
        self.engine.set_script(move |call| script.decide(call, born.elapsed()));
    }

    /// From now on calls take time, but nothing fails.
    fn quiet_script(&mut self) {
        self.script(Mix::none());
    }

    async fn faults_cease(&mut self) {
        self.quiet_script();
        self.engine.quiet().await;
        // Time for ill containers to recover.
        tokio::time::sleep(Duration::from_secs(20)).await;
        // Containers of others leave the project's networks.
        let seen = state::look(&self.engine).await;
        let world = self.engine.client(0);
        for one in seen.containers.iter().filter(|one| !state::is_ours(&one.labels)) {
            for name in one.networks.keys().filter(|name| name.as_str().starts_with("p_")) {
                world.disconnect_network(name, &one.id).await.unwrap();
            }
        }
        self.say(|| "--- the faults cease".to_owned());
    }

    /// Plays one to three runs under faults, each alone or beside another one, as on two machines.
    async fn disturbed(&mut self, old: &Arc<Project>, new: &Arc<Project>, options: &UpOptions) {
        for _ in 0..self.random.between(1, 3) {
            let mut mix = Mix::random(&mut self.random);
            mix.stuck = if self.more.percent(25) { 20 } else { 0 };
            self.say(|| format!("--- {mix:?}"));
            self.script(mix);
            let first = self.command(options);
            // Only one run at a time removes volumes that are named by `--recreate-volume`.
            if !self.random.percent(25) || !options.recreate_volumes.is_empty() {
                let signal = self.random.percent(8).then(|| Duration::from_millis(self.random.below(4000)));
                let project = if self.random.percent(85) { new } else { old };
                let first = self.after_crash(first);
                self.judged(project, &first, signal).await;
                continue;
            }
            let second = self.command(options);
            let other = if self.random.percent(60) { new } else { old };
            let is_plain = |command: &Command| matches!(command, Command::Up(up) if up.recreate != Recreate::Force);
            self.has_rivals |= !Arc::ptr_eq(other, new) || !is_plain(&first) || !is_plain(&second);
            self.both((new, &first), (other, &second)).await;
        }
    }

    /// Plays the same `up` on two machines at the same time, without faults.
    async fn together(&mut self, project: &Arc<Project>, options: &UpOptions, is_plain: bool) {
        let command = Command::Up(options.clone());
        let ends = self.both((project, &command), (project, &command)).await;
        for end in &ends {
            let has_failed = match end {
                End::Ran(outcome) => !outcome.is_success(),
                End::GaveUp(_) => true,
                End::Died | End::Refused(_) => false,
            };
            if is_plain && has_failed {
                self.found.push(Violation::new(TOGETHER, end.words()));
            }
        }
        if ends.iter().all(End::is_success) {
            self.claimed(project, options).await;
        }
    }

    fn command(&mut self, options: &UpOptions) -> Command {
        match self.random.below(20) {
            0 => {
                self.has_downs = true;
                Command::Down(DownOptions { remove_orphans: options.remove_orphans, ..DownOptions::default() })
            }
            1 => Command::Up(UpOptions { recreate: Recreate::Force, ..options.clone() }),
            2 => Command::Up(UpOptions { wait: true, ..options.clone() }),
            3 => {
                let scale = (0..6).filter(|_| self.random.percent(30)).map(|index| (format!("s{index}"), 2));
                let scale = scale.map(|(name, count)| (name.as_str().into(), count)).collect();
                self.has_downs = true;
                Command::Up(UpOptions { scale, ..options.clone() })
            }
            _ => Command::Up(options.clone()),
        }
    }

    /// Sometimes replaces the command after a crash by another one, as users do.
    fn after_crash(&mut self, command: Command) -> Command {
        let (is_left, which) = (self.is_left, self.more.below(100));
        let other = match which {
            0..15 => Command::Down(DownOptions { volumes: true, ..DownOptions::default() }),
            // Not `start`: it would start a replacement that has not got its configs yet.
            15..22 => Command::Existing(Lifecycle::Stop { grace: None }),
            _ => return command,
        };
        self.has_downs |= is_left;
        if is_left { other } else { command }
    }

    /// Returns the options and answers of the user, for a run that has no other beside it.
    async fn asked(&mut self, project: &Project, command: &Command, signal: Option<Duration>) -> Asked {
        let answer = match self.more.below(100) {
            0..40 => None,
            40..85 => Some(true),
            _ => Some(false),
        };
        let is_planned = self.more.percent(35) && matches!(command, Command::Up(_));
        if matches!(command, Command::Down(_)) && self.more.percent(70) {
            self.cleaned_by_hand(command.given_up(project)).await;
        }
        let shown = if is_planned { Shown::of(&self.engine.client(0), project, command).await } else { None };
        Asked { signal, shown, answer, is_after_crash: self.is_left }
    }

    /// Plays a run without another beside it. If only calls failed, and the world did nothing, a success must be true.
    async fn judged(&mut self, project: &Arc<Project>, command: &Command, signal: Option<Duration>) {
        let mishaps = self.log.lock().unwrap().mishaps;
        self.engine.quiet().await;
        let (reader, has_reader) = (self.engine.client(READER), self.random.percent(20));
        let asked = self.asked(project, command, signal).await;
        let end = tokio::select! {
            biased;
            end = self.run(project, command, asked) => end,
            never = read_on(reader), if has_reader => never,
        };
        self.has_late_calls |= self.engine.is_at_work();
        // The run cannot know what the engine does after the end of the run.
        if self.log.lock().unwrap().mishaps != mishaps || !end.is_success() || self.engine.is_at_work() {
            return;
        }
        if let Command::Up(options) = command {
            self.claimed(project, options).await;
        }
    }

    async fn both(&mut self, first: (&Arc<Project>, &Command), second: (&Arc<Project>, &Command)) -> [End; 2] {
        let one = self.begin(first.0, first.1, Asked::default());
        let delay = Duration::from_millis(self.random.below(3000));
        let other = self.begin(second.0, second.1, Asked::default());
        let later = async {
            tokio::time::sleep(delay).await;
            other.await
        };
        let (one, other) = tokio::join!(one, later);
        let ends = [self.ended(first.1, one), self.ended(second.1, other)];
        self.has_deaths_beside |= ends.iter().any(|end| matches!(end, End::Died));
        self.has_late_calls |= self.engine.is_at_work();
        ends
    }

    async fn run(&mut self, project: &Arc<Project>, command: &Command, asked: Asked) -> End {
        let end = self.begin(project, command, asked).await;
        self.ended(command, end)
    }

    /// Starts a run; the returned future is its end.
    fn begin(
        &mut self,
        project: &Arc<Project>,
        command: &Command,
        asked: Asked,
    ) -> impl Future<Output = (u32, Option<End>)> + use<> {
        let client = u32::try_from(self.runs.len()).unwrap() + 1;
        let up = match command {
            Command::Up(options) => Some(options.clone()),
            Command::Down(_) | Command::Existing(_) => None,
        };
        let notes = Rc::new(RefCell::new(Notes::default()));
        self.runs.push(RunRecord {
            client,
            project: project.clone(),
            up,
            removes_volumes: matches!(command, Command::Down(options) if options.volumes),
            shown: asked.shown.as_ref().map(|shown| shown.acts.clone()),
            notes: notes.clone(),
            began: self.engine.now(),
            ended: Duration::MAX,
            has_died: false,
        });
        let engine = Arc::new(self.engine.client(client));
        let program = Program {
            engine: engine.clone(),
            project: project.clone(),
            command: command.clone(),
            mutation: self.mutation,
            signal: asked.signal,
            is_after_crash: asked.is_after_crash,
            shown: asked.shown,
            answer: asked.answer,
            random: self.more.branch(),
            log: self.log.clone(),
            notes,
        };
        async move {
            let work = async {
                tokio::select! {
                    biased;
                    () = engine.crashed() => End::Died,
                    end = program.run() => end,
                }
            };
            (client, tokio::time::timeout(LIMIT, work).await.ok())
        }
    }

    /// Notes how a run has ended; `None` means that it has not ended in time.
    fn ended(&mut self, command: &Command, (client, end): (u32, Option<End>)) -> End {
        let end = end.unwrap_or_else(|| {
            let words = format!("run {client} has not ended after {} s", LIMIT.as_secs());
            self.found.push(Violation::new(ENDS, words.clone()));
            End::Refused(words)
        });
        let mut plans = String::new();
        if let Some(run) = self.runs.iter_mut().find(|run| run.client == client) {
            run.ended = self.engine.now();
            run.has_died = matches!(end, End::Died);
            let mut notes = run.notes.borrow_mut();
            self.found.extend(notes.unsound.take().map(|what| Violation::new(SOUND, what)));
            self.is_left = is_left(self.is_left, command, &end, notes.restarts_dependents);
            plans = std::mem::take(&mut notes.plans);
        }
        self.has_deaths |= matches!(end, End::Died);
        if let End::Ran(outcome) = &end {
            let is_internal = |error: &StepError| matches!(error, StepError::Internal(_));
            let internal = outcome.failures.iter().any(|failure| is_internal(&failure.error))
                || outcome.leftovers.iter().any(|line| line.contains("internal:"));
            if internal {
                self.found.push(Violation::new(SOUND, end.words()));
            }
        }
        self.say(|| format!("--- run {client} ({}) ended: {}\n{plans}", command.words(), end.words()));
        end
    }
}

/// What the user adds to a command. The default: no options, no questions.
#[derive(Default)]
struct Asked {
    /// The time of a signal, counted from the start of the run.
    signal: Option<Duration>,
    /// `--plan`.
    shown: Option<Shown>,
    /// The answer to a question about data; `None` is `-y`.
    answer: Option<bool>,
    is_after_crash: bool,
}

/// Whether the project's lock tells of an unfinished run after this run has ended.
fn is_left(was_left: bool, command: &Command, end: &End, owes: bool) -> bool {
    match end {
        End::Died => true,
        End::Refused(_) | End::GaveUp(_) => was_left,
        End::Ran(outcome) if outcome.is_success() && !outcome.is_uncertain() => {
            was_left && matches!(command, Command::Existing(_))
        }
        End::Ran(outcome) => was_left || outcome.is_uncertain() || (!outcome.is_success() && owes),
    }
}
