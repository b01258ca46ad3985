//! Runs `config` in a folder with some files.

use std::process::Command;

use expect_test::Expect;

/// Runs `config` in a folder with these files (name and text). Returns exit code, standard output and standard error.
pub fn config(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    config_with(&files, &[], arguments)
}

/// As [`config`], for files of any bytes, and with environment variables.
pub fn config_with(files: &[(&str, &[u8])], environment: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_inception"));
    let named: &[&str] = if arguments.first() == Some(&"-p") { &[] } else { &["-p", "p"] };
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .envs(environment.iter().copied())
        .current_dir(&folder)
        .args(named)
        .args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(folder.to_str().unwrap(), "@DIR@");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
pub fn check(files: &[(&str, &str)], arguments: &[&str], expected: &Expect) {
    let (code, out, errors) = config(files, arguments);
    assert_eq!(code, 0, "{errors}");
    expected.assert_eq(&out);
}

#[track_caller]
pub fn check_errors(files: &[(&str, &str)], arguments: &[&str], expected: &Expect) {
    let (code, _, errors) = config(files, arguments);
    assert_eq!(code, 1);
    expected.assert_eq(&errors);
}
