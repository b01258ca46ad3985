//! The world acts while calls are under way: engines restart, containers die, users act by hand.

use std::time::Duration;

use tokio::time::Instant;

use super::container::{Container, Phase};
use super::faults::Mishap;
use super::history::Done;
use super::state::State;
use crate::model::{ContainerId, RestartPolicy};

impl State {
    pub(super) fn befall(&mut self, mishap: &Mishap) {
        self.actor = 0;
        match mishap {
            Mishap::EngineRestarts { down } => self.restart_engine(*down),
            Mishap::Dies(which) => self.die(*which),
            Mishap::FallsIll { which, lasts } => {
                let until = Instant::now() + *lasts;
                if let Some(id) = self.pick(*which, |one| one.is_up() && one.behaviour.has_healthcheck)
                    && let Ok(container) = self.container(id.as_str())
                    && let Phase::Running(run) = &mut container.phase
                {
                    run.ill_until = Some(until);
                    self.tell(&id, "health_status: unhealthy");
                }
            }
            Mishap::IsStopped(which) => {
                if let Some(id) = self.pick(*which, Container::is_up) {
                    self.end_now(&id);
                    self.note_container(&id, Done::Stopped);
                }
            }
            Mishap::IsRemoved(which) => {
                if let Some(id) = self.pick(*which, |_| true) {
                    self.remove(&id);
                }
            }
            Mishap::IsDisconnected(which) => {
                if let Some(id) = self.pick(*which, |one| one.is_up() && !one.networks.is_empty())
                    && let Ok(container) = self.container(id.as_str())
                {
                    // The fixed address is lost with the endpoint.
                    if let Some((network, _)) = container.networks.pop_first() {
                        container.addresses.remove(&network);
                    }
                }
            }
        }
    }

    /// Chooses a container that has a project's label.
    fn pick(&self, which: u64, is_possible: impl Fn(&Container) -> bool) -> Option<ContainerId> {
        let labelled = |one: &&Container| one.spec.labels.contains_key(crate::model::labels::PROJECT);
        let all: Vec<&Container> = self.containers.iter().filter(labelled).filter(|one| is_possible(one)).collect();
        let index = usize::try_from(which).unwrap_or_default().checked_rem(all.len())?;
        all.get(index).map(|one| one.id.clone())
    }

    fn die(&mut self, which: u64) {
        if let Some(id) = self.pick(which, Container::is_up)
            && let Ok(container) = self.container(id.as_str())
        {
            container.end(Instant::now(), 137);
            self.tell(&id, "die");
        }
    }

    fn end_now(&mut self, id: &ContainerId) {
        if let Ok(container) = self.container(id.as_str()) {
            container.is_stopped_by_hand = true;
            let code = container.behaviour.stop_code;
            container.end(Instant::now(), code);
            self.tell(id, "die");
        }
    }

    /// Compat: without live-restore all containers end with the engine. The engine then starts those with a restart
    /// policy.
    fn restart_engine(&mut self, down: Duration) {
        let back = Instant::now() + down;
        std::mem::take(&mut self.life).cancel();
        self.down_until = Some(back);
        self.reserved.clear();
        let networks = &self.networks;
        for container in &mut self.containers {
            let comes_back = match container.spec.restart {
                RestartPolicy::Always => !matches!(container.phase, Phase::Created),
                RestartPolicy::UnlessStopped => {
                    !container.is_stopped_by_hand && !matches!(container.phase, Phase::Created)
                }
                RestartPolicy::No | RestartPolicy::OnFailure(_) => false,
            };
            let pause = Duration::from_millis(100);
            match &container.phase {
                Phase::Running(_) | Phase::Restarting { .. } | Phase::Exited { .. } if comes_back => {
                    container.phase = Phase::Restarting { until: back, code: 137, pause };
                    for (name, bound) in container.networks.iter_mut().filter(|(_, bound)| bound.is_none()) {
                        *bound = networks.iter().find(|one| one.name == *name).map(|one| one.id.clone());
                    }
                }
                Phase::Running(_) | Phase::Restarting { .. } => container.phase = Phase::Exited { code: 137 },
                Phase::Created | Phase::Exited { .. } => {}
            }
        }
    }
}
