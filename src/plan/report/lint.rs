//! Checks the invariants of a plan. The tests check every plan that they make.
//!
//! - A step has its index as its id, and needs only earlier steps.
//! - A step on a container that the plan creates requires the creation.
//! - An old container is removed only after all steps of its replacement.

use crate::plan::{ContainerRef, Effect, Plan, Step, StepId};

/// Returns the faults of a plan in words; empty for a sound plan.
pub fn lint(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if step.id.index() != index {
            faults.push(format!("step {} stands at place {index}", step.id));
        }
        for needed in step.requires.iter().chain(&step.after) {
            if needed.index() >= index {
                faults.push(format!("step {} needs step {needed}, which is not before it", step.id));
            }
        }
        if let Some(ContainerRef::Planned(created)) = step.action.container() {
            let creates = |step: &Step| step.action.nature().effect == Effect::Created;
            if !plan.steps.get(created.index()).is_some_and(creates) {
                faults.push(format!("step {} acts on what step {created} does not create", step.id));
            }
            if !is_reachable(plan, step.id, *created, false) {
                faults.push(format!("step {} does not wait for step {created}, which creates its container", step.id));
            }
        }
    }
    for replacement in &plan.replacements {
        for step in &replacement.steps {
            // A step that may fail, such as a `pre_stop` hook, needs only to have ended before the removal.
            let may_fail = plan.steps.get(step.index()).is_some_and(|step| step.is_optional);
            if !is_reachable(plan, replacement.commit, *step, may_fail) {
                faults
                    .push(format!("the old container goes in step {} before step {step} is done", replacement.commit));
            }
        }
    }
    faults
}

/// Returns whether the step `from` begins only after the step `to` has succeeded; with `may_fail`, after `to` has
/// ended.
fn is_reachable(plan: &Plan, from: StepId, to: StepId, may_fail: bool) -> bool {
    let mut queue = vec![from];
    let mut seen = vec![false; plan.steps.len()];
    while let Some(at) = queue.pop() {
        if at == to {
            return true;
        }
        let Some(step) = plan.steps.get(at.index()) else { continue };
        if !std::mem::replace(&mut seen[at.index()], true) {
            queue.extend(step.requires.iter().copied());
            queue.extend(step.after.iter().copied().filter(|_| may_fail));
        }
    }
    false
}
