//! Attach, waits for the end of a container, its processes, and starts that fail.

use futures_util::{FutureExt, StreamExt};
use inception::engine::{AttachOptions, ErrorKind, LogOptions, TerminalSize, WaitCondition};
use tokio::io::AsyncWriteExt;

use crate::{Made, engine, in_time, read};

#[tokio::test]
async fn an_attach_before_the_start_misses_no_output_and_sees_the_end() {
    let Some(engine) = engine().await else { return };
    let script = "echo first; read line; echo \"$line\" >&2; exit 3";
    let made = Made::created(&engine, &["sh", "-c", script], |spec| {
        (spec.stdin_open, spec.stdin_once, spec.attach) = (true, true, true);
    })
    .await;
    let options = AttachOptions { stdin: true, ..AttachOptions::default() };
    let mut session = in_time(engine.attach(&made.id, &options)).await.unwrap();
    let ending = in_time(engine.wait_container(&made.id, WaitCondition::NextExit)).await.unwrap();
    made.start().await;
    session.input.write_all(b"hello\n").await.unwrap();
    session.input.shutdown().await.unwrap();
    let (out, errors) = read(session.output).await;
    assert_eq!((out.as_slice(), errors.as_slice()), (&b"first\n"[..], &b"hello\n"[..]));
    assert_eq!(in_time(ending).await.unwrap().exit_code, 3);
}

#[tokio::test]
async fn an_attached_terminal_has_a_size_and_the_output_of_before() {
    let Some(engine) = engine().await else { return };
    let script = "echo before; read line; stty size";
    let made = Made::created(&engine, &["sh", "-c", script], |spec| (spec.tty, spec.stdin_open) = (true, true)).await;
    let size = TerminalSize { rows: 20, columns: 70 };
    let early = engine.resize_container(&made.id, size).await.unwrap_err();
    assert!(!early.is_uncertain(), "{early}");
    made.start().await;
    in_time(engine.resize_container(&made.id, size)).await.unwrap();
    let mut log =
        engine.logs(&made.id, LogOptions { follow: true, is_tty: true, ..LogOptions::default() }).await.unwrap();
    assert!(in_time(log.next()).await.is_some_and(|chunk| chunk.is_ok()));
    let options = AttachOptions { is_tty: true, stdin: true, logs: true, detach_keys: None };
    let mut session = in_time(engine.attach(&made.id, &options)).await.unwrap();
    session.input.write_all(b"\n").await.unwrap();
    let (out, _) = read(session.output).await;
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.contains("before\r\n") && out.ends_with("20 70\r\n"), "{out:?}");
}

#[tokio::test]
async fn a_session_ends_at_its_keys_and_the_container_goes_on() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["cat"], |spec| (spec.tty, spec.stdin_open) = (true, true)).await;
    made.start().await;
    let options = AttachOptions { is_tty: true, stdin: true, logs: false, detach_keys: Some("ctrl-x".into()) };
    let mut session = in_time(engine.attach(&made.id, &options)).await.unwrap();
    session.input.write_all(b"a\n").await.unwrap();
    session.input.write_all(&[0x18]).await.unwrap();
    read(session.output).await;
    assert_eq!(engine.inspect_container(made.id.as_str()).await.unwrap().state.as_str(), "running");
}

#[tokio::test]
async fn each_condition_ends_a_wait_in_its_time() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["sh", "-c", "sleep 1; exit 9"], |_| {}).await;
    let wait = |condition| engine.wait_container(&made.id, condition);
    // The container was never started: it counts as not running, but its next exit is still to come.
    assert_eq!(in_time(wait(WaitCondition::NotRunning).await.unwrap()).await.unwrap().exit_code, 0);
    let mut next = wait(WaitCondition::NextExit).await.unwrap();
    let mut removed = wait(WaitCondition::Removed).await.unwrap();
    assert!((&mut next).now_or_never().is_none());
    made.start().await;
    let running = wait(WaitCondition::NotRunning).await.unwrap();
    assert_eq!(in_time(running).await.unwrap().exit_code, 9);
    assert_eq!(in_time(next).await.unwrap().exit_code, 9);
    assert!((&mut removed).now_or_never().is_none());
    made.remove().await;
    assert_eq!(in_time(removed).await.unwrap().exit_code, 9);
    let error = wait(WaitCondition::NotRunning).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn processes_of_a_container_are_listed() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let processes = engine.top(&made.id, "").await.unwrap();
    let column = processes.titles.iter().position(|title| title == "CMD").unwrap();
    assert!(processes.rows.iter().any(|row| row[column].contains("sleep 1000")), "{processes:?}");
    let processes = engine.top(&made.id, "-o pid,comm").await.unwrap();
    assert_eq!(processes.titles, ["PID", "COMMAND"]);
    let stopped = Made::created(&engine, &["true"], |_| {}).await;
    assert_eq!(engine.top(&stopped.id, "").await.unwrap_err().kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_program_that_is_missing_is_told_by_its_kind() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["no-such-program"], |_| {}).await;
    let error = engine.start_container(&made.id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoProgram, "{error}");
    let details = engine.inspect_container(made.id.as_str()).await.unwrap();
    assert_eq!(details.start_failure, Some(ErrorKind::NoProgram), "{}", details.error);
}
