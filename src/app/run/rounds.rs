//! The rounds of a run: look, plan, refuse, ask, run, and where the world has moved meanwhile, look again.
//!
//! One round for every command that changes containers. An [`Aim`] looks and plans; [`Guard`]s (a saved plan, consent for
//! data) are asked in every round, so that no later round does what only the first was allowed to. Whether there is another
//! round, `looks_again` decides for all commands. Start at [`Rounds::run`].
//!
//! An example: `up` died while the engine was creating `web`. The next `up` looks, sees no `web`, plans to create it, and
//! the engine refuses: the dead run's request has taken the name by now. The second round sees `web` and only starts it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use super::console::Console;
use super::report::{self, Origin};
use super::session::{self, Session};
use super::{settle, unstartable};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::exec::{Interrupt, Outcome};
use crate::failure::Failure;
use crate::model::{ContainerId, Known, Observed, ObservedContainer, labels};
use crate::plan::Plan;

/// So many rounds follow the first at most.
const LOOKS: u32 = 3;
/// The pause before the third round, twice as long before the fourth. The second round follows at once.
const PAUSE: Duration = Duration::from_secs(2);

const LOOK_AGAIN: &str =
    "something has changed since this run looked: an earlier run had not ended yet; looking again\n";

/// Which look of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first.
    First,
    /// The one after the images were pulled and built: what becomes of containers is certain only now.
    AfterImages,
    /// The look of a later round.
    Again,
}

/// What a look at the engine has led to.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The snapshot.
    pub observed: Observed,
    /// What was found beside the plans: files that are missing, images that cannot be pulled.
    pub faults: Vec<Diagnostic>,
    /// What happens to images, before everything else. Only the first look has any.
    pub images: Plan,
    /// What happens to everything else, as far as it is known before the images are there.
    pub plan: Plan,
}

impl Look {
    /// Returns what is to be told before anything runs. Warnings of a plan that is made again after its images are told
    /// then.
    fn told(&self) -> Vec<Diagnostic> {
        let mut list = self.faults.clone();
        let has_error = self.faults.iter().chain(&self.plan.diagnostics).any(Diagnostic::is_error);
        if self.images.is_empty() || has_error {
            list.extend(self.plan.diagnostics.iter().cloned());
        }
        list
    }

    /// Returns whether an earlier run has left something of the project half done. The lock does not tell of a run on
    /// another machine, or of one that reaches the engine by another way.
    fn finishes_another(&self) -> bool {
        let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(self.plan.project.as_str());
        let mut replaced =
            self.observed.containers.iter().filter(is_ours).filter_map(|one| one.label(labels::REPLACES));
        self.plan.finishes_another() || replaced.any(|old| self.observed.containers.by_id(old).is_some())
    }
}

/// What a command is to bring about.
#[async_trait(?Send)]
pub trait Aim {
    /// Looks at the engine and plans. `known` is to be part of the snapshot that is planned with.
    async fn look(&mut self, engine: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure>;
}

/// What must agree to every round before it runs.
#[async_trait(?Send)]
pub trait Guard {
    /// Lets a round pass, or ends the run with the reason why not. May wait for an answer until a signal comes.
    async fn pass(&mut self, stage: Stage, look: &Look, interrupt: &Interrupt) -> Result<(), Failure>;
}

/// When a command looks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Never: a second `restart` or `kill` would act on what the first has acted on.
    Never,
    /// After a run that died, as long as a round finds work: what the dead run had asked for may arrive late (`down`,
    /// `stop`, `start`).
    AfterCrash,
    /// Whenever a plan failed because the world had moved, and something tells why (`up`).
    Always,
}

/// What a round has shown, for the decision whether there is another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// Rounds after the first so far.
    looks: u32,
    is_after_crash: bool,
    /// Whether the round's plan ended what another run had begun.
    finishes_another: bool,
    /// Whether the plan had steps.
    had_steps: bool,
    is_success: bool,
    /// Whether it failed only because something was no longer as it had been when the plan was made.
    has_moved: bool,
    /// Whether the engine could not start a container.
    has_unstartable: bool,
    /// Whether nothing else failed.
    is_only_unstartable: bool,
    /// Whether such a container is to be recreated that no round before knew of.
    is_new: bool,
}

