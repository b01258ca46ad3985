//! Plans kept in a file: `plan -o FILE` writes one, `up --plan FILE` runs just that one, or refuses.
//!
//! A plan is a pure function of the files, the engine and the command line. So the file keeps the command line and a
//! fingerprint; `up --plan` plans again, and where the outcome differs the world has moved. No value is kept that a plan
//! does not show.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::{Observed, ObservedContainer, Project, ServiceName, Span, labels};
use crate::plan::{Plan, describe};
use crate::settings::Context;
use crate::text::escape_controls;

/// What a file of another kind is told from.
const FORMAT: &str = "inception-plan-1";
/// No plan is larger.
const LARGEST: u64 = 64 << 20;

/// A plan that was shown before.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Saved {
    format: String,
    /// The program's version: another one may plan differently.
    version: String,
    /// The directory that paths of the command line start from.
    pub directory: PathBuf,
    /// The command line, the program's name first.
    pub arguments: Vec<String>,
    /// The engine it was made for.
    engine: String,
    /// Of every step with all it does, and of what is given back on failure.
    fingerprint: String,
    /// The steps in words, to say what has moved.
    steps: Vec<String>,
}

impl Saved {
    /// Makes one of a plan.
    pub(super) fn new(context: &Context, arguments: &[String], engine: String, images: &Plan, plan: &Plan) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            directory: context.environment.current_dir().to_owned(),
            arguments: arguments.to_vec(),
            engine,
            fingerprint: fingerprint(images, plan),
            steps: words(images, plan),
        }
    }

    /// Writes it, readable by its owner only, together with the plan as `plan --format json` shows it.
    pub(super) fn write(&self, path: &Path, plan: Value) -> Result<(), Failure> {
        use std::os::unix::fs::OpenOptionsExt;
        let fault = |cause: String| {
            let message = format!("cannot write the plan to `{}`", escape_controls(&path.to_string_lossy()));
            Failure::one(Diagnostic::error("file-unwritable", Span::NONE, message).cause(cause))
        };
        let mut document = serde_json::to_value(self).map_err(|error| fault(error.to_string()))?;
        document["plan"] = plan;
        let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        open.and_then(|mut file| writeln!(file, "{document:#}")).map_err(|error| fault(error.to_string()))
    }

    /// Reads one.
    pub fn read(context: &Context, path: &Path) -> Result<Self, Failure> {
        let shown = escape_controls(&path.to_string_lossy()).into_owned();
        let fault = |cause: String| {
            let message = format!("`{shown}` is no plan of this program");
            let help = "make one with `inception plan -o FILE`";
            Failure::one(Diagnostic::error("bad-plan", Span::NONE, message).cause(cause).help(help))
        };
        let mut text = String::new();
        std::fs::File::open(context.environment.current_dir().join(path))
            .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
            .map_err(|error| fault(error.to_string()))?;
        let saved: Saved = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        if saved.format != FORMAT {
            return Err(fault(format!("its format is `{}`, not `{FORMAT}`", escape_controls(&saved.format))));
        }
        if saved.version != env!("CARGO_PKG_VERSION") {
            let version = escape_controls(&saved.version).into_owned();
            return Err(fault(format!("version {version} made it, this is {}", env!("CARGO_PKG_VERSION"))));
        }
        Ok(saved)
    }

    /// Refuses where what would be done now is not what was shown.
    pub(super) fn check(&self, engine: &str, images: &Plan, plan: &Plan) -> Result<(), Failure> {
        if self.engine != engine {
            return Err(outdated("it was made for another engine".to_owned()));
        }
        match self.fingerprint == fingerprint(images, plan) {
            true => Ok(()),
            false => Err(self.differs(&words(images, plan))),
        }
    }

    /// Refuses where images that have come since lead to other steps than were shown.
    pub(super) fn check_after(&self, images: &Plan, plan: &Plan) -> Result<(), Failure> {
        let now = words(images, plan);
        if self.steps == now { Ok(()) } else { Err(self.differs(&now)) }
    }

    fn differs(&self, now: &[String]) -> Failure {
        let difference = |these: &[String], those: &[String]| -> Vec<String> {
            let those: BTreeSet<&String> = those.iter().collect();
            these.iter().filter(|step| !those.contains(step)).map(|step| escape_controls(step).into_owned()).collect()
        };
        let (gone, new) = (difference(&self.steps, now), difference(now, &self.steps));
        let mut causes: Vec<String> = gone.iter().map(|step| format!("only in the saved plan: {step}")).collect();
        causes.extend(new.iter().map(|step| format!("only in a plan made now: {step}")));
        if causes.is_empty() {
            causes.push("the steps are the same in words, but not in what they do".to_owned());
        }
        if causes.len() > 10 {
            let more = causes.len() - 10;
            causes.truncate(10);
            causes.push(format!("and {more} more"));
        }
        outdated(causes.join("\n"))
    }
}

fn outdated(cause: String) -> Failure {
    let message = "the saved plan does not fit any more: files or engine are others; no container was touched";
    let help = "look at a new plan: `inception plan -o FILE`";
    Failure::one(Diagnostic::error("plan-outdated", Span::NONE, message).cause(cause).help(help))
}

/// Refuses to keep a plan of which the rest is known only once its images are there: containers that exist may have to
/// give way to them.
pub(super) fn check_foreseen(project: &Project, observed: &Observed, images: &Plan) -> Result<(), Failure> {
    let exists = |service: &&ServiceName| {
        let has_label = |one: &ObservedContainer| one.label(labels::PROJECT) == Some(project.name.as_str());
        let mut containers = observed.containers.iter().filter(|one| has_label(one) && !one.is_oneoff());
        containers.any(|one| one.service() == Some(service.as_str()))
    };
    let services: BTreeSet<&ServiceName> =
        images.steps.iter().filter_map(|step| step.target.service()).filter(exists).collect();
    if services.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = services.iter().map(|name| format!("`{}`", escape_controls(name.as_str()))).collect();
    let message =
        format!("this plan cannot be kept: what becomes of {} is known only with the new image", names.join(", "));
    let help = "run `inception build` or `inception pull` first, then plan without `--build` and with `--pull missing`";
    Err(Failure::one(Diagnostic::error("plan-not-foreseen", Span::NONE, message).help(help)))
}

/// Sixteen digits: enough to notice a change, too few to tell a value from.
fn fingerprint(images: &Plan, plan: &Plan) -> String {
    let all = format!("{:?}", (&images.steps, &plan.steps, &plan.replacements));
    Sha256::digest(all.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn words(images: &Plan, plan: &Plan) -> Vec<String> {
    let word =
        |step: &crate::plan::Step| format!("{} {} ({})", describe(&step.action).plain(), step.target, step.reason);
    images.steps.iter().chain(&plan.steps).map(word).collect()
}
