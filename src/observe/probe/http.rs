//! One GET request of HTTP/1.1, with or without TLS (RFC 9112). Redirects are answers, and are not followed.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Server;

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether the request goes over TLS.
    pub is_secure: bool,
    /// `Host` of the request: name, and port where it is not the usual one.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Where the request goes, and whose certificate is right.
    pub server: Server,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body; what is no UTF-8 is replaced.
    pub body: String,
}

impl Request {
    /// Makes a request from an address, `http://NAME[:PORT][/PATH]` or `https://…`; `connect` replaces the host that is
    /// connected to.
    pub fn parse(url: &str, connect: Option<&str>) -> Option<Self> {
        let (is_secure, rest) = match url.split_once("://")? {
            ("http", rest) => (false, rest),
            ("https", rest) => (true, rest),
            _ => return None,
        };
        let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let usual = if is_secure { "443" } else { "80" };
        let (name, port) =
            match host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())) {
                Some((name, port)) => (name, port),
                None => (host, usual),
            };
        let bad = |text: &str| text.is_empty() || text.contains(|char: char| char.is_control() || char == ' ');
        if bad(name) || bad(path) {
            return None;
        }
        let host = if port == usual { name.to_owned() } else { format!("{name}:{port}") };
        let server = Server { address: format!("{}:{port}", connect.unwrap_or(name)), name: name.to_owned(), ca: None };
        Some(Self { is_secure, host, path: path.to_owned(), server })
    }
}

/// Sends a request and reads the answer.
pub async fn http(request: &Request) -> Result<Answer, String> {
    if !request.is_secure {
        let connecting = TcpStream::connect(&request.server.address);
        let stream =
            connecting.await.map_err(|error| format!("cannot connect to {}: {error}", request.server.address))?;
        return over(stream, request).await;
    }
    #[cfg(feature = "tls")]
    return over(super::secure::connect(&request.server, None).await?, request).await;
    #[cfg(not(feature = "tls"))]
    Err("this program was built without TLS".to_owned())
}

async fn over(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &Request) -> Result<Answer, String> {
    let Request { host, path, .. } = request;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: inception\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.map_err(|error| format!("cannot send the request: {error}"))?;
    let mut bytes = Vec::new();
    // A server that ends the connection without the farewell of TLS has answered all the same.
    let ended = stream.take(LONGEST).read_to_end(&mut bytes).await;
    match (parse(&bytes), ended) {
        (Some(answer), _) => Ok(answer),
        (None, Err(error)) => Err(format!("the answer breaks off: {error}")),
        (None, Ok(_)) => Err("the server does not answer with HTTP".to_owned()),
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let raw = &bytes[end + 4..];
    let body = if is_chunked { chunks(raw) } else { raw.to_vec() };
    Some(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Joins the chunks of a body, as far as they are there.
fn chunks(mut raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = raw.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&raw[..end])
            .ok()
            .and_then(|line| usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let content = &raw[end + 2..];
        out.extend_from_slice(&content[..size.min(content.len())]);
        raw = content.get(size.saturating_add(2)..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_their_chunks() {
        let answer =
            parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n")
                .unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "abcde"));
        assert_eq!(answer.headers[1], ("x".to_owned(), "y".to_owned()));
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), None);
    }

    #[test]
    fn an_address_says_host_port_and_path() {
        let request = Request::parse("https://a.fr:8443/x?y", Some("127.0.0.1")).unwrap();
        assert_eq!((request.host.as_str(), request.server.address.as_str()), ("a.fr:8443", "127.0.0.1:8443"));
        assert_eq!((request.path.as_str(), request.is_secure), ("/x?y", true));
        assert!(Request::parse("ftp://a", None).is_none() && Request::parse("http://a/ b", None).is_none());
    }
}
