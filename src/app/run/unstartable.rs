//! Containers that the engine cannot start any more, because it was killed while it started them.
//!
//! Such a container may be recreated only if none of its processes runs. For an engine on this machine `/proc` shows
//! its processes (`observe/processes.rs`); for another engine nothing is known.

use std::collections::BTreeSet;

use crate::engine::{ErrorKind, ReadEngine};
use crate::exec::{Outcome, StepFailure};
use crate::model::{ContainerId, ContainerState};
use crate::observe::processes::{self, Process};
use crate::text::escape_controls;

/// The processes of a container on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AtWork {
    /// No process.
    Nothing,
    /// Only the runtime's own process, which has done nothing yet.
    Waiting(u32),
    /// A process of the container.
    Process(Process),
    /// The engine is on another machine, or may be.
    Unknown,
}

impl AtWork {
    fn of(found: Option<Vec<Process>>) -> Self {
        let Some(found) = found else { return Self::Unknown };
        let waiting = found.first().map(|process| process.pid);
        match (found.into_iter().find(|process| !process.is_waiting()), waiting) {
            (Some(process), _) => Self::Process(process),
            (None, Some(pid)) => Self::Waiting(pid),
            (None, None) => Self::Nothing,
        }
    }

    /// Returns whether the container may be recreated after a start failed with this kind of error. Never beside a
    /// running process: two databases would write to one volume.
    fn may_be_replaced(&self, kind: ErrorKind) -> bool {
        match self {
            Self::Nothing | Self::Waiting(_) => true,
            Self::Process(_) => false,
            // A process was seen running beside an id in use (`Occupied`), but never beside a left task (`Stuck`).
            Self::Unknown => kind == ErrorKind::Stuck,
        }
    }

    /// Returns the help if the container is not recreated; `service` is inserted into the command line, with a blank in
    /// front.
    fn help(&self, service: &str) -> String {
        let again =
            |pid| format!("end it (`kill {pid}`, or `kill -9 {pid}` if it goes on), then run the same command again");
        let anew =
            format!("`inception up -d --force-recreate{service}` (what was written in it outside of volumes goes)");
        match self {
            Self::Nothing => format!("{KILLED}, and cannot start it any more; recreate it: {anew}"),
            Self::Waiting(pid) => format!("{KILLED}, and its process {pid} still waits for that; {}", again(*pid)),
            Self::Process(Process { pid, name }) => format!(
                "{KILLED}, and does not know that its process {pid} (`{}`) is at work; {}",
                escape_controls(name),
                again(*pid)
            ),
            Self::Unknown => format!(
                "{KILLED}, and may have left its process at work without knowing of it: end that, where there is one \
                 (`ps -e -o pid,cgroup,args` on the engine's machine shows the container's id); then make the container \
                 anew: {anew}"
            ),
        }
    }
}

const KILLED: &str = "the engine was killed while it started this container";

/// Returns the help for a container that the engine cannot start any more and that [`look`] has not examined.
pub(super) fn unseen_help(failure: &StepFailure) -> Option<String> {
    let at_work = match failure.engine_kind()? {
        ErrorKind::Stuck => AtWork::Nothing,
        ErrorKind::Occupied => AtWork::Unknown,
        _ => return None,
    };
    Some(at_work.help(&argument(failure)))
}

fn argument(failure: &StepFailure) -> String {
    failure.target.service().map_or(String::new(), |service| format!(" {service}"))
}

/// Returns which of the containers that the engine could not start must be recreated: those that have never run and
/// have no running process, so nothing is lost. Adds to the outcome the help for the others.
pub(super) async fn look(engine: &dyn ReadEngine, outcome: &mut Outcome) -> BTreeSet<ContainerId> {
    let mut replaceable = BTreeSet::new();
    if !outcome.has_unstartable() {
        return replaceable;
    }
    let is_here = engine.is_this_machines().await;
    for failure in outcome.failures.iter_mut().filter(|failure| failure.is_unstartable()) {
        let Some(kind) = failure.engine_kind() else { continue };
        let Ok(one) = engine.inspect_container(failure.target.name()).await else { continue };
        let at_work = AtWork::of(is_here.then(|| processes::of_container(&one.id)).flatten());
        if one.state == ContainerState::Created && at_work.may_be_replaced(kind) {
            replaceable.insert(one.id);
        } else if at_work != AtWork::Unknown {
            failure.help = Some(at_work.help(&argument(failure)));
        }
    }
    replaceable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, name: &str) -> Process {
        Process { pid, name: name.to_owned() }
    }

    #[test]
    fn nothing_is_started_beside_a_process_that_is_at_work() {
        let at_work = AtWork::of(Some(vec![process(1, "runc:[2:INIT]"), process(2, "maria\x1bdbd")]));
        assert!(!at_work.may_be_replaced(ErrorKind::Stuck));
        assert!(!at_work.may_be_replaced(ErrorKind::Occupied));
        assert!(at_work.help("").contains("`kill 2`,") && !at_work.help("").contains('\x1b'), "{}", at_work.help(""));
    }

    #[test]
    fn where_nobody_can_look_an_id_in_use_is_left_alone() {
        let unknown = AtWork::of(None);
        assert!(!unknown.may_be_replaced(ErrorKind::Occupied));
        assert!(unknown.may_be_replaced(ErrorKind::Stuck));
    }

    #[test]
    fn what_has_nothing_at_work_gives_way() {
        for found in [vec![], vec![process(3, "runc:[2:INIT]")]] {
            let at_work = AtWork::of(Some(found));
            assert!(at_work.may_be_replaced(ErrorKind::Occupied));
            assert!(at_work.may_be_replaced(ErrorKind::Stuck));
        }
        assert!(AtWork::of(Some(vec![process(3, "runc:[2:INIT]")])).help(" db").contains("`kill 3`,"));
        assert!(AtWork::of(Some(Vec::new())).help(" db").contains("--force-recreate db`"));
    }
}
