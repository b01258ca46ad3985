//! Agents of SSH: a step with `--mount=type=ssh` talks to the user's agent through the session.
//!
//! A step may list keys and have something signed, and no more: it cannot add, remove or lock keys.

use std::path::PathBuf;

use bollard_buildkit_proto::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::super::grpc::server::Call;
use super::super::grpc::{Code, Status};

/// The agent of `ssh: [default]`, and of steps that name none.
const DEFAULT: &str = "default";
/// Requests of the agent's protocol that are passed on: list the keys, sign.
const ALLOWED: [u8; 2] = [11, 13];
/// The answer to every other request: `SSH_AGENT_FAILURE`, of one byte.
const REFUSAL: [u8; 5] = [0, 0, 0, 1, 5];
/// The longest request, in bytes.
const LONGEST: usize = 256 * 1024;
/// How much of an answer is read at once, in bytes.
const PIECE: usize = 32 * 1024;

/// Tells whether an agent is offered.
pub(super) async fn check(mut call: Call, agent: impl Fn(&str) -> Option<PathBuf> + Send) -> Result<(), Status> {
    let request = call.messages.next::<CheckAgentRequest>().await?.unwrap_or_default();
    socket(&request.id, &agent)?;
    call.answers.send(&CheckAgentResponse {}).await
}

fn socket(id: &str, agent: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, Status> {
    let id = if id.is_empty() { DEFAULT } else { id };
    agent(id).ok_or_else(|| Status::new(Code::NotFound, format!("the build offers no ssh agent `{id}`")))
}

/// Connects a step with an agent.
pub(super) async fn forward(mut call: Call, agent: impl Fn(&str) -> Option<PathBuf> + Send) -> Result<(), Status> {
    let id = call.words.one("buildkit.ssh.id").unwrap_or_default();
    let socket = socket(&id, &agent)?;
    let fault = |error: std::io::Error| Status::new(Code::Unavailable, format!("ssh agent `{id}`: {error}"));
    let (mut answers, mut requests) = UnixStream::connect(&socket).await.map_err(fault)?.into_split();
    let (mut buffer, mut piece) = (Vec::new(), vec![0; PIECE]);
    loop {
        tokio::select! {
            biased;
            read = answers.read(&mut piece) => match read.map_err(fault)? {
                0 => return Ok(()),
                length => call.answers.send(&BytesMessage { data: piece[..length].to_vec() }).await?,
            },
            message = call.messages.next::<BytesMessage>() => {
                let Some(message) = message? else { return Ok(()) };
                buffer.extend_from_slice(&message.data);
                for request in take(&mut buffer)? {
                    match request {
                        Request::Passed(bytes) => requests.write_all(&bytes).await.map_err(fault)?,
                        Request::Refused => call.answers.send(&BytesMessage { data: REFUSAL.to_vec() }).await?,
                    }
                }
            }
        }
    }
}

/// A request to an agent.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Passed(Vec<u8>),
    Refused,
}

/// Takes the whole requests out of a buffer: four bytes of length, then the kind and the rest.
fn take(buffer: &mut Vec<u8>) -> Result<Vec<Request>, Status> {
    let mut found = Vec::new();
    while let Some(head) = buffer.first_chunk::<4>() {
        let length = u32::from_be_bytes(*head) as usize;
        if length == 0 || length > LONGEST {
            return Err(Status::new(Code::Invalid, "a request to the ssh agent has no valid length"));
        }
        let Some(kind) = buffer.get(4).filter(|_| buffer.len() >= 4 + length).copied() else { break };
        let request: Vec<u8> = buffer.drain(..4 + length).collect();
        found.push(if ALLOWED.contains(&kind) { Request::Passed(request) } else { Request::Refused });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_requests_that_read_or_sign_are_passed_on() {
        let mut buffer = vec![0, 0, 0, 1, 11, 0, 0, 0, 1, 19, 0, 0, 0, 2, 13];
        assert_eq!(take(&mut buffer).unwrap(), [Request::Passed(vec![0, 0, 0, 1, 11]), Request::Refused]);
        assert_eq!(buffer, [0, 0, 0, 2, 13]);
        buffer.push(7);
        assert_eq!(take(&mut buffer).unwrap(), [Request::Passed(vec![0, 0, 0, 2, 13, 7])]);
        assert!(take(&mut vec![0xff; 5]).is_err());
    }
}
