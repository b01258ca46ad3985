//! A container over time: what it does by itself, and what its restart policy does then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{
    ContainerId, ContainerName, ContainerSpec, ContainerState, Health, ImageId, NetworkId, NetworkName, RestartPolicy,
    VolumeName,
};

/// Compat: three failed probes at an interval of 30 s, the engine's defaults.
const UNHEALTHY_AFTER: Duration = Duration::from_secs(90);
/// Compat: the engine's first pause before a restart. Each further pause is twice as long, up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Compat: the engine's longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A container without a health check counts as up after this time, the same as in `plan`.
const SETTLED: Duration = Duration::from_millis(300);

/// How containers of an image behave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// The container ends by itself after this time, with this exit code.
    pub exits: Option<(Duration, i64)>,
    /// The container becomes healthy after this time; with `None` never.
    pub healthy_after: Option<Duration>,
    /// The image has a health check.
    pub has_healthcheck: bool,
    /// Time between the stop signal and the end.
    pub stops_after: Duration,
    /// Exit code after a stop signal.
    pub stop_code: i64,
}

/// When a container was last in a state that others wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Last seen running.
    pub running: Option<Instant>,
    /// Last seen healthy.
    pub healthy: Option<Instant>,
    /// Last end with exit code 0.
    pub completed: Option<Instant>,
    /// Whether the container ever was up: healthy, or without a health check alive for a while or ended with exit code
    /// 0.
    pub was_up: bool,
}

/// The phase of a container's life.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    Created,
    Running(Run),
    Restarting { until: Instant, code: i64, pause: Duration },
    Exited { code: i64 },
}

/// One run of a container.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub since: Instant,
    pub is_paused: bool,
    /// The time of the end after a stop signal.
    pub stops_at: Option<Instant>,
    pub ill_until: Option<Instant>,
    pause: Duration,
}

impl Run {
    fn new(since: Instant) -> Self {
        Self { since, is_paused: false, stops_at: None, ill_until: None, pause: FIRST_PAUSE }
    }
}

/// The path at which a container has an anonymous volume, and the volume.
pub(super) type Anonymous = (String, VolumeName);

pub(super) struct Container {
    pub id: ContainerId,
    pub spec: Arc<ContainerSpec>,
    pub name: ContainerName,
    pub image_id: ImageId,
    /// The networks, each with its id after the first start.
    pub networks: BTreeMap<NetworkName, Option<NetworkId>>,
    /// Fixed addresses by network.
    pub addresses: BTreeMap<NetworkName, String>,
    /// The container's anonymous volumes, and those that it shares by `volumes_from`.
    pub anonymous: Vec<Anonymous>,
    pub created: i64,
    pub behaviour: Behaviour,
    pub phase: Phase,
    /// Time of the last start.
    pub started: Option<Instant>,
    pub restarts: u64,
    /// Somebody has stopped the container, so the restart policy does not act.
    pub is_stopped_by_hand: bool,
    /// The engine's message about the last failed start.
    pub error: String,
    pub marks: Marks,
}

