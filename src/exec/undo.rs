//! Gives back what a failed replacement took away. May run twice; what it cannot do it says, with the command that does.

use std::time::Duration;

use super::action::{Created, Runner, resolve};
use crate::model::ContainerId;
use crate::plan::Replacement;

/// What an undo did.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// Whether the old container runs again.
    pub is_restored: bool,
    /// What is left, with the command that cleans it.
    pub leftovers: Vec<String>,
}

impl Runner {
    /// Removes the new container and starts the old one again.
    pub(super) async fn undo(&self, replacement: &Replacement, created: &Created) -> Undone {
        let mut undone = Undone::default();
        if let Some(new) = resolve(&replacement.new, created)
            && let Err(reason) = self.remove_new(&new).await
        {
            undone.leftovers.push(format!(
                "the new container of {} could not be removed ({reason}): `docker rm -f {}`",
                replacement.target,
                new.short()
            ));
        }
        if replacement.was_running {
            match self.start_old(&replacement.old).await {
                Ok(()) => undone.is_restored = true,
                Err(reason) => undone.leftovers.push(format!(
                    "the old container of {} could not be started again ({reason}): `docker start {}`",
                    replacement.target,
                    replacement.old.short()
                )),
            }
        }
        undone
    }

    async fn remove_new(&self, id: &ContainerId) -> Result<(), String> {
        for attempt in 0..3 {
            match self.engine.remove_container(id, true, false).await {
                Ok(()) => return Ok(()),
                Err(error) if attempt == 2 => return Err(error.message),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
        Ok(())
    }

    async fn start_old(&self, id: &ContainerId) -> Result<(), String> {
        for attempt in 0..3 {
            match self.engine.start_container(id).await {
                Ok(()) => return Ok(()),
                Err(error) if attempt == 2 => return Err(error.message),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
        Ok(())
    }
}
