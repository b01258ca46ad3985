//! The rounds of a run: observe, plan, check, ask, run; and if the engine's state has changed meanwhile, another round.
//!
//! All commands that change containers use the same rounds. An [`Aim`] observes and plans. Each [`Guard`] (saved plan,
//! consent for data) is asked in every round, so that a later round does nothing that only the first one was allowed to
//! do. `looks_again` decides for all commands whether another round follows. Start at [`Rounds::run`].
//!
//! Example: `up` died while the engine was creating `web`. The next `up` does not see `web` yet and plans to create it.
//! The engine refuses, because the dead run's request has taken the name by now. The second round sees `web` and only
//! starts it.

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

/// The most rounds after the first.
const LOOKS: u32 = 3;
/// The pause before the third round; twice as long before the fourth. The second round follows at once.
const PAUSE: Duration = Duration::from_secs(2);

const LOOK_AGAIN: &str =
    "something has changed since this run looked: an earlier run had not ended yet; looking again\n";

/// The stage of a run at which the engine is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first observation.
    First,
    /// After the images were pulled and built: only now it is certain what will happen to containers.
    AfterImages,
    /// In a later round.
    Again,
}

/// The result of an observation.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The snapshot.
    pub observed: Observed,
    /// Faults besides those of the plans: missing files, images that cannot be pulled.
    pub faults: Vec<Diagnostic>,
    /// The plan for images, which runs first. Only the first observation has one.
    pub images: Plan,
    /// The plan for everything else, as far as it is known before the images are there.
    pub plan: Plan,
}

impl Look {
    /// Returns the diagnostics to show before anything runs. If the plan will be made again after the images, its
    /// warnings are shown then.
    fn told(&self) -> Vec<Diagnostic> {
        let mut list = self.faults.clone();
        let has_error = self.faults.iter().chain(&self.plan.diagnostics).any(Diagnostic::is_error);
        if self.images.is_empty() || has_error {
            list.extend(self.plan.diagnostics.iter().cloned());
        }
        list
    }

    /// Returns whether an earlier run has left something of the project half done. The lock does not tell about a run
    /// on another machine, or about one that reaches the engine by another address.
    fn finishes_another(&self) -> bool {
        let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(self.plan.project.as_str());
        let mut replaced =
            self.observed.containers.iter().filter(is_ours).filter_map(|one| one.label(labels::REPLACES));
        self.plan.finishes_another() || replaced.any(|old| self.observed.containers.by_id(old).is_some())
    }
}

/// What a command wants to achieve.
#[async_trait(?Send)]
pub trait Aim {
    /// Observes the engine and plans. `known` becomes part of the snapshot for planning.
    async fn look(&mut self, engine: &dyn ReadEngine, stage: Stage, known: &Known) -> Result<Look, Failure>;
}

/// A check that every round must pass before it runs.
#[async_trait(?Send)]
pub trait Guard {
    /// Lets a round pass, or ends the run with the reason. May wait for an answer until a signal comes.
    async fn pass(&mut self, stage: Stage, look: &Look, interrupt: &Interrupt) -> Result<(), Failure>;
}

/// When another round follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Never: a second `restart` or `kill` would act again on the same containers.
    Never,
    /// After a dead run, while a round has work to do, because requests of the dead run may take effect late (`down`,
    /// `stop`, `start`).
    AfterCrash,
    /// Whenever a plan failed because the engine's state had changed, and something explains the change (`up`).
    Always,
}

/// Facts about a round, for the decision whether another follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// Rounds after the first so far.
    looks: u32,
    is_after_crash: bool,
    /// Whether the plan finished the work of another run.
    finishes_another: bool,
    /// Whether the plan had steps.
    had_steps: bool,
    is_success: bool,
    /// Whether the run failed only because the engine's state had changed since the plan was made.
    has_moved: bool,
    /// Whether the engine could not start a container.
    has_unstartable: bool,
    /// Whether nothing else failed.
    is_only_unstartable: bool,
    /// Whether one of these containers must be recreated that no earlier round knew.
    is_new: bool,
    /// Whether an earlier round lost a reply, and nothing has been looked at since the last round. Each round checks the work
    /// of its own steps alone.
    owes_a_look: bool,
}

