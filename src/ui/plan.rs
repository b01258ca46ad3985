//! A plan on standard output: for people, and as JSON for programs (`docs/formats.md`).

use serde_json::{Value, json};

use crate::plan::{Plan, describe, render};

/// Renders the plan of a run: images first, then the rest.
pub fn text(images: &Plan, plan: &Plan) -> String {
    if images.is_empty() && plan.is_empty() {
        return format!(
            "project `{}`: nothing to do, {} containers are as they should be\n",
            plan.project,
            plan.unchanged.len()
        );
    }
    let mut out = String::new();
    if !images.is_empty() {
        out.push_str("images (what is planned below may still change with them):\n");
        out.push_str(&render(images));
    }
    if !plan.is_empty() {
        if !images.is_empty() {
            out.push_str("then:\n");
        }
        out.push_str(&render(plan));
    }
    out
}

/// Renders the same as one JSON document.
pub fn json(images: &Plan, plan: &Plan) -> String {
    let document = json!({
        "project": plan.project,
        "images": steps(images),
        "steps": steps(plan),
        "unchanged": plan.unchanged.iter().map(|target| target.name()).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn steps(plan: &Plan) -> Vec<Value> {
    let numbers = |ids: &[crate::plan::StepId]| ids.iter().map(|id| id.0 + 1).collect::<Vec<_>>();
    plan.steps
        .iter()
        .map(|step| {
            json!({
                "step": step.id.0 + 1,
                "verb": describe(&step.action).plain(),
                "kind": step.target.kind().to_lowercase(),
                "name": step.target.name(),
                "service": step.target.service(),
                "reason": step.reason.to_string(),
                "requires": numbers(&step.requires),
                "after": numbers(&step.after),
            })
        })
        .collect()
}
