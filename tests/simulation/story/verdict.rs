//! Judges a history by its end: whether the state is reached, whether a claimed success is true, what still serves.

use inception::engine::fake::Deed;
use inception::model::{ContainerSpec, ContainerState, ObservedContainer, Project, Service, hash, labels};
use inception::observe;
use inception::plan::{self, Recreate, UpOptions};

use super::program::{End, contents};
use super::{CONVERGES, NOTHING_LEFT, OTHERS, SERVING, Story, TRUTH};
use crate::history::Violation;
use crate::state;
use crate::world::{Kind, World};

impl Story {
    pub(super) async fn claimed(&mut self, project: &Project, options: &UpOptions) {
        let seen = state::look(&self.engine).await;
        let mut differences = state::differences(&seen, project, options);
        // A run leaves a running container alone, also when its restart policy is about to restart it.
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
        // Two runs with `--force-recreate` never end with the same containers.
        differences.retain(|_| options.recreate != Recreate::Force || options.scale.is_empty());
        if !differences.is_empty() {
            self.found.push(Violation::new(TRUTH, differences.join("; ")));
        }
    }

    pub(super) async fn expect_state(&mut self, end: &End, project: &Project, options: &UpOptions) {
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

    pub(super) async fn expect_failure(&mut self, end: &End, project: &Project, after: &World, broken: usize) {
        let is_certain = after.services[&broken].kind == Kind::Broken;
        if end.is_success() && is_certain && !self.is_left_alone(broken).await {
            self.found.push(Violation::new(TRUTH, "success, though one service cannot work"));
        } else if end.is_success() {
            self.claimed(project, &UpOptions::default()).await;
        }
    }

    /// Whether the last run left a container of the broken service alone because the container ran for a moment between
    /// two restarts by its policy.
    async fn is_left_alone(&self, broken: usize) -> bool {
        let last = self.runs.last().map_or(0, |run| run.client);
        let name = format!("s{broken}");
        let is_of_it = |spec: &ContainerSpec| spec.labels.get(labels::SERVICE) == Some(&name);
        !self.engine.history().iter().any(|change| {
            change.client == last && matches!(&change.deed, Deed::Container { spec, .. } if is_of_it(spec))
        })
    }

    /// Expects that the old containers of the broken service still serve, and the old or the new ones of every other
    /// service.
    pub(super) async fn expect_serving(&mut self, before: &World, after: &World, broken: usize, new: &Project) {
        // The new container is the sign that the old one must run. A run on another machine may have removed the new
        // one while a stop of the old one was still under way. Of two runs with different aims, the one that observes
        // last decides.
        let has_met_others = self.has_deaths_beside || self.has_rivals || self.has_late_calls;
        if has_met_others {
            return;
        }
        let seen = state::look(&self.engine).await;
        for (index, old) in &before.services {
            let Some(service) = after.services.get(index) else { continue };
            let is_excused = old.is_off
                || service.is_off
                || after.loses_its_host(before, *index)
                || after.gives_way_to_a_volume(before, *index)
                // A container that ended earlier, or by itself, cannot start again without the broken service.
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

/// Returns how many containers of a service serve. Containers of the definition `bad` cannot serve, so they do not
/// count.
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
