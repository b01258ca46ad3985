//! Gives back what a failed replacement took away. May run twice; what it cannot do it says, with the command that does.

use std::time::Duration;

use super::action::{Created, Runner, resolve};
use crate::engine::EngineResult;
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
    /// Removes the new container and starts the old one again; where the old one is gone, the new one stays.
    pub(super) async fn undo(&self, replacement: &Replacement, created: &Created) -> Undone {
        let mut undone = Undone::default();
        let new = resolve(&replacement.new, created);
        match attempt(|| self.exists(&replacement.old)).await {
            Ok(true) => {}
            // Another run has finished the replacement: the new one is all there is.
            Ok(false) => return undone,
            Err(reason) => {
                undone.leftovers.push(format!(
                    "the replacement of {} is half done, and the engine does not say how far ({reason}): run the same \
                     command again",
                    replacement.target
                ));
                return undone;
            }
        }
        if let Some(new) = new
            && let Err(reason) = attempt(|| self.engine.remove_container(&new, true, false)).await
        {
            undone.leftovers.push(format!(
                "the new container of {} could not be removed ({reason}): `docker rm -f {}`",
                replacement.target,
                new.short()
            ));
        }
        for endpoint in &replacement.reconnects {
            let network = &endpoint.network;
            if let Err(reason) = attempt(|| self.connect(&replacement.old, endpoint)).await {
                undone.leftovers.push(format!(
                    "the old container of {} could not be connected again to network `{network}` ({reason}): \
                     `docker network connect {network} {}`",
                    replacement.target,
                    replacement.old.short()
                ));
            }
        }
        if replacement.was_running {
            match attempt(|| self.engine.start_container(&replacement.old)).await {
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

    async fn exists(&self, id: &ContainerId) -> EngineResult<bool> {
        match self.engine.inspect_container(id.as_str()).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Tries three times; gives the engine's last words back.
async fn attempt<T, F, R>(mut call: F) -> Result<T, String>
where
    F: FnMut() -> R,
    R: Future<Output = EngineResult<T>>,
{
    let mut tries = 1;
    loop {
        match call().await {
            Ok(done) => return Ok(done),
            Err(error) if tries == 3 => return Err(error.message),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
        tries += 1;
    }
}
