//! The conformance corpus (`../shared/conformance` or `CONFORMANCE_DIR`), if it is there.
#![allow(clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::peer;

/// Cases that differ on purpose, each with the row of `docs/compat.md` that gives the reason.
const MEANT: [(&str, &str); 3] = [
    ("336-quirks-command-string-with-parens-rejected", "`command: x (y)`"),
    ("342-quirks-merge-ipam-config-two-by-two", "two pools of one subnet in `ipam.config` of two files, among others"),
    ("343-quirks-yaml-directive-1-2-rejected", "a YAML 1.2 directive"),
];

#[test]
fn the_corpus_loads_as_the_reference_loads_it_but_for_what_is_meant() {
    let Some(folder) = peer::corpus_folder() else { return };
    let mut command = Command::new("python3");
    command.arg(folder.join("compare.py")).arg("--json").arg("--bin").arg(env!("CARGO_BIN_EXE_inception"));
    let output = command.arg("--cases").arg(folder.join("cases")).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&output.stderr)));
    let cases = report["cases"].as_array().unwrap();
    let failed: BTreeMap<&str, &Value> = cases
        .iter()
        .filter(|case| case["passed"] == Value::Bool(false))
        .map(|case| (case["case"].as_str().unwrap(), case))
        .collect();
    eprintln!("conformance: {} passed, {} failed", report["passed"], report["failed"]);
    let meant: Vec<&str> = MEANT.iter().map(|(name, _)| *name).collect();
    assert_eq!(failed.keys().copied().collect::<Vec<_>>(), meant, "{failed:#?}");
    let compat = include_str!("../../docs/compat.md");
    MEANT.iter().for_each(|(name, row)| assert!(compat.contains(row), "{name}: docs/compat.md has no row `{row}`"));
}
