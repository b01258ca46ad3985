//! A small engine on a unix socket. It records every request and has no objects. Each connection carries one request.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The engine; it serves until the test process ends.
pub struct NotingEngine {
    folder: tempfile::TempDir,
    heads: Arc<Mutex<Vec<String>>>,
}

impl NotingEngine {
    /// Starts an engine that answers `GET /info` with `info`.
    pub fn new(info: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("engine.sock")).unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (notes, info) = (heads.clone(), info.to_string());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (notes, info) = (notes.clone(), info.clone());
                // The client may close a connection: no fault of the engine.
                std::thread::spawn(move || serve(stream, &notes, &info).ok());
            }
        });
        Self { folder, heads }
    }

    /// Returns the engine's address, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}/engine.sock", self.folder.path().display())
    }

    /// Returns a header of the latest request whose path contains `path`.
    pub fn header(&self, path: &str, name: &str) -> Option<String> {
        let heads = self.heads.lock().unwrap();
        let head = heads.iter().rev().find(|head| head.lines().next().is_some_and(|line| line.contains(path)))?;
        field(head, name).map(str::to_owned)
    }

    /// Returns how many requests had `path` in their path.
    pub fn count(&self, path: &str) -> usize {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| head.lines().next().is_some_and(|line| line.contains(path))).count()
    }

    /// Returns the request lines of requests that change something.
    pub fn writes(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let lines = heads
            .iter()
            .filter_map(|head| head.lines().next())
            .filter(|line| !line.starts_with("GET ") && !line.starts_with("HEAD "));
        lines.map(str::to_owned).collect()
    }
}

fn serve(mut stream: UnixStream, notes: &Mutex<Vec<String>>, info: &str) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if read_more(&mut stream, &mut bytes)? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let is_chunked = field(&head, "transfer-encoding").is_some();
    let length: usize = field(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while if is_chunked { !bytes.ends_with(b"0\r\n\r\n") } else { bytes.len() < end + length } {
        if read_more(&mut stream, &mut bytes)? == 0 {
            break;
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut heads = notes.lock().unwrap();
    heads.push(head);
    let asked = heads.iter().filter(|head| head.contains(&path)).count();
    drop(heads);
    // A registry that is well at the third try, one that never is, and one that refuses.
    let body = match () {
        () if path.contains("fromImage=busy.test") && asked < 3 => {
            "{\"errorDetail\":{\"message\":\"received unexpected HTTP status: 503 Service Unavailable\"}}\n"
        }
        () if path.contains("fromImage=limited.test") => "{\"errorDetail\":{\"message\":\"toomanyrequests: wait\"}}\n",
        () if path.contains("fromImage=denied.test") => "{\"errorDetail\":{\"message\":\"denied: no access\"}}\n",
        () => answer(&path, info),
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10.0 (linux)\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn answer<'a>(path: &str, info: &'a str) -> &'a str {
    let path = path.split('?').next().unwrap_or_default();
    let is = |end: &str| path.ends_with(end);
    match () {
        () if is("/info") => info,
        () if is("/_ping") => "OK",
        () if is("/build") => "{\"aux\":{\"ID\":\"sha256:1\"}}\n",
        () if path.contains("/denied.test/") => {
            "{\"error\":\"denied: no access\",\"errorDetail\":{\"message\":\"denied: no access\"}}\n"
        }
        () if is("/push") => "{\"aux\":{\"Tag\":\"1\",\"Digest\":\"sha256:3\",\"Size\":4}}\n",
        () if is("/images/create") => "{\"status\":\"done\"}\n",
        () if path.contains("/distribution/") => "{\"Descriptor\":{\"digest\":\"sha256:2\"}}",
        () if is("/volumes") => "{\"Volumes\":[]}",
        () if is("/containers/json") || is("/networks") || is("/images/json") => "[]",
        () => "{}",
    }
}

fn read_more(stream: &mut UnixStream, bytes: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut piece = [0; 8192];
    let count = stream.read(&mut piece)?;
    bytes.extend_from_slice(&piece[..count]);
    Ok(count)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = head.lines().find(|line| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name)))?;
    line.split_once(':').map(|(_, value)| value.trim())
}
