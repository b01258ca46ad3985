//! Base images that need a login, pulled by a build from a registry on the loopback.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::common::real::{IMAGE, Stranger, docker, is_ready};
use crate::setup::Built;

const PASSWORD: &str = "pass?word>~";

/// A registry that serves one image to those who know the password.
struct Registry {
    port: u16,
    /// The first lines of the requests, with whether they had the login.
    seen: Arc<Mutex<Vec<(String, bool)>>>,
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl Registry {
    /// Serves an image with one file, `/private`, whose content no other image has: the engine keeps layers.
    fn new(content: &str) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, "private", content.as_bytes()).unwrap();
        let layer = tar.into_inner().unwrap();
        let config = serde_json::json!({"architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]}})
        .to_string();
        let manifest = serde_json::json!({"schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": config.len(),
                "digest": digest(config.as_bytes())},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "size": layer.len(),
                "digest": digest(&layer)}]})
        .to_string();
        let blobs: BTreeMap<String, Vec<u8>> =
            [layer, config.into_bytes(), manifest.clone().into_bytes()].map(|bytes| (digest(&bytes), bytes)).into();
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, manifest) = (Arc::clone(&seen), manifest.into_bytes());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (told, blobs, manifest) = (Arc::clone(&told), blobs.clone(), manifest.clone());
                std::thread::spawn(move || serve(stream, &told, &blobs, &manifest));
            }
        });
        Self { port, seen }
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<(String, bool)>>, blobs: &BTreeMap<String, Vec<u8>>, manifest: &[u8]) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) => return,
                Ok(_) => {}
                // No text: the engine tries TLS first, and takes this answer for the advice to do without.
                Err(_) => {
                    let _ = reader.get_mut().write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
                    return;
                }
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let login = format!("basic {}", STANDARD.encode(format!("user:{PASSWORD}"))).to_lowercase();
        let is_in = lines.iter().any(|line| line.to_lowercase() == format!("authorization: {login}"));
        let first = lines.first().cloned().unwrap_or_default();
        seen.lock().unwrap().push((first.clone(), is_in));
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let name = path.rsplit('/').next().unwrap_or_default();
        let (status, kind, body): (_, _, &[u8]) = if !is_in {
            ("401 Unauthorized", "application/json", b"{}")
        } else if path.contains("/manifests/") {
            (
                "200 OK",
                "application/vnd.docker.distribution.manifest.v2+json",
                blobs.get(name).map_or(manifest, |bytes| bytes),
            )
        } else if let Some(bytes) = blobs.get(name) {
            ("200 OK", "application/octet-stream", bytes)
        } else if path.trim_end_matches('/') == "/v2" {
            ("200 OK", "application/json", b"{}")
        } else {
            ("404 Not Found", "application/json", b"{}")
        };
        let challenge = if is_in { "" } else { "WWW-Authenticate: Basic realm=\"test\"\r\n" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDocker-Content-Digest: {}\r\n{challenge}\r\n",
            body.len(),
            digest(body)
        );
        let stream = reader.get_mut();
        let body = if first.starts_with("HEAD") { &[] } else { body };
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).is_err() {
            return;
        }
    }
}

/// Brings the registry to the loopback of an engine that has a network of its own, by a container that passes connections on.
fn relay(port: u16) -> Option<Stranger> {
    let inside =
        |script: &str| docker(&["run", "--rm", "--network", "host", IMAGE, "sh", "-c", script]).status.success();
    if inside(&format!("/bin/busybox nc -w 2 127.0.0.1 {port} < /dev/null")) {
        return None;
    }
    let script = format!(
        "gateway=$(/bin/busybox ip route | /bin/busybox awk '/^default/ {{ print $3 }}'); \
         exec /bin/busybox nc -ll -p {port} -e /bin/busybox nc $gateway {port}"
    );
    let name = format!("inception-test-relay-{port}");
    let start = ["run", "-d", "--init", "--name", &name, "--network", "host", IMAGE, "sh", "-c", &script];
    Some(Stranger::new("container", &name, &start))
}

#[test]
fn a_base_image_behind_a_password_is_pulled_with_the_login_of_dockers_configuration() {
    if !is_ready() {
        return;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let content = format!("private {now}");
    let registry = Registry::new(&content);
    let _relay = relay(registry.port);
    let base = format!("127.0.0.1:{}/private/base:1", registry.port);
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile(&format!("FROM {base} AS base\nFROM IMAGE\nCOPY --from=base /private /private\n"));
    let folder = tempfile::tempdir().unwrap();
    let config = |auths: serde_json::Value| {
        std::fs::write(folder.path().join("config.json"), serde_json::json!({ "auths": auths }).to_string()).unwrap();
        built.go_with(&[("DOCKER_CONFIG", folder.path().to_str().unwrap())], &["build"])
    };
    let refused = config(serde_json::json!({}));
    assert!(refused.code == Some(1) && refused.errors.contains(&base), "{refused:?}");
    let auth = STANDARD.encode(format!("user:{PASSWORD}"));
    let host = format!("127.0.0.1:{}", registry.port);
    let run = config(serde_json::json!({ host: { "auth": auth } }));
    assert!(run.is_success(), "{run:?} {:?}", registry.seen.lock().unwrap());
    assert!(!run.errors.contains(PASSWORD) && !run.out.contains(PASSWORD), "{run:?}");
    assert_eq!(built.inside("a", "cat /private"), content);
    assert!(registry.seen.lock().unwrap().iter().any(|(line, is_in)| *is_in && line.contains("/blobs/")));
    docker(&["rmi", "-f", &base]);
}