/// Decides whether another round follows: one rule for all commands.
fn looks_again(repeats: Repeats, facts: Facts) -> bool {
    // A container that the engine cannot start, and that is not recreated, will not start in a third round, either.
    let most = if facts.is_only_unstartable && !facts.is_new { 1 } else { LOOKS };
    let has_cause =
        facts.is_after_crash || repeats == Repeats::Always && (facts.finishes_another || facts.has_unstartable);
    let has_work = facts.has_moved || repeats == Repeats::AfterCrash && facts.is_success && facts.had_steps;
    let owes_a_look = facts.owes_a_look && facts.is_success;
    repeats != Repeats::Never && (has_cause && has_work && facts.looks < most || owes_a_look && facts.looks < LOOKS)
}

/// A run in rounds.
pub struct Rounds<'a> {
    /// The engine, the signals and the lock.
    pub session: &'a Session,
    /// Where messages go.
    pub console: &'a dyn Console,
    /// What reports need to know about the project.
    pub origin: Origin<'a>,
    /// The checks of every round, in this order.
    pub guards: Vec<Box<dyn Guard + 'a>>,
    /// When another round follows.
    pub repeats: Repeats,
    /// The message if the first observation finds nothing to do; `None` for no message.
    pub nothing: Option<String>,
}

/// How the last round ended.
#[derive(Debug)]
pub struct Ended {
    /// The observation that the round was planned from.
    pub look: Look,
    /// The outcome, not reported yet.
    pub outcome: Outcome,
}

impl Rounds<'_> {
    /// Plays all rounds. Fails if an observation fails, if a diagnostic or a guard forbids the plan, or if a signal
    /// comes before a plan runs. If a later round fails like that, the failures that led to it have already been
    /// reported.
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
        let mut has_lost_a_reply = false;
        loop {
            let mut outcome = session.carry_out(self.console, &look.plan, &session.interrupt).await;
            let mut facts = self.facts(&look, &mut outcome, looks, &mut known).await;
            facts.owes_a_look = has_lost_a_reply && !look.plan.is_empty();
            has_lost_a_reply |= outcome.has_lost_a_reply;
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
                    // These failures are the reason for the further round. The exit code is the one of `failure`.
                    let _ = report::report(self.console, &outcome, self.origin);
                    return Err(failure);
                }
            };
        }
    }

    /// Observes, shows what was found, and asks the guards.
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

    /// Pulls and builds, then observes again: that takes time, and running containers may have ended meanwhile.
    async fn bring_images(&mut self, aim: &mut dyn Aim, look: Look, known: &Known) -> Result<Look, Failure> {
        self.session.run(self.console, &look.images, self.origin).await?;
        if self.session.is_dry_run() {
            report::heed(self.console, look.plan.diagnostics.clone(), self.origin.sources)?;
            return Ok(look);
        }
        self.look(aim, Stage::AfterImages, known).await
    }

    /// Collects the facts about a round. Containers that the engine could not start are examined, if the command can
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
            owes_a_look: false,
        }
    }

    /// Waits before a later round until something happens to the project, at most for a while, because requests of a
    /// dead run may still be under way. The engine reserves the name of a container some time before it lists the
    /// container.
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

    /// An `up` that failed because the engine's state had changed, after a dead run.
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
        owes_a_look: false,
    };

    #[test]
    fn after_a_lost_reply_of_an_earlier_round_there_is_a_last_look() {
        let done = Facts { is_success: true, has_moved: false, is_after_crash: false, looks: 1, ..MOVED };
        assert!(!looks_again(Repeats::Always, done));
        assert!(looks_again(Repeats::Always, Facts { owes_a_look: true, ..done }));
        assert!(!looks_again(Repeats::Always, Facts { owes_a_look: true, looks: LOOKS, ..done }), "not for ever");
        assert!(!looks_again(Repeats::Never, Facts { owes_a_look: true, ..done }));
        assert!(!looks_again(Repeats::Always, Facts { owes_a_look: true, is_success: false, ..done }), "it has failed");
    }

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

    /// An aim that first finds a container to start, which is removed before its start, and then nothing to do.
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

    /// A guard that notes the rounds, and lets all of them pass except one.
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
