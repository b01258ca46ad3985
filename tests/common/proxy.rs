//! A proxy between a client and the engine: counts the requests and injects a fault into some of them.
//!
//! Each connection carries one request (the proxy adds `Connection: close`), so the proxy parses nothing but heads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The socket of the engine under test: the one of `DOCKER_HOST`, else the default one.
#[allow(clippy::disallowed_methods)]
fn engine() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    PathBuf::from(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock"))
}

/// What happens to a request that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client is killed; the engine never gets the request.
    KillBefore,
    /// The client is killed while the engine works on the request.
    KillDuring,
    /// The client is killed after the engine has answered, and before the client gets the answer.
    KillAfter,
    /// The connection is closed; the engine never gets the request.
    CloseBefore,
    /// The engine acts, but its answer is lost.
    CloseAfter,
    /// The engine answers with this status and does nothing.
    Status(u16),
    /// The engine answers that the container cannot be started any more, and does nothing.
    Stuck,
    /// As [`Fault::Stuck`], but the answer leaves open whether a process of the container runs.
    Occupied,
    /// The request is never answered.
    Hang,
    /// The request is passed on after a delay.
    Delay(Duration),
    /// The client gets a signal, and the request is passed on.
    Signal(Signal),
}

/// A request as the proxy got it.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// The request line and the headers, unchanged.
    pub head: String,
    pub is_struck: bool,
}

impl Request {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// Whether the request changes something on the engine.
    pub fn is_write(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let only_reads = ["/wait", "/attach", "/session", "/grpc", "/resize", "/auth"];
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !only_reads.iter().any(|end| path.ends_with(end))
    }
}

/// Which requests are struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Request(usize),
    /// Every request whose path ends like this.
    End(&'static str),
    /// Only the first request whose path ends like this.
    First(&'static str),
    Every,
    EveryWrite,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Request>,
    rule: Option<(At, Fault)>,
}

impl State {
    fn take(&mut self, head: &str) -> Option<Fault> {
        let mut words = head.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut request = Request { method, path: path.clone(), head: head.to_owned(), is_struck: false };
        let number = self.seen.len() + 1;
        let has_end = |path: &str, end: &str| path.split('?').next().is_some_and(|path| path.ends_with(end));
        let fault = self.rule.filter(|(at, _)| match at {
            At::Request(wanted) => *wanted == number,
            At::End(end) => has_end(&path, end),
            At::First(end) => has_end(&path, end) && !self.seen.iter().any(|seen| has_end(&seen.path, end)),
            At::Every => true,
            At::EveryWrite => request.is_write(),
        });
        request.is_struck = fault.is_some();
        self.seen.push(request);
        fault.map(|(_, fault)| fault)
    }
}

/// A proxy that runs until the value is dropped.
pub struct Proxy {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Proxy {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(socket(folder.path())).unwrap()
        };
        let shared = state.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                // The client or the engine may close a connection: no fault of the proxy.
                tokio::spawn(async move { serve(client, &state).await.ok() });
            }
        });
        Self { folder, state, runtime: Some(runtime) }
    }

    /// Returns the proxy's address, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", socket(self.folder.path()).display())
    }

    /// Forgets the requests seen so far, and strikes by this rule from now on.
    pub fn arm(&self, rule: Option<(At, Fault)>) {
        *self.state.lock().unwrap() = State { seen: Vec::new(), rule };
    }

    /// Stops striking; the requests seen so far stay.
    pub fn disarm(&self) {
        self.state.lock().unwrap().rule = None;
    }

    /// Returns the requests since the last [`Self::arm`].
    pub fn seen(&self) -> Vec<Request> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Returns the first request that was struck.
    pub fn struck(&self) -> Option<Request> {
        self.seen().into_iter().find(|request| request.is_struck)
    }

    pub fn writes(&self) -> usize {
        self.seen().iter().filter(|request| request.is_write()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("engine.sock")
}

async fn serve(mut client: UnixStream, state: &Mutex<State>) -> std::io::Result<()> {
    let pid = client.peer_cred()?.pid().and_then(Pid::from_raw);
    let signal = |signal| {
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
    };
    let Some((head, rest)) = head(&mut client).await? else { return Ok(()) };
    let body = body(&mut client, &head, rest).await?;
    let fault = state.lock().unwrap().take(&head);
    match fault {
        Some(Fault::KillBefore) => {
            signal(Signal::KILL);
            return Ok(());
        }
        Some(Fault::CloseBefore) => return Ok(()),
        Some(Fault::Status(_) | Fault::Stuck | Fault::Occupied) => {
            let stuck = format!(r#"{{"message":"task {}: already exists"}}"#, "0123abcd".repeat(8));
            let (status, text) = match fault {
                Some(Fault::Status(status)) => (status, r#"{"message":"struck by the test"}"#),
                Some(Fault::Occupied) => (409, r#"{"message":"id already in use"}"#),
                _ => (409, stuck.as_str()),
            };
            let reply = format!(
                "HTTP/1.1 {status} Struck\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            client.write_all(reply.as_bytes()).await?;
            return client.shutdown().await;
        }
        Some(Fault::Hang) => {
            tokio::io::copy(&mut client, &mut tokio::io::sink()).await?;
            return Ok(());
        }
        Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::Signal(which)) => signal(which),
        Some(Fault::KillDuring | Fault::KillAfter | Fault::CloseAfter) | None => {}
    }
    let mut engine = UnixStream::connect(engine()).await?;
    engine.write_all(closing(&head).as_bytes()).await?;
    engine.write_all(&body).await?;
    match fault {
        Some(Fault::KillDuring) => signal(Signal::KILL),
        Some(Fault::KillAfter | Fault::CloseAfter) => {
            self::head(&mut engine).await?;
            if fault == Some(Fault::KillAfter) {
                signal(Signal::KILL);
            }
        }
        _ => {
            tokio::io::copy_bidirectional(&mut client, &mut engine).await?;
        }
    }
    Ok(())
}

/// Reads a head, up to the empty line. Returns the head, and the bytes of the body that were read with it.
async fn head(stream: &mut UnixStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), rest)));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// Reads the whole body, in the encoding of the connection.
async fn body(stream: &mut UnixStream, head: &str, mut bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let is_chunked = field(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length: usize = field(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    // Chunks end with an empty chunk. No body of a test has these five bytes at the end of a read.
    while if is_chunked { !bytes.ends_with(b"0\r\n\r\n") } else { bytes.len() < length } {
        if stream.read_buf(&mut bytes).await? == 0 {
            break;
        }
    }
    Ok(bytes)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let is_it = |line: &&str| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name));
    head.lines().find(is_it).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
}

/// Returns the head with `Connection: close`, unless the request upgrades the connection.
fn closing(head: &str) -> String {
    if field(head, "upgrade").is_some() {
        return head.to_owned();
    }
    let kept = head.lines().filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("connection:"));
    kept.map(|line| format!("{line}\r\n")).collect::<String>() + "Connection: close\r\n\r\n"
}
