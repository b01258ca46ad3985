//! `inception create`.

use clap::Args;

use crate::app::up::{self, UpRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{ConsentFlags, CreationFlags, FileFlags, ImageProgressFlags};
use crate::failure::{Exit, Failure};

/// Create containers without starting them
#[derive(Args, Debug, Default)]
pub struct CreateArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    creation: CreationFlags,
    #[command(flatten)]
    image_progress: ImageProgressFlags,
    #[command(flatten)]
    consent: ConsentFlags,
    /// Services to create; all if none is named
    services: Vec<String>,
}

impl CommandArgs for CreateArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        up::up(&self.image_progress.context(invocation.context), &self.request())
    }
}

impl CreateArgs {
    fn request(&self) -> UpRequest {
        let mut options = self.creation.options();
        options.start = false;
        UpRequest {
            services: self.services.clone(),
            options,
            images: self.creation.images(),
            is_agreed: self.consent.yes,
            detach: true,
            command: "create",
            ..UpRequest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    #[test]
    fn a_yes_on_the_command_line_answers_the_question_about_data() {
        let is_agreed = |arguments: &[&str]| {
            let matches = CreateArgs::augment_args(clap::Command::new("create")).get_matches_from(arguments);
            CreateArgs::from_arg_matches(&matches).unwrap().request().is_agreed
        };
        assert!(is_agreed(&["create", "--recreate-volume", "data", "-y"]));
        assert!(!is_agreed(&["create", "--recreate-volume", "data"]));
    }
}
