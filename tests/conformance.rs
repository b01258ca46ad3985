//! The conformance corpus beside the repository (`../shared/conformance`, or CONFORMANCE_DIR), where it is present.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::Command;

/// Cases that do not pass yet. The number may only fall.
const KNOWN_FAILURES: usize = 8;

#[test]
fn the_corpus_loads_as_the_reference_loads_it() {
    let folder = std::env::var_os("CONFORMANCE_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"), PathBuf::from);
    let script = folder.join("compare.py");
    if !script.exists() {
        eprintln!("\n*** SKIPPED: the conformance corpus is not at {}: nothing was compared ***\n", folder.display());
        return;
    }
    let output = Command::new("python3")
        .arg(&script)
        .arg("--bin")
        .arg(env!("CARGO_BIN_EXE_inception"))
        .arg("--cases")
        .arg(folder.join("cases"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().unwrap_or_default().to_owned();
    let failed: usize = last
        .rsplit(", ")
        .next()
        .and_then(|rest| rest.strip_suffix(" failed"))
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)));
    eprintln!("conformance: {last}");
    assert!(failed <= KNOWN_FAILURES, "{text}");
}
