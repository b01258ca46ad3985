//! `inception commit`.

use clap::{ArgAction, Args};

use crate::app::copy::commit::{self, CommitRequest};
use crate::app::look::replica::ReplicaRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Make an image of a container's files
#[derive(Args, Debug)]
pub struct CommitArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Service
    service: String,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    image: Option<String>,
    /// Author, such as `Jo <jo@example.com>`
    #[arg(short, long, value_name = "NAME")]
    author: Option<String>,
    /// Dockerfile instruction that changes the image, such as `CMD ["sh"]`
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Whether the container is paused meanwhile
    #[arg(short, long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    pause: bool,
}

impl CommandArgs for CommitArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let index = self.index.and_then(|replica| replica.0);
        let replica = ReplicaRequest { service: self.service.clone(), index };
        let request = CommitRequest {
            replica,
            name: self.image.clone(),
            author: self.author.clone().unwrap_or_default(),
            message: self.message.clone().unwrap_or_default(),
            changes: self.change.clone(),
            without_pause: !self.pause,
        };
        commit::commit(invocation.context, &request)
    }
}
