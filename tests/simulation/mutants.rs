//! Tests of the simulation: each planted fault in a plan, or in the rounds of a run, must be noticed.

use std::time::Duration;

use inception::plan::{Action, ContainerRef, Plan, Step};

use crate::story::Mutation;
use crate::{history, story};

/// The planted faults, each with the rule that must notice it.
pub const ALL: [(&str, Mutation, &str); 19] = [
    ("renames are left out", Mutation::Plan(without_renames), story::CONVERGES),
    ("the old container goes first", Mutation::Plan(old_first), history::OLD_STAYS),
    ("conditions are taken as met", Mutation::Plan(without_waits), history::CONDITIONS),
    ("nothing is started", Mutation::Plan(without_starts), story::CONVERGES),
    ("a volume goes with its container", Mutation::Plan(volumes_too), history::VOLUMES),
    ("what is foreign is stopped", Mutation::Plan(foreign_too), history::FOREIGN),
    ("networks are not made", Mutation::Plan(without_networks), story::CONVERGES),
    ("configs are taken as put", Mutation::Plan(without_files), history::FILES),
    ("waits have no end", Mutation::Plan(endless), story::ENDS),
    ("a new service takes its port and starts at once", Mutation::Plan(starts_at_once), story::CONVERGES),
    ("names and ports are taken before their holders are gone", Mutation::Plan(removals_not_awaited), story::CONVERGES),
    ("the old container comes back without its network", Mutation::Plan(without_reconnects), story::SERVING),
    ("the old container is taken to have been stopped", Mutation::Plan(old_forgotten), story::SERVING),
    ("what belongs together is given back one by one", Mutation::Plan(without_families), story::SERVING),
    ("a failing hook is passed over", Mutation::Plan(without_hooks), story::SERVING),
    ("a volume that is given up stays", Mutation::Plan(volumes_kept), story::NOTHING_LEFT),
    ("a volume goes with a network", Mutation::Plan(volume_unasked), history::VOLUMES),
    ("a second look skips the check of the saved plan", Mutation::LaterPlansUnchecked, history::SHOWN),
    ("a second look removes data without consent", Mutation::LaterLossesUnasked, history::CONSENT),
];

fn skip(step: &mut Step) {
    step.action = Action::Pause { delay: Duration::ZERO };
}

fn skip_where(plan: &mut Plan, matches: impl Fn(&Action) -> bool) {
    plan.steps.iter_mut().filter(|step| matches(&step.action)).for_each(skip);
}

fn without_renames(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::RenameContainer { .. }));
}

fn old_first(plan: &mut Plan) {
    for replacement in &plan.replacements {
        let step = &mut plan.steps[replacement.commit.index()];
        step.requires.clear();
        if let Action::RemoveContainer { force, .. } = &mut step.action {
            *force = true;
        }
    }
}

fn without_waits(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::WaitFor { .. }));
}

fn without_starts(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::StartContainer { .. } | Action::WaitFor { .. }));
}

fn volumes_too(plan: &mut Plan) {
    // The last wait is changed, because no step depends on it.
    if let Some(step) = plan.steps.iter_mut().rfind(|step| matches!(step.action, Action::WaitFor { .. })) {
        step.action = Action::RemoveVolume { name: "ext-v".into() };
        step.requires.clear();
    }
}

/// Stops the second container that was created on the engine; it belongs to another project.
fn foreign_too(plan: &mut Plan) {
    if let Some(step) = plan.steps.first_mut() {
        let id = format!("{:0>12x}{:0>52}", 2, 0);
        step.action = Action::StopContainer { container: ContainerRef::Existing(id.as_str().into()), grace: None };
    }
}

fn without_networks(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::CreateNetwork { .. }));
}

fn without_files(plan: &mut Plan) {
    for step in &mut plan.steps {
        if matches!(step.action, Action::PutFiles { .. }) {
            skip(step);
        }
    }
}

fn endless(plan: &mut Plan) {
    for step in &mut plan.steps {
        if matches!(step.action, Action::WaitFor { .. }) {
            step.action = Action::Pause { delay: Duration::from_secs(1_000_000) };
        }
    }
}

/// Starts each new container without an old one directly after its creation.
fn starts_at_once(plan: &mut Plan) {
    let replaced: Vec<ContainerRef> = plan.replacements.iter().map(|one| one.new.clone()).collect();
    for step in &mut plan.steps {
        if let Action::StartContainer { container } = &step.action
            && let ContainerRef::Planned(created) = container
            && !replaced.contains(container)
        {
            step.requires = vec![*created];
            step.after.clear();
        }
    }
}

fn removals_not_awaited(plan: &mut Plan) {
    let is_removal = |step: &Step| matches!(step.action, Action::RemoveContainer { .. });
    let removals: Vec<_> = plan.steps.iter().filter(|step| is_removal(step)).map(|step| step.id).collect();
    for step in &mut plan.steps {
        if matches!(step.action, Action::CreateContainer { .. } | Action::StartContainer { .. }) {
            step.requires.retain(|id| !removals.contains(id));
        }
    }
}

fn without_reconnects(plan: &mut Plan) {
    plan.replacements.iter_mut().for_each(|one| one.reconnects.clear());
}

fn old_forgotten(plan: &mut Plan) {
    plan.replacements.iter_mut().for_each(|one| one.was_running = false);
}

/// The removal of an old container waits for its own successor only, and not for the others of its family.
fn without_families(plan: &mut Plan) {
    for one in &mut plan.replacements {
        one.family = None;
        one.undoes_group = false;
        let own = &one.steps;
        plan.steps[one.commit.index()].requires.retain(|id| own.contains(id));
    }
}

fn without_hooks(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::RunHook { .. }));
}

fn volumes_kept(plan: &mut Plan) {
    skip_where(plan, |action| matches!(action, Action::RemoveVolume { .. }));
}

/// Removes an external volume instead of creating a network.
fn volume_unasked(plan: &mut Plan) {
    if let Some(step) = plan.steps.iter_mut().find(|step| matches!(step.action, Action::CreateNetwork { .. })) {
        step.action = Action::RemoveVolume { name: "ext-v".into() };
        step.requires.clear();
    }
}
