//! The impact that a plan announces: downtime, and data that will be lost.

use crate::common::{plan_up, project};
use crate::setup::brought_up;
use inception::model::Observed;
use inception::plan::{Downtime, Loss, Recreate, UpOptions, impacts, render};

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_it_means_for_each_service() {
    let both = |image: &str| {
        format!(
            "services: {{ first: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }}, last: {{ image: '{image}', stop_grace_period: 3s, ports: ['81:80'], deploy: {{ update_config: {{ order: start-first }} }} }}, many: {{ image: '{image}', scale: 2, deploy: {{ update_config: {{ parallelism: 1 }} }} }} }}"
        )
    };
    let (_, observed) = brought_up(&both("app:1")).await;
    let wanted = project(&both("app:2"));
    let plan = plan_up(&wanted, &observed, &UpOptions::default());
    let told: Vec<_> = impacts(&plan, &wanted, &observed, &UpOptions::default())
        .into_iter()
        .map(|impact| (impact.service.to_string(), impact.downtime, impact.order))
        .collect();
    let stop = std::time::Duration::from_secs(3);
    assert_eq!(
        told,
        [
            ("first".to_owned(), Downtime::None, Some(("start-first", "asked by `update_config.order`".to_owned()))),
            (
                "last".to_owned(),
                Downtime::WhileReplaced { stop },
                Some(("stop-first", "both would need host port 81".to_owned()))
            ),
            ("many".to_owned(), Downtime::Reduced, Some(("stop-first", "the default".to_owned()))),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_stop_first_where_old_and_new_would_write_to_one_anonymous_volume() {
    let yaml = |image: &str| {
        format!("services: {{ web: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }} }}")
    };
    let (_, mut observed) = brought_up(&yaml("app:1")).await;
    observed.containers[0].mounts.push(inception::model::ObservedMount {
        kind: "volume".to_owned(),
        name: "a".repeat(64),
        destination: "/data".to_owned(),
        ..Default::default()
    });
    let wanted = project(&yaml("app:2"));
    let plan = plan_up(&wanted, &observed, &UpOptions::default());
    assert_eq!(plan.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["start-first-impossible"]);
    let told = impacts(&plan, &wanted, &observed, &UpOptions::default());
    assert!(matches!(told[0].downtime, Downtime::WhileReplaced { .. }), "{told:?}");
    let why = "both would write to the volume at `/data`".to_owned();
    assert_eq!(told[0].order, Some(("stop-first", why)));
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_which_option_asked_and_counts_only_data_that_is_there() {
    let yaml = "services: { web: { image: app:1, scale: 2, depends_on: [db] }, db: { image: app:1 } }";
    let (_, mut observed) = brought_up(yaml).await;
    let wanted = project(yaml);
    let options = UpOptions {
        services: ["web".into()].into(),
        recreate_dependencies: Recreate::Force,
        renew_anonymous_volumes: true,
        scale: [("web".into(), 1)].into(),
        ..UpOptions::default()
    };
    let plan = plan_up(&wanted, &observed, &options);
    assert!(render(&plan).contains("asked by --always-recreate-deps"), "{}", render(&plan));
    let told = |observed: &Observed| impacts(&plan, &wanted, observed, &options);
    let found = told(&observed);
    assert_eq!((found[1].service.as_str(), &found[1].downtime), ("web", &Downtime::Fewer));
    assert_eq!(found[0].losses, [Loss::ContainerFiles], "`db` has no anonymous volumes");
    let volume =
        inception::model::ObservedMount { kind: "volume".to_owned(), name: "a".repeat(64), ..Default::default() };
    observed.containers.iter_mut().for_each(|one| one.mounts.push(volume.clone()));
    assert_eq!(told(&observed)[0].losses, [Loss::ContainerFiles, Loss::AnonymousVolumes]);
}
