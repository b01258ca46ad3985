//! A container in time: what it does by itself, and what its restart policy makes of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{
    ContainerId, ContainerName, ContainerSpec, ContainerState, Health, ImageId, NetworkId, NetworkName, RestartPolicy,
    VolumeName,
};

/// Compat: the engine's defaults, three failed probes at an interval of 30 s.
const UNHEALTHY_AFTER: Duration = Duration::from_secs(90);
/// Compat: the engine's first pause before a restart; doubled up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Compat: the engine's longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Alive for this long without a health check counts as having been up.
const SETTLED: Duration = crate::plan::SETTLE;

/// How containers of an image behave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Ends by itself, with this code.
    pub exits: Option<(Duration, i64)>,
    /// Becomes healthy after this long; `None` never does.
    pub healthy_after: Option<Duration>,
    /// Has a health check.
    pub has_healthcheck: bool,
    /// How long it takes to end when it is told to.
    pub stops_after: Duration,
    /// The code it ends with when it is told to.
    pub stop_code: i64,
}

/// When a container was last seen in a state that others wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Running.
    pub running: Option<Instant>,
    /// Healthy.
    pub healthy: Option<Instant>,
    /// Ended with code 0.
    pub completed: Option<Instant>,
    /// Whether it ever was up: healthy where it has a check, alive for a while or ended well where it has none.
    pub was_up: bool,
}

/// What a container is doing.
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
    /// Told to stop: when it ends.
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
    /// Ids are known once it has run.
    pub networks: BTreeMap<NetworkName, Option<NetworkId>>,
    /// Fixed addresses on them.
    pub addresses: BTreeMap<NetworkName, String>,
    /// Its anonymous volumes, and those that it shares by `volumes_from`.
    pub anonymous: Vec<Anonymous>,
    pub created: i64,
    pub behaviour: Behaviour,
    pub phase: Phase,
    /// When it last started.
    pub started: Option<Instant>,
    pub restarts: u64,
    /// Somebody stopped it: its restart policy waits.
    pub is_stopped_by_hand: bool,
    /// The engine's words about the last start.
    pub error: String,
    pub marks: Marks,
}

impl Container {
    /// Lets time pass until `now`; returns the engine's events for what happened.
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

    /// Returns when a run ends and with which code.
    fn end_of(&self, run: &Run) -> Option<(Instant, i64)> {
        if run.is_paused {
            return None;
        }
        let own = self.behaviour.exits.map(|(after, code)| (run.since + after, code));
        let told = run.stops_at.map(|at| (at, self.behaviour.stop_code));
        own.into_iter().chain(told).min()
    }

    /// Returns when something will happen to it next by itself.
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

    /// Ends a run; the restart policy decides what follows.
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
            // It has been started, and its policy starts it again.
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
