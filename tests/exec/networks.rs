//! Networks that are recreated, renamed or doubled while containers are on them.

use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, up};
use crate::setup::{dies, dies_at, fails, networks, on_network, succeeds};
use inception::engine::fake::{Fault, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine};
use inception::model::{ContainerSpec, ContainerState, labels};
use inception::plan::{Action, UpOptions};

#[tokio::test(start_paused = true)]
async fn the_old_container_comes_back_with_its_network_though_that_was_made_anew() {
    let engine = engine();
    assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
    let outcome = up(&engine, &project(&on_network("b", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#]);
}

#[tokio::test(start_paused = true)]
async fn the_old_container_comes_back_with_its_network_though_a_dead_run_took_it() {
    let calls = ["create_container", "stop_container", "disconnect_network", "remove_network", "create_network"];
    for call in calls.into_iter().chain(["start_container"]) {
        let engine = engine();
        assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
        let wanted = on_network("b", "broken:1");
        dies_at(&engine, &wanted, call, Fault::Crash).await;
        assert!(!up(&engine, &project(&wanted)).await.unwrap().is_success());
        assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#], "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_old_replica_that_stays_comes_back_though_a_dead_run_took_its_network() {
    let yaml = |scale: u32, label: &str, image: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', scale: {scale}, networks: [n] }} }}
             \nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml(2, "a", "app:1")).await;
    let wanted = yaml(1, "b", "broken:1");
    dies_at(&engine, &wanted, "disconnect_network", Fault::Crash).await;
    fails(&engine, &wanted).await;
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_a_dead_run_took_away_is_connected_again() {
    for call in ["remove_network", "create_network", "connect_network"] {
        let engine = engine();
        assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
        dies_at(&engine, &on_network("b", "app:1"), call, Fault::Crash).await;
        let wanted = project(&on_network("b", "app:1"));
        assert!(up(&engine, &wanted).await.unwrap().is_success());
        assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#], "{call}");
        assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty(), "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_while_a_network_is_made_anew_is_settled_by_looking() {
    for call in ["disconnect_network", "connect_network"] {
        let engine = engine();
        assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
        let mut is_first = true;
        engine.set_faults(move |one| match one.name == call && std::mem::take(&mut is_first) {
            true => Fault::LoseReply,
            false => Fault::None,
        });
        let outcome = up(&engine, &project(&on_network("b", "app:1"))).await.unwrap();
        assert!(outcome.is_success(), "{call}: {:?}", outcome.failures);
    }
}

#[tokio::test(start_paused = true)]
async fn an_orphan_gets_back_the_network_that_was_made_anew() {
    let engine = engine();
    let with = |orphan: &str, label: &str| {
        on_network(label, "app:1").replace("services: {", &format!("services: {{ {orphan}"))
    };
    assert!(up(&engine, &project(&with("old: { image: 'app:1', networks: [n] }, ", "a"))).await.unwrap().is_success());
    assert!(up(&engine, &project(&with("", "b"))).await.unwrap().is_success());
    assert_eq!(networks(&engine).await, [r#"p-old-1 running ["p_n"]"#, r#"p-web-1 running ["p_n"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_container_of_another_directory_is_not_stopped_for_a_network() {
    let engine = engine();
    assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
    let all = [(labels::PROJECT, "p"), (labels::SERVICE, "other"), (labels::WORKING_DIR, "/elsewhere")];
    let spec = ContainerSpec {
        name: "p-other-1".into(),
        image: "app:1".into(),
        labels: all.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..ContainerSpec::default()
    };
    let (id, _) = engine.create_container(&spec).await.unwrap();
    engine.start_container(&id).await.unwrap();
    engine.connect_network(&"p_n".into(), &id, &Default::default()).await.unwrap();
    let plan = plan_up(&project(&on_network("b", "app:1")), &observed(&engine).await, &UpOptions::default());
    let told: Vec<&str> = plan.diagnostics.iter().filter(|one| one.is_error()).map(|one| one.code).collect();
    assert_eq!(told, ["network-in-use"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_follows_a_network_s_new_name_whether_it_runs_or_is_stopped_for_another_network() {
    let yaml = |label: &str, name: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', networks: [n, m] }} }}\n\
             networks: {{ n: {{ labels: {{ v: '{label}' }} }}, m: {{ name: '{name}' }} }}"
        )
    };
    for (label, is_stopped) in [("a", false), ("a", true), ("b", false), ("b", true)] {
        let engine = engine();
        assert!(up(&engine, &project(&yaml("a", "p_m"))).await.unwrap().is_success());
        if is_stopped {
            let web = engine.inspect_container("p-web-1").await.unwrap().id;
            engine.kill_container(&web, "KILL").await.unwrap();
        }
        let wanted = project(&yaml(label, "other"));
        assert!(up(&engine, &wanted).await.unwrap().is_success());
        let on = networks(&engine).await;
        assert_eq!(on, [r#"p-web-1 running ["other", "p_n"]"#], "{label} {is_stopped}");
        assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_two_files_have_doubled_becomes_one() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', networks: [n] }} }}\n\
             networks: {{ n: {{ labels: {{ v: '{label}' }}, ipam: {{ config: [{{ subnet: 10.9.0.0/24 }}] }} }} }}"
        )
    };
    // The fake checks a name when the request arrives, so two slow requests for one name both pass. The first network
    // has no subnet: the engine would refuse the same subnet twice.
    let spec = |label: &str| {
        let plan = plan_up(&project(&yaml(label)), &Default::default(), &UpOptions::default());
        plan.steps.iter().find_map(|step| match &step.action {
            Action::CreateNetwork { spec, .. } => Some((**spec).clone()),
            _ => None,
        })
    };
    let engine = engine();
    let (mut one, other) = (spec("a").unwrap(), spec("b").unwrap());
    one.ipam = Default::default();
    let slow = |call: &inception::engine::fake::Call| Turn {
        work: Duration::from_millis(if call.name == "create_network" { 100 } else { 0 }),
        ..Fault::None.into()
    };
    engine.set_script(slow);
    let (first, second) = tokio::join!(engine.create_network(&one), engine.create_network(&other));
    assert!(first.is_ok() && second.is_ok());
    engine.clear_faults();
    let wanted = project(&yaml("b"));
    let outcome = up(&engine, &wanted).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(engine.list_networks().await.unwrap().len(), 1);
    // Neither network is as the file says: both are replaced.
    engine.set_script(slow);
    let (mut one, mut other) = (spec("c").unwrap(), spec("d").unwrap());
    one.ipam = Default::default();
    other.ipam = Default::default();
    for spec in [&mut one, &mut other] {
        spec.name = "p_m".into();
    }
    let (first, second) = tokio::join!(engine.create_network(&one), engine.create_network(&other));
    assert!(first.is_ok() && second.is_ok());
    engine.clear_faults();
    let wanted =
        project("services: { web: { image: 'app:1', networks: [m] } }\nnetworks: { m: { labels: { v: new } } }");
    let outcome = up(&engine, &wanted).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(engine.list_networks().await.unwrap().iter().filter(|one| one.name.as_str() == "p_m").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_made_twice_because_a_reply_was_lost_is_one_at_the_end() {
    let engine = engine();
    let mut is_first = true;
    engine.set_script(move |call| match call.name == "create_network" && std::mem::take(&mut is_first) {
        true => Turn { work: Duration::from_millis(1350), ..Fault::CutOff.into() },
        false => Fault::None.into(),
    });
    let wanted = project("services: { web: { image: app:1 } }");
    let outcome = up(&engine, &wanted).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(engine.list_networks().await.unwrap().len(), 1);
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_a_dead_run_made_starts_on_the_network_that_is_made_anew() {
    let yaml = |label: &str, image: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a", "app:1")).await;
    dies(&engine, &yaml("a", "app:2"), "start_container", 0, Fault::Crash).await;
    succeeds(&engine, &yaml("b", "app:2")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
    let plan = plan_up(&project(&yaml("b", "app:2")), &observed(&engine).await, &UpOptions::default());
    assert!(plan.is_empty(), "{}", inception::plan::render(&plan));
}

#[tokio::test(start_paused = true)]
async fn containers_go_on_on_a_network_that_cannot_be_removed() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a")).await;
    engine.set_faults(|call| match call.name {
        "remove_network" => Fault::Fail(ErrorKind::Conflict),
        _ => Fault::None,
    });
    let outcome = up(&engine, &project(&yaml("b"))).await.unwrap();
    assert!(!outcome.is_success());
    let all = engine.list_containers(&[]).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].state, ContainerState::Running);
    assert_eq!(all[0].networks.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_replica_gets_its_own_name_on_a_network_that_is_made_anew() {
    let yaml = |label: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', scale: 2, networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a")).await;
    let plan = plan_up(&project(&yaml("b")), &observed(&engine).await, &UpOptions::default());
    let names = plan.steps.iter().filter_map(|step| match &step.action {
        Action::ConnectNetwork { endpoint, .. } => Some((step.target.name().to_owned(), endpoint.aliases.clone())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 2);
    for (name, aliases) in names {
        assert!(aliases.contains(&name) && aliases.contains(&"web".to_owned()), "{name}: {aliases:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_container_comes_back_when_the_network_that_it_was_on_is_made_again() {
    // The new `web` is on `m` and fails at once. The old one was on `n`, whose new network takes 20 seconds.
    let yaml = |image: &str, on: &str, label: &str| {
        format!(
            "services: {{ web: {{ image: '{image}', networks: [{on}] }}, other: {{ image: 'app:1', networks: [n] }} }}\n\
             networks: {{ n: {{ labels: {{ v: '{label}' }} }}, m: {{}} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1", "n", "a")).await;
    engine.set_script(|call| {
        let seconds = if call.name == "create_network" && call.target == "p_n" { 20 } else { 0 };
        Turn { work: Duration::from_secs(seconds), ..Fault::None.into() }
    });
    fails(&engine, &yaml("broken:1", "m", "b")).await;
    engine.clear_faults();
    assert_eq!(containers(&engine).await, ["p-other-1 app:1 running", "p-web-1 app:1 running"]);
    let web =
        engine.list_containers(&[]).await.unwrap().into_iter().find(|one| one.name.as_str() == "p-web-1").unwrap();
    assert!(web.networks.contains_key("p_n"));
}

/// `web` leaves network `n`, which the same run recreates for `db`, and the run dies. The new `web` cannot work.
#[tokio::test(start_paused = true)]
async fn an_old_container_gets_back_a_recreated_network_that_the_file_no_longer_gives_it() {
    let yaml = |web: &str, label: &str| {
        format!(
            "{{ services: {{ web: {web}, db: {{ image: app:1, networks: [n] }} }}, \
             networks: {{ n: {{ labels: {{ v: '{label}' }} }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("{ image: app:1, networks: [n] }", "a")).await;
    let after = yaml("{ image: broken:1 }", "b");
    dies(&engine, &after, "start_container", 1, Fault::Crash).await;
    fails(&engine, &after).await;
    assert_eq!(networks(&engine).await, [r#"p-db-1 running ["p_n"]"#, r#"p-web-1 running ["p_n"]"#]);
}
