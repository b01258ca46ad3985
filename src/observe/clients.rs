//! The processes of this program that one-off containers are connected to.
//!
//! A `run` that was killed leaves its container behind. The container's label names the process, so that the next command can
//! tell.

#![expect(clippy::disallowed_methods, reason = "reads the processes of this machine from /proc")]

use crate::diag::Diagnostic;
use crate::model::{ContainerState, Observed, ObservedContainer, Span, labels};
use crate::text::escape_controls;

/// Returns the mark of this process: its id, when it began, and the start of the system and the name space that the id is of.
pub fn own() -> Option<String> {
    Some(format!("{}@{}@{}", std::process::id(), begun("self")?, place()?))
}

/// Warns of one-off containers of a project that run although their process of this program has gone.
pub fn left_behind(observed: &Observed, project: &str) -> Vec<Diagnostic> {
    let is_left = |one: &&ObservedContainer| {
        let runs = matches!(one.state, ContainerState::Running | ContainerState::Paused | ContainerState::Created);
        let is_ours = one.is_oneoff() && one.label(labels::PROJECT) == Some(project);
        runs && is_ours && one.label(labels::CLIENT).is_some_and(is_gone)
    };
    let left: Vec<String> =
        observed.containers.iter().filter(is_left).map(|one| escape_controls(one.name.as_str()).into_owned()).collect();
    if left.is_empty() {
        return Vec::new();
    }
    let shown: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("left behind by a `run` that was killed: {}", shown.join(", "));
    let help = format!("remove what nobody needs: `docker rm -f {}`", left.join(" "));
    vec![Diagnostic::warning("one-off-left", Span::NONE, message).help(help)]
}

/// Returns whether the process of a mark has ended. A process of another machine or name space counts as there.
fn is_gone(mark: &str) -> bool {
    let mut parts = mark.splitn(3, '@');
    let (Some(id), Some(since), Some(of)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let is_id = id.parse::<u32>().is_ok();
    is_id && place().is_some_and(|own| own == of) && begun(id).is_none_or(|found| found != since)
}

/// Returns when a process began, as the system counts it.
fn begun(id: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in parentheses and may hold anything. Then come the third and all later fields.
    let fields = status.rsplit_once(')')?.1;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

/// Returns what tells this start of this system, and the name space of this program's processes, from all others.
fn place() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}@{}", boot.get(..8)?, space.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_when_it_has_ended_here() {
        let own = own().unwrap();
        assert!(!is_gone(&own));
        let (_, rest) = own.split_once('@').unwrap();
        assert!(is_gone(&format!("4294967295@{rest}")), "no such process");
        let (_, place) = rest.split_once('@').unwrap();
        assert!(is_gone(&format!("{}@1@{place}", std::process::id())), "the id has another process now");
        assert!(!is_gone(&format!("4294967295@1@other@{place}")));
        for garbage in ["", "1", "1@2", "x@y@z"] {
            assert!(!is_gone(garbage), "{garbage}");
        }
    }
}
