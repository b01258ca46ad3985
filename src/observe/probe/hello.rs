//! A hello for versions of TLS that the library does not speak (RFC 2246, RFC 4346): what the server answers tells whether
//! it would speak them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Server;

/// Suites that servers of that time have: ECDHE and RSA with AES and 3DES in CBC mode.
const SUITES: [u16; 8] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a, 0x00ff];
/// The record of a handshake, and the message in it that accepts.
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;

/// Returns whether a server accepts TLS `1.0` or `1.1`.
pub(super) async fn accepts(server: &Server, version: &str) -> Result<bool, String> {
    let connecting = TcpStream::connect(&server.address);
    let mut stream = connecting.await.map_err(|error| format!("cannot connect to {}: {error}", server.address))?;
    let minor = if version == "1.0" { 1 } else { 2 };
    let sent = stream.write_all(&hello(minor, &server.name)).await;
    let mut answer = [0; 6];
    // A server that closes the connection refuses, as does one that sends an alert.
    let is_read = sent.is_ok() && stream.read_exact(&mut answer).await.is_ok();
    Ok(is_read && answer[0] == HANDSHAKE && answer[5] == SERVER_HELLO)
}

/// Returns the record of a ClientHello. The random bytes need not be random: no secret follows.
fn hello(minor: u8, name: &str) -> Vec<u8> {
    let mut body = vec![3, minor];
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(sized(SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect()));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    // An address is no name of a host, and is not sent (RFC 6066).
    if name.parse::<std::net::IpAddr>().is_err() {
        let entry = [vec![0], sized(name.as_bytes().to_vec())].concat();
        extensions.extend(extension(0, sized(entry)));
    }
    extensions.extend(extension(10, sized(vec![0, 23, 0, 24, 0, 29])));
    extensions.extend(extension(11, vec![1, 0]));
    body.extend(sized(extensions));
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    let message = [vec![1, length[1], length[2], length[3]], body].concat();
    [vec![HANDSHAKE, 3, 1], sized(message)].concat()
}

fn extension(kind: u16, content: Vec<u8>) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), sized(content)].concat()
}

/// Puts the length in two bytes before a content.
fn sized(content: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or_default();
    [length.to_be_bytes().to_vec(), content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_of_a_hello_add_up() {
        let bytes = hello(1, "example.com");
        assert_eq!(bytes[..3], [22, 3, 1]);
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
        assert_eq!(usize::from(bytes[8]) + usize::from(bytes[7]) * 256, bytes.len() - 9);
    }
}
