//! `watch`: brings services up to date with files of this machine, as `develop.watch` says.
//!
//! A change of files (`files`) or the start of a container only says when to look. A look (`tree`) compares contents with
//! the look before; `changes` decides what to do; `sync` and `act` do it. Start at `Watching::run`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::output::subscription;
use super::prepare::{self, UpRequest};
use super::project::Loading;
use super::run::console::Terminal;
use super::run::interrupted;
use super::run::report;
use super::run::session::{self, Session};
use crate::engine::{EngineEvent, EngineHandle, EngineResult, ExecSpec};
use crate::exec::Interrupt;
use crate::failure::{Exit, Failure};
use crate::model::{ContainerId, ContainerState, ObservedContainer, ServiceName, labels};
use crate::plan::ImageOptions;
use crate::settings::Context;
use crate::text::{escape_controls, one_line};
use crate::ui;

mod act;
mod batch;
mod changes;
mod container;
mod files;
mod rules;
mod setup;
mod sync;
mod tree;

use act::filter;
use batch::Batch;
use changes::{Act, Changes, Tree, decide, keep_unreadable};
use files::Files;
use rules::Rule;
use tree::Memory;

/// So often the files are looked at again while new directories come.
const LOOKS: u32 = 10;

/// What `watch` is asked.
#[derive(Clone, Debug, Default)]
pub struct WatchRequest {
    /// Services; empty means all that have rules.
    pub services: Vec<String>,
    /// Do not bring the services up first.
    pub no_up: bool,
    /// Keep the images that a rebuild has taken the name from.
    pub keep_images: bool,
}

/// Runs `watch`. Progress is shown as `builds` says.
pub fn watch(context: &Context, builds: &Context, request: &WatchRequest) -> Result<Exit, Failure> {
    let up = UpRequest {
        services: request.services.clone(),
        images: ImageOptions { build: true, ..ImageOptions::default() },
        detach: true,
        command: "watch",
        ..UpRequest::default()
    };
    let loading = prepare::load(context, &Terminal(context), &up)?;
    session::block_on(async {
        // No signal is missed between what follows.
        let interrupt = session::interrupt()?;
        let mut watching = Watching::new(context, builds, &loading, &request.services)?;
        watching.keeps_images = request.keep_images;
        watching.look_first().await?;
        if !request.no_up {
            act::bring_up(builds, &loading, &up).await?;
        }
        if context.settings.is_dry_run {
            watching.announce();
            return Ok(Exit::SUCCESS);
        }
        let failure = tokio::select! {
            failure = watching.run(&interrupt) => failure,
            failure = ui::failed() => failure,
        };
        Err(failure)
    })
}

/// Services whose files are watched.
pub(in crate::app) struct Watching<'a> {
    context: &'a Context,
    /// The context of rebuilds: `--quiet` hides their progress.
    builds: &'a Context,
    loading: &'a Loading,
    rules: Vec<Rule>,
    /// What the last look has seen, of each rule.
    trees: Vec<Tree>,
    /// Of each rule, the paths that have changed since the beginning. A new container may lack them.
    changed: Vec<BTreeSet<String>>,
    memory: Memory,
    files: Files,
    batch: Batch,
    /// Containers that have been started and are to be synced, with their services.
    started: BTreeMap<ContainerId, ServiceName>,
    /// Paths whose faults have been told.
    told: BTreeSet<PathBuf>,
    /// Whether images that a rebuild has replaced stay.
    keeps_images: bool,
    /// Whether a plan is being carried out.
    is_busy: Rc<Cell<bool>>,
}

impl<'a> Watching<'a> {
    /// Takes the rules of the project; refuses what cannot be watched.
    pub(super) fn new(
        context: &'a Context,
        builds: &'a Context,
        loading: &'a Loading,
        services: &[String],
    ) -> Result<Self, Failure> {
        let (rules, told) = setup::rules(&loading.project, services);
        report::heed(&Terminal(context), told, &loading.sources)?;
        Ok(Self {
            context,
            builds,
            loading,
            trees: vec![Tree::new(); rules.len()],
            changed: vec![BTreeSet::new(); rules.len()],
            rules,
            memory: Memory::default(),
            files: Files::new(),
            batch: Batch::default(),
            started: BTreeMap::new(),
            told: BTreeSet::new(),
            keeps_images: false,
            is_busy: Rc::default(),
        })
    }

    /// Takes what the files are like now. What changes from now on counts, also while the services are brought up.
    pub(super) async fn look_first(&mut self) -> Result<(), Failure> {
        self.look().await.map(drop)
    }

    /// Returns the sign whether a plan is being carried out. The plan is not to be dropped then: it heeds signals itself.
    pub(in crate::app) fn busy_sign(&self) -> Rc<Cell<bool>> {
        self.is_busy.clone()
    }

