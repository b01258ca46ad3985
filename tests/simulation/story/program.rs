//! One run of the program: the rounds of `app` on a client of the engine, with a console that notes what it shows.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use inception::app::run::consent::Data;
use inception::app::run::console::Console;
use inception::app::run::report::Origin;
use inception::app::run::rounds::{Aim, Guard, Look, Repeats, Rounds, Stage};
use inception::app::run::saved::{AsShown, Saved};
use inception::app::run::session::Session;
use inception::diag::Diagnostic;
use inception::engine::fake::{FakeEngine, Mishap};
use inception::engine::{ChangeEngine, ReadEngine};
use inception::event::{Event, Listener};
use inception::exec::{ExecSettings, Interrupt, Outcome, Signal, StepError};
use inception::failure::{Exit, Failure};
use inception::model::{Known, Observed, Project, Sources, Volume, VolumeSpec, hash, labels};
use inception::observe;
use inception::plan::{self, Content, Contents, DownOptions, Lifecycle, Plan, Step, UpOptions, Verb};

use super::Mutation;
use crate::common;
use crate::faults::Log;
use crate::random::Random;

/// The command of a run.
#[derive(Clone, Debug)]
pub enum Command {
    Up(UpOptions),
    Down(DownOptions),
    /// `stop`.
    Existing(Lifecycle),
}

impl Command {
    pub fn words(&self) -> String {
        match self {
            Command::Up(up) => format!("up {:?} {:?} orphans={}", up.recreate, up.scale, up.remove_orphans),
            Command::Down(down) if down.volumes => "down --volumes".to_owned(),
            Command::Down(_) => "down".to_owned(),
            Command::Existing(command) => format!("{command:?}"),
        }
    }

    pub fn plan(&self, project: &Project, observed: &Observed) -> Plan {
        match self {
            Command::Up(options) => plan::up(project, observed, &contents(), options),
            Command::Down(options) => plan::down(project, observed, options),
            Command::Existing(command) => plan::lifecycle(project, observed, &BTreeSet::new(), command),
        }
    }

    fn repeats(&self) -> Repeats {
        if matches!(self, Command::Up(_)) { Repeats::Always } else { Repeats::AfterCrash }
    }

    /// Returns the volumes that the command may remove.
    pub fn given_up<'a>(&self, project: &'a Project) -> Vec<&'a Volume> {
        let is_given_up = |volume: &&Volume| match self {
            Command::Up(options) => options.recreate_volumes.contains(volume.key.as_str()),
            Command::Down(options) => options.volumes,
            Command::Existing(_) => false,
        };
        project.volumes.values().filter(|volume| !volume.is_external).filter(is_given_up).collect()
    }
}

/// Returns the content of the config, for projects that have one.
pub fn contents() -> Contents {
    let content = Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    Contents { configs: [("word".to_owned(), content)].into(), ..Contents::default() }
}

/// How a run ended.
pub enum End {
    /// The process died.
    Died,
    /// The run refused or failed before it ran a plan.
    Refused(String),
    /// A later round was refused, or could not observe.
    GaveUp(String),
    /// The last round ran, with this outcome.
    Ran(Box<Outcome>),
}

impl End {
    pub fn is_success(&self) -> bool {
        matches!(self, End::Ran(outcome) if outcome.is_success())
    }

    pub fn words(&self) -> String {
        match self {
            End::Died => "died".to_owned(),
            End::Refused(why) => format!("refused: {why}"),
            End::GaveUp(why) => format!("gave up: {why}"),
            End::Ran(outcome) if outcome.is_success() => "success".to_owned(),
            End::Ran(outcome) => {
                let failures: Vec<String> = outcome.failures.iter().map(|one| cause(&one.error)).collect();
                format!("failure {failures:?} {:?} {:?}", outcome.leftovers, outcome.interrupted)
            }
        }
    }
}

