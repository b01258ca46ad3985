//! One seed, one history: A runs, B comes under faults, the faults cease, B must be there.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inception::engine::fake::{Behaviour, Deed, FakeEngine};
use inception::engine::{ChangeEngine, EngineHandle, LogEngine, LogOptions, ReadEngine};
use inception::event::Event;
use inception::exec::{self, ExecSettings, Interrupt, Outcome, Signal, StepError};
use inception::model::{
    ContainerSpec, ContainerState, NetworkSpec, ObservedContainer, Project, Service, VolumeSpec, hash, labels,
};
use inception::observe;
use inception::plan::{self, Content, Contents, DownOptions, Plan, Recreate, UpOptions};

use crate::common;
use crate::faults::{Log, Mix, Script};
use crate::history::{self, RunRecord, Violation};
use crate::random::Random;
use crate::state;
use crate::world::{self, Kind, World};

pub const CONVERGES: &str = "I1: one run without faults reaches the state";
pub const NOTHING_LEFT: &str = "I2: after success nothing is left to do";
pub const TRUTH: &str = "I6: success is claimed only where it is so";
pub const ENDS: &str = "I7: a run ends in time";
pub const SERVING: &str = "the old container serves on where the new one cannot work";
pub const OTHERS: &str = "where one service cannot work, the others serve on";
pub const TOGETHER: &str = "two runs at once that want the same both end well";
pub const SOUND: &str = "plans are sound, and no step fails by a fault of ours";

/// No run takes longer, whatever happens to it: stops that hang take an hour each.
const LIMIT: Duration = Duration::from_secs(8 * 3600);

/// Changes a plan before it runs: a fault that the invariants must notice.
pub type Mutation = fn(&mut Plan);

/// What a run is asked.
#[derive(Clone, Debug)]
enum Command {
    Up(UpOptions),
    Down(DownOptions),
}

/// The client that reads output while others change things.
const READER: u32 = 900;

