//! `smoke`: what is right passes, and each fault is told in the right words.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::run;

/// Serves one answer on a port of its own, as long as the test runs.
fn serve(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// Returns a port on which nobody listens.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const PAGE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

#[track_caller]
fn check_smoke(checks: &str, exit: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    check_in(folder.path(), checks, exit, words);
}

/// Carries the checks out; each text must be in the output.
#[track_caller]
fn check_in(folder: &Path, checks: &str, exit: i32, words: &[&str]) {
    let text = format!("services: {{ a: {{ image: 'x:1' }} }}\nx-smoke:\n{checks}");
    std::fs::write(folder.join("compose.yaml"), text).unwrap();
    let output = run(folder, &["smoke"]);
    let out = [output.stdout, output.stderr].concat();
    let out = String::from_utf8_lossy(&out);
    assert_eq!(output.status.code(), Some(exit), "{out}");
    for word in words {
        assert!(out.contains(word), "{word:?} is not in\n{out}");
    }
}

#[test]
fn pages_and_ports_that_are_right_pass() {
    let (port, closed) = (serve(PAGE), free());
    let checks = format!(
        "  page: {{ http: 'http://site.example:{port}/x', connect: 127.0.0.1, headers: {{ content-type: html }}, body: hello }}\n  \
         open: {{ tcp: '127.0.0.1:{port}' }}\n  closed: {{ tcp: '127.0.0.1:{closed}', open: false }}\n"
    );
    check_smoke(&checks, 0, &["ok    page: status 200", "ok    open: ", "ok    closed: ", "3 passed, 0 failed\n"]);
}

#[test]
fn a_server_that_comes_late_is_waited_for() {
    let port = free();
    let late = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let _ = listener.accept();
    });
    check_smoke(&format!("  late: {{ tcp: '127.0.0.1:{port}' }}\n"), 0, &["ok    late"]);
    late.join().unwrap();
}

#[test]
fn faults_of_pages_and_ports_are_told() {
    let (port, closed) = (serve(PAGE), free());
    let gone = serve("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    let mute = serve("SSH-2.0-x\r\n");
    for (check, words) in [
        (format!("http: 'http://127.0.0.1:{port}/', body: goodbye"), "the body (5 bytes) does not contain `goodbye`"),
        (format!("http: 'http://127.0.0.1:{gone}/'"), "status 503, not 200"),
        (format!("http: 'http://127.0.0.1:{port}/', headers: {{ location: x }}"), "the header `location` is missing"),
        (
            format!("http: 'http://127.0.0.1:{port}/', headers: {{ content-type: json }}"),
            "is `text/html`, without `json`",
        ),
        (format!("http: 'http://127.0.0.1:{mute}/'"), "does not answer with HTTP"),
        (format!("http: 'http://127.0.0.1:{closed}/'"), "cannot connect to 127.0.0.1"),
        (format!("tcp: '127.0.0.1:{port}', open: false"), "is open, and must be closed"),
        (format!("tcp: '127.0.0.1:{closed}'"), "is closed"),
    ] {
        check_smoke(&format!("  it: {{ {check}, within: 100ms }}\n"), 2, &["FAIL  it: ", words, "0 passed, 1 failed"]);
    }
}

/// A full queue of connections drops further ones, as a firewall may.
#[test]
fn a_port_that_does_not_answer_is_not_open() {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let fd = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&fd, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&fd, 0).unwrap();
    let listener = TcpListener::from(fd);
    let address = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_millis(300));
    let full: Vec<_> = (0..16).map_while(|_| connect().ok()).collect();
    assert!(full.len() < 16, "the queue is never full");
    let check = |open: bool| format!("  it: {{ tcp: '{address}', open: {open}, within: 100ms, timeout: 300ms }}\n");
    check_smoke(&check(false), 0, &["ok    it", "is not open: no answer within 300 ms, as where packets are dropped"]);
    check_smoke(&check(true), 2, &["FAIL  it: no answer within 300 ms"]);
}

/// A server with a certificate made for the test, by the system's openssl.
struct Secure {
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Secure {
    /// Starts a server for `site.example` whose certificate has the given validity; `None` without openssl.
    fn start(validity: &str, options: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(folder.path(), &format!("req -x509 {ec} -days 30 -subj /CN=authority -keyout ca.key -out ca.crt"));
        openssl(folder.path(), &format!("req -x509 {ec} -days 30 -subj /CN=other -keyout other.key -out other.crt"));
        openssl(folder.path(), &format!("req {ec} -subj /CN=site.example -keyout site.key -out site.csr"));
        std::fs::write(folder.path().join("names"), "subjectAltName=DNS:site.example\n").unwrap();
        openssl(
            folder.path(),
            &format!(
                "x509 -req -in site.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out site.crt -extfile names {validity}"
            ),
        );
        let port = free();
        let line = format!("s_server -accept 127.0.0.1:{port} -cert site.crt -key site.key -www -quiet {options}");
        let server = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { folder, port, server })
    }

