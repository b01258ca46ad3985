//! Images: which of them the engine has, and which a plan pulls or builds.

use crate::common::{engine, observed, plan_up, project};
use crate::setup::CHAIN;
use expect_test::expect;
use inception::engine::ImageEngine;
use inception::model::{BuildKit, Builder, Observed};
use inception::plan::{Action, ImageOptions, UpOptions, images, render};

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

fn with(builder: Builder) -> Observed {
    let mut observed = Observed::default();
    observed.engine.builder = builder;
    observed
}

fn built(file: &str, builder: Builder, change: fn(&mut ImageOptions)) -> inception::plan::Plan {
    let mut wish = ImageOptions { build: true, ..ImageOptions::default() };
    change(&mut wish);
    images(&project(file), &with(builder), &UpOptions::default(), &wish)
}

#[test]
fn builds_of_one_dockerfile_run_one_after_the_other_so_that_they_share_layers() {
    let classic = Builder::default();
    expect![[r#"
        1       build  image p-a  asked by --build
        2       build  image p-c  asked by --build
        3 <- 1  build  image p-d  asked by --build
    "#]]
    .assert_eq(&render(&built(ALIKE, classic, |_| {})));
    let at_once = expect![[r#"
        1  build  image p-a  asked by --build
        2  build  image p-c  asked by --build
        3  build  image p-d  asked by --build
    "#]];
    at_once.assert_eq(&render(&built(ALIKE, classic, |wish| wish.no_cache = true)));
    // BuildKit shares the steps itself.
    at_once.assert_eq(&render(&built(ALIKE, Builder::BuildKit(BuildKit::Current), |_| {})));
}

/// Returns the tags and the service label of each build.
fn names(plan: &inception::plan::Plan) -> String {
    let name = |step: &inception::plan::Step| match &step.action {
        Action::BuildImage(request) => {
            format!("{} {}", request.tags.join(","), request.labels["com.docker.compose.service"])
        }
        other => format!("{other:?}"),
    };
    plan.steps.iter().map(name).collect::<Vec<_>>().join("; ")
}

#[test]
fn services_with_one_definition_are_built_once_whoever_is_selected() {
    let file = "services: { c: { build: { context: x, tags: [t:1] } }, a: { build: x, image: own }, b: { build: { context: x, args: { A: b } } } }";
    let all = names(&built(file, Builder::default(), |_| {}));
    assert_eq!(all, "own,p-c,t:1 a; p-b b", "the image has the name of the first service");
    for one in ["a", "c"] {
        let options = UpOptions { services: [one.into()].into_iter().collect(), ..UpOptions::default() };
        let wish = ImageOptions { build: true, ..ImageOptions::default() };
        let plan = images(&project(file), &Observed::default(), &options, &wish);
        assert!(names(&plan).ends_with(" a"), "{}", names(&plan));
    }
}

#[test]
fn an_image_that_another_service_builds_is_not_pulled() {
    let file = "services: { a: { image: made:1 }, b: { build: x, image: made:1 }, c: { image: 'docker.io/library/made:1', pull_policy: never }, d: { image: 'also:2' }, e: { build: { context: y, tags: [also:2] } } }";
    let plan = built(file, Builder::default(), |_| {});
    assert_eq!(names(&plan), "made:1 b; p-e,also:2 e", "{:?}", plan.diagnostics);
    assert!(plan.diagnostics.is_empty());
}

#[test]
fn the_image_of_another_service_is_built_first_and_named_by_its_image() {
    let file = "services: { a: { build: { context: x, additional_contexts: { base: 'service:z', files: /f } } }, z: { build: y } }";
    let options = UpOptions { services: ["a".into()].into_iter().collect(), ..UpOptions::default() };
    let wish = ImageOptions { build: true, ..ImageOptions::default() };
    let plan = images(&project(file), &with(Builder::BuildKit(BuildKit::Current)), &options, &wish);
    expect![[r#"
        1       build  image p-z  asked by --build
        2 <- 1  build  image p-a  asked by --build
    "#]]
    .assert_eq(&render(&plan));
    let Action::BuildImage(request) = &plan.steps[1].action else { panic!("a build") };
    assert_eq!(
        format!("{:?}", request.contexts),
        r#"{"base": Remote("docker-image://p-z"), "files": Directory("/f")}"#
    );
}
