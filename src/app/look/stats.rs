//! `stats`: what containers use, once or once a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::replica;
use crate::app::project::{self, Found};
use crate::app::run::{interrupted, session};
use crate::engine::{ReadEngine, StatsSample};
use crate::failure::{Exit, Failure};
use crate::model::{ContainerId, ContainerState, ObservedContainer};
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Format, StatsRow, Use};
use crate::ui::live::Screen;

/// Time between two tables.
const TICK: Duration = Duration::from_secs(1);
/// So many tables are waited for until every container has told something.
const PATIENCE: u32 = 4;

/// The request of `stats`.
#[derive(Clone, Debug, Default)]
pub struct StatsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--all`: also containers that do not run.
    pub all: bool,
    /// `--no-stream`.
    pub is_once: bool,
    /// `--no-trunc`.
    pub is_whole: bool,
    /// `--format`.
    pub format: Format,
}

/// Runs `stats`, until a signal comes.
pub fn stats(context: &Context, request: &StatsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let table = Table { found: &found, request };
        if request.is_once {
            let once = async {
                let list = table.containers(&*engine).await?;
                let samples = join_all(list.iter().map(|one| second_sample(&*engine, one))).await;
                let all =
                    list.iter().zip(samples).filter_map(|(one, sample)| Some((one.id.clone(), sample?))).collect();
                table.text(None, &list, &all)
            };
            ui::print_owned(session::answer(&interrupt, once).await?);
            return Ok(Exit::SUCCESS);
        }
        // A service that nobody knows is told before anything else.
        session::answer(&interrupt, table.containers(&*engine)).await?;
        tokio::select! {
            result = again_and_again(&engine, &table) => result,
            signal = interrupt.first() => Err(interrupted(signal)),
            failure = ui::failed() => Err(failure),
        }
    })
}

/// Returns the second sample of a container that runs: processors are counted from one sample to the next. A container that
/// has ended meanwhile gives what it gave.
async fn second_sample(engine: &dyn ReadEngine, container: &ObservedContainer) -> Option<StatsSample> {
    if !is_live(container) {
        return None;
    }
    let samples = engine.stats(&container.id).await.ok()?.take(2).collect::<Vec<_>>().await;
    samples.into_iter().filter_map(Result::ok).next_back()
}

fn is_live(container: &ObservedContainer) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Paused)
}

type Samples = BTreeMap<ContainerId, StatsSample>;

/// The newest samples, and who reads them.
#[derive(Default)]
struct Readers {
    samples: Arc<Mutex<Samples>>,
    tasks: BTreeMap<ContainerId, JoinHandle<()>>,
}

impl Readers {
    /// Reads all containers that run, and no others.
    fn follow(&mut self, engine: &Arc<dyn ReadEngine>, list: &[ObservedContainer]) {
        let is_followed = |id: &ContainerId| list.iter().any(|one| one.id == *id && is_live(one));
        self.tasks.retain(|id, task| {
            let stays = is_followed(id) && !task.is_finished();
            if !stays {
                task.abort();
                lock(&self.samples).remove(id);
            }
            stays
        });
        for one in list.iter().filter(|one| is_live(one)) {
            let (engine, samples, id) = (Arc::clone(engine), Arc::clone(&self.samples), one.id.clone());
            self.tasks.entry(one.id.clone()).or_insert_with(|| {
                tokio::spawn(async move {
                    let Ok(mut stream) = engine.stats(&id).await else { return };
                    while let Some(Ok(sample)) = stream.next().await {
                        lock(&samples).insert(id.clone(), sample);
                    }
                })
            });
        }
    }
}

fn lock(samples: &Mutex<Samples>) -> MutexGuard<'_, Samples> {
    samples.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws a table a second. Containers come and go.
async fn again_and_again(engine: &Arc<dyn ReadEngine>, table: &Table<'_>) -> Result<Exit, Failure> {
    let mut readers = Readers::default();
    let mut screen = Screen::begin();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waited = 0;
    loop {
        ticks.tick().await;
        let list = table.containers(&**engine).await?;
        readers.follow(engine, &list);
        let samples = lock(&readers.samples).clone();
        let is_whole = list.iter().all(|one| !is_live(one) || samples.contains_key(&one.id));
        if is_whole || waited >= PATIENCE {
            let text = table.text(screen.columns(), &list, &samples)?;
            screen.draw(&text);
        } else {
            waited += 1;
        }
    }
}

struct Table<'a> {
    found: &'a Found,
    request: &'a StatsRequest,
}

impl Table<'_> {
    async fn containers(&self, engine: &dyn ReadEngine) -> Result<Vec<ObservedContainer>, Failure> {
        let list = replica::containers(engine, self.found.name()).await?;
        let mut list = replica::of_services(list, self.found, &self.request.services)?;
        list.retain(|one| self.request.all || is_live(one));
        Ok(list)
    }

    /// Returns the table, for a screen with so many columns.
    fn text(&self, columns: Option<usize>, list: &[ObservedContainer], samples: &Samples) -> Result<String, Failure> {
        let rows: Vec<StatsRow> = list.iter().map(|one| self.row(one, samples.get(&one.id))).collect();
        listing::render_on(columns, &self.request.format, &rows)
    }

    fn row(&self, container: &ObservedContainer, sample: Option<&StatsSample>) -> StatsRow {
        let project = match self.found {
            Found::File(loading) => Some(&loading.project),
            Found::Labels(_) => None,
        };
        let service = container.service().and_then(|name| project?.service(name));
        let limits = service.map(|service| &service.limits);
        // What does not run uses nothing.
        let usage = sample.map(usage).or_else(|| (!is_live(container)).then(Use::default));
        StatsRow {
            id: container.id.to_string(),
            name: container.name.to_string(),
            usage,
            cpus: limits.map(|limits| limits.nano_cpus).filter(|cpus| *cpus > 0).map(|cpus| cpus as f64 / 1e9),
            memory: limits.and_then(|limits| u64::try_from(limits.memory).ok()).filter(|limit| *limit > 0),
            is_whole: self.request.is_whole,
        }
    }
}

fn usage(sample: &StatsSample) -> Use {
    let networks = sample.networks.values();
    let (received, sent) = networks.fold((0_u64, 0_u64), |(received, sent), one| {
        (received.saturating_add(one.received), sent.saturating_add(one.sent))
    });
    Use {
        cpu: sample.cpu_percent(),
        memory: sample.memory.used,
        memory_limit: sample.memory.limit,
        received,
        sent,
        read: sample.block.read,
        written: sample.block.written,
        pids: sample.pids,
    }
}
