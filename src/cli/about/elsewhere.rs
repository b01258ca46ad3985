//! Commands of docker compose that belong to its vendor's products. Each is refused by name, with what to use instead.

use clap::Args;

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::usage::wrong;
use crate::failure::{Exit, Failure};

/// Makes a command that is refused: its name as typed, its help line, and what to use instead.
macro_rules! refused {
    ($($args:ident: $word:literal, $about:literal, $help:literal;)*) => {
        $(
            #[doc = $about]
            #[derive(Args, Debug, Default)]
            #[command(disable_help_flag = true, hide = true)]
            pub struct $args {
                #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
                words: Vec<String>,
            }

            impl CommandArgs for $args {
                fn files(&self) -> Option<&FileFlags> {
                    None
                }

                fn run(&self, _: &Invocation) -> Result<Exit, Failure> {
                    Err(wrong(concat!("`", $word, "` is not there: it belongs to docker compose\'s products"), $help))
                }
            }
        )*
    };
}

refused! {
    BridgeArgs: "bridge", "Refused: converts compose files for other tools",
        "`inception config` prints the project for another converter, such as `kompose`";
    PublishArgs: "publish", "Refused: puts compose files into a registry",
        "`inception config --lock-image-digests` pins the images; put the files into a repository of git";
    AlphaArgs: "alpha", "Refused: experiments of docker compose",
        "`inception plan` shows what would be done, `inception watch` follows files";
}
