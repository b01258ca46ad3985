//! The state of a run. One task owns it; the other files of the scheduler are methods of [`Run`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Listener, StepState};
use crate::exec::outcome::Outcome;
use crate::exec::runner::{Created, Failed, Runner, Success};
use crate::exec::steps::{Ending, Undone};
use crate::model::ContainerId;
use crate::plan::{Action, ContainerRef, Effect, Nature, Need, Plan, StepId};

/// The state of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Running,
    Done,
    Failed,
    Skipped,
}

impl State {
    pub(super) fn has_ended(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Skipped)
    }
}

/// The progress of an undo.
#[derive(Debug)]
pub(super) enum Undo {
    /// The new container is being ended.
    EndingNew,
    /// The new container has ended, or could not be ended.
    NewEnded(Ending),
    /// The old container is being started again, and the new container removed.
    RestoringOld,
    Done,
}

/// How the work of a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// No task runs, and nothing is left to begin.
    Whole,
    /// After a signal the run has left tasks behind.
    Left,
}

/// What a task reports at its end.
pub(super) enum Report {
    /// A step has ended.
    Step { id: StepId, result: Result<Success, Failed>, elapsed: Duration },
    /// A signal ended a step's wait, or its replacement cannot be finished any more.
    CutOff(StepId),
    /// The new container of the replacement at `index` was ended.
    NewEnded { index: usize, ending: Ending },
    /// The replacement at `index` was undone.
    Undone { index: usize, undone: Undone },
    /// A container that the plan stopped for a moment runs again, or `left` says what the user must do.
    Resumed { start: StepId, left: Option<String>, elapsed: Duration },
}

pub(super) struct Run<'a> {
    pub plan: &'a Plan,
    pub runner: Runner,
    /// How many final waits run: waits that no other step requires.
    pub final_waits: usize,
    /// The progress of the steps.
    pub progress: mpsc::Receiver<(StepId, StepState)>,
    pub listener: &'a mut dyn Listener,
    /// The state of each step, by index.
    pub states: Vec<State>,
    /// For each step, the steps that wait for it.
    pub dependents: Vec<Vec<StepId>>,
    /// Steps whose requirements are met, and that wait for a free slot.
    pub ready: BTreeSet<StepId>,
    pub created: Created,
    /// How long the start of each container took.
    pub starts: BTreeMap<ContainerRef, Duration>,
    pub tasks: JoinSet<Report>,
    /// How many calls run, without stops.
    pub calls: usize,
    /// How many stops run.
    pub stops: usize,
    /// How many renames run; see [`Run::must_stand_back`].
    pub renames: usize,
    /// How many calls run by which endpoints of networks come or go; see [`Run::must_stand_back`].
    pub endpoint_calls: usize,
    /// Containers that ran until this run stopped them.
    pub stopped: BTreeSet<ContainerRef>,
    /// Containers of the plan that `resume` has started or tried to start, by their start step.
    pub resumed: BTreeSet<StepId>,
    /// How many of these starts have failed.
    pub not_resumed: usize,
    /// The progress of each undo, by the index of its replacement.
    pub undos: BTreeMap<usize, Undo>,
    /// For each wait for a new container: the index of its replacement, and the token that ends the wait when the
    /// replacement cannot be finished any more.
    pub replacement_waits: BTreeMap<StepId, (usize, CancellationToken)>,
    /// Cancelled by the first signal.
    pub cancel: CancellationToken,
    pub outcome: Outcome,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        runner: Runner,
        progress: mpsc::Receiver<(StepId, StepState)>,
        listener: &'a mut dyn Listener,
    ) -> Self {
        let cancel = CancellationToken::new();
        let is_first = |step: &&crate::plan::Step| step.requires.is_empty() && step.after.is_empty();
        Self {
            plan,
            runner,
            final_waits: 0,
            progress,
            listener,
            states: vec![State::Pending; plan.steps.len()],
            dependents: dependents(plan),
            ready: plan.steps.iter().filter(is_first).map(|step| step.id).collect(),
            created: Created::new(),
            starts: BTreeMap::new(),
            tasks: JoinSet::new(),
            calls: 0,
            stops: 0,
            renames: 0,
            endpoint_calls: 0,
            stopped: BTreeSet::new(),
            resumed: BTreeSet::new(),
            not_resumed: 0,
            undos: BTreeMap::new(),
            replacement_waits: replacement_waits(plan, &cancel),
            cancel,
            outcome: Outcome::default(),
        }
    }

    pub(super) fn state(&self, id: StepId) -> State {
        self.states[id.index()]
    }

    pub(super) fn action(&self, id: StepId) -> &'a Action {
        &self.plan.steps[id.index()].action
    }

    pub(super) fn nature(&self, id: StepId) -> Nature {
        self.action(id).nature()
    }

    pub(super) fn effect(&self, id: StepId) -> Effect {
        self.nature(id).effect
    }

    /// Returns whether a step is a wait that no other step requires.
    pub(super) fn is_final_wait(&self, id: StepId) -> bool {
        is_wait(self.action(id)) && self.dependents[id.index()].is_empty()
    }

    /// Returns what must hold before a container is started again. If this run has stopped the container, nothing: the
    /// run owes the start. Otherwise the dependencies of its service: an engine that restarts ends all containers, also
    /// the database that `web` needs.
    pub(super) fn needs(&self, container: &ContainerId, needs: &[Need]) -> Vec<Need> {
        match self.stopped.contains(&ContainerRef::Existing(container.clone())) {
            true => Vec::new(),
            false => needs.to_vec(),
        }
    }

    /// Counts a call of an undo or of `resume`, because it may change endpoints of networks.
    pub(super) fn begin_call(&mut self) {
        self.calls += 1;
        self.endpoint_calls += 1;
    }

    /// Frees the slot that [`Self::begin_call`] has taken.
    pub(super) fn end_call(&mut self) {
        self.calls -= 1;
        self.endpoint_calls -= 1;
    }

    /// Skips a step that has not begun. `because`: the step that failed; `None` for a signal.
    pub(super) fn skip(&mut self, id: StepId, because: Option<StepId>) {
        self.outcome.skipped += 1;
        self.states[id.index()] = State::Skipped;
        self.tell(id, StepState::Skipped { because });
    }

    pub(super) fn tell(&mut self, id: StepId, state: StepState) {
        self.listener.on_event(&Event::Step { id, state });
    }
}

pub(super) fn is_wait(action: &Action) -> bool {
    matches!(action, Action::WaitFor { .. })
}

/// Returns, for each step, the steps that wait for it.
pub(super) fn dependents(plan: &Plan) -> Vec<Vec<StepId>> {
    let mut dependents = vec![Vec::new(); plan.steps.len()];
    for step in &plan.steps {
        for needed in step.requires.iter().chain(&step.after) {
            if let Some(list) = dependents.get_mut(needed.index()) {
                list.push(step.id);
            }
        }
    }
    dependents
}

/// Returns the waits for the new containers of replacements. The waits of one replacement share a token.
fn replacement_waits(plan: &Plan, cancel: &CancellationToken) -> BTreeMap<StepId, (usize, CancellationToken)> {
    let mut waits = BTreeMap::new();
    for (index, replacement) in plan.replacements.iter().enumerate() {
        let token = cancel.child_token();
        let is_wait = |id: &&StepId| is_wait(&plan.steps[id.index()].action);
        waits.extend(replacement.steps.iter().filter(is_wait).map(|id| (*id, (index, token.clone()))));
    }
    waits
}
