//! Saved plans: `plan -o FILE` writes one, and `up --plan FILE` runs exactly that one or refuses.
//!
//! A plan is a pure function of the files, the engine and the command line. So the file has the command line and a
//! fingerprint. `up --plan` plans again; if the plan differs, the files or the engine have changed. The file has no
//! value that a plan does not show.
//!
//! [`AsShown`] checks every round of the run. The first plan must have the fingerprint. The plan after the images must
//! have the same steps, with the same reasons. A later round may only finish or repeat what was shown: for each of its
//! steps the saved plan must have a step with the same action on the same target, whatever the reason. Example: the
//! saved plan creates and starts `web`. If a dead run's request has created `web` meanwhile, the next round only starts
//! it. But if the engine cannot start `db`, which the saved plan only starts, the next round would recreate `db`, and
//! is refused.

#![expect(clippy::disallowed_methods, reason = "saved plans are files")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::console::Console;
use super::rounds::{Guard, Look, Stage};
use super::session;
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::model::{Observed, ObservedContainer, Project, ServiceName, Span, labels};
use crate::plan::{Plan, Step, Verb, describe};
use crate::settings::Context;
use crate::text::escape_controls;

/// Marks a file as a saved plan.
const FORMAT: &str = "inception-plan-1";
/// The largest file of a plan, in bytes.
const LARGEST: u64 = 64 << 20;

/// A plan that was shown before.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Saved {
    format: String,
    /// The program's version: another version may plan differently.
    version: String,
    /// The directory for relative paths of the command line.
    pub directory: PathBuf,
    /// The command line, beginning with the program's name.
    pub arguments: Vec<String>,
    /// The engine that the plan was made for.
    engine: String,
    /// Fingerprint of all steps with all their data, and of the replacements.
    fingerprint: String,
    /// The steps in words, to show what has changed.
    steps: Vec<String>,
}

impl Saved {
    /// Makes a saved plan from an observation, the directory and command line that led to it, and the identity of the
    /// engine.
    pub fn new(directory: &Path, arguments: &[String], engine: String, look: &Look) -> Self {
        let Look { images, plan, .. } = look;
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            directory: directory.to_owned(),
            arguments: arguments.to_vec(),
            engine,
            fingerprint: fingerprint(images, plan),
            steps: words(images, plan),
        }
    }

    /// Writes the file, readable by its owner only. It also has the plan as `plan --format json` shows it.
    pub(in crate::app) fn write(&self, path: &Path, plan: Value) -> Result<(), Failure> {
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

    /// Reads the file at `path`, relative to the current directory. Fails with `bad-plan` for a file of another version
    /// or kind.
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

    /// Refuses a first plan that differs from the saved plan in any byte, or that is for another engine.
    fn check(&self, engine: &str, images: &Plan, plan: &Plan) -> Result<(), Failure> {
        if self.engine != engine {
            return Err(outdated("it was made for another engine".to_owned()));
        }
        match self.fingerprint == fingerprint(images, plan) {
            true => Ok(()),
            false => Err(self.differs(&words(images, plan))),
        }
    }

    /// Refuses a plan after the images whose steps are not those that were shown.
    fn check_after(&self, images: &Plan, plan: &Plan) -> Result<(), Failure> {
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
        outdated(shortened(causes))
    }
}

/// Returns ten lines at most.
fn shortened(mut causes: Vec<String>) -> String {
    if causes.len() > 10 {
        let more = causes.len() - 10;
        causes.truncate(10);
        causes.push(format!("and {more} more"));
    }
    causes.join("\n")
}

/// A guard that checks every round against the plan that was shown.
pub struct AsShown<'a> {
    saved: &'a Saved,
    engine: &'a dyn ReadEngine,
    console: &'a dyn Console,
    /// The steps of the saved plan for images.
    images: Plan,
    /// The actions of the saved plan, each with its target.
    shown: BTreeSet<(&'static str, String)>,
}

impl<'a> AsShown<'a> {
    /// Makes the guard for a run on an engine.
    pub fn new(saved: &'a Saved, engine: &'a dyn ReadEngine, console: &'a dyn Console) -> Self {
        Self { saved, engine, console, images: Plan::default(), shown: BTreeSet::new() }
    }
}

#[async_trait(?Send)]
impl Guard for AsShown<'_> {
    async fn pass(&mut self, stage: Stage, look: &Look, interrupt: &Interrupt) -> Result<(), Failure> {
        match stage {
            Stage::First => {
                let tell = |words: &str| self.console.tell(words);
                let identity = async { Ok(self.engine.identity().await?) };
                let identity = session::answer_to(&tell, interrupt, session::NOTHING_BEGUN, identity).await?;
                self.saved.check(&identity, &look.images, &look.plan)?;
                self.images = look.images.clone();
                self.shown = acts(&look.images, &look.plan);
                Ok(())
            }
            Stage::AfterImages => self.saved.check_after(&self.images, &look.plan),
            Stage::Again => match beyond(&self.shown, &look.plan) {
                steps if steps.is_empty() => Ok(()),
                steps => Err(overtaken(steps)),
            },
        }
    }
}

/// Returns the actions of plans with their targets, without reasons. Who agreed to a replacement has agreed to a
/// creation.
fn acts(images: &Plan, plan: &Plan) -> BTreeSet<(&'static str, String)> {
    let act = |step: &Step| {
        let verb = describe(&step.action);
        let also = if verb == Verb::Recreate { Verb::Create } else { verb };
        [verb, also].map(|verb| (verb.plain(), step.target.to_string()))
    };
    images.steps.iter().chain(&plan.steps).flat_map(act).collect()
}

