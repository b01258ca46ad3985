//! The outcome of a call: a code, a message, and details in a form of their own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hyper::HeaderMap;
use hyper::header::HeaderValue;

/// Why a call failed. Only the codes that this program tells apart or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Cancelled,
    Invalid,
    NotFound,
    Exists,
    Denied,
    Unimplemented,
    Internal,
    Unavailable,
    /// No answer: the connection broke, or what came is no gRPC. Never sent.
    Broken,
    Other(u16),
}

impl Code {
    const ALL: [(Code, u16); 8] = [
        (Code::Cancelled, 1),
        (Code::Invalid, 3),
        (Code::NotFound, 5),
        (Code::Exists, 6),
        (Code::Denied, 7),
        (Code::Unimplemented, 12),
        (Code::Internal, 13),
        (Code::Unavailable, 14),
    ];

    fn of(number: u16) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == number).map_or(Code::Other(number), |(code, _)| *code)
    }

    fn number(self) -> u16 {
        match self {
            Code::Other(number) => number,
            code => Self::ALL.iter().find(|(known, _)| *known == code).map_or(2, |(_, number)| *number),
        }
    }
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub code: Code,
    pub message: String,
    /// `grpc-status-details-bin`: an encoded `google.rpc.Status`; empty where there are no details.
    pub details: Vec<u8>,
}

impl Status {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new() }
    }

    /// A connection that broke, or an answer that is no gRPC.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self::new(Code::Broken, message)
    }

    /// Reads the outcome in headers or trailers; `None` where there is none.
    pub(super) fn read(headers: &HeaderMap) -> Option<Result<(), Status>> {
        let number: u16 = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
        if number == 0 {
            return Some(Ok(()));
        }
        let message = headers.get("grpc-message").map(|text| unescape(text.as_bytes())).unwrap_or_default();
        let details = headers.get("grpc-status-details-bin").map(HeaderValue::as_bytes).unwrap_or_default();
        let details = STANDARD_NO_PAD.decode(details).or_else(|_| STANDARD.decode(details)).unwrap_or_default();
        Some(Err(Status { code: Code::of(number), message, details }))
    }

    /// Returns the trailers of a call's answer.
    pub(super) fn trailers(outcome: Result<(), Status>) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        let (number, message) = match outcome {
            Ok(()) => (0, String::new()),
            Err(status) => (status.code.number(), status.message),
        };
        trailers.insert("grpc-status", HeaderValue::from(number));
        if let Ok(message) = HeaderValue::from_str(&escape(&message)) {
            trailers.insert("grpc-message", message);
        }
        trailers
    }
}

/// Writes every byte that is not printable ASCII, and `%`, as `%XX`.
fn escape(text: &str) -> String {
    let one = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => (byte as char).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Reads `%XX` as a byte.
pub(super) fn unescape(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                at += 3;
            }
            None => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_survives_its_trailers() {
        assert_eq!(Status::read(&Status::trailers(Ok(()))), Some(Ok(())));
        let failed = Status::new(Code::NotFound, "100 % of `ä`\nis gone");
        assert_eq!(Status::read(&Status::trailers(Err(failed.clone()))), Some(Err(failed)));
        assert_eq!(Status::read(&HeaderMap::new()), None);
        let strange = Status::new(Code::Other(99), "50%");
        assert_eq!(Status::read(&Status::trailers(Err(strange.clone()))), Some(Err(strange)));
    }
}
