//! Variables that are not replaced (`--no-interpolate`, `--variables`), and variables that inception itself reads.

mod secrecy;
mod unset;

use crate::setup::{config, config_with};
use expect_test::expect;
use inception::env::Environment;
use inception::loader::{self, LoadOptions};

/// Returns the service `a` with one attribute, as `config --no-interpolate` prints it, and the names of its variables.
fn raw(attribute: &str) -> (String, Vec<String>) {
    let stack = format!("services: {{ a: {{ image: i, {attribute} }}, b: {{ image: b }} }}");
    let files = [("compose.yml", stack.as_str())];
    let (code, out, errors) = config(&files, &["config", "--no-interpolate"]);
    assert_eq!(code, 0, "{attribute}: {errors}");
    let (_, names, errors) = config(&files, &["config", "--variables"]);
    let names = names.lines().skip(1).filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(errors, "", "{attribute}");
    (out, names)
}

#[test]
fn short_forms_are_not_split_inside_variables() {
    for (attribute, lines, names) in [
        ("volumes: ['${S:-/mnt/x}/app:/data']", &["source: ${S:-/mnt/x}/app\n", "target: /data\n"][..], &["S"][..]),
        (
            "volumes: ['./x:${T:-${U:-/y:z}}:ro']",
            &["source: @DIR@/x\n", "target: ${T:-${U:-/y:z}}\n", "read_only: true"],
            &["T", "U"],
        ),
        ("volumes: ['${S:?no: x}:/z']", &["source: '${S:?no: x}'\n", "target: /z\n"], &["S"]),
        ("volumes: ['${S:+a:}/z']", &["target: ${S:+a:}/z\n"], &["S"]),
        ("volumes: ['data:/yy:${MODE:-ro}']", &["- data:/yy:${MODE:-ro}\n"], &["MODE"]),
        (
            "ports: ['${IP:-127.0.0.1}:${H}:${C:-80}/${P:-tcp}']",
            &["- ${IP:-127.0.0.1}:${H}:${C:-80}/${P:-tcp}\n"],
            &["C", "H", "IP", "P"],
        ),
        (
            "devices: ['${D:-/dev/x}:${E:-/dev/y:z}']",
            &["source: ${D:-/dev/x}\n", "target: ${E:-/dev/y:z}\n", "permissions: rwm"],
            &["D", "E"],
        ),
        ("devices: ['${ALL:-/a:/b:r}']", &["- ${ALL:-/a:/b:r}\n"], &["ALL"]),
        ("links: ['${L:-b}:x']", &["- ${L:-b}:x\n"], &["L"]),
        ("volumes_from: ['${V:-b}:ro']", &["- ${V:-b}:ro\n"], &["V"]),
        ("networks: ['${N:-n}']", &["- ${N:-n}\n"], &["N"]),
        ("depends_on: ['${D:-b}']", &["- ${D:-b}\n"], &["D"]),
        ("environment: ['${E:-A=b}=c', '${E:-A=d}=e']", &["- ${E:-A=b}=c\n", "- ${E:-A=d}=e\n"], &["E"]),
        ("extra_hosts: ['${H:-x:y}:1.1.1.1']", &["- ${H:-x:y}:1.1.1.1\n"], &["H"]),
        ("build: { context: ., additional_contexts: ['${C:-x=y}', 'z=.'] }", &["- ${C:-x=y}\n", "- z=."], &["C"]),
        ("build: { context: ., additional_contexts: ['c=${C:-x=y}'] }", &["c: @DIR@/${C:-x=y}\n"], &["C"]),
        ("build: { context: ., ssh: ['${K:-default}'] }", &["- ${K:-default}\n"], &["K"]),
        ("ulimits: { nofile: '${U:-5}' }", &["nofile: ${U:-5}\n"], &["U"]),
        ("gpus: '${G:-all}'", &["gpus: ${G:-all}\n"], &["G"]),
        ("extends: '${X:-b}'", &["service: ${X:-b}\n"], &["X"]),
        (
            "depends_on: { b: { condition: '${C:-service_started}', required: '${R:-true}' } }",
            &["required: ${R:-true}\n"],
            &["C", "R"],
        ),
        ("use_api_socket: '${A:-true}'", &["use_api_socket: ${A:-true}\n"], &["A"]),
        ("healthcheck: { interval: '${I:-5s}' }", &["interval: ${I:-5s}\n"], &["I"]),
    ] {
        let (out, found) = raw(attribute);
        for line in lines {
            assert!(out.contains(line), "{attribute}: {line:?} in\n{out}");
        }
        assert_eq!(found, names, "{attribute}");
    }
}

#[test]
fn what_is_printed_without_interpolation_means_the_same() {
    let stack = "services:
  a:
    image: i:${TAG:-1}
    volumes: ['./x:/yy:${MODE:-ro}', './b:${T:-/d}:z']
    devices: ['${D:-/dev/x:/dev/y:r}', '${E:-/dev/e}:/dev/f']
    networks: ['${N:-n}']
    depends_on: ['${DEP:-b}']
    links: ['${DEP:-b}:x']
    build: { context: ., ssh: ['${K:-default}'], additional_contexts: ['${C:-x=y}'] }
    ports: ['${P:-80}:80']
  b: { image: b }
networks: { n: }
";
    for variables in [&[][..], &[("MODE", "rw"), ("T", "/t"), ("N", "default"), ("P", "81"), ("C", "c=/c")]] {
        let print = |text: &str, flags: &[&str]| {
            let (code, out, errors) =
                config_with(&[("compose.yml", text.as_bytes())], variables, &[&["config"], flags].concat());
            assert_eq!(code, 0, "{text}\n{errors}");
            out
        };
        let kept = print(stack, &["--no-interpolate", "--no-path-resolution"]);
        assert_eq!(print(&kept, &["--no-path-resolution"]), print(stack, &["--no-path-resolution"]), "{kept}");
    }
}

