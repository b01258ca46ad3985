//! `inception graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::app::look::graph::{self, Format, GraphRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};

/// Draw which service needs which, on which networks, with which data, and how they are
#[derive(Args, Debug, Default)]
pub struct GraphArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services to draw, with all that they need; without a name all
    services: Vec<String>,
    /// How to draw; by default as the name of the output file ends, else text
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatValue>,
    /// File to write to, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw what the file says, and do not ask the engine how the services are
    #[arg(long)]
    offline: bool,
}

/// The values of `--format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatValue {
    /// A tree, for a terminal
    Text,
    /// A picture, for a browser
    Svg,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
}

impl CommandArgs for GraphArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let format = self.format.map(|format| match format {
            FormatValue::Text => Format::Text,
            FormatValue::Svg => Format::Svg,
            FormatValue::Dot => Format::Dot,
            FormatValue::Mermaid => Format::Mermaid,
        });
        let request = GraphRequest {
            services: self.services.clone(),
            format,
            output: self.output.clone(),
            is_offline: self.offline,
        };
        graph::graph(invocation.context, &request)
    }
}