fn cause(error: &StepError) -> String {
    match error {
        StepError::Engine { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}

/// A step in short: its verb and its target.
pub type Act = (Verb, String);

/// A plan that was saved before the run.
pub struct Shown {
    saved: Saved,
    pub acts: BTreeSet<Act>,
}

impl Shown {
    /// Plans as `plan -o FILE` does; `None` when the plan has errors.
    pub async fn of(engine: &FakeEngine, project: &Project, command: &Command) -> Option<Self> {
        let observed = observe::observe(engine, &common::interest(project)).await.unwrap();
        let plan = command.plan(project, &observed);
        if plan.diagnostics.iter().any(Diagnostic::is_error) {
            return None;
        }
        let act = |step: &Step| (plan::describe(&step.action), step.target.to_string());
        let mut acts: BTreeSet<Act> = plan.steps.iter().map(act).collect();
        // A recreate becomes a create when the old container has been removed since.
        let creations: Vec<Act> = acts.iter().filter(|act| act.0 == Verb::Recreate).cloned().collect();
        acts.extend(creations.into_iter().map(|(_, target)| (Verb::Create, target)));
        let identity = engine.identity().await.unwrap();
        let look = Look { observed, plan, ..Look::default() };
        Some(Self { saved: Saved::new(Path::new("/project"), &[], identity, &look), acts })
    }
}

/// What a run has done, for its judgement and for the printed history.
#[derive(Debug, Default)]
pub struct Notes {
    /// The plans as text, for the printed history.
    pub plans: String,
    /// How many rounds ran a plan.
    pub rounds: usize,
    /// The first finding of the lint.
    pub unsound: Option<String>,
    /// The steps of all plans that ran.
    pub ran: Arc<Mutex<Vec<Act>>>,
    /// Volumes that the user agreed to lose, and when.
    pub agreed: Vec<(Duration, String)>,
    /// Whether a plan restarts what depends on a replaced container.
    pub restarts_dependents: bool,
    /// The last observation with its plan, before a mutation changed the plan: the guards judge this one.
    unspoiled: Look,
}

/// A run that has not begun yet.
pub struct Program {
    pub engine: Arc<FakeEngine>,
    pub project: Arc<Project>,
    pub command: Command,
    pub mutation: Option<Mutation>,
    pub signal: Option<Duration>,
    /// Whether the project's lock tells of a dead run.
    pub is_after_crash: bool,
    /// `--plan`.
    pub shown: Option<Shown>,
    /// The answer to a question about data; `None` is `-y`.
    pub answer: Option<bool>,
    /// Decides what the world does between two rounds.
    pub random: Random,
    pub log: Arc<Mutex<Log>>,
    pub notes: Rc<RefCell<Notes>>,
}

impl Program {
    /// Plays the rounds of the run.
    pub async fn run(self) -> End {
        let interrupt = Interrupt::default();
        let settings = ExecSettings { patience: Duration::from_secs(120), ..ExecSettings::default() };
        let session = Session::on(self.engine.clone(), settings, interrupt.clone(), self.is_after_crash);
        let sources = Sources::default();
        let console = Record { program: &self, asked: RefCell::default() };
        let mut rounds = Rounds {
            session: &session,
            console: &console,
            origin: Origin { project: Some(&self.project), sources: &sources },
            guards: self.guards(&console),
            repeats: self.command.repeats(),
            nothing: None,
        };
        let mut aim = Planner { program: &self, random: self.random.clone() };
        let run = rounds.run(&mut aim);
        let ended = match self.signal {
            None => run.await,
            Some(after) => {
                let press = async {
                    tokio::time::sleep(after).await;
                    interrupt.send(Signal::Interrupt);
                };
                tokio::join!(run, press).0
            }
        };
        let words = |failure: Failure| match failure.told().0.first() {
            Some(told) => format!("{} {}", told.message, told.cause.clone().unwrap_or_default()),
            None => format!("{failure:?}"),
        };
        match ended {
            Ok(ended) => End::Ran(Box::new(ended.outcome)),
            Err(failure) if self.notes.borrow().rounds == 0 => End::Refused(words(failure)),
            Err(failure) => End::GaveUp(words(failure)),
        }
    }

    fn guards<'a>(&'a self, console: &'a Record<'a>) -> Vec<Box<dyn Guard + 'a>> {
        let mut guards: Vec<Box<dyn Guard + 'a>> = Vec::new();
        let mut push = |inner: Box<dyn Guard + 'a>, is_lax| {
            guards.push(Box::new(Watched { inner, notes: &self.notes, is_lax }));
        };
        if let Some(shown) = &self.shown {
            push(
                Box::new(AsShown::new(&shown.saved, &*self.engine, console)),
                matches!(self.mutation, Some(Mutation::LaterPlansUnchecked)),
            );
        }
        push(
            Box::new(Data::new(console, self.answer.is_none())),
            matches!(self.mutation, Some(Mutation::LaterLossesUnasked)),
        );
        guards
    }
}

/// A guard that judges plans as they were before a mutation. A lax guard lets every later round pass.
struct Watched<'a> {
    inner: Box<dyn Guard + 'a>,
    notes: &'a RefCell<Notes>,
    is_lax: bool,
}

#[async_trait(?Send)]
impl Guard for Watched<'_> {
    async fn pass(&mut self, stage: Stage, _: &Look, interrupt: &Interrupt) -> Result<(), Failure> {
        let look = self.notes.borrow().unspoiled.clone();
        if self.is_lax && stage == Stage::Again { Ok(()) } else { self.inner.pass(stage, &look, interrupt).await }
    }
}