/// Returns in words the steps of a later round that are not in the saved plan.
fn beyond(shown: &BTreeSet<(&'static str, String)>, plan: &Plan) -> Vec<String> {
    let is_shown = |step: &&Step| shown.contains(&(describe(&step.action).plain(), step.target.to_string()));
    plan.steps.iter().filter(|step| !is_shown(step)).map(|step| escape_controls(&word(step)).into_owned()).collect()
}

/// Returns the failure of a run that could continue only with steps that were not shown.
fn overtaken(steps: Vec<String>) -> Failure {
    let message = "the saved plan does not fit any more: what is left to do takes steps that it does not have";
    let cause = shortened(steps.iter().map(|step| format!("only in a plan made now: {step}")).collect());
    let help = "look at a new plan: `inception plan -o FILE`";
    Failure::one(Diagnostic::error("plan-outdated", Span::NONE, message).cause(cause).help(help))
}

fn outdated(cause: String) -> Failure {
    let message = "the saved plan does not fit any more: files or engine are others; no container was touched";
    let help = "look at a new plan: `inception plan -o FILE`";
    Failure::one(Diagnostic::error("plan-outdated", Span::NONE, message).cause(cause).help(help))
}

/// Refuses to save a plan that is not certain before its images are there. Example: the plan builds the image of the
/// running `web`. Whether `web` is replaced depends on the resulting image.
pub(in crate::app) fn check_foreseen(project: &Project, observed: &Observed, images: &Plan) -> Result<(), Failure> {
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

/// Returns sixteen digits: enough to notice a change, too few to recover a value.
fn fingerprint(images: &Plan, plan: &Plan) -> String {
    let all = format!("{:?}", (&images.steps, &plan.steps, &plan.replacements));
    Sha256::digest(all.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn words(images: &Plan, plan: &Plan) -> Vec<String> {
    images.steps.iter().chain(&plan.steps).map(word).collect()
}

fn word(step: &Step) -> String {
    format!("{} {} ({})", describe(&step.action).plain(), step.target, step.reason)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::super::console::tests::Silent;
    use super::*;
    use crate::engine::fake::FakeEngine;
    use crate::model::ContainerSpec;
    use crate::plan::{Action, ContainerRef, Reason, StepId, Target};

    fn step(name: &str, action: Action, reason: Reason) -> Step {
        let target = Target::Container { service: Some("web".into()), number: 1, name: name.into() };
        Step { id: StepId(0), target, action, reason, requires: Vec::new(), after: Vec::new(), is_optional: false }
    }

    fn create(name: &str, is_replacement: bool) -> Step {
        let mut spec = ContainerSpec::default();
        if is_replacement {
            spec.labels.insert(labels::REPLACES.to_owned(), "1".to_owned());
        }
        step(name, Action::CreateContainer { spec: Box::new(spec), references: Vec::new() }, Reason::Missing)
    }

    fn start(name: &str, reason: Reason) -> Step {
        step(name, Action::StartContainer { container: ContainerRef::Planned(StepId(0)) }, reason)
    }

    fn look(steps: Vec<Step>) -> Look {
        Look { plan: Plan { steps, ..Plan::default() }, ..Look::default() }
    }

    async fn passes(saved: &[Step], now: &[Step], later: &[Step]) -> [bool; 2] {
        let engine = FakeEngine::default();
        let saved = Saved::new(Path::new("/"), &[], "fake".to_owned(), &look(saved.to_vec()));
        let (mut guard, interrupt) = (AsShown::new(&saved, &engine, &Silent), Interrupt::default());
        let first = guard.pass(Stage::First, &look(now.to_vec()), &interrupt).await;
        let again = guard.pass(Stage::Again, &look(later.to_vec()), &interrupt).await;
        [first.is_ok(), again.is_ok()]
    }

    #[tokio::test]
    async fn the_first_round_runs_the_very_plan_and_later_ones_only_finish_it() {
        let all = [create("web", false), start("web", Reason::NotRunning)];
        let other = [create("web", false), start("web", Reason::TakesOver)];
        assert_eq!(passes(&all, &all, &[start("web", Reason::Unfinished("half"))]).await, [true, true]);
        assert_eq!(passes(&all, &all, &[]).await, [true, true]);
        assert!(!passes(&all, &other, &[]).await[0], "another reason");
        assert!(!passes(&all, &all, &[create("db", false)]).await[1], "another container");
        assert!(!passes(&all, &all, &[create("web", true)]).await[1], "a replacement was not shown");
    }

    #[tokio::test]
    async fn who_has_seen_a_replacement_has_seen_a_creation() {
        let all = [create("web", true)];
        assert_eq!(passes(&all, &all, &[create("web", false)]).await, [true, true]);
    }

    #[tokio::test]
    async fn after_the_images_the_steps_are_those_that_were_shown() {
        let engine = FakeEngine::default();
        let pull = step("web", Action::Pause { delay: Duration::ZERO }, Reason::Missing);
        let mut first = look(vec![create("web", false)]);
        first.images.steps.push(pull);
        let saved = Saved::new(Path::new("/"), &[], "fake".to_owned(), &first);
        let (mut guard, interrupt) = (AsShown::new(&saved, &engine, &Silent), Interrupt::default());
        guard.pass(Stage::First, &first, &interrupt).await.unwrap();
        assert!(guard.pass(Stage::AfterImages, &look(first.plan.steps.clone()), &interrupt).await.is_ok());
        let other = look(vec![start("web", Reason::NotRunning)]);
        let failure = guard.pass(Stage::AfterImages, &other, &interrupt).await.unwrap_err();
        assert_eq!(failure.told().0[0].code, "plan-outdated");
    }
}
