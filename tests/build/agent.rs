//! Agents of SSH, with an agent that is made for the test.

use std::process::{Child, Command, Stdio};

use crate::common::real::{is_ready, say};
use crate::setup::Built;

/// An agent with one key; it ends with the value.
struct Agent {
    child: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    /// `None` where this machine has no agent.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent.sock");
        let mut start = Command::new("ssh-agent");
        start.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).stderr(Stdio::null());
        let child = start.spawn().ok()?;
        let agent = Self { child, folder };
        let begun = std::time::Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed().as_secs() < 20, "the agent listens");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let key = agent.folder.path().join("key");
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519", "-N", "", "-C", "throw-away", "-f"]).arg(&key);
        assert!(make.status().unwrap().success());
        let add = Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap();
        assert!(add.success());
        Some(agent)
    }

    fn socket(&self) -> String {
        self.folder.path().join("agent.sock").to_str().unwrap().to_owned()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lists the keys of the agent, and then tries to remove all of them.
const STEP: &str = "FROM IMAGE
COPY program /
RUN --mount=type=ssh,required=true ssh-add -l > /keys; ssh-add -D; echo $? > /removed
";

/// Copies `ssh-add` into a folder, with the libraries that it needs.
fn copy_program(folder: &std::path::Path) {
    let listed = Command::new("ldd").arg("/usr/bin/ssh-add").output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/'));
    for file in libraries.chain(["/usr/bin/ssh-add"]) {
        let target = folder.join(file.replacen("/usr/bin", "/bin", 1).trim_start_matches('/'));
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

#[test]
fn a_step_may_list_the_keys_of_the_agent_and_not_remove_them() {
    if !is_ready() {
        return;
    }
    let Some(agent) = Agent::new() else { return say("\n*** SKIPPED: this machine has no ssh-agent ***\n") };
    let built = Built::new("services: { a: { build: { context: ., ssh: [default] } } }");
    built.dockerfile(STEP);
    copy_program(&built.stack.folder.path().join("program"));
    let without = built.go_with(&[("SSH_AUTH_SOCK", "")], &["build"]);
    assert!(without.code == Some(1) && without.errors.contains("SSH_AUTH_SOCK names none"), "{without:?}");
    let run = built.go_with(&[("SSH_AUTH_SOCK", &agent.socket())], &["--verbose", "--progress", "plain", "build"]);
    assert!(run.is_success(), "{run:?}");
    let keys = built.inside("a", "cat /keys");
    assert!(keys.contains("throw-away"), "{keys:?} {run:?}");
    assert_eq!(built.inside("a", "cat /removed"), "1");
    let list = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", agent.socket()).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("throw-away"), "the key is still there");
}