/// Observes and plans, as the program does.
struct Planner<'a> {
    program: &'a Program,
    random: Random,
}

impl Planner<'_> {
    /// Lets the world act between two rounds.
    async fn meanwhile(&mut self) {
        let Program { engine, project, command, shown, log, .. } = self.program;
        let (acts, which, volume) = (self.random.percent(50), self.random.next(), self.random.next());
        if !acts {
            return;
        }
        if shown.is_some() {
            let mishap = if self.random.percent(50) { Mishap::IsRemoved(which) } else { Mishap::IsStopped(which) };
            engine.befall(&mishap);
            log.lock().unwrap().mishaps += 1;
        }
        let given_up = command.given_up(project);
        if let Some(index) = usize::try_from(volume).unwrap_or_default().checked_rem(given_up.len()) {
            let is_changed = matches!(command, Command::Up(_));
            let world = engine.client(0);
            world.create_volume(&spec(project, given_up[index], is_changed)).await.unwrap();
        }
    }
}

/// Returns a volume of the project as another machine would create it, with another definition if `is_changed`.
fn spec(project: &Project, volume: &Volume, is_changed: bool) -> VolumeSpec {
    let hash = if is_changed { "another".to_owned() } else { hash::resource_hash(&volume.canonical) };
    let labels = [
        (labels::PROJECT, project.name.to_string()),
        (labels::VOLUME, volume.key.to_string()),
        (labels::CONFIG_HASH, hash),
    ];
    VolumeSpec {
        name: volume.name.clone(),
        driver_opts: volume.driver_opts.clone(),
        labels: labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        ..VolumeSpec::default()
    }
}

#[async_trait(?Send)]
impl Aim for Planner<'_> {
    async fn look(&mut self, engine: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure> {
        if stage == Stage::Again {
            self.meanwhile().await;
        }
        let Program { project, command, mutation, log, notes, .. } = self.program;
        let mut observed = observe::observe(engine, &common::interest(project)).await?;
        observed.known = known.clone();
        let mut plan = command.plan(project, &observed);
        let mut notes = notes.borrow_mut();
        if log.lock().unwrap().is_verbose {
            notes.plans.push_str(&plan::render(&plan));
        }
        let unsound = plan::lint(&plan);
        if !unsound.is_empty() {
            notes.unsound = Some(format!("{unsound:?}\n{}", plan::render(&plan)));
            return Err(Failure::Told(Exit::FAILURE));
        }
        notes.restarts_dependents |= plan.restarts_dependents();
        notes.unspoiled = Look { observed: Observed::default(), plan: plan.clone(), ..Look::default() };
        if let Some(Mutation::Plan(spoil)) = mutation
            && !plan.diagnostics.iter().any(Diagnostic::is_error)
        {
            spoil(&mut plan);
        }
        Ok(Look { observed, plan, ..Look::default() })
    }
}

/// A console that notes what it shows, and gives the answers of the run's user.
struct Record<'a> {
    program: &'a Program,
    /// The volumes that the question names.
    asked: RefCell<Vec<String>>,
}

impl Record<'_> {
    fn agree(&self) {
        let now = self.program.engine.now();
        let asked = std::mem::take(&mut *self.asked.borrow_mut());
        self.program.notes.borrow_mut().agreed.extend(asked.into_iter().map(|name| (now, name)));
    }
}

#[async_trait(?Send)]
impl Console for Record<'_> {
    fn tell(&self, words: &str) {
        let Some(volumes) = words.strip_prefix("These volumes are removed, with all their data:\n") else { return };
        *self.asked.borrow_mut() = volumes.lines().map(|line| line.trim().to_owned()).collect();
        if self.program.answer.is_none() {
            self.agree();
        }
    }

    fn diagnostics(&self, _: &[Diagnostic], _: &Sources) {}

    fn listener(&self) -> Box<dyn Listener> {
        let mut notes = self.program.notes.borrow_mut();
        notes.rounds += 1;
        let ran = notes.ran.clone();
        Box::new(move |event: &Event| {
            if let Event::Planned { steps, .. } = event {
                ran.lock().unwrap().extend(steps.iter().map(|step| (step.verb, step.target.to_string())));
            }
        })
    }

    fn dry_run(&self, _: &Plan) {}

    fn nothing(&self, _: &str) {}

    fn is_interactive(&self) -> bool {
        true
    }

    async fn confirm(&self, _: &'static str) -> bool {
        let is_yes = self.program.answer.unwrap_or(true);
        if is_yes {
            self.agree();
        }
        is_yes
    }
}
