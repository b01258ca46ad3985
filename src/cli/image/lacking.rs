//! Flags of docker compose's `build` that no builder of an engine honours here.

use clap::Args;

use crate::cli::booleans;
use crate::cli::usage::wrong;
use crate::failure::Failure;

/// Hidden flags that are refused by name, so that nobody takes them for honoured.
#[derive(Args, Debug, Default)]
pub struct LackingFlags {
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
            ("--provenance", is_asked(&self.provenance)),
            ("--sbom", is_asked(&self.sbom)),
            ("--check", self.check),
            ("--print", self.print),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((flag, _)) => {
                let why = match *flag {
                    "--memory" => "BuildKit does not limit the memory of a build",
                    "--check" | "--print" => "this program builds, and does neither check nor translate Dockerfiles",
                    _ => "attestations are not there yet",
                };
                Err(wrong(&format!("`build {flag}` is not there: {why}"), "leave it out, or use `docker buildx build`"))
            }
        }
    }
}

/// Returns whether an attestation is wanted; `--sbom=false` asks for none.
fn is_asked(value: &Option<String>) -> bool {
    value.as_deref().is_some_and(|value| booleans::parse(value) != Some(false))
}
