//! Flags of docker compose's `build` that need another builder than the engine's classic one.

use clap::Args;

use crate::cli::booleans;
use crate::cli::usage::wrong;
use crate::failure::Failure;

/// Hidden flags that are refused by name, so that nobody takes them for honoured.
#[derive(Args, Debug, Default)]
pub struct LackingFlags {
    #[arg(long, hide = true)]
    ssh: Vec<String>,
    #[arg(long, hide = true)]
    provenance: Option<String>,
    #[arg(long, hide = true)]
    sbom: Option<String>,
    #[arg(long, hide = true)]
    check: bool,
    #[arg(long, hide = true)]
    print: bool,
}

impl LackingFlags {
    /// Refuses the first of these flags that was typed.
    pub fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--ssh", !self.ssh.is_empty()),
            ("--provenance", is_wanted(self.provenance.as_deref())),
            ("--sbom", is_wanted(self.sbom.as_deref())),
            ("--check", self.check),
            ("--print", self.print),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((flag, _)) => {
                let message = format!("`build {flag}` is not there: images are built by the engine's classic builder");
                Err(wrong(&message, "leave it out, or build with `docker buildx build`"))
            }
        }
    }
}

/// Returns whether an attestation is wanted. Scripts say `--provenance=false` to have none, and there is none.
fn is_wanted(given: Option<&str>) -> bool {
    given.is_some_and(|text| booleans::parse(text) != Some(false))
}