/// Decides whether a round is followed by another: the one policy of all commands.
fn looks_again(repeats: Repeats, facts: Facts) -> bool {
    // A container that the engine cannot start, and that is not recreated, will not mend by itself.
    let most = if facts.is_only_unstartable && !facts.is_new { 1 } else { LOOKS };
    let has_cause =
        facts.is_after_crash || repeats == Repeats::Always && (facts.finishes_another || facts.has_unstartable);
    let has_work = facts.has_moved || repeats == Repeats::AfterCrash && facts.is_success && facts.had_steps;
    repeats != Repeats::Never && has_cause && has_work && facts.looks < most
}

/// A run in rounds.
pub struct Rounds<'a> {
    /// The engine, the signals and the lock.
    pub session: &'a Session,
    /// Where words go.
    pub console: &'a dyn Console,
    /// What reports refer to.
    pub origin: Origin<'a>,
    /// What every round must pass, in this order.
    pub guards: Vec<Box<dyn Guard + 'a>>,
    /// When the command looks again.
    pub repeats: Repeats,
    /// What is said where the first look finds nothing to do; `None` says nothing.
    pub nothing: Option<String>,
}

/// How the last round ended.
#[derive(Debug)]
pub struct Ended {
    /// What the round was planned from.
    pub look: Look,
    /// What came of it; not reported yet.
    pub outcome: Outcome,
}

impl Rounds<'_> {
    /// Plays all rounds. Fails where a look fails, a diagnostic or a guard forbids the plan, or a signal comes before a plan
    /// runs. Where a later round fails like that, the failures that led to it have been reported.
    pub async fn run(&mut self, aim: &mut dyn Aim) -> Result<Ended, Failure> {
        let session = self.session;
        let mut known = Known { is_after_crash: session.is_after_crash(), ..Known::default() };
        let mut look = self.look(aim, Stage::First, &known).await?;
        if !look.images.is_empty() {
            look = self.bring_images(aim, look, &known).await?;
        } else if let Some(words) = self.nothing.as_ref().filter(|_| look.plan.is_empty()) {
            self.console.nothing(words);
        }
        let mut looks = 0;
        loop {
            let mut outcome = session.carry_out(self.console, &look.plan, &session.interrupt).await;
            let facts = self.facts(&look, &mut outcome, looks, &mut known).await;
            if !looks_again(self.repeats, facts) {
                return Ok(Ended { look, outcome });
            }
            if !outcome.is_success() {
                self.console.tell(LOOK_AGAIN);
            }
            self.pause(&look, looks).await;
            looks += 1;
            look = match self.look(aim, Stage::Again, &known).await {
                Ok(look) => look,
                Err(failure) => {
                    // Why there was another round at all; the exit code is the failure's.
                    let _ = report::report(self.console, &outcome, self.origin);
                    return Err(failure);
                }
            };
        }
    }

    /// Looks, tells what was found, and asks the guards.
    async fn look(&mut self, aim: &mut dyn Aim, stage: Stage, known: &Known) -> Result<Look, Failure> {
        let (console, session) = (self.console, self.session);
        let tell = |words: &str| console.tell(words);
        let farewell = if stage == Stage::First { session::NOTHING_BEGUN } else { session::HALF_DONE };
        let work = aim.look(session.reading(), stage, known);
        let look = session::answer_to(&tell, &session.interrupt, farewell, work).await?;
        report::heed(console, look.told(), self.origin.sources)?;
        for guard in &mut self.guards {
            guard.pass(stage, &look, &session.interrupt).await?;
        }
        Ok(look)
    }

    /// Pulls and builds, then looks again: images take their time, and containers that ran may have ended meanwhile.
    async fn bring_images(&mut self, aim: &mut dyn Aim, look: Look, known: &Known) -> Result<Look, Failure> {
        self.session.run(self.console, &look.images, self.origin).await?;
        if self.session.is_dry_run() {
            report::heed(self.console, look.plan.diagnostics.clone(), self.origin.sources)?;
            return Ok(look);
        }
        self.look(aim, Stage::AfterImages, known).await
    }

    /// Collects what a round has shown. Containers that the engine could not start are looked at, where the command can
    /// recreate them.
    async fn facts(&self, look: &Look, outcome: &mut Outcome, looks: u32, known: &mut Known) -> Facts {
        let mut replaceable: BTreeSet<ContainerId> = BTreeSet::new();
        if self.repeats == Repeats::Always {
            tokio::select! {
                biased;
                found = unstartable::look(self.session.reading(), outcome) => replaceable = found,
                _ = self.session.interrupt.first() => {}
            }
        }
        known.given_back.extend(given_back(&look.plan, outcome));
        let before = known.unstartable.len();
        known.unstartable.extend(replaceable);
        Facts {
            looks,
            is_after_crash: known.is_after_crash,
            finishes_another: look.finishes_another(),
            had_steps: !look.plan.is_empty(),
            is_success: outcome.is_success(),
            has_moved: outcome.has_world_moved(),
            has_unstartable: outcome.has_unstartable(),
            is_only_unstartable: outcome.is_only_unstartable(),
            is_new: known.unstartable.len() > before,
        }
    }

    /// Waits before a later round until something happens to the project, for a while: what a dead run has begun goes on.
    /// The engine refuses a name that it has given away some time before its list tells of the container.
    async fn pause(&self, look: &Look, looks: u32) {
        if looks == 0 {
            return;
        }
        tokio::select! {
            biased;
            () = settle::next(self.session.reading(), look.plan.project.as_str(), PAUSE * looks) => {}
            _ = self.session.interrupt.first() => {}
        }
    }
}

