//! Where in the Dockerfile a build failed, and in which words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::google::rpc;
use prost::Message;
use serde::Deserialize;

use crate::engine::docker::build::dockerfile::Dockerfile;
use crate::engine::docker::buildkit::grpc::Status;
use crate::engine::docker::buildkit::session;
use crate::engine::{BuildPlace, EngineError};

/// Words that BuildKit puts before the reason, each for a layer of its own.
const LAYERS: [&str; 4] = [
    "failed to solve: ",
    "failed to solve with frontend dockerfile.v0: ",
    "failed to build LLB: ",
    "failed to create LLB definition: ",
];

/// The part of a file that an error is about, as BuildKit describes it.
#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    info: Option<Info>,
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    data: Option<String>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    start: Position,
    #[serde(default)]
    end: Position,
}

#[derive(Deserialize, Default)]
struct Position {
    #[serde(default)]
    line: u32,
}

/// Returns the part of the Dockerfile that a failure is about. Of several the last one is the closest to the user.
pub(super) fn place(status: &Status, dockerfile: &Dockerfile) -> Option<BuildPlace> {
    let details = rpc::Status::decode(status.details.as_slice()).ok()?.details;
    let sources = details.iter().filter(|detail| detail.type_url.contains("errdefs.Source"));
    let sources = sources.filter_map(|detail| serde_json::from_slice::<Source>(&detail.value).ok());
    let place = |source: Source| {
        let data = source.info.and_then(|info| info.data).and_then(|data| STANDARD.decode(data).ok());
        let range = source.ranges.first()?;
        // A Dockerfile that the engine has fetched is known from the error alone.
        let file = match data {
            Some(text) => Dockerfile { text, ..dockerfile.clone() },
            None => dockerfile.clone(),
        };
        file.place(range.start.line, range.end.line.max(range.start.line))
    };
    sources.rev().find_map(place).or_else(|| dockerfile.instruction(line_in(&status.message)?))
}

/// Returns the line that the words of a failure name: `dockerfile parse error line 2: unknown instruction: RUNN`.
fn line_in(words: &str) -> Option<u32> {
    let rest = words.split_once("dockerfile parse error")?.1;
    let number: String = rest.split_once("line ")?.1.chars().take_while(char::is_ascii_digit).collect();
    number.parse().ok()
}

/// Returns the error of a build.
pub(super) fn error(status: &Status) -> EngineError {
    let mut words = status.message.as_str();
    // `rpc error: code = NotFound desc = …` is about the connection, not about the build.
    let of_call = |words: &'_ str| words.strip_prefix("rpc error: code = ").and_then(|rest| rest.find(" desc = "));
    loop {
        words = match (LAYERS.iter().find_map(|layer| words.strip_prefix(layer)), of_call(words)) {
            (Some(rest), _) => rest,
            (None, Some(at)) => &words["rpc error: code = ".len() + at + " desc = ".len()..],
            (None, None) => break,
        };
    }
    session::error(&Status { message: words.to_owned(), ..status.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::docker::buildkit::grpc::Code;
    use bollard_buildkit_proto::google::protobuf::Any;

    #[test]
    fn a_failure_tells_its_lines_and_its_reason_alone() {
        let value = br#"{"info":{"filename":"Dockerfile"},"ranges":[{"start":{"line":2},"end":{"line":3}}]}"#.to_vec();
        let any = Any { type_url: "github.com/moby/buildkit/errdefs.Source+json".to_owned(), value };
        let details = rpc::Status { details: vec![any], ..rpc::Status::default() }.encode_to_vec();
        let words =
            "failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running: exit code: 1";
        let status = Status { details, ..Status::new(Code::Other(2), words) };
        let place = place(&status, &Dockerfile::inline("FROM a\nRUN b \\\n c\nCMD d")).unwrap();
        assert_eq!((place.line, place.text.len()), (2, 2));
        assert_eq!(error(&status).message, "executor failed running: exit code: 1");
        assert_eq!(line_in("x: dockerfile parse error line 2: unknown instruction: RUNN"), Some(2));
        assert_eq!(line_in("dockerfile parse error on line 12: y"), Some(12));
        assert_eq!(line_in("exit code on line 3"), None);
        let lost = Status::new(Code::Other(2), "rpc error: code = NotFound desc = failed to solve: no such thing");
        assert_eq!(error(&lost).message, "no such thing");
    }
}
