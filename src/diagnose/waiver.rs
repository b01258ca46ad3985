//! Waivers: `# inception: allow(CODE) reason`, on the line of the finding or on lines of comments directly above it.

use super::rule::Finding;
use crate::model::Sources;

const MARK: &str = "inception: allow(";

/// Returns whether a line waives a code. A waiver without a reason waives nothing.
fn waives(line: &str, code: &str) -> bool {
    let Some((before, rest)) = line.split_once(MARK) else { return false };
    let Some((codes, reason)) = rest.split_once(')') else { return false };
    before.contains('#') && !reason.trim().is_empty() && codes.split(',').any(|one| one.trim() == code)
}

/// Returns whether a finding is waived in place.
pub fn is_waived(finding: &Finding, sources: &Sources) -> bool {
    let Some(source) = sources.get(finding.span.file) else { return false };
    let Some(before) = source.text.get(..finding.span.start as usize) else { return false };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = source.text[start..].lines().next().unwrap_or_default();
    let above = source.text[..start].lines().rev().take_while(|line| line.trim_start().starts_with('#'));
    std::iter::once(line).chain(above).any(|line| waives(line, finding.rule.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_needs_the_code_and_a_reason() {
        for (line, is_so) in [
            ("# inception: allow(privileged) the agent mounts file systems", true),
            ("privileged: true # inception: allow(host-pid, privileged) because", true),
            ("# inception: allow(privileged)", false),
            ("# inception: allow(host-pid) because", false),
            ("inception: allow(privileged) because", false),
        ] {
            assert_eq!(waives(line, "privileged"), is_so, "{line}");
        }
    }
}
