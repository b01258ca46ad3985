//! Commands in containers.

use std::time::Duration;

use futures_util::StreamExt;
use inception::engine::{EngineHandle, ErrorKind, ExecSpec, Session, SessionOptions, TerminalSize};
use tokio::io::AsyncWriteExt;

use crate::{LIMIT, Made, engine, in_time, read};

fn command(words: &[&str]) -> ExecSpec {
    ExecSpec { command: words.iter().map(|word| (*word).to_owned()).collect(), ..ExecSpec::default() }
}

fn shell(script: &str) -> ExecSpec {
    command(&["sh", "-c", script])
}

const PLAIN: SessionOptions = SessionOptions { is_tty: false, stdin: false, detach_keys: None, size: None };
const WITH_INPUT: SessionOptions = SessionOptions { is_tty: false, stdin: true, detach_keys: None, size: None };
const TERMINAL: SessionOptions = SessionOptions { is_tty: true, stdin: true, detach_keys: None, size: None };

/// Runs a command to its end. Returns exit code, standard output and standard error.
async fn run(engine: &EngineHandle, made: &Made, spec: &ExecSpec, options: &SessionOptions) -> (i64, String, String) {
    let (exec, session) = in_time(engine.open_exec(&made.id, spec, options)).await.unwrap();
    let (out, errors) = read(session.output).await;
    let code = engine.exec_exit_code(&exec, LIMIT).await.unwrap().expect("the command has ended");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (code, text(out), text(errors))
}

#[tokio::test]
async fn without_a_terminal_output_and_errors_come_apart() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let found = run(&engine, &made, &shell("echo out; echo err >&2; echo more"), &PLAIN).await;
    assert_eq!(found, (0, "out\nmore\n".into(), "err\n".into()));
    // The output looks like a frame of the engine's stream: it must arrive unchanged.
    let found = run(&engine, &made, &shell(r"printf '\001\000\000\000\000\000\000\003abc'"), &PLAIN).await;
    assert_eq!(found.1, "\u{1}\0\0\0\0\0\0\u{3}abc");
}

#[tokio::test]
async fn with_a_terminal_all_output_is_one_stream_and_the_size_is_known() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    // The command waits for a line. The test sends the line after the change of size.
    let script = "test -t 0 && echo terminal >&2; read line; stty size; exit 7";
    let (exec, mut session) = in_time(engine.open_exec(&made.id, &shell(script), &TERMINAL)).await.unwrap();
    in_time(engine.resize_exec(&exec, TerminalSize { rows: 33, columns: 99 })).await.unwrap();
    session.input.write_all(b"go\n").await.unwrap();
    let (out, errors) = read(session.output).await;
    let out = String::from_utf8_lossy(&out).into_owned();
    // The terminal's echo of the line may come before the first word.
    assert!(out.contains("terminal\r\n") && out.ends_with("33 99\r\n"), "{out:?}");
    assert!(errors.is_empty());
    assert_eq!(engine.exec_exit_code(&exec, LIMIT).await.unwrap(), Some(7));
    let late = engine.resize_exec(&exec, TerminalSize { rows: 1, columns: 1 }).await;
    assert!(late.is_err_and(|error| !error.is_uncertain()));
}

#[tokio::test]
async fn a_terminals_bytes_are_not_taken_for_frames() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let script = r"stty raw -echo 2>/dev/null; printf '\001\000\000\000\000\000\000\377x'; sleep 0.2; printf '\002y'";
    let (_, out, _) = run(&engine, &made, &shell(script), &TERMINAL).await;
    assert_eq!(out.as_bytes()[..8], [1, 0, 0, 0, 0, 0, 0, 0xef], "{out:?}");
    assert!(out.ends_with("\u{2}y"), "{out:?}");
}

#[tokio::test]
async fn twenty_megabytes_go_through_cat_and_the_end_of_the_input_ends_it() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let (exec, Session { mut input, output }) =
        in_time(engine.open_exec(&made.id, &command(&["cat"]), &WITH_INPUT)).await.unwrap();
    let sent: Vec<u8> = (0..20_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let writer = {
        let sent = sent.clone();
        tokio::spawn(async move {
            input.write_all(&sent).await.unwrap();
            input.shutdown().await.unwrap();
            input
        })
    };
    let (out, errors) = read(output).await;
    assert!(out == sent && errors.is_empty(), "{} bytes came back, {:?}", out.len(), String::from_utf8_lossy(&errors));
    assert_eq!(engine.exec_exit_code(&exec, LIMIT).await.unwrap(), Some(0));
    writer.await.unwrap();
}

#[tokio::test]
async fn exit_codes_tell_what_became_of_a_command() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    assert_eq!(run(&engine, &made, &command(&["true"]), &PLAIN).await.0, 0);
    assert_eq!(run(&engine, &made, &shell("exit 3"), &PLAIN).await.0, 3);
    let (code, out, _) = run(&engine, &made, &command(&["/etc/hosts"]), &PLAIN).await;
    assert_eq!(code, 126, "{out}");
    // Compat: for a missing program Engine 20.10 answers 126, newer engines 127.
    let (code, out, _) = run(&engine, &made, &command(&["no-such-program"]), &PLAIN).await;
    assert!(code == 126 || code == 127, "{code}");
    assert!(out.contains("no-such-program"), "{out}");
    assert_eq!(run(&engine, &made, &shell("no-such-program"), &PLAIN).await.0, 127);
}

#[tokio::test]
async fn user_folder_and_variables_of_a_command_are_its_own() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let spec = ExecSpec {
        user: Some("12:34".into()),
        working_dir: Some("/bin".into()),
        environment: vec!["A=b c".into()],
        ..shell("id -u; id -g; pwd; echo $A")
    };
    assert_eq!(run(&engine, &made, &spec, &PLAIN).await.1, "12\n34\n/bin\nb c\n");
    let outcome = engine.exec(&made.id, &spec).await.unwrap();
    assert_eq!((outcome.exit_code, outcome.output.as_str()), (0, "12\n34\n/bin\nb c\n"));
}

#[tokio::test]
async fn collected_output_is_cut_and_its_command_still_ends() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let outcome = in_time(engine.exec(&made.id, &shell("yes | head -c 300000; exit 5"))).await.unwrap();
    assert_eq!((outcome.exit_code, outcome.output.len()), (5, 64 * 1024));
}

#[tokio::test]
async fn a_command_that_is_left_to_itself_goes_on() {
    let Some(engine) = engine().await else { return };
    let made = Made::idle(&engine).await;
    let exec = engine.exec_detached(&made.id, &shell("sleep 1; exit 4"), false).await.unwrap();
    assert_eq!(engine.exec_exit_code(&exec, Duration::ZERO).await.unwrap(), None);
    assert_eq!(engine.exec_exit_code(&exec, LIMIT).await.unwrap(), Some(4));
    // The exit code is also told when the session was dropped.
    let (exec, mut session) = engine.open_exec(&made.id, &shell("echo a; sleep 1; exit 6"), &PLAIN).await.unwrap();
    assert!(in_time(session.output.next()).await.is_some());
    drop(session);
    assert_eq!(engine.exec_exit_code(&exec, LIMIT).await.unwrap(), Some(6));
}

#[tokio::test]
async fn a_container_that_does_not_run_takes_no_command() {
    let Some(engine) = engine().await else { return };
    let made = Made::created(&engine, &["true"], |_| {}).await;
    let error = engine.open_exec(&made.id, &command(&["true"]), &PLAIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    made.remove().await;
    let error = engine.open_exec(&made.id, &command(&["true"]), &PLAIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
