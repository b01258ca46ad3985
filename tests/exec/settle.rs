//! Lost replies, panics, hooks and shared volumes on the fake engine: what a run does when it cannot know the result.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::common::{containers, engine, observed, plan_up, project, run, up};
use inception::engine::fake::{Call, FakeEngine, Fault, Turn};
use inception::engine::{ChangeEngine, ErrorKind, ReadEngine, RemoveOptions};
use inception::event::Event;
use inception::exec::{self, ExecSettings, Interrupt, Outcome, Signal, StepError};
use inception::model::{ObservedNetwork, VolumeName, labels};
use inception::plan::{DownOptions, Lifecycle, Plan, UpOptions, down, lifecycle};

const WEB: &str = "services: { web: { image: app:1 } }";

async fn brought_up(yaml: &str) -> Arc<FakeEngine> {
    let engine = engine();
    let outcome = up(&engine, &project(yaml)).await.unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    engine
}

async fn plan_of(engine: &FakeEngine, yaml: &str, command: &Lifecycle) -> Plan {
    lifecycle(&project(yaml), &observed(engine).await, &BTreeSet::new(), command)
}

/// Runs a command with faults at the first calls of one name. Returns the outcome, and how often that call was made.
async fn with_fault(
    engine: &Arc<FakeEngine>,
    command: &Lifecycle,
    name: &'static str,
    faults: &[Fault],
) -> (Outcome, usize) {
    let plan = plan_of(engine, WEB, command).await;
    assert!(!plan.is_empty());
    let before = engine.calls().len();
    let mut faults: VecDeque<Fault> = faults.iter().cloned().collect();
    engine.set_faults(move |call| match call.name == name {
        true => faults.pop_front().unwrap_or(Fault::None),
        false => Fault::None,
    });
    let outcome = run(engine, &plan).await;
    engine.clear_faults();
    let made = engine.calls().into_iter().skip(before).filter(|call| call.name == name).count();
    (outcome, made)
}

const RESTART: Lifecycle = Lifecycle::Restart { grace: None, no_dependencies: false };

fn kill(signal: &str) -> Lifecycle {
    Lifecycle::Kill { signal: signal.to_owned(), orphans: false }
}

/// The engine acts, but its reply is lost; or the call never reaches the engine.
const LOST: Fault = Fault::LoseReply;
const NEVER_CAME: Fault = Fault::Fail(ErrorKind::Connection);