/// Returns the old containers that run again since their replacements could not be finished.
fn given_back(plan: &Plan, outcome: &Outcome) -> impl Iterator<Item = ContainerId> {
    let replacements = plan.replacements.iter().filter(|one| outcome.restored.contains(&one.target));
    replacements.map(|one| one.old.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::super::console::tests::Silent;
    use super::*;
    use crate::engine::fake::FakeEngine;
    use crate::exec::ExecSettings;
    use crate::failure::Exit;
    use crate::model::{Sources, Span};
    use crate::plan::{Action, ContainerRef, Reason, Replacement, Step, StepId, Target};

    /// `up` that failed as the world had moved, after a run that died.
    const MOVED: Facts = Facts {
        looks: 0,
        is_after_crash: true,
        finishes_another: false,
        had_steps: true,
        is_success: false,
        has_moved: true,
        has_unstartable: false,
        is_only_unstartable: false,
        is_new: false,
    };

    #[test]
    fn what_has_moved_is_looked_at_again_where_something_tells_why() {
        let alone = Facts { is_after_crash: false, ..MOVED };
        assert!(looks_again(Repeats::Always, MOVED));
        assert!(looks_again(Repeats::Always, Facts { looks: LOOKS - 1, ..MOVED }));
        assert!(!looks_again(Repeats::Always, Facts { looks: LOOKS, ..MOVED }), "not for ever");
        assert!(!looks_again(Repeats::Always, alone), "somebody else is at work");
        assert!(looks_again(Repeats::Always, Facts { finishes_another: true, ..alone }));
        assert!(!looks_again(Repeats::Always, Facts { has_moved: false, ..MOVED }), "a fault of its own");
    }

    #[test]
    fn after_a_crash_a_command_goes_on_until_a_round_finds_nothing_to_do() {
        let done = Facts { is_success: true, has_moved: false, ..MOVED };
        assert!(looks_again(Repeats::AfterCrash, done));
        assert!(!looks_again(Repeats::AfterCrash, Facts { had_steps: false, ..done }));
        assert!(!looks_again(Repeats::AfterCrash, Facts { is_after_crash: false, ..done }));
        assert!(!looks_again(Repeats::AfterCrash, Facts { is_after_crash: false, finishes_another: true, ..MOVED }));
        assert!(!looks_again(Repeats::Always, done), "`up` has looked once more before it claimed success");
    }

    #[test]
    fn what_would_act_twice_never_looks_again() {
        assert!(!looks_again(Repeats::Never, MOVED));
        assert!(!looks_again(Repeats::Never, Facts { is_success: true, has_moved: false, ..MOVED }));
    }

    #[test]
    fn what_the_engine_cannot_start_is_tried_once_more_unless_it_is_recreated() {
        let stuck = Facts { is_after_crash: false, has_unstartable: true, is_only_unstartable: true, ..MOVED };
        assert!(looks_again(Repeats::Always, stuck));
        assert!(!looks_again(Repeats::Always, Facts { looks: 1, ..stuck }));
        assert!(looks_again(Repeats::Always, Facts { looks: 1, is_new: true, ..stuck }));
    }

    fn step(action: Action) -> Step {
        Step {
            id: StepId(0),
            target: Target::Container { service: None, number: 0, name: "web".into() },
            action,
            reason: Reason::Missing,
            requires: Vec::new(),
            after: Vec::new(),
            is_optional: false,
        }
    }

    #[test]
    fn warnings_of_a_plan_that_is_made_again_wait_and_errors_do_not() {
        let warning = || Diagnostic::warning("restored", Span::NONE, "a warning");
        let mut look = Look::default();
        look.faults.push(warning());
        look.plan.diagnostics.push(warning());
        assert_eq!(look.told().len(), 2);
        look.images.steps.push(step(Action::Pause { delay: Duration::ZERO }));
        assert_eq!(look.told().len(), 1);
        look.faults.push(Diagnostic::error("undefined", Span::NONE, "an error"));
        assert_eq!(look.told().len(), 3);
    }

    /// Finds a container to start that is gone by the time it is started, and nothing to do after that.
    struct Moving(Vec<Stage>);

    #[async_trait(?Send)]
    impl Aim for Moving {
        async fn look(&mut self, _: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure> {
            self.0.push(stage);
            let gone = ContainerRef::Existing("1".into());
            let steps = match stage {
                Stage::First => vec![step(Action::StartContainer { container: gone })],
                _ => Vec::new(),
            };
            let observed = Observed { known: known.clone(), ..Observed::default() };
            Ok(Look { observed, plan: Plan { steps, ..Plan::default() }, ..Look::default() })
        }
    }

    /// Notes the rounds that it is asked about, and lets all of them pass but one.
    struct Only(Rc<RefCell<Vec<Stage>>>, Option<Stage>);

    #[async_trait(?Send)]
    impl Guard for Only {
        async fn pass(&mut self, stage: Stage, _: &Look, _: &Interrupt) -> Result<(), Failure> {
            self.0.borrow_mut().push(stage);
            if self.1 == Some(stage) { Err(Failure::Told(Exit::CHANGES)) } else { Ok(()) }
        }
    }

    async fn play(is_after_crash: bool, refused: Option<Stage>) -> (Vec<Stage>, Vec<Stage>, Result<Ended, Failure>) {
        let settings = ExecSettings { patience: Duration::from_secs(1), ..ExecSettings::default() };
        let session = Session::on(Arc::new(FakeEngine::default()), settings, Interrupt::default(), is_after_crash);
        let (sources, asked) = (Sources::default(), Rc::default());
        let mut aim = Moving(Vec::new());
        let mut rounds = Rounds {
            session: &session,
            console: &Silent,
            origin: Origin { project: None, sources: &sources },
            guards: vec![Box::new(Only(Rc::clone(&asked), refused))],
            repeats: Repeats::Always,
            nothing: None,
        };
        let ended = rounds.run(&mut aim).await;
        drop(rounds);
        (aim.0, asked.take(), ended)
    }

    #[tokio::test(start_paused = true)]
    async fn every_round_is_asked_about() {
        let (looks, asked, ended) = play(true, None).await;
        assert_eq!(looks, [Stage::First, Stage::Again]);
        assert_eq!(asked, looks);
        assert!(ended.unwrap().outcome.is_success());
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_is_refused_ends_the_run() {
        let (looks, _, ended) = play(true, Some(Stage::Again)).await;
        assert_eq!(looks.len(), 2);
        assert_eq!(ended.unwrap_err().exit(), Exit::CHANGES);
        assert_eq!(play(true, Some(Stage::First)).await.0.len(), 1);
    }

    #[test]
    fn the_old_containers_of_what_was_restored_are_known_to_the_next_round() {
        let replacement = |old: &str, number| Replacement {
            old: old.into(),
            target: Target::Container { service: Some("web".into()), number, name: "p-web".into() },
            new: ContainerRef::Existing("new".into()),
            was_running: true,
            needs: Vec::new(),
            reconnects: Vec::new(),
            shares_with: Vec::new(),
            steps: Vec::new(),
            commit: StepId(0),
            family: None,
            group: "web".into(),
            undoes_group: false,
        };
        let replacements = vec![replacement("one", 1), replacement("two", 2)];
        let restored = vec![replacements[1].target.clone()];
        let (plan, outcome) = (Plan { replacements, ..Plan::default() }, Outcome { restored, ..Outcome::default() });
        assert_eq!(given_back(&plan, &outcome).collect::<Vec<_>>(), ["two".into()]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_cause_a_failure_is_the_end() {
        let (looks, _, ended) = play(false, None).await;
        assert_eq!(looks, [Stage::First]);
        assert!(ended.unwrap().outcome.has_world_moved());
    }
}
