//! A plan as text for people, and as JSON for programs (`docs/formats.md`).

use serde_json::{Value, json};

use crate::plan::{Downtime, Impact, Loss, Plan, copied, describe, render};
use crate::text::escape_controls;
use crate::ui::listing::table::table;

/// Renders the plan of a run: the steps for images, then all other steps, then a table of the impact on each service
/// that has a downtime, loses data or changes its order.
pub fn text(images: &Plan, plan: &Plan, impacts: &[Impact]) -> String {
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
    let touched: Vec<&Impact> = impacts.iter().filter(|impact| is_felt(impact)).collect();
    if !touched.is_empty() {
        out.push('\n');
        out.push_str(&table(&["SERVICE", "ORDER", "DOWNTIME", "DATA"], touched.into_iter().map(row).collect()));
    }
    out
}

/// Returns whether a service is in the table of impacts. A service whose containers are only created or started is not.
fn is_felt(impact: &Impact) -> bool {
    impact.downtime != Downtime::None || !impact.losses.is_empty() || impact.order.is_some()
}

fn row(impact: &Impact) -> Vec<String> {
    let downtime = match &impact.downtime {
        Downtime::None => "none".to_owned(),
        Downtime::Reduced => "none, fewer replicas for a while".to_owned(),
        Downtime::Fewer => "none, fewer replicas from now on".to_owned(),
        Downtime::WhileReplaced { stop } => {
            format!("from stop (at most {} s) until ready", stop.as_secs())
        }
        Downtime::Restart { stop } => format!("while it restarts (stop at most {} s)", stop.as_secs()),
        Downtime::ForGood => "from now on".to_owned(),
    };
    let order = impact.order.as_ref().map_or("-".to_owned(), |(order, why)| format!("{order} ({why})"));
    let losses: Vec<String> = impact
        .losses
        .iter()
        .map(|loss| match loss {
            Loss::ContainerFiles => "files outside volumes go".to_owned(),
            Loss::AnonymousVolumes => "anonymous volumes begin empty".to_owned(),
            Loss::Volume(name) => format!("VOLUME `{}` IS REMOVED WITH ALL DATA", escape_controls(name.as_str())),
        })
        .collect();
    let losses = if losses.is_empty() { "kept".to_owned() } else { losses.join("; ") };
    vec![impact.service.to_string(), order, downtime, losses]
}

/// Returns the plan of a run as one JSON document, with the impact on every service.
pub fn document(images: &Plan, plan: &Plan, impacts: &[Impact]) -> Value {
    json!({
        "project": plan.project,
        "images": steps(images),
        "steps": steps(plan),
        "unchanged": plan.unchanged.iter().map(|target| target.name()).collect::<Vec<_>>(),
        "services": impacts.iter().map(impact).collect::<Vec<_>>(),
    })
}

fn impact(impact: &Impact) -> Value {
    let (kind, stop) = match &impact.downtime {
        Downtime::None => ("none", None),
        Downtime::Reduced => ("reduced", None),
        Downtime::Fewer => ("fewer", None),
        Downtime::WhileReplaced { stop } => ("while_replaced", Some(stop)),
        Downtime::Restart { stop } => ("restart", Some(stop)),
        Downtime::ForGood => ("for_good", None),
    };
    let losses: Vec<Value> = impact
        .losses
        .iter()
        .map(|loss| match loss {
            Loss::ContainerFiles => json!({ "kind": "container_files" }),
            Loss::AnonymousVolumes => json!({ "kind": "anonymous_volumes" }),
            Loss::Volume(name) => json!({ "kind": "volume", "name": name }),
        })
        .collect();
    json!({
        "service": impact.service,
        "downtime": { "kind": kind, "stop_at_most_s": stop.map(|stop| stop.as_secs()) },
        "data": losses,
        "order": impact.order.as_ref().map(|(order, _)| order),
        "order_reason": impact.order.as_ref().map(|(_, why)| why),
    })
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
                "copied": copied(step).into_iter().map(|(path, why)| json!({ "path": path, "reason": why })).collect::<Vec<_>>(),
                "requires": numbers(&step.requires),
                "after": numbers(&step.after),
            })
        })
        .collect()
}