impl Container {
    /// Lets time pass until `now`. Returns the events of that time.
    pub(super) fn advance(&mut self, now: Instant) -> Vec<&'static str> {
        let mut events = Vec::new();
        loop {
            match &self.phase {
                Phase::Running(run) => match self.end_of(run).filter(|(at, _)| *at <= now) {
                    Some((at, code)) => {
                        self.mark(at);
                        self.end(at, code);
                        events.push("die");
                    }
                    None => break,
                },
                Phase::Restarting { until, pause, .. } if *until <= now => {
                    self.started = Some(*until);
                    self.phase = Phase::Running(Run { pause: (*pause * 2).min(LONGEST_PAUSE), ..Run::new(*until) });
                    self.restarts += 1;
                    events.push("start");
                }
                Phase::Restarting { .. } | Phase::Created | Phase::Exited { .. } => break,
            }
        }
        self.mark(now);
        events
    }

    /// Returns the end of a run: the time and the exit code.
    fn end_of(&self, run: &Run) -> Option<(Instant, i64)> {
        if run.is_paused {
            return None;
        }
        let own = self.behaviour.exits.map(|(after, code)| (run.since + after, code));
        let told = run.stops_at.map(|at| (at, self.behaviour.stop_code));
        own.into_iter().chain(told).min()
    }

    /// Returns the time of the next change that the container makes by itself.
    pub(super) fn next_change(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Running(run) => {
                let end = self.end_of(run).map(|(at, _)| at);
                end.into_iter().chain(self.becomes_healthy_at()).filter(|at| *at > Instant::now()).min()
            }
            Phase::Restarting { until, .. } => Some(*until),
            Phase::Created | Phase::Exited { .. } => None,
        }
    }

    pub(super) fn becomes_healthy_at(&self) -> Option<Instant> {
        let Phase::Running(run) = &self.phase else { return None };
        let after = self.behaviour.healthy_after.filter(|_| self.behaviour.has_healthcheck)?;
        Some(run.since + after)
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.phase = Phase::Running(Run::new(now));
        self.started = Some(now);
        self.restarts = 0;
        self.is_stopped_by_hand = false;
        self.error.clear();
    }

    /// Ends a run. The restart policy decides what follows.
    pub(super) fn end(&mut self, at: Instant, code: i64) {
        let Phase::Running(run) = &self.phase else { return };
        let is_told = run.stops_at.is_some() || self.is_stopped_by_hand;
        let goes_on = !is_told
            && match self.spec.restart {
                RestartPolicy::No => false,
                RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
                RestartPolicy::OnFailure(most) => code != 0 && (most == 0 || self.restarts < u64::from(most)),
            };
        let pause = if at.duration_since(run.since) > Duration::from_secs(10) { FIRST_PAUSE } else { run.pause };
        self.phase = match goes_on {
            true => Phase::Restarting { until: at + pause, code, pause },
            false => Phase::Exited { code },
        };
        if code == 0 {
            self.marks.completed = Some(at);
        }
    }

    fn mark(&mut self, now: Instant) {
        let (state, health) = (self.state(), self.health(now));
        match &self.phase {
            Phase::Running(run) if state == ContainerState::Running => {
                self.marks.running = Some(now);
                let is_alive = health == Health::None && now.duration_since(run.since) >= SETTLED;
                self.marks.was_up |= health == Health::Healthy || is_alive;
            }
            // The container was started, and its restart policy will start it again.
            Phase::Restarting { .. } => self.marks.running = Some(now),
            Phase::Exited { code: 0 } => self.marks.was_up |= self.marks.completed.is_some(),
            _ => {}
        }
        match (state, health) {
            (ContainerState::Running, Health::Healthy) => self.marks.healthy = Some(now),
            (ContainerState::Exited, _) if self.exit_code() == 0 => self.marks.completed = Some(now),
            _ => {}
        }
    }

    pub(super) fn state(&self) -> ContainerState {
        match &self.phase {
            Phase::Created => ContainerState::Created,
            Phase::Running(run) if run.is_paused => ContainerState::Paused,
            Phase::Running(_) => ContainerState::Running,
            Phase::Restarting { .. } => ContainerState::Restarting,
            Phase::Exited { .. } => ContainerState::Exited,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Running(_))
    }

    pub(super) fn exit_code(&self) -> i64 {
        match &self.phase {
            Phase::Restarting { code, .. } | Phase::Exited { code } => *code,
            Phase::Created | Phase::Running(_) => 0,
        }
    }

    pub(super) fn health(&self, now: Instant) -> Health {
        let Phase::Running(run) = &self.phase else { return Health::None };
        if !self.behaviour.has_healthcheck {
            return Health::None;
        }
        if run.ill_until.is_some_and(|until| now < until) {
            return Health::Unhealthy;
        }
        let age = now.duration_since(run.since);
        match self.behaviour.healthy_after {
            Some(after) if age >= after => Health::Healthy,
            None if age >= UNHEALTHY_AFTER => Health::Unhealthy,
            _ => Health::Starting,
        }
    }
}