#[test]
fn without_pwd_the_current_directory_takes_its_place() {
    let stack = "services: { a: { image: i, volumes: ['${PWD}/d:/d'], env_file: e.env, environment: [PWD] } }";
    let files: [(&str, &[u8]); 2] = [("compose.yml", stack.as_bytes()), ("e.env", b"HERE=$PWD/x\n")];
    let source = |environment: &[(&str, &str)]| {
        let (code, out, errors) = config_with(&files, environment, &["config"]);
        assert_eq!((code, errors.as_str()), (0, ""));
        out
    };
    let unset = source(&[]);
    for line in ["source: @DIR@/d\n", "HERE: @DIR@/x\n", "PWD: @DIR@\n"] {
        assert!(unset.contains(line), "{line}: {unset}");
    }
    // Compat: a variable that is set counts, even if it is empty.
    assert!(source(&[("PWD", "/else")]).contains("source: /else/d\n"));
    assert!(source(&[("PWD", "")]).contains("source: /d\n"));
}

#[test]
fn settings_stand_in_env_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    write("compose.yml", "services: { a: { image: i } }");
    write(".env", "COMPOSE_ANSI=never\nCOMPOSE_PROGRESS=json\nTAG=1\nA B\n");
    write("other.env", "COMPOSE_PARALLEL_LIMIT=3\n");
    let of = |variables: &[(&str, &str)], directory: &str, options: LoadOptions| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = Environment::new(variables, folder.path().join(directory));
        let found = loader::settings(&options, &environment);
        let environment = environment.with_defaults(found);
        let value = |name| environment.get(name).map(str::to_owned);
        ["COMPOSE_ANSI", "COMPOSE_PROGRESS", "COMPOSE_PARALLEL_LIMIT", "TAG"].map(value)
    };
    let texts = |values: [Option<&str>; 4]| values.map(|value| value.map(str::to_owned));
    let none = LoadOptions::default;
    assert_eq!(of(&[], "", none()), texts([Some("never"), Some("json"), None, None]));
    // The compose file in the folder above is found, and the `.env` beside it is read.
    assert_eq!(of(&[], "sub", none()), texts([Some("never"), Some("json"), None, None]));
    assert_eq!(of(&[("COMPOSE_ANSI", "")], "", none()), texts([Some(""), Some("json"), None, None]));
    let given = LoadOptions { env_files: vec!["other.env".into()], ..none() };
    assert_eq!(of(&[], "", given), texts([None, None, Some("3"), None]));
    assert_eq!(of(&[("COMPOSE_DISABLE_ENV_FILE", "1")], "", none()), texts([None, None, None, None]));
}

#[test]
fn the_default_platform_is_hashed_as_docker_compose_does() {
    let stack = "name: eset
services:
  a: { image: busybox, command: sleep 100, init: true, stop_grace_period: 0s }
  b: { image: busybox, build: { dockerfile_inline: 'FROM scratch' }, command: sleep 100, stop_grace_period: 0s }
";
    let files: [(&str, &[u8]); 1] = [("compose.yml", stack.as_bytes())];
    let hashes = |environment: &[(&str, &str)]| config_with(&files, environment, &["config", "--hash", "*"]).1;
    let a = "a 6ecd62e6535b68a88163d8206a422b699a46677304daef70c41ee919a48d9678\n";
    let b = "b 5ec3da3a45c08d34e5d7eb0db231ae3f05e88e893e75044d0becfb08c9a528ec\n";
    let built = "b 7e4faf43936d9785d34a82d3e923d9072c6aede7fd6a29fbb5c9be7c5256b9ff\n";
    assert_eq!(hashes(&[]), format!("{a}{b}"));
    assert_eq!(hashes(&[("DOCKER_DEFAULT_PLATFORM", "")]), format!("{a}{b}"));
    let platform = [("DOCKER_DEFAULT_PLATFORM", "linux/amd64")];
    assert_eq!(hashes(&platform), format!("{a}{built}"));
    assert!(!config_with(&files, &platform, &["config"]).1.contains("platform"));
    let in_file: [(&str, &[u8]); 2] = [files[0], (".env", b"DOCKER_DEFAULT_PLATFORM=linux/amd64\n")];
    assert_eq!(config_with(&in_file, &[], &["config", "--hash", "*"]).1, format!("{a}{built}"));
}

#[test]
fn the_default_platform_counts_for_services_that_name_none() {
    let stack = "services:
  plain: { image: x }
  own: { image: x, platform: linux/arm64 }
  several: { build: { context: ., platforms: [linux/arm64] } }
";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yml"), stack).unwrap();
    let variables = [("DOCKER_DEFAULT_PLATFORM".to_owned(), "linux/amd64".to_owned())];
    let mut loaded = loader::load(&LoadOptions::default(), &Environment::new(variables, folder.path()));
    let project = loaded.unchecked_project().unwrap();
    let platform = |name: &str| project.service(name).unwrap().platform.clone();
    assert_eq!(platform("plain").as_deref(), Some("linux/amd64"));
    assert_eq!(platform("own").as_deref(), Some("linux/arm64"));
    assert!(loaded.project().is_none());
    let told: Vec<&str> = loaded.diagnostics.iter().map(|one| one.message.as_str()).collect();
    expect![[r#"
        [
            "service `several`: `build.platforms` does not include `linux/amd64`, the value of DOCKER_DEFAULT_PLATFORM",
        ]
    "#]]
    .assert_debug_eq(&told);
}