/// Reads what all containers print, again and again, until it dies.
async fn read_on<T>(engine: FakeEngine) -> T {
    let reading = async {
        loop {
            for one in engine.list_containers(&[]).await.unwrap_or_default() {
                // Whatever becomes of it: a container may be gone by now.
                let _ = engine.logs(&one.id, LogOptions::default()).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        biased;
        () = engine.crashed() => std::future::pending().await,
        never = reading => never,
    }
}

/// How a run ended.
enum End {
    /// The process died.
    Died,
    /// It said that it failed, before it did anything.
    Refused(String),
    Ran(Box<Outcome>),
}

impl End {
    fn is_success(&self) -> bool {
        matches!(self, End::Ran(outcome) if outcome.is_success())
    }

    fn words(&self) -> String {
        match self {
            End::Died => "died".to_owned(),
            End::Refused(why) => format!("refused: {why}"),
            End::Ran(outcome) if outcome.is_success() => "success".to_owned(),
            End::Ran(outcome) => {
                let failures: Vec<String> = outcome.failures.iter().map(|one| cause(&one.error)).collect();
                format!("failure {failures:?} {:?} {:?}", outcome.leftovers, outcome.interrupted)
            }
        }
    }
}

fn cause(error: &StepError) -> String {
    match error {
        StepError::Engine { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}

/// A history under way.
pub struct Story {
    random: Random,
    engine: FakeEngine,
    log: Arc<Mutex<Log>>,
    runs: Vec<RunRecord>,
    mutation: Option<Mutation>,
    has_downs: bool,
    has_deaths: bool,
    /// Whether a run died beside another that went on.
    has_deaths_beside: bool,
    /// Whether two runs that wanted different things met.
    has_rivals: bool,
    /// Whether the engine was still at work on a call when its run had ended: that may stop what was given back.
    has_late_calls: bool,
    pub trace: String,
    pub found: Vec<Violation>,
}

/// What is behind the config of projects that have one.
fn contents() -> Contents {
    let content = Content { digest: "1".to_owned(), bytes: Some(b"said".as_slice().into()) };
    Contents { configs: [("word".to_owned(), content)].into(), ..Contents::default() }
}

/// Plays a seed; returns what was broken, and the trace where it was asked for.
pub fn play(seed: u64, mutation: Option<Mutation>, is_verbose: bool) -> (Vec<Violation>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let log = Arc::new(Mutex::new(Log { is_verbose, ..Log::default() }));
        let mut story = Story {
            random: Random::new(seed),
            engine: FakeEngine::default(),
            log,
            runs: Vec::new(),
            mutation,
            has_downs: false,
            has_deaths: false,
            has_deaths_beside: false,
            has_rivals: false,
            has_late_calls: false,
            trace: String::new(),
            found: Vec::new(),
        };
        story.tell().await;
        (story.found, story.trace)
    })
}

impl Story {
    async fn tell(&mut self) {
        images(&self.engine, &mut self.random);
        self.strangers().await;
        let mut before = world::random(&mut self.random);
        before.has_files = self.random.percent(60);
        let mut after = world::changed(&mut self.random, &before);
        let broken = if self.random.percent(12) { world::break_one(&mut self.random, &mut after) } else { None };
        let (old, new) = (Arc::new(common::project(&before.yaml())), Arc::new(common::project(&after.yaml())));
        self.say(|| format!("--- A\n{}--- B\n{}", before.yaml(), after.yaml()));
        self.quiet_script();
        let has_before = self.random.percent(85);
        if has_before {
            let end = self.run(&old, &Command::Up(UpOptions::default()), None).await;
            self.expect_state(&end, &old, &UpOptions::default()).await;
        }
        if !self.found.is_empty() {
            return;
        }
        self.visitors(&old).await;
        let recreate_volumes = after.made_anew(&before).into_iter().map(|index| format!("v{index}")).collect();
        let remove_orphans = self.random.percent(50);
        let options = UpOptions { remove_orphans, recreate_volumes, ..UpOptions::default() };
        match self.random.below(8) {
            0 | 1 => {}
            2 if broken.is_none() && options.recreate_volumes.is_empty() => {
                self.together(&new, &options, after.is_plain_change_of(&before)).await
            }
            _ => self.disturbed(&old, &new, &options).await,
        }
        self.faults_cease().await;
        let end = self.run(&new, &Command::Up(options.clone()), None).await;
        match broken {
            None => self.expect_state(&end, &new, &options).await,
            Some(index) => {
                self.expect_failure(&end, &new, &after, index).await;
                if has_before && !self.has_downs && self.log.lock().unwrap().mishaps == 0 {
                    self.expect_serving(&before, &after, index, &new).await;
                }
            }
        }
        self.found.extend(history::judge(&self.engine, &self.runs));
    }

    fn say(&mut self, text: impl FnOnce() -> String) {
        if self.log.lock().unwrap().is_verbose {
            let lines = std::mem::take(&mut self.log.lock().unwrap().lines);
            for line in lines {
                writeln!(self.trace, "{line}").unwrap();
            }
            writeln!(self.trace, "{}", text()).unwrap();
        }
    }

    fn script(&mut self, mix: Mix) {
        let mut script = Script::new(self.random.branch(), mix, self.log.clone());
        let born = self.engine.born();
        self.engine.set_script(move |call| script.decide(call, born.elapsed()));
    }

    /// Calls take their time, but nothing goes wrong.
    fn quiet_script(&mut self) {
        self.script(Mix::none());
    }

    async fn faults_cease(&mut self) {
        self.quiet_script();
        self.engine.quiet().await;
        // What is ill gets well.
        tokio::time::sleep(Duration::from_secs(20)).await;
        // Strangers that joined one of our networks leave.
        let seen = state::look(&self.engine).await;
        let world = self.engine.client(0);
        for one in seen.containers.iter().filter(|one| !state::is_ours(&one.labels)) {
            for name in one.networks.keys().filter(|name| name.as_str().starts_with("p_")) {
                world.disconnect_network(name, &one.id).await.unwrap();
            }
        }
        self.say(|| "--- the faults cease".to_owned());
    }

    /// Things of others, with names and labels near ours.
    async fn strangers(&mut self) {
        let world = self.engine.client(0);
        let network = |name: &str| NetworkSpec { name: name.into(), ..NetworkSpec::default() };
        world.create_network(&network("ext-n")).await.unwrap();
        world.create_volume(&VolumeSpec { name: "ext-v".into(), ..VolumeSpec::default() }).await.unwrap();
        let mut all = vec![("pet", vec![])];
        all.push(("other-s0-1", vec![(labels::PROJECT, "other"), (labels::SERVICE, "s0"), (labels::NUMBER, "1")]));
        let elsewhere = vec![
            (labels::PROJECT, "p"),
            (labels::SERVICE, "legacy"),
            (labels::NUMBER, "1"),
            (labels::WORKING_DIR, "/elsewhere"),
            (labels::CONFIG_HASH, "x"),
        ];
        all.push(("p-legacy-1", elsewhere));
        for (name, labels) in all {
            let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let spec = ContainerSpec { name: name.into(), image: "app:1".into(), labels, ..ContainerSpec::default() };
            let (id, _) = world.create_container(&spec).await.unwrap();
            world.start_container(&id).await.unwrap();
        }
    }

    /// Sometimes a stranger joins one of our networks.
    async fn visitors(&mut self, project: &Project) {
        if !self.random.percent(15) {
            return;
        }
        let seen = state::look(&self.engine).await;
        let strangers: Vec<_> = seen.containers.iter().filter(|one| !state::is_ours(&one.labels)).collect();
        let ours = seen.networks.iter().filter(|one| one.name.as_str().starts_with(&format!("{}_", project.name)));
        let endpoint = inception::model::EndpointSpec::default();
        if let Some(network) = ours.max_by_key(|one| one.name.clone()) {
            let visitor = self.random.pick(&strangers);
            let world = self.engine.client(0);
            world.connect_network(&network.name, &visitor.id, &endpoint).await.unwrap();
            self.say(|| format!("--- {} joins {}", visitor.name, network.name));
        }
    }

    /// Some runs under faults; some of them side by side, as from two machines.
    async fn disturbed(&mut self, old: &Arc<Project>, new: &Arc<Project>, options: &UpOptions) {
        for _ in 0..self.random.between(1, 3) {
            let mix = Mix::random(&mut self.random);
            self.say(|| format!("--- {mix:?}"));
            self.script(mix);
            let first = self.command(options);
            // What is to be destroyed by name is destroyed by one run at a time.
            if !self.random.percent(25) || !options.recreate_volumes.is_empty() {
                let signal = self.random.percent(8).then(|| Duration::from_millis(self.random.below(4000)));
                let project = if self.random.percent(85) { new } else { old };
                self.judged(project, &first, signal).await;
                continue;
            }
            let second = self.command(options);
            let other = if self.random.percent(60) { new } else { old };
            let is_plain = |command: &Command| matches!(command, Command::Up(up) if up.recreate != Recreate::Force);
            self.has_rivals |= !Arc::ptr_eq(other, new) || !is_plain(&first) || !is_plain(&second);
            self.both((new, &first), (other, &second)).await;
        }
    }

    /// The same wish from two machines, and nothing goes wrong.
    async fn together(&mut self, project: &Arc<Project>, options: &UpOptions, is_plain: bool) {
        let command = Command::Up(options.clone());
        let ends = self.both((project, &command), (project, &command)).await;
        for end in &ends {
            if is_plain && matches!(end, End::Ran(outcome) if !outcome.is_success()) {
                self.found.push(Violation::new(TOGETHER, end.words()));
            }
        }
        if ends.iter().all(End::is_success) {
            self.claimed(project, options).await;
        }
    }

    fn command(&mut self, options: &UpOptions) -> Command {
        match self.random.below(20) {
            0 => {
                self.has_downs = true;
                Command::Down(DownOptions { remove_orphans: options.remove_orphans, ..DownOptions::default() })
            }
            1 => Command::Up(UpOptions { recreate: Recreate::Force, ..options.clone() }),
            2 => Command::Up(UpOptions { wait: true, ..options.clone() }),
            3 => {
                let scale = (0..6).filter(|_| self.random.percent(30)).map(|index| (format!("s{index}"), 2));
                let scale = scale.map(|(name, count)| (name.as_str().into(), count)).collect();
                self.has_downs = true;
                Command::Up(UpOptions { scale, ..options.clone() })
            }
            _ => Command::Up(options.clone()),
        }
    }

    /// One run alone; where nothing but calls went wrong, its word must be true.
    async fn judged(&mut self, project: &Arc<Project>, command: &Command, signal: Option<Duration>) {
        let mishaps = self.log.lock().unwrap().mishaps;
        self.engine.quiet().await;
        let (reader, has_reader) = (self.engine.client(READER), self.random.percent(20));
        let end = tokio::select! {
            biased;
            end = self.run(project, command, signal) => end,
            never = read_on(reader), if has_reader => never,
        };
        self.has_late_calls |= self.engine.is_at_work();
        // What the engine does after the run has ended is nothing the run could know.
        if self.log.lock().unwrap().mishaps != mishaps || !end.is_success() || self.engine.is_at_work() {
            return;
        }
        if let Command::Up(options) = command {
            self.claimed(project, options).await;
        }
    }

    async fn claimed(&mut self, project: &Project, options: &UpOptions) {
        let seen = state::look(&self.engine).await;
        let mut differences = state::differences(&seen, project, options);
        // What a run finds running, it leaves alone: how often that was restarted before is not for it to judge.
        let last = self.runs.last().map_or(0, |run| run.client);
        let deeds = self.engine.history();
        let is_touched = |one: &ObservedContainer| {
            deeds.iter().any(|change| {
                change.client == last && matches!(&change.deed, Deed::Container { id, .. } if *id == one.id)
            })
        };
        let flapping = seen.containers.iter().filter(|one| one.state == ContainerState::Restarting && !is_touched(one));
        let flapping: Vec<String> = flapping.map(|one| format!("{} is restarting", one.name)).collect();
        differences.retain(|what| !flapping.iter().any(|start| what.starts_with(start)));
        // Forced: two runs of it are never the same.
        differences.retain(|_| options.recreate != Recreate::Force || options.scale.is_empty());
        if !differences.is_empty() {
            self.found.push(Violation::new(TRUTH, differences.join("; ")));
        }
    }

    async fn both(&mut self, first: (&Arc<Project>, &Command), second: (&Arc<Project>, &Command)) -> [End; 2] {
        let one = self.begin(first.0, first.1, None);
        let delay = Duration::from_millis(self.random.below(3000));
        let other = self.begin(second.0, second.1, None);
        let later = async {
            tokio::time::sleep(delay).await;
            other.await
        };
        let (one, other) = tokio::join!(one, later);
        let ends = [self.ended(first.1, one), self.ended(second.1, other)];
        self.has_deaths_beside |= ends.iter().any(|end| matches!(end, End::Died));
        ends
    }

    async fn run(&mut self, project: &Arc<Project>, command: &Command, signal: Option<Duration>) -> End {
        let end = self.begin(project, command, signal).await;
        self.ended(command, end)
    }

    /// Returns a run that is yet to be awaited.
    fn begin(
        &mut self,
        project: &Arc<Project>,
        command: &Command,
        signal: Option<Duration>,
    ) -> impl Future<Output = (u32, Result<(End, String), String>)> + use<> {
        let client = u32::try_from(self.runs.len()).unwrap() + 1;
        let up = match command {
            Command::Up(options) => Some(options.clone()),
            Command::Down(_) => None,
        };
        self.runs.push(RunRecord {
            client,
            project: project.clone(),
            up,
            began: self.engine.now(),
            ended: Duration::MAX,
            has_died: false,
        });
        let engine = Arc::new(self.engine.client(client));
        let is_verbose = self.log.lock().unwrap().is_verbose;
        let (project, command, mutation) = (project.clone(), command.clone(), self.mutation);
        async move {
            let work = async {
                tokio::select! {
                    biased;
                    () = engine.crashed() => Ok((End::Died, String::new())),
                    end = execute(&engine, &project, &command, mutation, signal, is_verbose) => end,
                }
            };
            let end = tokio::time::timeout(LIMIT, work).await;
            (client, end.unwrap_or_else(|_| Err(format!("run {client} has not ended after {} s", LIMIT.as_secs()))))
        }
    }

    fn ended(&mut self, command: &Command, end: (u32, Result<(End, String), String>)) -> End {
        let (client, end) = end;
        if let Some(run) = self.runs.iter_mut().find(|run| run.client == client) {
            run.ended = self.engine.now();
            run.has_died = matches!(end, Ok((End::Died, _)));
        }
        let (end, plan) = end.unwrap_or_else(|unsound| {
            let rule = if unsound.contains("has not ended") { ENDS } else { SOUND };
            self.found.push(Violation::new(rule, unsound.clone()));
            (End::Refused(unsound), String::new())
        });
        self.has_deaths |= matches!(end, End::Died);
        if let End::Ran(outcome) = &end {
            let is_internal = |error: &StepError| matches!(error, StepError::Internal(_));
            let internal = outcome.failures.iter().any(|failure| is_internal(&failure.error))
                || outcome.leftovers.iter().any(|line| line.contains("internal:"));
            if internal {
                self.found.push(Violation::new(SOUND, end.words()));
            }
        }
        let kind = match command {
            Command::Up(options) => {
                format!("up {:?} {:?} orphans={}", options.recreate, options.scale, options.remove_orphans)
            }
            Command::Down(_) => "down".to_owned(),
        };
        self.say(|| format!("--- run {client} ({kind}) ended: {}\n{plan}", end.words()));
        end
    }

    async fn expect_state(&mut self, end: &End, project: &Project, options: &UpOptions) {
        if !end.is_success() {
            self.found.push(Violation::new(CONVERGES, end.words()));
            return;
        }
        let seen = state::look(&self.engine).await;
        let differences = state::differences(&seen, project, options);
        if !differences.is_empty() {
            self.found.push(Violation::new(CONVERGES, format!("after success: {}", differences.join("; "))));
        }
        let observed = observe::observe(&self.engine.client(0), &Default::default()).await.unwrap();
        let next = plan::up(project, &observed, &contents(), options);
        if !next.is_empty() {
            self.found.push(Violation::new(NOTHING_LEFT, plan::render(&next)));
        }
    }

    async fn expect_failure(&mut self, end: &End, project: &Project, after: &World, broken: usize) {
        let is_certain = after.services[&broken].kind == Kind::Broken;
        if end.is_success() && is_certain && !self.is_left_alone(broken).await {
            self.found.push(Violation::new(TRUTH, "success, though one service cannot work"));
        } else if end.is_success() {
            self.claimed(project, &UpOptions::default()).await;
        }
    }

    /// Whether the last run found the broken service running, between two of its ends, and left it alone.
    async fn is_left_alone(&self, broken: usize) -> bool {
        let last = self.runs.last().map_or(0, |run| run.client);
        let name = format!("s{broken}");
        let is_of_it = |spec: &ContainerSpec| spec.labels.get(labels::SERVICE) == Some(&name);
        !self.engine.history().iter().any(|change| {
            change.client == last && matches!(&change.deed, Deed::Container { spec, .. } if is_of_it(spec))
        })
    }

    /// The containers of the broken service that were there before are there still, and so are those of the others: the
    /// old ones or the new ones.
    async fn expect_serving(&mut self, before: &World, after: &World, broken: usize, new: &Project) {
        // A run that stopped it for its network and died before it did more has left no sign that it ever ran.
        let has_left_no_sign = self.has_deaths && !after.has_networks_of(before);
        // A run on another machine may have taken the sign away before the stop that it tells of had come to its end.
        // Of two runs that want different things at once, the last one to look is obeyed.
        let has_met_others = self.has_deaths_beside || self.has_rivals || self.has_late_calls;
        if has_left_no_sign || has_met_others {
            return;
        }
        let seen = state::look(&self.engine).await;
        for (index, old) in &before.services {
            let Some(service) = after.services.get(index) else { continue };
            let is_excused = old.is_off
                || service.is_off
                || after.loses_its_host(before, *index)
                || after.gives_way_to_a_volume(before, *index)
                // What stopped by itself, or by a fault of an earlier run, cannot start again without the broken one.
                || (*index != broken && (old.kind == Kind::Job || (self.runs.len() > 2 && after.depends_on(*index, broken))));
            if is_excused {
                continue;
            }
            let count = old.scale.min(service.scale) as usize;
            let bad = (*index == broken).then(|| new.services.get(format!("s{broken}").as_str())).flatten();
            let serving = serving(&seen, &format!("s{index}"), bad);
            if serving < count {
                let rule = if *index == broken { SERVING } else { OTHERS };
                self.found.push(Violation::new(rule, format!("s{index}: {serving} of {count} serve")));
            }
        }
    }
}

/// Returns how many containers of a service serve: none of the definition `bad`, which cannot.
fn serving(seen: &state::Seen, name: &str, bad: Option<&Service>) -> usize {
    let images = ["broken", "sick"];
    let bad_hash = bad.map(|service| hash::service_hash(&service.canonical, &|_| None));
    let is_bound = |one: &ObservedContainer| {
        one.networks.iter().all(|(name, endpoint)| {
            seen.networks.iter().any(|network| network.name == *name && network.id == endpoint.network_id)
        })
    };
    let is_reachable = |one: &ObservedContainer| {
        let is_attached = one.network_mode.starts_with("container:") || !one.networks.is_empty();
        one.state == ContainerState::Running && is_attached && is_bound(one)
    };
    let serving = seen.containers.iter().filter(|one| {
        state::is_ours(&one.labels)
            && one.service() == Some(name)
            && !images.iter().any(|image| one.image.starts_with(image))
            && (bad_hash.is_none() || one.label(labels::CONFIG_HASH) != bad_hash.as_deref())
            && (one.image.starts_with("job") || is_reachable(one))
    });
    serving.count()
}

/// Looks, plans and runs, as the program does.
async fn execute(
    engine: &Arc<FakeEngine>,
    project: &Project,
    command: &Command,
    mutation: Option<Mutation>,
    signal: Option<Duration>,
    is_verbose: bool,
) -> Result<(End, String), String> {
    let observed = match observe::observe(&**engine, &common::interest(project)).await {
        Ok(observed) => observed,
        Err(error) => return Ok((End::Refused(error.to_string()), String::new())),
    };
    let mut plan = match command {
        Command::Up(options) => plan::up(project, &observed, &contents(), options),
        Command::Down(options) => plan::down(project, &observed, options),
    };
    let text = if is_verbose { plan::render(&plan) } else { String::new() };
    let unsound = plan::lint(&plan);
    if !unsound.is_empty() {
        return Err(format!("{unsound:?}\n{}", plan::render(&plan)));
    }
    if let Some(error) = plan.diagnostics.iter().find(|one| one.is_error()) {
        return Ok((End::Refused(error.message.clone()), text));
    }
    if let Some(mutation) = mutation {
        mutation(&mut plan);
    }
    let settings = ExecSettings { patience: Duration::from_secs(120), ..ExecSettings::default() };
    let handle: EngineHandle = engine.clone();
    let interrupt = Interrupt::default();
    let mut listener = |_: &Event| {};
    let run = exec::run(&plan, handle, settings, &mut listener, &interrupt);
    let outcome = match signal {
        None => run.await,
        Some(after) => {
            let press = async {
                tokio::time::sleep(after).await;
                interrupt.send(Signal::Interrupt);
            };
            tokio::join!(run, press).0
        }
    };
    Ok((End::Ran(Box::new(outcome)), text))
}

/// The images, with behaviours that differ from seed to seed.
fn images(engine: &FakeEngine, random: &mut Random) {
    let mut stops = |codes: &[i64]| (Duration::from_millis(random.below(3000)), *random.pick(codes));
    for version in 1..=2 {
        let (stops_after, stop_code) = stops(&[0, 143, 137]);
        let app = Behaviour { stops_after, stop_code, ..Behaviour::default() };
        engine.add_image(&format!("app:{version}"), &format!("a{version}"), app);
        let (stops_after, stop_code) = stops(&[0, 137]);
        let db = Behaviour {
            has_healthcheck: true,
            healthy_after: Some(stops_after + Duration::from_millis(100)),
            stops_after,
            stop_code,
            ..Behaviour::default()
        };
        engine.add_image(&format!("db:{version}"), &format!("d{version}"), db);
        let (lasts, stop_code) = stops(&[143, 137]);
        let job = Behaviour { exits: Some((lasts, 0)), stop_code, ..Behaviour::default() };
        engine.add_image(&format!("job:{version}"), &format!("c{version}"), job);
    }
    let broken = Behaviour { exits: Some((Duration::from_millis(10), 3)), ..Behaviour::default() };
    engine.add_image("broken:1", "b1", broken);
    engine.add_image("sick:1", "e1", Behaviour { has_healthcheck: true, ..Behaviour::default() });
}
