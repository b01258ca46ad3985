//! Values of env files with a `$` that begins an unset variable, and bytes of env files that are not UTF-8.

use crate::setup::{check_errors, config, config_with};
use expect_test::expect;

#[test]
fn a_dollar_sign_that_eats_a_part_of_a_value_is_told_with_the_line_that_keeps_it() {
    let stack = "services: { a: { image: i, env_file: a.env, label_file: l.env }, b: { image: i, env_file: a.env } }";
    let files = [
        ("compose.yml", stack),
        (".env", "P1=1\nP2=abc$def\n"),
        ("a.env", "Q=\"x ${y}\"\n"),
        ("l.env", "L='$kept'\nM=$m\n"),
        ("inc.env", "I=$P1/$i\n"),
    ];
    let (code, out, errors) = config(&files, &["config", "--format", "json"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("\"Q\": \"x \"") && out.contains("\"L\": \"$$kept\""), "{out}");
    expect![[r#"
        warning[unset-in-env-file]: variable `def` in the value of `P2` is not set, a blank text takes its place
        --> .env:2:7
         = help: to keep the dollar sign, write `P2='abc$def'`

        warning[unset-in-env-file]: variable `y` in the value of `Q` is not set, a blank text takes its place
        --> a.env:1:6
         = help: to keep the dollar sign, write `Q="x \${y}"`

        warning[unset-in-env-file]: variable `m` in the value of `M` is not set, a blank text takes its place
        --> l.env:2:3
         = help: to keep the dollar sign, write `M='$m'`

    "#]]
    .assert_eq(&errors);
    // `--env-file` replaces `.env`, and a variable of the environment is not missing.
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let arguments = ["--env-file", "inc.env", "config", "-q"];
    let told = config_with(&files, &[("y", "1"), ("m", "1")], &arguments).2;
    // Values of a label file may use the labels before them, but no variables of the environment.
    let names = ["`P1` in the value of `I`", "`i` in the value of `I`", "`m` in the value of `M`"];
    assert_eq!(told.matches("warning[").count(), names.len(), "{told}");
    assert!(names.iter().all(|name| told.contains(name)) && !told.contains("cause"), "{told}");
    assert!(told.contains("write `I='$P1/$i'`"), "{told}");
    // The variable is also found in an env file with an error.
    let faulty = [("compose.yml", "services: { a: { image: i } }"), (".env", "A B=1\nC=$A\n")];
    check_errors(
        &faulty,
        &["config", "-q"],
        &expect![[r#"
            error[bad-env-file]: cannot read env file `@DIR@/.env`: a variable's name must not contain a blank
            --> .env:1:2
             = help: lines are `NAME=value`; quote values that hold blanks or `#`

        "#]],
    );
}

#[test]
fn bytes_that_are_not_utf8_are_kept_and_told() {
    let stack = "services: { a: { image: i, env_file: a.env, label_file: l.env, command: '${A}' } }\nx-c: '${A}'\n";
    let files: [(&str, &[u8]); 4] = [
        ("compose.yml", stack.as_bytes()),
        (".env", b"# caf\xe9 \xe9\nA=caf\xe9\n"),
        ("a.env", b"B=\xff1\n"),
        ("l.env", b"L='\xe9'\n"),
    ];
    let (code, yaml, errors) = config_with(&files, &[], &["config"]);
    assert_eq!(code, 0, "{errors}");
    for line in ["- !!binary Y2Fm6Q==", "B: !!binary /zE=", "L: !!binary 6Q==", "x-c: !!binary Y2Fm6Q=="] {
        assert!(yaml.contains(line), "{line}: {yaml}");
    }
    let places = [".env:1:6", ".env:2:6", "a.env:1:3", "l.env:1:4"];
    assert_eq!(errors.matches("warning[not-utf8]").count(), places.len(), "{errors}");
    assert!(places.iter().all(|place| errors.contains(place)), "{errors}");
    // The output loads again.
    let again = config_with(&[("compose.yml", yaml.as_bytes())], &[], &["config"]);
    assert_eq!(again, (0, yaml, String::new()));
    let (_, json, _) = config_with(&files, &[], &["config", "--format", "json"]);
    assert!(json.contains("\"caf\\ufffd\"") && json.contains("\"\\ufffd1\""), "{json}");
    // The hash that docker compose computes for this service.
    let hashed: [(&str, &[u8]); 2] =
        [("compose.yml", b"services: { a: { image: busybox, env_file: e.env } }"), ("e.env", b"A=caf\xe9\n")];
    let (_, hash, _) = config_with(&hashed, &[], &["config", "--hash", "a"]);
    assert_eq!(hash.trim(), "a 11c406e4598ca40bb2f66293d4a5c6da97f849e1f9988a8252a4a3df50bc63bf");
    let key: [(&str, &[u8]); 2] = [("compose.yml", b"services: { a: { image: i } }"), (".env", b"A\xe9=1\n")];
    assert!(config_with(&key, &[], &["config", "-q"]).2.contains("unexpected character in a variable's name"));
}

#[test]
fn bytes_that_are_not_utf8_reach_files_of_configs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), b"A=caf\xe9\n").unwrap();
    let stack = "services: { a: { image: i, configs: [c], environment: { A: } } }\nconfigs: { c: { content: '${A}!' }, d: { environment: A } }\n";
    std::fs::write(folder.path().join("compose.yml"), stack).unwrap();
    let environment = inception::env::Environment::new([], folder.path());
    let options = inception::loader::LoadOptions { all_resources: true, ..Default::default() };
    let project = inception::loader::load(&options, &environment).project().unwrap();
    let (contents, faults) = inception::observe::files::read(&project, &["a"].into(), &Default::default());
    assert_eq!(faults, []);
    assert_eq!(contents.configs["c"].bytes.as_deref(), Some(&b"caf\xe9!"[..]));
    // The engine's API is JSON, which cannot hold such a byte.
    assert_eq!(project.service("a").unwrap().environment["A"].as_deref(), Some("caf\u{fffd}"));
}

#[test]
fn utf16_with_a_mark_is_read() {
    let utf16 = |text: &str, of: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(of).collect()
    };
    let stack = "services:\n  a:\n    image: x\n    labels: { caf\u{e9}: \u{1f600}, t: '${TAG}' }\n    prots: []\n";
    for of in [u16::to_le_bytes, u16::to_be_bytes] {
        let (file, variables) = (utf16(stack, of), utf16("TAG=\u{e9}1\n", of));
        let files: [(&str, &[u8]); 2] = [("compose.yml", &file), (".env", &variables)];
        let errors = config_with(&files, &[], &["config"]).2;
        assert!(errors.contains("unknown key `prots`") && errors.contains("compose.yml:5:5"), "{errors}");
        let file = utf16(&stack.replace("    prots: []\n", ""), of);
        let files: [(&str, &[u8]); 2] = [("compose.yml", &file), (".env", &variables)];
        let (code, out, errors) = config_with(&files, &[], &["config"]);
        assert_eq!((code, errors.as_str()), (0, ""));
        assert!(out.contains("t: \u{e9}1") && out.contains("caf\u{e9}: "), "{out}");
    }
    for bad in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\x00a\x00", b"a: caf\xe9"] {
        let (code, _, errors) = config_with(&[("compose.yml", bad)], &[], &["config", "-q"]);
        assert!(code == 1 && errors.contains("not-text"), "{bad:?}: {errors}");
    }
}
