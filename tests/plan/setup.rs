//! Shared by the tests of plans: compose files, and projects brought up on a fake engine.

use std::collections::BTreeSet;

use crate::common::{engine, observed, plan_up, project, run};
use expect_test::Expect;
use inception::model::Observed;
use inception::plan::{Lifecycle, UpOptions, lifecycle, render};

/// Brings `before` up on a fake engine, then shows the plan for `after`.
#[track_caller]
pub fn check(before: &str, after: &str, options: &UpOptions, expected: &Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let text = runtime.block_on(async {
        let engine = engine();
        if !before.is_empty() {
            let plan = plan_up(&project(before), &observed(&engine).await, &UpOptions::default());
            let outcome = run(&engine, &plan).await;
            assert!(outcome.is_success(), "{:?}", outcome.failures);
        }
        render(&plan_up(&project(after), &observed(&engine).await, options))
    });
    expected.assert_eq(&text);
}

pub const CHAIN: &str = "
services:
  web: { image: app:1, depends_on: { db: { condition: service_healthy } } }
  db: { image: db:1, volumes: [data:/data] }
volumes: { data: }
";

/// Brings `before` up on a fake engine. Returns the engine and a snapshot of it.
pub async fn brought_up(before: &str) -> (std::sync::Arc<inception::engine::fake::FakeEngine>, Observed) {
    let engine = engine();
    let plan = plan_up(&project(before), &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let observed = observed(&engine).await;
    (engine, observed)
}

/// Brings a project up, stops it, and returns a snapshot.
pub async fn stopped(yaml: &str) -> Observed {
    let (engine, observed) = brought_up(yaml).await;
    let stop = lifecycle(&project(yaml), &observed, &BTreeSet::new(), &Lifecycle::Stop { grace: None });
    assert!(run(&engine, &stop).await.is_success());
    crate::common::observed(&engine).await
}

/// Plans `up`, and returns the codes of the errors.
pub fn refused(yaml: &str, observed: &Observed, options: &UpOptions) -> Vec<&'static str> {
    let plan = plan_up(&project(yaml), observed, options);
    plan.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code).collect()
}

pub const SIDECAR: &str = "
services:
  vpn: { image: app:1, networks: [n] }
  app: { image: app:1, network_mode: 'service:vpn' }
  web: { image: app:1, networks: [n] }
networks: { n: { labels: { v: '1' } } }
";

pub const ADDRESSED: &str = "
services: { web: { image: app:1, networks: { n: { aliases: [www], ipv4_address: 10.9.0.10 } } } }
networks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }
";
