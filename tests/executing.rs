//! Runs on the fake engine: every call fails once, every reply is lost once, the program dies at every call.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{containers, engine, observed, plan_up, project, run, up};
use inception::engine::fake::{FakeEngine, Fault, Mishap};
use inception::engine::{ChangeEngine, ErrorKind, ImageEngine, ReadEngine, RemoveOptions};
use inception::model::{ContainerSpec, ContainerState, labels};
use inception::plan::{DownOptions, RemoveImages, UpOptions, down};

const BEFORE: &str = "
services:
  web: { image: 'app:1', depends_on: { db: { condition: service_healthy } }, scale: 2 }
  db: { image: 'db:1', volumes: [data:/data] }
volumes: { data: }
";

fn after() -> String {
    BEFORE.replace("app:1", "app:2").replace("db:1", "db:2")
}

/// What a scenario starts from: nothing, or a running project that changes.
async fn prepared(has_before: bool) -> Arc<FakeEngine> {
    let engine = engine();
    if has_before {
        assert!(up(&engine, &project(BEFORE)).await.unwrap().is_success());
    }
    engine
}

/// Runs with a fault at call `at`, then again without: the end is that of an undisturbed run.
async fn disturbed(has_before: bool, at: usize, fault: &Fault) -> bool {
    let engine = prepared(has_before).await;
    let first = engine.calls().len();
    let (number, kind) = (first + at, fault.clone());
    engine.set_faults(move |call| if call.number == number { kind.clone() } else { Fault::None });
    let wanted = project(&after());
    // A crash never returns: the run is dropped, as the process would be.
    let outcome = tokio::time::timeout(Duration::from_secs(3600), up(&engine, &wanted)).await;
    let was_hit = engine.calls().len() > number;
    engine.clear_faults();
    let words = format!(
        "call {at} of {} before={has_before} {fault:?} ({:?})",
        engine.calls().len() - first,
        engine.calls().get(number)
    );
    if let Ok(Some(outcome)) = &outcome
        && outcome.is_success()
    {
        assert_eq!(containers(&engine).await, FINAL, "success was claimed: {words}");
    }
    let repaired = up(&engine, &wanted).await.unwrap();
    assert!(repaired.is_success(), "{words}: {:?} {:?}", repaired.failures, repaired.leftovers);
    assert_eq!(containers(&engine).await, FINAL, "{words}");
    let plan = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    assert!(plan.is_empty(), "{words}: a third run would still do something:\n{}", inception::plan::render(&plan));
    assert!(engine.removed_volumes().is_empty(), "{words}");
    was_hit
}

const FINAL: [&str; 3] = ["p-db-1 db:2 running", "p-web-1 app:2 running", "p-web-2 app:2 running"];

