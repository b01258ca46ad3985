//! Configs and secrets that are copied into a container.

use crate::common::{containers, engine, observed, project, run};
use inception::engine::ErrorKind;
use inception::engine::fake::{FakeEngine, Fault};
use inception::plan::UpOptions;

/// Returns the plan for a service with a config that is copied into its container.
async fn plan_with_config(engine: &FakeEngine, image: &str) -> inception::plan::Plan {
    let wanted = project(&format!(
        "services: {{ web: {{ image: '{image}', configs: [word] }} }}\nconfigs: {{ word: {{ content: said }} }}"
    ));
    let content = inception::plan::Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    let contents = inception::plan::Contents { configs: [("word".to_owned(), content)].into(), ..Default::default() };
    inception::plan::up(&wanted, &observed(engine).await, &contents, &UpOptions::default())
}

#[tokio::test(start_paused = true)]
async fn files_that_may_have_arrived_do_not_cost_the_container() {
    let engine = engine();
    let plan = plan_with_config(&engine, "app:1").await;
    let mut lost = 0;
    let lose = move |most: usize| {
        move |call: &inception::engine::fake::Call| {
            lost += usize::from(call.name == "write_archive");
            if call.name == "write_archive" && lost <= most { Fault::LoseReply } else { Fault::None }
        }
    };
    engine.set_faults(lose(100));
    assert!(!run(&engine, &plan).await.is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 created"], "the next run continues here");
    engine.clear_faults();
    let plan = plan_with_config(&engine, "app:1").await;
    assert!(inception::plan::render(&plan).contains("fill"), "{}", inception::plan::render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    let plan = plan_with_config(&engine, "app:2").await;
    engine.set_faults(lose(5));
    assert!(run(&engine, &plan).await.is_success(), "a reply that is lost five times is asked for once more");
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn files_that_the_engine_refuses_leave_no_container_without_them() {
    let engine = engine();
    let plan = plan_with_config(&engine, "app:1").await;
    engine.set_faults(|call| match call.name {
        "write_archive" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    assert!(!run(&engine, &plan).await.is_success());
    assert!(containers(&engine).await.is_empty());
}

/// The fake engine returns no files, like an image without `/etc/passwd`.
#[tokio::test(start_paused = true)]
async fn an_owner_that_the_image_does_not_have_is_told_and_costs_nothing_else() {
    let engine = engine();
    let wanted = project(
        "services: { web: { image: app:1, configs: [{ source: word, uid: ghost, gid: '7' }] } }
configs: { word: { content: said } }",
    );
    let content = inception::plan::Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    let contents = inception::plan::Contents { configs: [("word".to_owned(), content)].into(), ..Default::default() };
    let plan = inception::plan::up(&wanted, &observed(&engine).await, &contents, &UpOptions::default());
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    let words = "the image has no user `ghost`: configs and secrets of container `p-web-1` belong to root instead";
    assert_eq!(outcome.unknown_owners, [words]);
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}
