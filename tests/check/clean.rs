//! Stacks of different kinds that follow the rules: nothing is found.

use std::path::{Path, PathBuf};

use crate::{findings, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn twenty_stacks_of_different_kinds_raise_no_false_alarm() {
    let folder = root().join("tests/check/clean");
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let file = folder.join(&name);
        assert_eq!(findings(&root(), &[file.to_str().unwrap()]), (0, Vec::new()), "{name}");
    }
}

#[test]
fn the_stacks_of_this_repository_follow_all_rules() {
    // The settings are those of `.env.example`, with the data where the subject wants them.
    let folder = tempfile::tempdir().unwrap();
    let example = std::fs::read_to_string(root().join(".env.example")).unwrap();
    let env = folder.path().join("env");
    std::fs::write(&env, example.replace("@DATA_PATH@", "/home/login/data")).unwrap();
    let stacks = ["srcs", "srcs/docker-compose.yml", "stacks/inception.yml", "stacks/minimal.yml"];
    let arguments = [&["--env-file", env.to_str().unwrap(), "check", "--rules", "all"], &stacks[..]].concat();
    let output = run(&root(), &arguments);
    let (out, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), &*out, &*told), (Some(0), "nothing found\n", ""));
}