    #[track_caller]
    fn check(&self, options: &str, exit: i32, words: &[&str]) {
        let checks = format!("  it: {{ tls: '127.0.0.1:{}', name: site.example, within: 3s{options} }}\n", self.port);
        check_in(self.folder.path(), &checks, exit, words);
    }
}

#[test]
fn versions_and_certificates_of_a_sound_server_pass_and_wrong_wishes_fail() {
    let Some(server) = Secure::start("-days 20", "") else { return };
    server.check(
        ", ca: ca.crt, accepts: [1.2, 1.3], refuses: [1.0, 1.1], days: 10",
        0,
        &["ok    it: certificate valid for "],
    );
    let page = format!(
        "  it: {{ http: 'https://site.example:{}/', connect: 127.0.0.1, ca: ca.crt, body: TLS }}\n",
        server.port
    );
    check_in(server.folder.path(), &page, 0, &["ok    it: status 200"]);
    server.check(", days: 100", 2, &["more days, not 100"]);
    server.check(", ca: other.crt", 2, &["not signed by the given authority"]);
    server.check(", refuses: [1.3]", 2, &["TLS 1.3 is accepted, and must be refused"]);
    let named =
        format!("  it: {{ tls: '127.0.0.1:{}', name: other.example, ca: ca.crt, within: 300ms }}\n", server.port);
    check_in(server.folder.path(), &named, 2, &["the certificate is for another name"]);
}

#[test]
fn an_expired_certificate_is_told() {
    let Some(server) = Secure::start("-days -1", "") else { return };
    server.check(", ca: ca.crt", 2, &["FAIL  it: the certificate has expired"]);
    server.check("", 2, &["the certificate has expired", "days ago"]);
}

#[test]
fn old_versions_that_a_server_speaks_are_told() {
    let Some(server) = Secure::start("-days 20", "-tls1 -cipher ALL:@SECLEVEL=0") else { return };
    server.check(", refuses: [1.0]", 2, &["TLS 1.0 is accepted, and must be refused"]);
    server.check(", accepts: [1.2]", 2, &["TLS 1.2 is refused, and must be accepted"]);
}

#[test]
fn a_check_that_cannot_be_understood_is_refused_at_its_place() {
    let place = "compose.yaml:3:3";
    check_smoke("  it: {}\n", 1, &["bad-smoke", place, "does not say what is checked"]);
    check_smoke("  it: { tcp: 'a:1', opne: true }\n", 1, &["unknown option `opne`", "compose.yaml:3:21"]);
    check_smoke("  it: { tcp: 'a:1', within: soon }\n", 1, &["where a time such as `10s` must be"]);
    check_smoke("  it: { exec: 'true' }\n", 1, &["needs `service`"]);
    check_smoke("  it: { tls: 'a:1', refuses: [0.9] }\n", 1, &["unknown version `0.9`"]);
    check_smoke("  {}\n", 1, &["no-smoke"]);
}

#[test]
fn names_select_checks_and_formats_are_for_programs() {
    let (port, closed) = (serve(PAGE), free());
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "services: {{ a: {{ image: 'x:1' }} }}\nx-smoke:\n  good: {{ tcp: '127.0.0.1:{port}' }}\n  \
         bad <1>: {{ tcp: '127.0.0.1:{closed}', within: 100ms }}\n  crash: {{ survives: kill, service: a }}\n"
    );
    std::fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let told = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["smoke"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, out, _) = told(&["good", "--format", "json"]);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, object["outcome"].as_str(), object["name"].as_str()), (Some(0), Some("passed"), Some("good")));
    let (code, out, _) = told(&["good", "bad <1>", "--format", "junit"]);
    assert_eq!(code, Some(2));
    assert!(
        out.contains("tests=\"2\" failures=\"1\"")
            && out.contains("name=\"bad &lt;1&gt;\"")
            && out.contains("<failure message="),
        "{out}"
    );
    let (code, _, told) = told(&["godo"]);
    assert!(code == Some(1) && told.contains("did you mean `good`?"), "{told}");
}
