//! Shared by the tests: projects from YAML, a fake engine, and the way from a project to the outcome of a run.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

pub mod proxy;
pub mod real;

use std::sync::Arc;
use std::time::Duration;

use inception::engine::ReadEngine;
use inception::engine::fake::{Behaviour, FakeEngine};
use inception::env::Environment;
use inception::event::Event;
use inception::exec::{self, ExecSettings, Interrupt, Outcome};
use inception::loader::{self, LoadOptions};
use inception::model::{Observed, Project};
use inception::observe::{self, Interest};
use inception::plan::{self, Contents, Plan, UpOptions};

/// Loads a project named `p` from text.
pub fn project(yaml: &str) -> Project {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, yaml).unwrap();
    let options = LoadOptions { files: vec![file], project_name: Some("p".to_owned()), ..LoadOptions::default() };
    let mut loaded = loader::load(&options, &Environment::new([], folder.path()));
    let project = loaded.project();
    let mut project = project.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    // The folder is temporary; plans must not differ by its name.
    project.working_dir = "/project".into();
    project.config_files = vec!["/project/compose.yaml".into()];
    project
}

/// A fake engine with the images of the tests. The name of an image says how its containers behave.
pub fn engine() -> Arc<FakeEngine> {
    let engine = FakeEngine::default();
    let healthy =
        Behaviour { has_healthcheck: true, healthy_after: Some(Duration::from_secs(2)), ..Behaviour::default() };
    for (name, content, behaviour) in [
        ("app:1", "1", Behaviour::default()),
        ("app:2", "2", Behaviour::default()),
        ("db:1", "3", healthy.clone()),
        ("db:2", "4", healthy),
        ("broken:1", "5", Behaviour { exits: Some((Duration::from_millis(10), 3)), ..Behaviour::default() }),
        ("sick:1", "6", Behaviour { has_healthcheck: true, ..Behaviour::default() }),
        ("slow:1", "8", Behaviour { stops_after: Duration::from_secs(5), ..Behaviour::default() }),
        ("stops-well:1", "9", Behaviour { stop_code: 0, ..Behaviour::default() }),
        ("job:1", "7", Behaviour { exits: Some((Duration::from_secs(1), 0)), ..Behaviour::default() }),
    ] {
        engine.add_image(name, content, behaviour);
    }
    Arc::new(engine)
}

pub async fn observed(engine: &FakeEngine) -> Observed {
    observe::observe(engine, &Interest::default()).await.unwrap()
}

/// What the program asks of a snapshot.
pub fn interest(project: &Project) -> Interest {
    Interest { images: Some(plan::image_names(project, '-')), ..Interest::default() }
}

/// Plans `up`; the plan must pass the lint.
pub fn plan_up(project: &Project, observed: &Observed, options: &UpOptions) -> Plan {
    let plan = plan::up(project, observed, &Contents::default(), options);
    assert_eq!(plan::lint(&plan), Vec::<String>::new(), "\n{}", plan::render(&plan));
    plan
}

/// Runs a plan on the engine.
pub async fn run(engine: &Arc<FakeEngine>, plan: &Plan) -> Outcome {
    let settings = ExecSettings {
        patience: Duration::from_secs(60),
        reconnect: Duration::from_secs(2),
        ..ExecSettings::default()
    };
    exec::run(plan, engine.clone(), settings, &mut |_: &Event| {}, &Interrupt::default()).await
}

/// Observes, plans and runs; `None` where the engine did not answer the observation.
pub async fn up(engine: &Arc<FakeEngine>, project: &Project) -> Option<Outcome> {
    let observed = observe::observe(&**engine, &interest(project)).await.ok()?;
    let plan = plan_up(project, &observed, &UpOptions::default());
    Some(run(engine, &plan).await)
}

/// The containers as `name image state`, in order.
pub async fn containers(engine: &FakeEngine) -> Vec<String> {
    let mut list: Vec<String> = engine
        .list_containers(&[])
        .await
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one.name, one.image, one.state.as_str()))
        .collect();
    list.sort();
    list
}
