//! `commit`: an image of the files of a container.

use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::session::{self, Session};
use crate::engine::CommitSpec;
use crate::failure::{Exit, Failure};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `commit`.
#[derive(Clone, Debug, Default)]
pub struct CommitRequest {
    /// The container.
    pub replica: ReplicaRequest,
    /// Name of the image; `None` leaves the image without a name.
    pub name: Option<String>,
    /// `--author`.
    pub author: String,
    /// `--message`.
    pub message: String,
    /// `--change`: Dockerfile instructions.
    pub changes: Vec<String>,
    /// `--pause=false`: the container's processes go on meanwhile.
    pub without_pause: bool,
}

/// Runs `commit`. The container need not run.
pub fn commit(context: &Context, request: &CommitRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let container = replica::find(session.reading(), &found, &request.replica);
        let container = session::answer(&session.interrupt, container).await?;
        let name = escape_controls(container.name.as_str());
        let Some(engine) = session.changing() else {
            ui::progress::say(context, &format!(" DRY-RUN MODE -  {name} Commit {name} Committed"));
            return Ok(Exit::SUCCESS);
        };
        ui::progress::say(context, &format!(" {name} Commit {name} Committing"));
        let spec = CommitSpec {
            name: request.name.clone(),
            comment: request.message.clone(),
            author: request.author.clone(),
            changes: request.changes.clone(),
            without_pause: request.without_pause,
        };
        let commit = async { Ok(engine.commit_container(&container.id, &spec).await?) };
        let id = session::answer(&session.interrupt, commit).await?;
        ui::progress::say(context, &format!(" {name} Commit {name} Committed as {id}"));
        Ok(Exit::SUCCESS)
    })
}
