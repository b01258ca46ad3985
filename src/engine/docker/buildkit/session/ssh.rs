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
/// The longest request, and the longest answer, in bytes.
const LONGEST: usize = 256 * 1024;

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
    let mut stream = UnixStream::connect(&socket).await.map_err(fault)?;
    let mut buffer = Vec::new();
    while let Some(message) = call.messages.next::<BytesMessage>().await? {
        buffer.extend_from_slice(&message.data);
        // The agent answers one request before it gets the next: a client that sends several at once finds the answers,
        // refusals among them, in the order of its requests.
        for request in take(&mut buffer)? {
            let data = match request {
                Request::Passed(bytes) => ask(&mut stream, &bytes).await.map_err(fault)?,
                Request::Refused => REFUSAL.to_vec(),
            };
            call.answers.send(&BytesMessage { data }).await?;
        }
    }
    Ok(())
}

/// Returns the agent's whole answer to a request, with its length before it.
async fn ask(stream: &mut UnixStream, request: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(request).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes(head) as usize;
    if length > LONGEST {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "its answer is too long"));
    }
    let mut answer = vec![0; 4 + length];
    answer[..4].copy_from_slice(&head);
    stream.read_exact(&mut answer[4..]).await?;
    Ok(answer)
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