    /// Says what is watched.
    pub(super) fn announce(&self) {
        for rule in &self.rules {
            let told = escape_controls(&rule.told(&self.loading.project.working_dir)).into_owned();
            ui::tell(&format!("watching for {}: {told}\n", rule.service));
        }
    }

    /// Watches until something ends it; returns what.
    pub(in crate::app) async fn run(&mut self, interrupt: &Interrupt) -> Failure {
        match self.follow(interrupt).await {
            Ok(never) => match never {},
            Err(failure) => failure,
        }
    }

    async fn follow(&mut self, interrupt: &Interrupt) -> Result<std::convert::Infallible, Failure> {
        let session = Session::without_lock(self.context).await?;
        let Some(engine) = session.changing().cloned() else { return Ok(std::future::pending().await) };
        let labels = vec![filter(&self.loading.project)];
        let first = engine.events(&labels, None).await?;
        let mut events = subscription::events(engine.clone(), labels, first);
        self.announce();
        self.note_all(&engine).await?;
        self.batch.touch();
        loop {
            let due = self.batch.due();
            tokio::select! {
                biased;
                signal = interrupt.first() => return Err(interrupted(signal)),
                Some(event) = events.next() => match event {
                    Some(event) => self.on_event(&event),
                    // Starts may have been missed.
                    None => self.note_all(&engine).await?,
                },
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.batch.take();
                    self.on_batch(&engine, interrupt).await?;
                }
                () = self.files.changed() => self.batch.touch(),
            }
        }
    }

    /// Notes a container that was started: its files may be those of its image.
    fn on_event(&mut self, event: &EngineEvent) {
        let service = event.attributes.get(labels::SERVICE).map(|name| ServiceName::from(name.as_str()));
        let is_oneoff = event.attributes.get(labels::ONEOFF).is_some_and(|word| word.eq_ignore_ascii_case("true"));
        if let Some(service) = service.filter(|_| event.action == "start" && !is_oneoff) {
            self.started.insert(event.id.clone(), service);
            self.batch.touch();
        }
    }

    /// Notes all containers that run.
    async fn note_all(&mut self, engine: &EngineHandle) -> Result<(), Failure> {
        for service in self.services() {
            let running = self.running(engine, &service).await?;
            self.started.extend(running.into_iter().map(|one| (one.id, service.clone())));
        }
        self.batch.touch();
        Ok(())
    }

    fn services(&self) -> BTreeSet<ServiceName> {
        self.rules.iter().map(|rule| rule.service.clone()).collect()
    }

    async fn running(&self, engine: &EngineHandle, service: &ServiceName) -> EngineResult<Vec<ObservedContainer>> {
        let labels = [filter(&self.loading.project), format!("{}={service}", labels::SERVICE)];
        let mut found = engine.list_containers(&labels).await?;
        found.retain(|one| one.state == ContainerState::Running && !one.is_oneoff());
        Ok(found)
    }

    /// Looks at the files until no new directory has come, and returns what has changed in each rule since the last look.
    async fn look(&mut self) -> Result<Vec<Changes>, Failure> {
        let before = self.trees.clone();
        for _ in 0..LOOKS {
            let (mut memory, rules) = (std::mem::take(&mut self.memory), self.rules.clone());
            let looking = tokio::task::spawn_blocking(move || {
                let seen = memory.look(&rules);
                (memory, seen)
            });
            let (memory, mut seen) = looking.await.map_err(|error| Failure::Other(error.into()))?;
            self.memory = memory;
            for (index, tree) in seen.trees.iter_mut().enumerate() {
                keep_unreadable(&self.trees[index], tree, &seen.unreadable[index]);
            }
            self.trees = seen.trees;
            for (path, words) in seen.faults {
                if self.told.insert(path.clone()) {
                    let path = path.to_string_lossy();
                    ui::tell(&format!("warning: `{}` is not watched: {words}\n", escape_controls(&path)));
                }
            }
            let (has_new, warning) = self.files.follow(&seen.directories);
            if let Some(words) = warning {
                ui::tell(&format!("warning: {}\n", escape_controls(&words)));
            }
            if !has_new {
                break;
            }
        }
        Ok(before.iter().zip(&self.trees).map(|(before, after)| Changes::between(before, after)).collect())
    }

    /// Looks at the files, and does what their changes ask for; then brings started containers up to date.
    async fn on_batch(&mut self, engine: &EngineHandle, interrupt: &Interrupt) -> Result<(), Failure> {
        let changes = self.look().await?;
        for (known, changes) in self.changed.iter_mut().zip(&changes) {
            known.extend(changes.written.iter().chain(&changes.removed).cloned());
        }
        for act in decide(&self.rules, &changes) {
            match &act {
                Act::Rebuild(services) => self.rebuild(engine, services, &changes).await?,
                Act::Restart(services) => self.restart(services).await?,
                Act::Sync(index) => {
                    let work = self.sync_all(engine, *index, &changes[*index]);
                    heeding(interrupt, work).await?;
                }
                Act::Exec(index) => heeding(interrupt, self.exec_all(engine, *index)).await?,
            }
        }
        for (id, service) in std::mem::take(&mut self.started) {
            heeding(interrupt, self.catch_up(engine, &id, &service)).await?;
        }
        Ok(())
    }

    async fn rebuild(
        &self,
        engine: &EngineHandle,
        services: &BTreeSet<ServiceName>,
        changes: &[Changes],
    ) -> Result<(), Failure> {
        for (rule, changes) in self.rules.iter().zip(changes).filter(|(_, changes)| !changes.is_empty()) {
            if services.contains(&rule.service) {
                ui::tell(&format!("{}: rebuilding after a change of {}\n", rule.service, changes.told()));
            }
        }
        let prunes = !self.keeps_images;
        self.busy(act::rebuild(self.builds, engine, self.loading, services, prunes)).await
    }

    async fn restart(&self, services: &BTreeSet<ServiceName>) -> Result<(), Failure> {
        self.busy(act::restart(self.context, self.loading, services)).await
    }

    /// Awaits a plan. Its failure is told, and the watching goes on; a signal ends the watching.
    async fn busy(&self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.is_busy.set(true);
        let result = work.await;
        self.is_busy.set(false);
        match result {
            Err(failure @ Failure::Interrupted(_)) => Err(failure),
            Err(failure) => {
                ui::failure(self.context, &failure);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Puts the changes of a rule into all running containers of its service.
    async fn sync_all(&self, engine: &EngineHandle, index: usize, changes: &Changes) {
        let (rule, tree) = (&self.rules[index], &self.trees[index]);
        let found = match self.running(engine, &rule.service).await {
            Ok(found) => found,
            Err(error) => return tell_failure(&rule.service, "cannot look at its containers", &error.message),
        };
        let mut names = Vec::new();
        for one in &found {
            match sync::sync(engine, &one.id, rule, tree, changes).await {
                Ok(_) => names.push(one.name.as_str()),
                Err(error) => tell_failure(one.name.as_str(), "cannot sync", &error.message),
            }
        }
        let (service, what) = (&rule.service, changes.told());
        match (names.as_slice(), found.is_empty()) {
            (_, true) => ui::tell(&format!("{service}: {what} will be synced once a container runs\n")),
            ([], false) => {}
            (names, false) => ui::tell(&format!("{service}: synced {what} to {}\n", names.join(", "))),
        }
    }

    /// Brings a container that was started up to date: with `initial_sync` by all files, else by those that have changed since
    /// the beginning.
    async fn catch_up(&self, engine: &EngineHandle, id: &ContainerId, service: &ServiceName) {
        let rules = self.rules.iter().enumerate().filter(|(_, rule)| rule.service == *service && rule.action.syncs());
        for (index, rule) in rules {
            let tree = &self.trees[index];
            let known = self.changed[index].iter();
            let changes = match rule.initial_sync {
                true => Changes::of_paths(tree.keys().chain(known), tree),
                false => Changes::of_paths(known, tree),
            };
            if changes.is_empty() {
                continue;
            }
            match sync::sync(engine, id, rule, tree, &changes).await {
                Ok(0) => {}
                Ok(count) => {
                    let noun = if count == 1 { "file" } else { "files" };
                    ui::tell(&format!(
                        "{service}: synced {count} {noun} to the container {} at its start\n",
                        id.short()
                    ));
                }
                // The container is gone by now.
                Err(error) if error.is_not_found() => {}
                Err(error) => tell_failure(service.as_str(), "cannot sync", &error.message),
            }
        }
    }

    /// Runs the command of a rule in all running containers of its service.
    async fn exec_all(&self, engine: &EngineHandle, index: usize) {
        let rule = &self.rules[index];
        let Some(hook) = &rule.exec else { return };
        let spec = ExecSpec::from(hook);
        for one in self.running(engine, &rule.service).await.unwrap_or_default() {
            match engine.exec(&one.id, &spec).await {
                Ok(done) => {
                    let lines = done.output.lines().map(|line| format!("{}: {}\n", one.name, escape_controls(line)));
                    ui::tell(&lines.collect::<String>());
                    if done.exit_code != 0 {
                        let words = format!("`exec` ended with code {}", done.exit_code);
                        ui::tell(&format!("warning: {}: {words}\n", one.name));
                    }
                }
                Err(error) => tell_failure(one.name.as_str(), "cannot run `exec`", &error.message),
            }
        }
    }
}

/// Awaits work that a signal may end at any moment.
async fn heeding(interrupt: &Interrupt, work: impl Future<Output = ()>) -> Result<(), Failure> {
    tokio::select! {
        biased;
        signal = interrupt.first() => Err(interrupted(signal)),
        () = work => Ok(()),
    }
}

fn tell_failure(who: impl std::fmt::Display, what: &str, why: &str) {
    ui::tell(&format!("warning: {who}: {what}: {}\n", one_line(why)));
}
