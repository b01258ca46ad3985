//! Shows a plan to people: numbered steps, each with the steps that it waits for and its reason.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::plan::{Action, ContainerRef, Effect, Plan, Replacement, Step, StepId, Target, Verb};

/// Returns the verb of an action.
pub fn describe(action: &Action) -> Verb {
    match action {
        Action::PullImage { .. } => Verb::Pull,
        Action::BuildImage(_) => Verb::Build,
        Action::PushImage { .. } => Verb::Push,
        Action::CreateNetwork { .. } | Action::CreateVolume(_) => Verb::Create,
        Action::CreateContainer { spec, .. } if spec.labels.contains_key(crate::model::labels::REPLACES) => {
            Verb::Recreate
        }
        Action::CreateContainer { .. } => Verb::Create,
        Action::RemoveNetwork { .. }
        | Action::RemoveVolume { .. }
        | Action::RemoveContainer { .. }
        | Action::RemoveImage { .. } => Verb::Remove,
        Action::ConnectNetwork { .. } => Verb::Connect,
        Action::DisconnectNetwork { .. } => Verb::Disconnect,
        Action::PutFiles { .. } => Verb::Fill,
        Action::StartContainer { .. } => Verb::Start,
        Action::StopContainer { .. } => Verb::Stop,
        Action::KillContainer { .. } => Verb::Kill,
        Action::RestartContainer { .. } => Verb::Restart,
        Action::PauseContainer { .. } => Verb::Pause,
        Action::UnpauseContainer { .. } => Verb::Unpause,
        Action::RenameContainer { .. } => Verb::Rename,
        Action::WaitFor { .. } => Verb::Wait,
        Action::RunHook { .. } => Verb::Run,
        Action::Pause { .. } => Verb::Delay,
    }
}

/// Renders the steps, one a line: `3 <- 1,2  start  web#1  not running` is step 3, which waits for steps 1 and 2.
pub fn render(plan: &Plan) -> String {
    let new: HashSet<&ContainerRef> = plan.replacements.iter().map(|one| &one.new).collect();
    let last = plan.replacements.iter().filter_map(|one| Some((*one.steps.last()?, one)));
    let replaced_by: HashMap<StepId, &Replacement> = last.collect();
    let row = |step: &Step| {
        let is_new = new_of(step).is_some_and(|container| new.contains(&container));
        row(step, is_new, replaced_by.get(&step.id).copied())
    };
    let rows: Vec<[String; 4]> = plan.steps.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut out = String::new();
    for [order, verb, target, why] in rows {
        let line = format!("{order:<a$}  {verb:<b$}  {target:<c$}  {why}", a = widths[0], b = widths[1], c = widths[2]);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Returns the columns of a step. `is_new`: the step acts on a container that replaces another one. `replaced_by`: the
/// replacement of which this step is the last one before the old container is removed.
fn row(step: &Step, is_new: bool, replaced_by: Option<&Replacement>) -> [String; 4] {
    let before: BTreeSet<&StepId> = step.requires.iter().chain(&step.after).collect();
    let before: Vec<String> = before.into_iter().map(ToString::to_string).collect();
    let order = if before.is_empty() { step.id.to_string() } else { format!("{} <- {}", step.id, before.join(",")) };
    let mark = if is_new { "'" } else { "" };
    let target = format!("{}{mark}", short(&step.target));
    let mut why = step.reason.to_string();
    if let Action::WaitFor { until, .. } = &step.action {
        why = format!("until {until}");
        if let Some(replacement) = replaced_by {
            why.push_str(if replacement.was_running {
                "; else the old one comes back"
            } else {
                "; else the new one goes"
            });
        }
    }
    for (path, reason) in copied(step) {
        why.push_str(&format!("; `{}` is copied in: {reason}", crate::text::escape_controls(path)));
    }
    [order, describe(&step.action).plain().to_owned(), target, why]
}

/// Returns the files of the host that a step copies into a container, and why: the path in the container, and the reason.
pub fn copied(step: &Step) -> Vec<(&str, &'static str)> {
    let files = match &step.action {
        Action::CreateContainer { spec, .. } => &spec.files,
        Action::PutFiles { files, .. } => files,
        _ => return Vec::new(),
    };
    files.iter().filter_map(|file| Some((file.path.as_str(), file.copied?.reason()))).collect()
}

/// Returns the container that a step creates, or else acts on.
fn new_of(step: &Step) -> Option<ContainerRef> {
    match step.action.nature().effect {
        Effect::Created => Some(ContainerRef::Planned(step.id)),
        _ => step.action.container().cloned(),
    }
}

/// Returns a target in few words: `web#1`, `network front`, `volume data`, `image app:1`.
fn short(target: &Target) -> String {
    match target {
        Target::Container { service: Some(service), number, .. } if *number > 0 => format!("{service}#{number}"),
        Target::Container { name, .. } => format!("container {}", crate::text::escape_controls(name.as_str())),
        Target::Network { key: Some(key), .. } => format!("network {key}"),
        Target::Volume { key: Some(key), .. } => format!("volume {key}"),
        other => format!("{} {}", other.kind().to_lowercase(), crate::text::escape_controls(other.name())),
    }
}
