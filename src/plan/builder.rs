//! A plan under construction: the builder hands out step ids and notes what is planned for each container and network.

use std::collections::{BTreeMap, HashMap};

use crate::diag::Diagnostic;
use crate::model::{BuildRequest, ContainerId, NetworkId, NetworkKey, ProjectName};
use crate::plan::{Action, ContainerRef, Effect, Interrupted, Plan, Reason, Replacement, Step, StepId, Target};

/// A plan under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    plan: Plan,
    /// The steps on each container that exists and is stopped, started or removed.
    moves: HashMap<ContainerId, Moves>,
    /// The removals of networks that exist.
    network_removals: BTreeMap<NetworkId, StepId>,
    /// Containers that are stopped early and that no planner has taken over yet.
    displaced: BTreeMap<ContainerId, Displaced>,
}

/// The steps that stop, start or remove one container that exists.
#[derive(Debug, Default)]
struct Moves {
    /// The last step that starts or restarts the container.
    start: Option<StepId>,
    removal: Option<StepId>,
}

/// A container that is stopped before its own service is planned: its network is created anew, or another service takes
/// over its host port or address.
#[derive(Debug, Default)]
pub(crate) struct Displaced {
    /// Whether the container ran.
    pub was_running: bool,
    /// The steps that stop the container and disconnect it.
    pub steps: Vec<StepId>,
    /// The networks to which the container must be connected again.
    pub networks: Vec<NetworkKey>,
}

impl Builder {
    /// Begins a plan for a project.
    pub(crate) fn new(project: &ProjectName) -> Self {
        Self { plan: Plan { project: project.clone(), ..Plan::default() }, ..Self::default() }
    }

    /// Adds a step that needs `requires` and returns its id.
    pub(crate) fn step(
        &mut self,
        target: &Target,
        action: Action,
        reason: Reason,
        requires: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let id = StepId(u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX));
        self.note(id, &action);
        let mut requires: Vec<StepId> = requires.into_iter().collect();
        requires.sort_unstable();
        requires.dedup();
        self.plan.steps.push(Step {
            id,
            target: target.clone(),
            action,
            reason,
            requires,
            after: Vec::new(),
            is_optional: false,
        });
        id
    }

    fn note(&mut self, id: StepId, action: &Action) {
        if let Action::RemoveNetwork { id: network } = action {
            self.network_removals.insert(network.clone(), id);
        }
        let effect = action.nature().effect;
        let moves = matches!(effect, Effect::Started | Effect::Restarted | Effect::Stopped | Effect::Removed);
        let Some(ContainerRef::Existing(container)) = action.container().filter(|_| moves) else { return };
        let moves = self.moves.entry(container.clone()).or_default();
        match effect {
            Effect::Removed => moves.removal = Some(id),
            Effect::Started | Effect::Restarted => moves.start = Some(id),
            _ => {}
        }
    }

    /// Lets a step also wait for the end of other steps, whatever their outcome.
    pub(crate) fn after(&mut self, id: StepId, others: impl IntoIterator<Item = StepId>) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.after.extend(others);
            step.after.sort_unstable();
            step.after.dedup();
        }
    }

    /// Returns the planned builds.
    pub(crate) fn builds(&mut self) -> impl Iterator<Item = (StepId, &mut BuildRequest)> {
        self.plan.steps.iter_mut().filter_map(|step| match &mut step.action {
            Action::BuildImage(request) => Some((step.id, &mut **request)),
            _ => None,
        })
    }

    /// Returns why a step is there.
    pub(crate) fn reason(&self, id: StepId) -> Option<Reason> {
        self.plan.steps.get(id.index()).map(|step| step.reason.clone())
    }

    /// Returns what a step acts on.
    pub(crate) fn target(&self, id: StepId) -> Option<Target> {
        self.plan.steps.get(id.index()).map(|step| step.target.clone())
    }

    /// Returns the step that starts or restarts a container that exists.
    pub(crate) fn start_of(&self, container: &ContainerId) -> Option<StepId> {
        self.moves.get(container).and_then(|moves| moves.start)
    }

    /// Returns the step that removes a container that exists.
    pub(crate) fn removal_of(&self, container: &ContainerId) -> Option<StepId> {
        self.moves.get(container).and_then(|moves| moves.removal)
    }

    /// Returns the step that removes a network that exists.
    pub(crate) fn removal_of_network(&self, network: &NetworkId) -> Option<StepId> {
        self.network_removals.get(network).copied()
    }

    /// Returns whether a container that exists is stopped, started or removed.
    pub(crate) fn is_moved(&self, container: &ContainerId) -> bool {
        self.moves.contains_key(container)
    }

    /// Returns the early stop of a container, as long as no planner has taken the container over.
    pub(crate) fn displaced(&self, container: &ContainerId) -> Option<&Displaced> {
        self.displaced.get(container)
    }

    /// Returns the early stop of a container, to be added to. Only `resources::displaced` plans early stops.
    pub(crate) fn displace(&mut self, container: &ContainerId) -> &mut Displaced {
        self.displaced.entry(container.clone()).or_default()
    }

    /// Hands a container with its early stop over to the planner that decides whether the container is started again,
    /// replaced or removed. Each container is handed over once. For a container without an early stop the answer is
    /// empty. [`Self::not_taken_over`] returns the containers that no planner has asked for.
    pub(crate) fn take_over(&mut self, container: &ContainerId) -> Displaced {
        self.displaced.remove(container).unwrap_or_default()
    }

    /// Hands over all containers that are stopped early and that no planner has taken over.
    pub(crate) fn not_taken_over(&mut self) -> BTreeMap<ContainerId, Displaced> {
        std::mem::take(&mut self.displaced)
    }

    /// Makes a step's failure a warning.
    pub(crate) fn optional(&mut self, id: StepId) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.is_optional = true;
        }
    }

    /// Notes a container that the plan stops for a moment.
    pub(crate) fn interrupted(&mut self, interrupted: Interrupted) {
        self.plan.interrupted.push(interrupted);
    }

    /// Notes a replacement, for undo.
    pub(crate) fn replacement(&mut self, replacement: Replacement) {
        self.plan.replacements.push(replacement);
    }

    /// Adds a diagnostic to the plan.
    pub(crate) fn tell(&mut self, diagnostic: Diagnostic) {
        // The same diagnostic for several replicas is shown once.
        if !self.plan.diagnostics.contains(&diagnostic) {
            self.plan.diagnostics.push(diagnostic);
        }
    }

    /// Notes containers that must be inspected for their start times.
    pub(crate) fn joined(&mut self, containers: impl IntoIterator<Item = ContainerId>) {
        self.plan.joined.extend(containers);
    }

    /// Notes a container that the plan leaves alone.
    pub(crate) fn unchanged(&mut self, target: Target) {
        self.plan.unchanged.push(target);
    }

    /// Returns the plan.
    pub(crate) fn finish(self) -> Plan {
        self.plan
    }
}