/// One disturbed run for every call that an undisturbed one makes.
async fn every_call(fault: Fault) {
    for has_before in [false, true] {
        let mut at = 0;
        while disturbed(has_before, at, &fault).await {
            at += 1;
        }
        assert!(at > 10, "an undisturbed run makes more than {at} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_made_good_by_the_next_run() {
    every_call(Fault::Fail(ErrorKind::Engine)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_made_good() {
    every_call(Fault::Fail(ErrorKind::Connection)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_made_good() {
    every_call(Fault::LoseReply).await;
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_is_repaired_by_the_next_run() {
    every_call(Fault::Crash).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_ends_at_once_gives_the_old_one_back() {
    let engine = prepared(true).await;
    let outcome = up(&engine, &project(&BEFORE.replace("app:1", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.restored.len(), 2);
    assert_eq!(outcome.failures.len(), 2);
    assert!(outcome.failures[0].error.to_string().contains("exited with code 3"), "{}", outcome.failures[0].error);
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running", "p-web-2 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_never_gets_healthy_gives_the_old_one_back_and_its_dependents_are_not_touched() {
    let engine = prepared(true).await;
    let outcome = up(&engine, &project(&BEFORE.replace("db:1", "sick:1").replace("app:1", "app:2"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running", "p-web-1 app:1 running", "p-web-2 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_dies_at_once_fails_the_run() {
    let engine = engine();
    let outcome = up(&engine, &project("services: { a: { image: broken:1 }, b: { image: app:1 } }")).await.unwrap();
    assert!(!outcome.is_success());
    assert!(outcome.failures[0].details.iter().any(|line| line.contains("a line of output")));
    assert!(containers(&engine).await.contains(&"p-b-1 app:1 running".to_owned()), "independent services are started");
}

#[tokio::test(start_paused = true)]
async fn what_others_can_do_without_fails_no_run_where_nobody_asked_for_it() {
    let yaml = "
services:
  web: { image: app:1, depends_on: { opt: { condition: service_completed_successfully, required: false } } }
  opt: { image: broken:1 }
";
    let outcome = async |options: UpOptions| {
        let engine = engine();
        let plan = plan_up(&project(yaml), &observed(&engine).await, &options);
        let outcome = run(&engine, &plan).await;
        assert!(containers(&engine).await.contains(&"p-web-1 app:1 running".to_owned()));
        let told: Vec<bool> = outcome.events().iter().map(|one| one.is_optional).collect();
        (outcome.is_success(), told)
    };
    let only = |names: &[&str]| {
        let services = names.iter().map(|name| (*name).into()).collect();
        UpOptions { services, ..UpOptions::default() }
    };
    assert_eq!(outcome(only(&["web"])).await, (true, vec![true]), "a warning, once");
    assert_eq!(outcome(only(&["web", "opt"])).await, (false, vec![false]), "an error, and no warning beside it");
    assert_eq!(outcome(only(&[])).await, (false, vec![false]), "all of it was asked for");
    assert!(!outcome(UpOptions { wait: true, ..only(&["web"]) }).await.0, "so it was with --wait");
}

#[tokio::test(start_paused = true)]
async fn after_success_nothing_is_left_to_do_and_nothing_is_written() {
    let engine = prepared(true).await;
    let before = engine.calls().len();
    let outcome = up(&engine, &project(BEFORE)).await.unwrap();
    assert!(outcome.is_success());
    let calls = engine.calls().split_off(before);
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| !call.is_mutating));
}

/// Runs until the first call of this name, at which the program dies; `after` it has acted or before.
async fn dies_at(engine: &Arc<FakeEngine>, yaml: &str, name: &'static str, fault: Fault) {
    engine.set_faults(move |call| if call.name == name { fault.clone() } else { Fault::None });
    let wanted = project(yaml);
    assert!(tokio::time::timeout(Duration::from_secs(3600), up(engine, &wanted)).await.is_err(), "it dies");
    engine.clear_faults();
}

/// The networks of each container, by name.
async fn networks(engine: &FakeEngine) -> Vec<String> {
    let known: Vec<_> = engine.list_networks().await.unwrap().into_iter().map(|network| network.id).collect();
    let list = engine.list_containers(&[]).await.unwrap();
    let attached = |one: &inception::model::ObservedContainer| {
        let living = one.networks.iter().filter(|(_, endpoint)| known.contains(&endpoint.network_id));
        format!("{} {} {:?}", one.name, one.state.as_str(), living.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    };
    list.iter().map(attached).collect()
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_changed_back_keeps_the_container_that_is_right() {
    let engine = engine();
    let before = "services: { web: { image: app:1 } }";
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    dies_at(&engine, &before.replace(":1", ":2"), "stop_container", Fault::Crash).await;
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn host_ports_change_hands_and_come_back_when_that_fails() {
    let yaml = |image: &str, one: u16, other: u16| {
        format!(
            "services: {{ a: {{ image: '{image}', ports: ['{one}:80'] }}, b: {{ image: 'app:1', ports: ['{other}:80'] }} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("app:1", 8001, 8002))).await.unwrap().is_success());
    assert!(!up(&engine, &project(&yaml("broken:1", 8002, 8001))).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-a-1 app:1 running", "p-b-1 app:1 running"]);
    let outcome = up(&engine, &project(&yaml("app:2", 8002, 8001))).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-a-1 app:2 running", "p-b-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_network_is_given_back_together_with_its_host() {
    let yaml = |web: &str, side: &str| {
        format!("services: {{ web: {{ image: '{web}' }}, side: {{ image: '{side}', network_mode: 'service:web' }} }}")
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("app:1", "app:1"))).await.unwrap().is_success());
    let outcome = up(&engine, &project(&yaml("app:2", "broken:1"))).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(outcome.leftovers, Vec::<String>::new());
    assert_eq!(containers(&engine).await, ["p-side-1 app:1 running", "p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn what_shares_a_network_joins_the_replica_that_the_next_run_looks_at() {
    let yaml = |title: &str| {
        format!(
            "services: {{ web: {{ image: 'app:1', scale: 2, environment: {{ T: '{title}' }} }}, \
             side: {{ image: 'app:1', network_mode: 'service:web' }} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("a"))).await.unwrap().is_success());
    let first = engine.inspect_container("p-web-1").await.unwrap().id;
    engine.remove_container(&first, RemoveOptions { force: true, volumes: false }).await.unwrap();
    let wanted = project(&yaml("b"));
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}

fn on_network(label: &str, image: &str) -> String {
    format!(
        "services: {{ web: {{ image: '{image}', networks: [n] }} }}\nnetworks: {{ n: {{ labels: {{ v: '{label}' }} }} }}"
    )
}

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
    for call in ["create_network", "create_container", "start_container"] {
        let engine = engine();
        assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
        let wanted = on_network("b", "broken:1");
        dies_at(&engine, &wanted, call, Fault::Crash).await;
        assert!(!up(&engine, &project(&wanted)).await.unwrap().is_success());
        assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#], "{call}");
    }
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
async fn what_another_directory_made_is_not_stopped_for_a_network() {
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
async fn where_the_old_container_is_gone_the_new_one_stays_though_the_run_fails() {
    let engine = engine();
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    let old = engine.inspect_container("p-web-1").await.unwrap().id;
    let wanted = project("services: { web: { image: app:2 } }");
    let plan = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    // Another machine has finished the same replacement when the reply to our wait is lost.
    let world = Arc::new(engine.client(0));
    engine.set_faults(move |call| {
        if call.name == "inspect_container" {
            let (world, old) = (world.clone(), old.clone());
            tokio::spawn(
                async move { world.remove_container(&old, RemoveOptions { force: true, volumes: false }).await },
            );
            return Fault::Fail(ErrorKind::Connection);
        }
        Fault::None
    });
    let first = tokio::time::timeout(Duration::from_secs(600), run(&engine, &plan)).await.unwrap();
    engine.clear_faults();
    assert!(!first.is_success());
    assert_eq!(containers(&engine).await.len(), 1);
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_not_taken_for_up_by_this_run_or_a_later_one() {
    let engine = engine();
    let wanted = project("services: { web: { image: broken:1, restart: always } }");
    for _ in 0..3 {
        assert!(!up(&engine, &wanted).await.unwrap().is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_restarts_is_waited_for() {
    let engine = engine();
    engine.set_script({
        let mut is_first = true;
        move |call| {
            let mut turn = inception::engine::fake::Turn::from(Fault::None);
            if call.name == "create_container" && std::mem::take(&mut is_first) {
                turn.mishap = Some(Mishap::EngineRestarts { down: Duration::from_secs(1) });
            }
            turn
        }
    });
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

/// A project with a config that is put into its container, and the plan for it.
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
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 created"], "it is what the next run goes on from");
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

#[tokio::test(start_paused = true)]
async fn a_container_that_another_run_makes_while_a_doubled_network_is_settled_is_found() {
    let engine = engine();
    let plan =
        plan_up(&project("services: { web: { image: app:1 } }"), &observed(&engine).await, &UpOptions::default());
    let spec = plan.steps.iter().find_map(|step| match &step.action {
        inception::plan::Action::CreateContainer { spec, .. } => Some((**spec).clone()),
        _ => None,
    });
    let (other, spec) = (Arc::new(engine.client(7)), spec.unwrap());
    let mut is_first = true;
    engine.set_faults(move |call| {
        if call.client != 7 && call.name == "create_container" && std::mem::take(&mut is_first) {
            let (other, spec) = (other.clone(), spec.clone());
            tokio::spawn(async move { other.create_container(&spec).await });
            return Fault::Fail(ErrorKind::Ambiguous);
        }
        Fault::None
    });
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_end_as_one() {
    for delay in (0..2000).step_by(50) {
        let engine = prepared(true).await;
        let wanted = project(&after());
        let later = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            up(&engine, &wanted).await
        };
        let (one, other) = tokio::join!(up(&engine, &wanted), later);
        for outcome in [one.unwrap(), other.unwrap()] {
            assert!(outcome.is_success(), "after {delay} ms: {:?} {:?}", outcome.failures, outcome.leftovers);
        }
        assert_eq!(containers(&engine).await, FINAL, "after {delay} ms");
    }
}

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
async fn a_new_container_that_dies_while_the_old_one_stops_does_not_cost_the_old_one() {
    let engine = engine();
    let yaml = |image: &str| {
        format!("services: {{ web: {{ image: '{image}', deploy: {{ update_config: {{ order: start-first }} }} }} }}")
    };
    assert!(up(&engine, &project(&yaml("app:1"))).await.unwrap().is_success());
    let world = Arc::new(engine.client(0));
    engine.set_faults(move |call| {
        if call.name == "stop_container" {
            let world = world.clone();
            tokio::spawn(async move {
                let all = world.list_containers(&[]).await.unwrap();
                let new = all.iter().find(|one| one.image == "app:2").unwrap();
                world.kill_container(&new.id, "KILL").await
            });
        }
        Fault::None
    });
    assert!(!up(&engine, &project(&yaml("app:2"))).await.unwrap().is_success());
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_another_machine_has_finished_is_not_begun_again() {
    let engine = engine();
    assert!(up(&engine, &project("services: { web: { image: app:1 } }")).await.unwrap().is_success());
    let wanted = project("services: { web: { image: app:2 } }");
    let late = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    let outcome = run(&engine, &late).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_removal_under_way_still_holds_is_waited_for() {
    let engine = prepared(true).await;
    let mut refused = 0;
    engine.set_faults(move |call| {
        refused += usize::from(call.name == "rename_container");
        if call.name == "rename_container" && refused <= 5 { Fault::Fail(ErrorKind::Conflict) } else { Fault::None }
    });
    let outcome = up(&engine, &project(&after())).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, FINAL);
}

/// Runs with a call that takes long, and returns the lines of output of its step.
async fn lines_while(name: &'static str, takes: Duration) -> Vec<String> {
    let engine = prepared(false).await;
    let plan = plan_up(&project(BEFORE), &observed(&engine).await, &UpOptions::default());
    engine.set_faults(move |call| if call.name == name { Fault::Crash } else { Fault::None });
    let mut lines = Vec::new();
    let mut listener = |event: &inception::event::Event| {
        if let inception::event::Event::Step { state: inception::event::StepState::Output(line), .. } = event {
            lines.push(line.clone());
        }
    };
    let settings = inception::exec::ExecSettings::default();
    let interrupt = inception::exec::Interrupt::default();
    let run = inception::exec::run(&plan, engine.clone(), settings, &mut listener, &interrupt);
    let _ = tokio::time::timeout(takes, run).await;
    lines
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_told_of_before_ten_seconds() {
    for name in ["create_network", "create_container", "start_container", "inspect_container"] {
        let lines = lines_while(name, Duration::from_secs(10)).await;
        assert!(lines.iter().any(|line| line == "no answer from the engine for 8 s"), "{name}: {lines:?}");
    }
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
    assert!(!run(&engine, &plan).await.is_success(), "it is still there");
    engine.clear_faults();
    engine.remove_image("app:1").await.unwrap();
    engine.set_faults(|call| match call.name {
        "remove_image" => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    assert!(run(&engine, &plan).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_not_taken_for_up_where_the_engine_tells_no_events() {
    // However often the moments of looking fall between two of its ends.
    for delay in 0..100 {
        let engine = engine();
        engine.set_script(move |call| {
            let mut turn = inception::engine::fake::Turn::from(Fault::None);
            turn.work = Duration::from_millis(if call.name == "list_containers" { delay } else { 0 });
            if call.name == "events" {
                turn.fault = Fault::Fail(ErrorKind::Connection);
            }
            turn
        });
        let wanted = project("services: { web: { image: broken:1, restart: always } }");
        assert!(!up(&engine, &wanted).await.unwrap().is_success(), "{delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_is_done_again_where_its_network_is_gone() {
    let yaml = |label: &str| {
        format!(
            "services: {{ job: {{ image: 'job:1', networks: [n, m] }}, \
             web: {{ image: 'app:1', depends_on: {{ job: {{ condition: service_completed_successfully }} }} }} }}\n\
             networks: {{ n: {{ labels: {{ v: '{label}' }} }}, m: {{}} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("a"))).await.unwrap().is_success());
    let all = engine.list_networks().await.unwrap();
    let lost = all.iter().find(|network| network.name.as_str() == "p_m").unwrap();
    engine.remove_network(&lost.id).await.unwrap();
    let wanted = project(&yaml("b"));
    let outcome = up(&engine, &wanted).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_waits_for_conditions_as_a_start_does() {
    let yaml = |db: &str, has_job: bool| {
        let (job, needs_job) = match has_job {
            true => ("job: { image: job:1 }, ", ", job: { condition: service_completed_successfully }"),
            false => ("", ""),
        };
        format!(
            "services: {{ {job}db: {{ image: '{db}' }}, \
             web: {{ image: app:1, depends_on: {{ db: {{ condition: service_started, restart: true }}{needs_job} }} }} }}"
        )
    };
    let engine = engine();
    assert!(up(&engine, &project(&yaml("app:1", false))).await.unwrap().is_success());
    let plan = plan_up(&project(&yaml("app:2", true)), &observed(&engine).await, &UpOptions::default());
    let text = inception::plan::render(&plan);
    let restart =
        plan.steps.iter().find(|step| matches!(step.action, inception::plan::Action::RestartContainer { .. }));
    let waits = |id: &inception::plan::StepId| {
        let step = &plan.steps[id.index()];
        step.target.name() == "p-job-1" && matches!(step.action, inception::plan::Action::WaitFor { .. })
    };
    assert!(restart.unwrap().requires.iter().any(waits), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_gives_way_to_a_volume_is_gone_before_its_name_and_its_port_are_taken() {
    let engine = engine();
    let before = "
services:
  web: { image: app:1, volumes: [data:/data], ports: ['8001:80'] }
  api: { image: app:1 }
volumes: { data: {} }
";
    assert!(up(&engine, &project(before)).await.unwrap().is_success());
    let after = "
services:
  web: { image: slow:1 }
  api: { image: app:1, ports: ['8001:80'] }
  new: { image: app:1, volumes: [data:/data] }
volumes: { data: { driver_opts: { o: '1' } } }
";
    let wanted = project(after);
    let options = UpOptions { recreate_volumes: ["data".to_owned()].into(), ..UpOptions::default() };
    let outcome = run(&engine, &plan_up(&wanted, &observed(&engine).await, &options)).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
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
    // The name is checked where the request comes in, so that two may pass; the network of the other file is of no subnet
    // here, as the engine would refuse two of one.
    let spec = |label: &str| {
        let plan = plan_up(&project(&yaml(label)), &Default::default(), &UpOptions::default());
        plan.steps.iter().find_map(|step| match &step.action {
            inception::plan::Action::CreateNetwork { spec, .. } => Some((**spec).clone()),
            _ => None,
        })
    };
    let engine = engine();
    let (mut one, other) = (spec("a").unwrap(), spec("b").unwrap());
    one.ipam = Default::default();
    let slow = |call: &inception::engine::fake::Call| inception::engine::fake::Turn {
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
    // Where none of them is as the file says, all make place.
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
async fn a_subnet_that_a_concurrent_run_has_just_taken_for_the_same_network_is_no_refusal() {
    let yaml = "services: { web: { image: 'app:1', networks: [n] } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }";
    let engine = engine();
    engine.set_script(|call| inception::engine::fake::Turn {
        work: Duration::from_millis(if call.name == "create_network" { 100 } else { 5 }),
        ..Fault::None.into()
    });
    let wanted = project(yaml);
    let (one, other) = tokio::join!(up(&engine, &wanted), up(&engine, &wanted));
    for outcome in [one.unwrap(), other.unwrap()] {
        assert!(outcome.is_success(), "{:?}", outcome.failures);
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_on_other_networks_is_not_taken_for_the_same_one() {
    let yaml = |name: &str| {
        format!("services: {{ web: {{ image: 'app:1', networks: [n] }} }}\nnetworks: {{ n: {{ name: '{name}' }} }}")
    };
    let engine = engine();
    let late = plan_up(&project(&yaml("one")), &observed(&engine).await, &UpOptions::default());
    assert!(up(&engine, &project(&yaml("other"))).await.unwrap().is_success());
    assert!(!run(&engine, &late).await.is_success(), "the name is taken by a container for another file");
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["other"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_effect_late_is_noticed_before_success_is_claimed() {
    let engine = engine();
    assert!(up(&engine, &project(&on_network("a", "app:1"))).await.unwrap().is_success());
    let mut is_first = true;
    engine.set_script(move |call| {
        let mut turn = inception::engine::fake::Turn::from(Fault::None);
        if call.name == "disconnect_network" && std::mem::take(&mut is_first) {
            turn = inception::engine::fake::Turn { work: Duration::from_millis(600), ..Fault::CutOff.into() };
        }
        if call.name == "list_containers" {
            turn.work = Duration::from_millis(500);
        }
        turn
    });
    let wanted = project(&on_network("b", "app:1"));
    let outcome = up(&engine, &wanted).await.unwrap();
    let told: Vec<String> = outcome.failures.iter().map(|failure| failure.error.to_string()).collect();
    assert_eq!(told, ["container `p-web-1` has lost network `p_n` again"]);
    engine.clear_faults();
    assert!(up(&engine, &wanted).await.unwrap().is_success());
    assert_eq!(networks(&engine).await, [r#"p-web-1 running ["p_n"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_made_twice_because_a_reply_was_lost_is_one_at_the_end() {
    let engine = engine();
    let mut is_first = true;
    engine.set_script(move |call| match call.name == "create_network" && std::mem::take(&mut is_first) {
        true => inception::engine::fake::Turn { work: Duration::from_millis(1350), ..Fault::CutOff.into() },
        false => Fault::None.into(),
    });
    let wanted = project("services: { web: { image: app:1 } }");
    let outcome = up(&engine, &wanted).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(engine.list_networks().await.unwrap().len(), 1);
    assert!(plan_up(&wanted, &observed(&engine).await, &UpOptions::default()).is_empty());
}