#[tokio::test(start_paused = true)]
async fn a_restart_whose_reply_is_lost_is_made_again_only_where_it_has_not_happened() {
    for (fault, calls) in [(LOST, 1), (NEVER_CAME, 2), (Fault::CutOff, 1)] {
        let engine = brought_up(WEB).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let before = engine.inspect_container("p-web-1").await.unwrap().started_at;
        let (outcome, made) = with_fault(&engine, &RESTART, "restart_container", std::slice::from_ref(&fault)).await;
        assert!(outcome.is_success(), "{fault:?}: {:?}", outcome.failures);
        assert_eq!(made, calls, "{fault:?}");
        assert_ne!(engine.inspect_container("p-web-1").await.unwrap().started_at, before, "{fault:?}");
        assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_its_end_are_settled_by_the_state_of_the_container() {
    for (faults, calls) in [(vec![LOST], 1), (vec![NEVER_CAME], 2), (vec![NEVER_CAME, LOST], 2)] {
        let engine = brought_up(WEB).await;
        let (outcome, made) = with_fault(&engine, &Lifecycle::Pause, "pause_container", &faults).await;
        assert!(outcome.is_success(), "{faults:?}: {:?}", outcome.failures);
        assert_eq!((made, containers(&engine).await), (calls, vec!["p-web-1 app:1 paused".to_owned()]), "{faults:?}");
        let (outcome, made) = with_fault(&engine, &Lifecycle::Unpause, "unpause_container", &faults).await;
        assert!(outcome.is_success(), "{faults:?}: {:?}", outcome.failures);
        assert_eq!((made, containers(&engine).await), (calls, vec!["p-web-1 app:1 running".to_owned()]), "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_effect_after_it_was_asked_for_again_is_no_failure() {
    let engine = brought_up(WEB).await;
    let plan = plan_of(&engine, WEB, &Lifecycle::Pause).await;
    let mut is_first = true;
    // The engine carries out the first call while the second is under way, and then refuses the second.
    engine.set_script(move |call| match call.name == "pause_container" {
        true if std::mem::take(&mut is_first) => Turn { work: Duration::from_millis(150), ..Fault::CutOff.into() },
        true => Turn { work: Duration::from_millis(200), ..Fault::None.into() },
        false => Fault::None.into(),
    });
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 paused"]);
}

#[tokio::test(start_paused = true)]
async fn kill_is_sent_until_the_container_has_ended() {
    for (faults, calls) in [(vec![LOST], 1), (vec![NEVER_CAME], 2), (vec![NEVER_CAME, NEVER_CAME, LOST], 3)] {
        for signal in ["KILL", "SIGKILL"] {
            let engine = brought_up(WEB).await;
            let (outcome, made) = with_fault(&engine, &kill(signal), "kill_container", &faults).await;
            assert!(outcome.is_success(), "{faults:?}: {:?}", outcome.failures);
            assert_eq!((made, containers(&engine).await), (calls, vec!["p-web-1 app:1 exited".to_owned()]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_signal_is_sent_twice() {
    for (signal, fault, is_success) in
        [("TERM", LOST, true), ("TERM", NEVER_CAME, false), ("HUP", LOST, false), ("HUP", NEVER_CAME, false)]
    {
        let engine = brought_up(WEB).await;
        let (outcome, made) = with_fault(&engine, &kill(signal), "kill_container", std::slice::from_ref(&fault)).await;
        assert_eq!((outcome.is_success(), made), (is_success, 1), "{signal} {fault:?}");
        if let Some(failure) = outcome.failures.first() {
            let words = format!("the container still runs, and whether signal {signal} has reached it is not known");
            assert_eq!(failure.details, [words]);
            assert!(outcome.is_uncertain());
        }
    }
}

const BEFORE: &str = "
services:
  web: { image: 'app:1', depends_on: { db: { condition: service_healthy } }, scale: 2 }
  db: { image: 'db:1', volumes: [data:/data] }
volumes: { data: }
";
const FINAL: [&str; 3] = ["p-db-1 db:2 running", "p-web-1 app:2 running", "p-web-2 app:2 running"];

fn has_panicked(outcome: &Outcome) -> bool {
    let in_step = outcome.failures.iter().any(|one| {
        matches!(&one.error, StepError::Internal(words) if words.contains("panicked") && words.contains("please report"))
    });
    in_step || outcome.leftovers.iter().any(|line| line.starts_with("internal:") && line.contains("please report"))
}

/// Runs an update that panics at call `at` of a step. Returns whether the run made that call.
async fn panics_at(at: usize) -> bool {
    let engine = brought_up(BEFORE).await;
    let wanted = project(&BEFORE.replace("app:1", "app:2").replace("db:1", "db:2"));
    let plan = plan_up(&wanted, &observed(&engine).await, &UpOptions::default());
    let hit = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (mut seen, was_hit) = (0, hit.clone());
    engine.set_faults(move |call| {
        seen += usize::from(call.is_mutating || call.name == "inspect_container");
        if seen == at + 1 && !was_hit.swap(true, std::sync::atomic::Ordering::SeqCst) {
            panic!("call {at} panics, as the test asks for");
        }
        Fault::None
    });
    // There is one slot: if the panic did not free it, the run would never end.
    let settings = ExecSettings { parallel: 1, stops: 1, ..ExecSettings::default() };
    let (mut listener, interrupt) = (|_: &Event| {}, Interrupt::default());
    let work = exec::run(&plan, engine.clone(), settings, &mut listener, &interrupt);
    let outcome = tokio::time::timeout(Duration::from_secs(3600), work).await.expect("the run ends");
    engine.clear_faults();
    let was_hit = hit.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(has_panicked(&outcome), was_hit, "call {at}: {:?} {:?}", outcome.failures, outcome.leftovers);
    assert_eq!(outcome.is_success(), !was_hit);
    let serving = containers(&engine).await.iter().filter(|line| line.ends_with("running")).count();
    assert!(serving >= 3, "call {at}: each replica serves, old or new: {:?}", containers(&engine).await);
    let repaired = up(&engine, &wanted).await.unwrap();
    assert!(repaired.is_success(), "call {at}: {:?} {:?}", repaired.failures, repaired.leftovers);
    assert_eq!(containers(&engine).await, FINAL, "call {at}");
    was_hit
}

#[tokio::test(start_paused = true)]
async fn a_step_that_panics_is_a_failed_step() {
    let mut at = 0;
    while panics_at(at).await {
        at += 1;
    }
    assert!(at > 10, "the run makes more than {at} calls");
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_panics_ends_the_run_with_words_about_what_is_left() {
    for (name, nth) in [("kill_container", 1), ("start_container", 2), ("remove_container", 1)] {
        let engine = brought_up(WEB).await;
        let mut seen = 0;
        engine.set_faults(move |call| {
            seen += usize::from(call.name == name);
            assert!(call.name != name || seen != nth, "as the test asks for");
            Fault::None
        });
        let wanted = project(&WEB.replace("app:1", "broken:1"));
        let work = up(&engine, &wanted);
        let outcome = tokio::time::timeout(Duration::from_secs(3600), work).await.expect("the run ends").unwrap();
        engine.clear_faults();
        assert!(has_panicked(&outcome), "{name}: {:?} {:?}", outcome.failures, outcome.leftovers);
        assert!(up(&engine, &project(WEB)).await.unwrap().is_success(), "{name}");
        assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"], "{name}");
    }
}

const HOOKED: &str =
    "services: { web: { image: app:1, post_start: [{ command: [work] }], pre_stop: [{ command: [drain] }] } }";

/// Sets how long commands in containers take.
fn commands_take(engine: &FakeEngine, work: Duration) {
    engine.set_script(move |call: &Call| Turn {
        work: if call.name == "exec" { work } else { Duration::ZERO },
        ..Fault::None.into()
    });
}

/// Runs a plan, with the first signal after `signal_after`. Returns the outcome, its error messages, and the time it
/// took.
async fn run_hooks(
    engine: &Arc<FakeEngine>,
    plan: &Plan,
    signal_after: Option<Duration>,
) -> (Outcome, Vec<String>, Duration) {
    let interrupt = Interrupt::default();
    if let Some(after) = signal_after {
        let interrupt = interrupt.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            interrupt.send(Signal::Interrupt);
        });
    }
    let begun = tokio::time::Instant::now();
    let outcome = exec::run(plan, engine.clone(), ExecSettings::default(), &mut |_: &Event| {}, &interrupt).await;
    let words = outcome.failures.iter().map(|failure| failure.error.to_string()).collect();
    (outcome, words, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_given_up_at_its_limit() {
    let engine = engine();
    commands_take(&engine, Duration::from_secs(100_000));
    let plan = plan_up(&project(HOOKED), &observed(&engine).await, &UpOptions::default());
    let (outcome, words, took) = run_hooks(&engine, &plan, None).await;
    let hangs = |phase: &str| {
        format!("{phase} hook of container `p-web-1` has not ended after 300 s; its command may go on in the container")
    };
    assert!(!outcome.is_success());
    assert_eq!(words, [hangs("post_start")]);
    assert!(took < Duration::from_secs(310), "{took:?}");
    // A `pre_stop` hook that hangs does not keep its container from being stopped.
    let plan = down(&project(HOOKED), &observed(&engine).await, &DownOptions::default());
    let (outcome, words, took) = run_hooks(&engine, &plan, None).await;
    assert!(outcome.is_success(), "{words:?}");
    assert_eq!(words, [hangs("pre_stop")]);
    assert!(took < Duration::from_secs(310), "{took:?}");
    assert!(containers(&engine).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_takes_its_time_is_awaited_and_the_engine_is_not_said_to_be_silent() {
    let engine = engine();
    commands_take(&engine, Duration::from_secs(200));
    let plan = plan_up(&project(HOOKED), &observed(&engine).await, &UpOptions::default());
    let mut lines = Vec::new();
    let mut listener = |event: &Event| {
        if let Event::Step { state: inception::event::StepState::Output(line), .. } = event {
            lines.push(line.clone());
        }
    };
    let outcome = exec::run(&plan, engine.clone(), ExecSettings::default(), &mut listener, &Interrupt::default()).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    assert_eq!(lines, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_ends_with_the_first_signal() {
    let engine = engine();
    commands_take(&engine, Duration::from_secs(200));
    let interrupted = |phase: &str| {
        format!("{phase} hook of container `p-web-1` was interrupted; its command may go on in the container")
    };
    let plan = plan_up(&project(HOOKED), &observed(&engine).await, &UpOptions::default());
    let (outcome, words, took) = run_hooks(&engine, &plan, Some(Duration::from_secs(5))).await;
    assert_eq!(outcome.interrupted, Some(Signal::Interrupt));
    assert_eq!(words, [interrupted("post_start")]);
    assert!(took < Duration::from_secs(6), "{took:?}");
    let plan = down(&project(HOOKED), &observed(&engine).await, &DownOptions::default());
    let (outcome, words, took) = run_hooks(&engine, &plan, Some(Duration::from_secs(5))).await;
    assert_eq!(outcome.interrupted, Some(Signal::Interrupt));
    assert_eq!(words, [interrupted("pre_stop")]);
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!(containers(&engine).await, ["p-web-1 app:1 running"], "no step begins after the signal");
}

#[tokio::test(start_paused = true)]
async fn a_hook_whose_reply_is_lost_is_not_run_twice() {
    let engine = engine();
    let plan = plan_up(&project(HOOKED), &observed(&engine).await, &UpOptions::default());
    engine.set_faults(|call| if call.name == "exec" { LOST } else { Fault::None });
    let outcome = run(&engine, &plan).await;
    assert_eq!(engine.calls().iter().filter(|call| call.name == "exec").count(), 1);
    let told: Vec<&String> = outcome.failures.iter().flat_map(|failure| &failure.details).collect();
    assert_eq!(told, ["whether the command has run, and with which end, is not known"]);
}

const SHARED: &str =
    "services: { db: { image: app:1, volumes: [/data] }, web: { image: app:1, volumes: [/own], volumes_from: [db] } }";

/// Returns the anonymous volumes of the container `of`, each with its path there.
async fn volumes_of(engine: &FakeEngine, of: &str) -> Vec<(String, VolumeName)> {
    let all = engine.list_containers(&[]).await.unwrap();
    let mounts = all.iter().filter(|one| one.name.as_str() == of).flat_map(|one| &one.mounts);
    mounts.map(|mount| (mount.destination.clone(), VolumeName::new(mount.name.clone()))).collect()
}

fn at(volumes: &[(String, VolumeName)], path: &str) -> VolumeName {
    volumes.iter().find(|(target, _)| target == path).unwrap().1.clone()
}

async fn remove(engine: &Arc<FakeEngine>, service: &str, volumes: bool) {
    let command = Lifecycle::Remove { stop: true, volumes };
    let plan = lifecycle(&project(SHARED), &observed(engine).await, &[service.into()].into(), &command);
    assert!(run(engine, &plan).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn volumes_of_others_stay_where_the_last_container_that_has_them_goes() {
    let engine = brought_up(SHARED).await;
    let volumes = volumes_of(&engine, "p-web-1").await;
    assert_eq!(volumes.len(), 2);
    // `db` is removed without its volumes: after that only `web` has them.
    remove(&engine, "db", false).await;
    remove(&engine, "web", true).await;
    assert!(containers(&engine).await.is_empty());
    assert!(!engine.removed_volumes().contains(&at(&volumes, "/data")), "the data of `db` is there");
}

#[tokio::test(start_paused = true)]
async fn volumes_of_its_own_go_with_a_container_whose_giver_is_there() {
    let engine = brought_up(SHARED).await;
    let volumes = volumes_of(&engine, "p-web-1").await;
    remove(&engine, "web", true).await;
    assert_eq!(engine.removed_volumes(), [at(&volumes, "/own")].into());
}

#[tokio::test(start_paused = true)]
async fn volumes_that_are_given_up_together_with_their_owner_go() {
    let engine = brought_up(SHARED).await;
    let plan = down(&project(SHARED), &observed(&engine).await, &DownOptions { volumes: true, ..Default::default() });
    assert!(run(&engine, &plan).await.is_success());
    assert_eq!(engine.removed_volumes().len(), 2);
    assert!(engine.list_volumes().await.unwrap().is_empty());

    let engine = brought_up(SHARED).await;
    let options = UpOptions { renew_anonymous_volumes: true, ..UpOptions::default() };
    let before = volumes_of(&engine, "p-web-1").await;
    let plan = plan_up(&project(&SHARED.replace("app:1", "app:2")), &observed(&engine).await, &options);
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    let names: BTreeSet<VolumeName> = before.into_iter().map(|(_, name)| name).collect();
    assert_eq!(engine.removed_volumes(), names, "the old volumes, and no new ones");
    assert_eq!(engine.list_volumes().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn renewed_volumes_do_not_cost_those_of_a_container_that_is_gone() {
    let engine = engine();
    let yaml = "services: { web: { image: app:1, volumes: [/own], volumes_from: ['container:other'] } }";
    let other = inception::model::ContainerSpec {
        name: "other".into(),
        image: "app:1".into(),
        mounts: vec![inception::model::MountSpec {
            target: "/data".to_owned(),
            is_read_only: false,
            consistency: None,
            kind: inception::model::MountKind::Anonymous { name: None, nocopy: false },
        }],
        ..Default::default()
    };
    let (id, _) = engine.create_container(&other).await.unwrap();
    let data = at(&volumes_of(&engine, "other").await, "/data");
    assert!(up(&engine, &project(yaml)).await.unwrap().is_success());
    engine.remove_container(&id, RemoveOptions { force: true, volumes: false }).await.unwrap();
    // `other` is created again under its old name, with new volumes.
    engine.create_container(&other).await.unwrap();
    let options = UpOptions { renew_anonymous_volumes: true, ..UpOptions::default() };
    let plan = plan_up(&project(&yaml.replace("app:1", "app:2")), &observed(&engine).await, &options);
    assert!(run(&engine, &plan).await.is_success());
    assert!(!engine.removed_volumes().contains(&data), "the data of the first `other` is there");
}

fn double(id: &str, of: &ObservedNetwork) -> ObservedNetwork {
    ObservedNetwork { id: id.into(), ..of.clone() }
}

/// Returns the ids of the networks.
async fn networks(engine: &FakeEngine) -> Vec<String> {
    engine.list_networks().await.unwrap().into_iter().map(|network| network.id.to_string()).collect()
}

/// A second network of the same name appears while the run creates a container: the engine refuses the ambiguous name.
#[tokio::test(start_paused = true)]
async fn of_doubled_networks_the_one_in_use_stays_whatever_its_id() {
    for smaller in [true, false] {
        let engine = brought_up(WEB).await;
        let used = engine.list_networks().await.unwrap().remove(0);
        let id = if smaller { "0".repeat(64) } else { "f".repeat(64) };
        let two = "services: { web: { image: app:1 }, api: { image: app:1 } }";
        let plan = plan_up(&project(two), &observed(&engine).await, &UpOptions::default());
        engine.add_network(double(&id, &used));
        let outcome = run(&engine, &plan).await;
        assert!(outcome.is_success(), "{smaller}: {:?}", outcome.failures);
        assert_eq!(networks(&engine).await, [used.id.to_string()], "{smaller}");
        // A run whose plan sees both networks keeps the same one.
        engine.add_network(double(&id, &used));
        let outcome = up(&engine, &project(&two.replace("api", "new"))).await.unwrap();
        assert!(outcome.is_success(), "{smaller}: {:?}", outcome.failures);
        assert_eq!(networks(&engine).await, [used.id.to_string()], "{smaller}");
    }
}

/// A late call of a dead run creates the network again, right after this run has created it.
#[tokio::test(start_paused = true)]
async fn of_networks_that_are_made_in_the_same_moment_the_one_with_the_smallest_id_stays() {
    let engine = engine();
    let plan = plan_up(&project(WEB), &observed(&engine).await, &UpOptions::default());
    let twin = Arc::new(engine.client(0));
    let mut is_first = true;
    engine.set_faults(move |call| {
        // The run has created the network and lists it: now the second one appears.
        if call.name == "list_networks" && std::mem::take(&mut is_first) {
            let twin = twin.clone();
            tokio::spawn(async move {
                let made = twin.list_networks().await.unwrap().remove(0);
                assert!(made.labels.contains_key(labels::PROJECT));
                twin.add_network(double(&"0".repeat(64), &made));
            });
        }
        Fault::None
    });
    let outcome = run(&engine, &plan).await;
    assert!(outcome.is_success(), "{:?}", outcome.failures);
    let left = networks(&engine).await;
    assert_eq!(left, ["0".repeat(64)], "every run keeps the smallest id");
}
