//! Settings by variables, of the environment and of `.env`.

use crate::common::real::{Stack, is_ready};

const ONE: &str = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }";

#[test]
fn settings_of_env_files_count_as_those_of_the_environment() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    let variables = "COMPOSE_COMPATIBILITY=1\nCOMPOSE_STATUS_STDOUT=true\nCOMPOSE_PROGRESS=plain\n";
    stack.file(".env", variables);
    let (code, out, errors) = stack.run(&["up", "-d"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let name = format!("{}_a_1", stack.project);
    assert!(out.contains(&format!(" Container {name}  Started\n")), "{out}");
    assert_eq!(stack.names(), [name]);
    // An option wins over its variable.
    let (code, out, _) = stack.run(&["--progress", "quiet", "up", "-d", "--force-recreate"]);
    assert_eq!((code, out.as_str()), (0, ""));
    stack.file(".env", &(variables.to_owned() + "COMPOSE_PARALLEL_LIMIT=many\n"));
    let (code, _, errors) = stack.run(&["stop"]);
    assert!(code == 1 && errors.contains("COMPOSE_PARALLEL_LIMIT must be a whole number, but is `many`"), "{errors}");
}

#[test]
fn the_default_platform_reaches_the_engine() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(ONE);
    stack.file(".env", "DOCKER_DEFAULT_PLATFORM=linux/s390x\n");
    let (code, _, errors) = stack.run(&["up", "-d", "--pull", "never"]);
    assert!(code == 1 && errors.contains("s390x"), "{errors}");
    assert_eq!(stack.names(), [""; 0]);
}
