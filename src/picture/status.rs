//! How a service is, in a few words.

use crate::model::{ContainerState, Health, ObservedContainer};

use super::chart::{Mood, Status};

/// Returns how a service is, by its containers. Of several containers that are not alike, the worst state is told, with the
/// number of containers in it.
pub fn of_containers<'a>(containers: impl IntoIterator<Item = &'a ObservedContainer>) -> Status {
    let mut all: Vec<Status> = containers.into_iter().map(of_container).collect();
    let count = all.len();
    // The worst comes first. The sort keeps the order of the replicas otherwise.
    all.sort_by_key(|status| match status.mood {
        Mood::Bad => 0,
        Mood::Waiting => 1,
        Mood::Quiet => 2,
        Mood::Good => 3,
    });
    let Some(worst) = all.first().cloned() else {
        return Status { words: "not created".to_owned(), mood: Mood::Quiet };
    };
    let same = all.iter().filter(|status| status.words == worst.words).count();
    let words = match (count, same) {
        (1, _) => worst.words,
        (count, same) if count == same => format!("all {count} {}", worst.words),
        (count, same) => format!("{same} of {count} {}", worst.words),
    };
    Status { words, mood: worst.mood }
}

fn of_container(container: &ObservedContainer) -> Status {
    let (words, mood) = match (container.state, container.health, container.exit_code) {
        (ContainerState::Running, Health::Healthy, _) => ("healthy".to_owned(), Mood::Good),
        (ContainerState::Running, Health::Starting, _) => ("not healthy yet".to_owned(), Mood::Waiting),
        (ContainerState::Running, Health::Unhealthy, _) => ("unhealthy".to_owned(), Mood::Bad),
        (ContainerState::Running, Health::None, _) => ("running".to_owned(), Mood::Good),
        (ContainerState::Exited, _, Some(0)) => ("completed".to_owned(), Mood::Quiet),
        (ContainerState::Exited, _, Some(code)) => (format!("exited with {code}"), Mood::Bad),
        (ContainerState::Exited, _, None) => ("exited".to_owned(), Mood::Quiet),
        (ContainerState::Created, ..) => ("created, not started".to_owned(), Mood::Waiting),
        (ContainerState::Paused, ..) => ("paused".to_owned(), Mood::Waiting),
        (ContainerState::Restarting, ..) => ("restarting".to_owned(), Mood::Bad),
        (ContainerState::Removing, ..) => ("being removed".to_owned(), Mood::Waiting),
        (ContainerState::Dead, ..) => ("dead".to_owned(), Mood::Bad),
        (ContainerState::Unknown, ..) => ("in an unknown state".to_owned(), Mood::Waiting),
    };
    Status { words, mood }
}
