//! Images: which of them the engine has, and which a plan pulls or builds.

use crate::common::{engine, observed, plan_up, project};
use crate::setup::CHAIN;
use expect_test::expect;
use inception::engine::ImageEngine;
use inception::model::Observed;
use inception::plan::{ImageOptions, UpOptions, images, render};

#[tokio::test(start_paused = true)]
async fn images_are_listed_only_where_containers_do_not_tell_them() {
    let engine = engine();
    let file = project(CHAIN);
    assert!(crate::common::up(&engine, &file).await.unwrap().is_success());
    let listed = async || {
        let before = engine.calls().len();
        let observed = inception::observe::observe(&*engine, &crate::common::interest(&file)).await.unwrap();
        let is_listed = engine.calls()[before..].iter().any(|call| call.name == "list_images");
        let wanted = images(&file, &observed, &UpOptions::default(), &ImageOptions::default());
        (is_listed, wanted.steps.len(), render(&plan_up(&file, &observed, &UpOptions::default())))
    };
    assert_eq!(listed().await, (false, 0, String::new()), "all as it was made");

    engine.tag_image("app:2", "app:1").await.unwrap();
    let (is_listed, to_get, plan) = listed().await;
    assert!(is_listed && to_get == 0 && plan.contains("web#1"), "another image has the name:\n{plan}");

    engine.remove_image("app:1").await.unwrap();
    let (is_listed, to_get, _) = listed().await;
    assert!(is_listed && to_get == 1, "the name is gone");
}

#[tokio::test(start_paused = true)]
async fn an_image_is_found_by_its_name_and_by_the_start_of_its_id() {
    let observed = observed(&engine()).await;
    for (name, is_there) in [
        ("app:1", true),
        ("100000000000", true),
        ("1000000000000", true),
        ("a00000000000", false),
        ("10000000", true),
        ("1000000", false),
    ] {
        let plan = images(
            &project(&format!("services: {{ a: {{ image: '{name}' }} }}")),
            &observed,
            &UpOptions::default(),
            &ImageOptions::default(),
        );
        assert_eq!(plan.is_empty(), is_there, "{name}: {}", render(&plan));
    }
}

const ALIKE: &str = "
services:
  a: { build: ctx }
  b: { build: ctx, environment: { X: y } }
  c: { build: { context: ctx, dockerfile: other } }
  d: { build: { context: ctx, target: last } }
";

#[test]
fn builds_of_one_dockerfile_run_one_after_the_other_so_that_they_share_layers() {
    let wish = |no_cache: bool| ImageOptions { build: true, no_cache, ..ImageOptions::default() };
    let text =
        |no_cache| render(&images(&project(ALIKE), &Observed::default(), &UpOptions::default(), &wish(no_cache)));
    expect![[r#"
        1       build  image p-a  asked by --build
        2 <- 1  build  image p-b  asked by --build
        3       build  image p-c  asked by --build
        4 <- 2  build  image p-d  asked by --build
    "#]]
    .assert_eq(&text(false));
    expect![[r#"
        1  build  image p-a  asked by --build
        2  build  image p-b  asked by --build
        3  build  image p-c  asked by --build
        4  build  image p-d  asked by --build
    "#]]
    .assert_eq(&text(true));
}
