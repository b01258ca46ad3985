//! Plans of `down`.

use crate::common::{engine, observed, plan_up, project, run};
use crate::setup::{CHAIN, brought_up};
use expect_test::expect;
use inception::model::Observed;
use inception::plan::{DownOptions, RemoveImages, UpOptions, down, lint, render};

#[tokio::test(start_paused = true)]
async fn down_goes_the_other_way_and_keeps_data() {
    let engine = engine();
    let project = project(CHAIN);
    let plan = plan_up(&project, &observed(&engine).await, &UpOptions::default());
    assert!(run(&engine, &plan).await.is_success());
    let plan = down(&project, &observed(&engine).await, &DownOptions::default());
    assert!(lint(&plan).is_empty());
    expect![[r#"
        1         stop    web#1            asked by `down`
        2 <- 1    remove  web#1            asked by `down`
        3 <- 2    stop    db#1             asked by `down`
        4 <- 2,3  remove  db#1             asked by `down`
        5 <- 2,4  remove  network default  asked by `down`
    "#]]
    .assert_eq(&render(&plan));
    assert!(run(&engine, &plan).await.is_success());
    assert!(crate::common::containers(&engine).await.is_empty());
    assert!(engine.removed_volumes().is_empty());
}

#[test]
fn down_removes_local_images_by_the_names_that_up_gave_them() {
    let project = project("services: { web: { build: . } }");
    let mut observed = Observed::default();
    for name in ["p-web", "p_web"] {
        observed.images.insert(inception::model::familiar(name), "sha256:1".into());
    }
    let told = |separator| {
        let options = DownOptions { images: RemoveImages::Local, separator, ..DownOptions::default() };
        render(&down(&project, &observed, &options))
    };
    assert!(told('-').contains("p-web") && !told('-').contains("p_web"), "{}", told('-'));
    assert!(told('_').contains("p_web") && !told('_').contains("p-web"), "{}", told('_'));
}

#[tokio::test(start_paused = true)]
async fn images_are_removed_one_after_the_other() {
    let (engine, _) = brought_up("services: { a: { image: app:1 }, b: { image: app:2 }, c: { image: app:1 } }").await;
    let wanted = project("services: { a: { image: app:1 }, b: { image: app:2 }, c: { image: app:1 } }");
    let options = DownOptions { images: RemoveImages::All, ..DownOptions::default() };
    let plan = down(&wanted, &observed(&engine).await, &options);
    expect![[r#"
        1             stop    c#1              asked by `down`
        2 <- 1        remove  c#1              asked by `down`
        3             stop    b#1              asked by `down`
        4 <- 3        remove  b#1              asked by `down`
        5             stop    a#1              asked by `down`
        6 <- 5        remove  a#1              asked by `down`
        7 <- 2,4,6    remove  network default  asked by `down`
        8 <- 2,4,6    remove  image app:1      asked by --rmi
        9 <- 2,4,6,8  remove  image app:2      asked by --rmi
    "#]]
    .assert_eq(&render(&plan));
}
