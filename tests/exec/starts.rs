//! Starts: when a container counts as up, what fails a run, and what a start waits for.

use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, run, up};
use crate::setup::{BEFORE, dies, fails, prepared, succeeds};
use inception::engine::fake::{Fault, Mishap, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine};
use inception::model::ContainerState;
use inception::plan::{Action, UpOptions};

#[tokio::test(start_paused = true)]
async fn a_container_that_dies_at_once_fails_the_run() {
    let engine = engine();
    let outcome = up(&engine, &project("services: { a: { image: broken:1 }, b: { image: app:1 } }")).await.unwrap();
    assert!(!outcome.is_success());
    assert!(outcome.failures[0].details.iter().any(|line| line.contains("a line of output")));
    assert!(containers(&engine).await.contains(&"p-b-1 app:1 running".to_owned()), "independent services are started");
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_not_required_fails_no_run_unless_it_was_named() {
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

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_not_taken_for_up_by_this_run_or_a_later_one() {
    let engine = engine();
    let wanted = project("services: { web: { image: broken:1, restart: always } }");
    for _ in 0..3 {
        assert!(!up(&engine, &wanted).await.unwrap().is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_found_between_two_ends_is_not_taken_for_up() {
    let mut found = 0;
    for moment in 0..200 {
        let engine = engine();
        let wanted = project("services: { web: { image: broken:1, restart: always } }");
        assert!(!up(&engine, &wanted).await.unwrap().is_success());
        tokio::time::sleep(Duration::from_millis(moment * 10)).await;
        if containers(&engine).await == ["p-web-1 broken:1 restarting"] {
            found += 1;
            assert!(!up(&engine, &wanted).await.unwrap().is_success(), "{moment}");
        }
    }
    assert!(found > 50, "{found}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_not_taken_for_up_where_the_engine_tells_no_events() {
    // Each delay moves the moments at which the run looks, so that some fall between two exits of the container.
    for delay in 0..100 {
        let engine = engine();
        engine.set_script(move |call| {
            let mut turn = Turn::from(Fault::None);
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
    let restart = plan.steps.iter().find(|step| matches!(step.action, Action::RestartContainer { .. }));
    let waits = |id: &inception::plan::StepId| {
        let step = &plan.steps[id.index()];
        step.target.name() == "p-job-1" && matches!(step.action, Action::WaitFor { .. })
    };
    assert!(restart.unwrap().requires.iter().any(waits), "{text}");
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
async fn a_restart_of_long_ago_is_no_crash_loop_where_the_engine_tells_no_events() {
    let yaml = |image: &str| format!("services: {{ web: {{ image: '{image}', restart: always }} }}");
    let engine = engine();
    succeeds(&engine, &yaml("app:1")).await;
    // The new container is up; the old one is not removed yet.
    dies(&engine, &yaml("app:2"), "remove_container", 0, Fault::Crash).await;
    engine.befall(&Mishap::EngineRestarts { down: Duration::from_secs(1) });
    tokio::time::sleep(Duration::from_secs(60)).await;
    engine.set_faults(|call| match call.name {
        "events" => Fault::Fail(ErrorKind::Connection),
        _ => Fault::None,
    });
    succeeds(&engine, &yaml("app:2")).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_surplus_replica_of_an_earlier_file_goes_only_where_those_that_stay_are_up() {
    let yaml = |image: &str, scale| {
        format!("services: {{ web: {{ image: '{image}', restart: on-failure, scale: {scale} }} }}")
    };
    let engine = engine();
    succeeds(&engine, &yaml("app:1", 1)).await;
    let both = up(&engine, &project(&yaml("broken:1", 2))).await.unwrap();
    assert_eq!(both.failures.len(), 2, "{:?}", both.failures);
    fails(&engine, &yaml("broken:1", 1)).await;
    let left = containers(&engine).await;
    assert!(left.contains(&"p-web-1 app:1 running".to_owned()), "{left:?}");
    succeeds(&engine, &yaml("app:2", 1)).await;
    assert_eq!(containers(&engine).await, ["p-web-1 app:2 running"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_done_is_not_run_again_by_the_run_that_finishes_its_replacement() {
    let yaml = |title: &str, db: &str| {
        format!(
            "services: {{ job: {{ image: job:1, environment: {{ T: '{title}' }}, ports: ['8000:80'] }}, db: {{ image: '{db}', ports: ['8001:80'] }}, \
             web: {{ image: app:1, depends_on: {{ job: {{ condition: service_completed_successfully }} }} }} }}"
        )
    };
    let engine = engine();
    succeeds(&engine, &yaml("a", "app:1")).await;
    // The new job has completed, but the old container cannot be removed.
    let mut is_first = true;
    engine.set_faults(move |call| match call.name {
        "remove_container" if std::mem::take(&mut is_first) => Fault::Fail(ErrorKind::Engine),
        _ => Fault::None,
    });
    assert!(!up(&engine, &project(&yaml("b", "app:1"))).await.unwrap().is_success());
    engine.clear_faults();
    let plan = plan_up(&project(&yaml("b", "app:1")), &observed(&engine).await, &UpOptions::default());
    let starts = |step: &inception::plan::Step| matches!(step.action, Action::StartContainer { .. });
    assert!(!plan.steps.iter().any(starts), "{}", inception::plan::render(&plan));
    // When the other replacement fails, this one is given up with it. The old job must not run again.
    let before = engine.calls().len();
    assert!(!up(&engine, &project(&yaml("b", "broken:1"))).await.unwrap().is_success());
    let job = engine.inspect_container("p-job-1").await.unwrap();
    assert_eq!(job.state, ContainerState::Exited);
    let calls = engine.calls().split_off(before);
    assert!(!calls.iter().any(|call| call.name == "start_container" && call.target == job.id.as_str()));
}

/// The new file does not tell that `job` was a job: nothing waits for its end any more.
#[tokio::test(start_paused = true)]
async fn what_had_ended_before_a_run_that_died_stays_ended_when_its_replacement_is_given_up() {
    let before = "services: { job: { image: 'job:1', ports: ['8000:80'] }, \
                  web: { image: 'app:1', depends_on: { job: { condition: service_completed_successfully } } } }";
    let after =
        "services: { job: { image: 'app:1', depends_on: [web] }, web: { image: 'broken:1', ports: ['8000:80'] } }";
    let engine = engine();
    succeeds(&engine, before).await;
    dies(&engine, after, "start_container", 0, Fault::Crash).await;
    let outcome = up(&engine, &project(after)).await.unwrap();
    assert!(!outcome.is_success());
    assert_eq!(containers(&engine).await, ["p-job-1 job:1 exited", "p-web-1 app:1 running"]);
    assert_eq!(outcome.leftovers, Vec::<String>::new());
}

/// Exit code 0 of a program that was told to end is not the end of its work.
#[tokio::test(start_paused = true)]
async fn a_container_that_others_stop_while_it_is_waited_for_is_not_up() {
    let yaml = |image: &str| format!("services: {{ db: {{ image: '{image}' }} }}");
    let engine = engine();
    succeeds(&engine, &yaml("db:1")).await;
    let beside = std::sync::Arc::clone(&engine);
    let other = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let all = beside.list_containers(&[]).await.unwrap();
            if let Some(new) = all.iter().find(|one| one.image == "sick:1" && one.state == ContainerState::Running) {
                return beside.stop_container(&new.id, None).await.unwrap();
            }
        }
    });
    let outcome = up(&engine, &project(&yaml("sick:1"))).await.unwrap();
    assert!(other.await.unwrap());
    assert!(outcome.failures.iter().any(|one| one.error.to_string().contains("was stopped")), "{outcome:?}");
    assert_eq!(containers(&engine).await, ["p-db-1 db:1 running"]);
}

/// The container ends, and its restart policy starts it again, while its hook runs; or it has ended when the hook is to
/// run. The second must not count as a change by another run.
#[tokio::test(start_paused = true)]
async fn a_container_that_ends_before_or_during_its_hook_is_not_taken_for_up() {
    for work in (0..2000).step_by(10) {
        let engine = engine();
        engine.set_script(move |call| {
            let mut turn = Turn::from(Fault::None);
            turn.work = Duration::from_millis(if call.name == "exec" { work } else { 0 });
            turn
        });
        let wanted = "services: { web: { image: broken:1, restart: always, post_start: [{ command: [work] }] } }";
        let outcome = up(&engine, &project(wanted)).await.unwrap();
        assert!(!outcome.is_success() && !outcome.has_world_moved(), "{work}: {:?}", outcome.failures);
    }
}
