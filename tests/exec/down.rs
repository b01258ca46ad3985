//! Runs of `down`.

use crate::common::{observed, project, run};
use crate::setup::{after, dies_at, prepared};
use inception::engine::fake::Fault;
use inception::engine::{ErrorKind, ImageEngine, ReadEngine};
use inception::model::ContainerState;
use inception::plan::{DownOptions, RemoveImages, down};

#[tokio::test(start_paused = true)]
async fn down_ends_what_a_dead_run_has_left() {
    let engine = prepared(true).await;
    dies_at(&engine, &after(), "stop_container", Fault::CrashAfter).await;
    engine.quiet().await;
    let plan = down(&project(&after()), &observed(&engine).await, &DownOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    assert!(engine.list_containers(&[]).await.unwrap().iter().all(|one| one.state == ContainerState::Removing));
    assert!(engine.list_networks().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_though_its_removal_failed_is_removed() {
    let engine = prepared(false).await;
    let wanted = project("services: { web: { image: 'app:1' } }");
    let options = DownOptions { images: RemoveImages::All, ..DownOptions::default() };
    let plan = down(&wanted, &observed(&engine).await, &options);
    assert_eq!(plan.steps.len(), 1);
    engine.set_faults(|call| match call.name {
        "remove_image" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    assert!(!run(&engine, &plan).await.is_success(), "the image is still there");
    engine.clear_faults();
    engine.remove_image("app:1").await.unwrap();
    engine.set_faults(|call| match call.name {
        "remove_image" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    assert!(run(&engine, &plan).await.is_success());
}
