//! Flags of docker compose's `build` that need another builder than the engine's classic one.

use clap::Args;

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
    #[arg(long, hide = true)]
    push: bool,
    #[arg(short, long, hide = true)]
    memory: Option<String>,
}

impl LackingFlags {
    /// Refuses the first of these flags that was typed.
    pub fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--ssh", !self.ssh.is_empty()),
            ("--provenance", self.provenance.is_some()),
            ("--sbom", self.sbom.is_some()),
            ("--check", self.check),
            ("--print", self.print),
            ("--push", self.push),
            ("--memory", self.memory.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some(("--push", _)) => Err(wrong("`build --push` is not there", "build first, then `inception push`")),
            Some((flag, _)) => {
                let message = format!("`build {flag}` is not there: images are built by the engine's classic builder");
                Err(wrong(&message, "leave it out, or build with `docker buildx build`"))
            }
        }
    }
}
