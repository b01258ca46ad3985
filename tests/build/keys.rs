//! A scenario for each key of `build`.

use crate::common::real::{docker, is_ready, told};
use crate::setup::{Built, has_containerd_store, is_old};

#[test]
fn secrets_reach_their_step_and_are_in_no_layer_and_no_word() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services: { a: { build: { context: ., secrets: [word, { source: variable, target: renamed }] } } }
secrets: { word: { file: ./word }, variable: { environment: WORD } }",
    );
    built.dockerfile(
        "FROM IMAGE
RUN --mount=type=secret,id=word wc -c < /run/secrets/word > /length
RUN --mount=type=secret,id=renamed,target=/x cat /x | tr a-z b-za > /turned
RUN --mount=type=secret,id=none sh -c 'test ! -e /run/secrets/none && echo no > /none'
",
    );
    built.stack.file("word", "precious-in-a-file");
    let run = built.go_with(&[("WORD", "hidden")], &["--progress", "json", "build"]);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(
        built.inside("a", "cat /length /turned /none").split_whitespace().collect::<Vec<_>>(),
        ["18", "ijeefono"]
    );
    let image = format!("{}-a", built.stack.project);
    let history = told(&["history", "--no-trunc", &image]) + &told(&["image", "inspect", &image]);
    for word in ["precious-in-a-file", "hidden"] {
        assert!(!history.contains(word) && !run.errors.contains(word) && !run.out.contains(word), "{run:?}");
    }
}

#[test]
fn secrets_with_one_id_and_two_values_do_not_mix() {
    if !is_ready() {
        return;
    }
    let service = |name: &str| {
        format!(
            "  {name}: {{ build: {{ context: ., target: {name}, secrets: [{{ source: {name}, target: id }}] }} }}\n"
        )
    };
    let services: String = ["a", "b", "c"].map(service).concat();
    let secret = |name: &str| format!("  {name}: {{ file: ./secret-{name} }}\n");
    let secrets: String = ["a", "b", "c"].map(secret).concat();
    let built = Built::new(&format!("services:\n{services}secrets:\n{secrets}"));
    let step = "RUN --mount=type=secret,id=id cat /run/secrets/id > /word; sleep 1\n";
    built.dockerfile(&["a", "b", "c"].map(|name| format!("FROM IMAGE AS {name}\nENV NAME={name}\n{step}")).concat());
    for name in ["a", "b", "c"] {
        built.stack.file(&format!("secret-{name}"), &format!("value-{name}"));
    }
    built.build();
    assert_eq!(["a", "b", "c"].map(|name| built.inside(name, "cat /word")), ["value-a", "value-b", "value-c"]);
}

#[test]
fn arguments_target_labels_and_tags_count() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services:
  a:
    build:
      context: .
      target: middle
      args: { GIVEN: given, KEPT: }
      labels: { some.label: its value }
      tags: ['PROJECT-second:7']
",
    );
    built.dockerfile(
        "ARG GIVEN=default
FROM IMAGE AS first
ARG GIVEN
ARG KEPT=default
RUN echo $GIVEN $KEPT > /words
FROM first AS middle
RUN echo middle > /stage
FROM middle AS last
RUN echo last > /stage; false
",
    );
    built.build();
    assert_eq!(built.inside("a", "cat /words /stage"), "given default\nmiddle");
    let second = format!("{}-second:7", built.stack.project);
    assert_eq!(told(&["image", "inspect", "-f", "{{.Id}}", &second]), built.image_id("a"));
    assert_eq!(told(&["image", "inspect", "-f", "{{index .Config.Labels \"some.label\"}}", &second]), "its value");
}

#[test]
fn a_dockerfile_may_stand_in_the_file_or_outside_of_the_context() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services:
  inline: { build: { context: ctx, dockerfile_inline: \"FROM IMAGE\\nCOPY mark /mark\\n\" } }
  outside: { build: { context: ctx, dockerfile: ../Dockerfile } }
  named: { build: { context: ctx, dockerfile: deep/Other } }
",
    );
    std::fs::create_dir_all(built.stack.folder.path().join("ctx/deep")).unwrap();
    built.stack.file("ctx/mark", "mark");
    built.stack.file("ctx/ignored", "x");
    let text = format!("FROM {}\nCOPY . /all\n", crate::common::real::IMAGE);
    built.stack.file("Dockerfile", &text);
    built.stack.file("Dockerfile.dockerignore", "ignored\n");
    built.stack.file("ctx/deep/Other", &text);
    built.stack.file("ctx/deep/Other.dockerignore", "mark\ndeep\n");
    for builder in ["1", "0"] {
        let run = built.go_with(&[("DOCKER_BUILDKIT", builder)], &["build"]);
        assert!(run.is_success(), "{run:?}");
        assert_eq!(built.inside("inline", "cat /mark"), "mark");
        // The classic builder reads the Dockerfile from the context, so it comes along.
        assert_eq!(built.inside("named", "ls /all"), if builder == "1" { "ignored" } else { "deep\nignored" });
        // Compat: the classic builder of docker does not know `NAME.dockerignore` outside of a context either.
        let expected = if builder == "1" { "deep\nmark" } else { "deep\nignored\nmark" };
        assert_eq!(built.inside("outside", "ls /all"), expected, "{builder}");
    }
}

#[test]
fn hosts_and_network_of_the_steps_are_as_the_file_says() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services: { a: { build: { context: ., network: none, extra_hosts: ['some.host:10.1.2.3', 'six=::1'] } } }",
    );
    built.dockerfile("FROM IMAGE\nRUN cat /etc/hosts > /hosts; ls /sys/class/net | tr '\\n' ' ' > /interfaces\n");
    built.build();
    let hosts = built.inside("a", "cat /hosts");
    assert!(hosts.contains("10.1.2.3\tsome.host") && hosts.contains("::1\tsix"), "{hosts}");
    let interfaces = built.inside("a", "cat /interfaces");
    assert!(!interfaces.contains("eth"), "{interfaces}");
}

#[test]
fn what_is_in_a_cache_mount_is_there_in_the_next_build() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    for runs in ["1", "2", "3"] {
        built.dockerfile(&format!(
            "FROM IMAGE\nRUN --mount=type=cache,id=PROJECT,target=/cache : PROJECT; echo {runs} >> /cache/x; wc -l < /cache/x > /runs\n"
        ));
        built.build();
        assert_eq!(
            built.inside("a", "cat /runs; ls /cache 2>/dev/null || true"),
            runs,
            "the mount is kept, and is not in the image"
        );
    }
}

#[test]
fn no_cache_builds_all_stages_anew_and_no_cache_filter_those_that_it_names() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: { context: ., no_cache_filter: [second] } } }");
    built.dockerfile(
        "FROM IMAGE AS first
RUN echo PROJECT; cat /proc/sys/kernel/random/uuid > /first
FROM first AS second
RUN cat /proc/sys/kernel/random/uuid > /second
",
    );
    let build = |arguments: &[&str]| {
        assert!(built.stack.go(&[&["build"], arguments].concat()).is_success());
        built.inside("a", "cat /first /second").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, two, three) = (build(&[]), build(&[]), build(&["--no-cache"]));
    assert!(one[0] == two[0] && one[1] != two[1], "{one:?} {two:?}");
    assert!(two[0] != three[0] && two[1] != three[1], "{two:?} {three:?}");
}

#[test]
fn a_platform_that_the_engine_runs_is_built() {
    if !is_ready() {
        return;
    }
    let own = told(&["version", "-f", "{{.Server.Os}}/{{.Server.Arch}}"]);
    let built = Built::new(&format!("services: {{ a: {{ build: {{ context: ., platforms: ['{own}'] }} }} }}"));
    built.dockerfile("FROM IMAGE\nARG TARGETPLATFORM\nRUN echo $TARGETPLATFORM > /platform\n");
    built.build();
    assert_eq!(built.inside("a", "cat /platform"), own);
}

#[test]
fn an_inline_cache_is_written_and_an_image_is_a_cache() {
    if !is_ready() {
        return;
    }
    let built =
        Built::new("services: { a: { build: { context: ., cache_to: [type=inline], cache_from: ['PROJECT-a'] } } }");
    built.dockerfile("FROM IMAGE\nRUN echo PROJECT > /x\n");
    built.build();
    let second = built.build();
    assert!(second.contains("Cached"), "{second}");
}

#[test]
fn contexts_by_name_are_there_or_refused_with_a_reason() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services:
  a: { build: { context: ., additional_contexts: { base: 'service:b', files: ./files } } }
  b: { build: { context: ., dockerfile_inline: \"FROM IMAGE\\nRUN echo b > /b\\n\" } }
",
    );
    std::fs::create_dir_all(built.stack.folder.path().join("files")).unwrap();
    built.stack.file("files/file", "file");
    built.dockerfile("FROM base\nCOPY --from=files file /file\n");
    let run = built.stack.go(&["build", "a"]);
    match is_old() {
        true => {
            assert_eq!(run.code, Some(1));
            assert!(
                run.errors.contains("`base`") && run.errors.contains("`files`") && run.errors.contains("0.8"),
                "{run:?}"
            );
            assert!(run.errors.contains("compose.yaml:2:"), "{run:?}");
        }
        false => {
            assert!(run.is_success(), "{run:?}");
            assert_eq!(built.inside("a", "cat /b /file"), "b\nfile");
        }
    }
}

#[test]
fn services_with_one_definition_are_built_once_and_others_apart() {
    if !is_ready() {
        return;
    }
    let built = Built::new(
        "services:
  a.b: { build: &one { context: . } }
  a_b: { build: *one }
  third: { build: *one, image: 'PROJECT-own' }
  other: { build: { context: ., args: { X: other } } }
",
    );
    built.dockerfile("FROM IMAGE\nARG X=usual\nRUN echo $X PROJECT > /x; cat /proc/sys/kernel/random/uuid > /id\n");
    let words = built.build();
    assert_eq!(words.matches("Built").count(), 2, "{words}");
    let id = |name: &str| told(&["image", "inspect", "-f", "{{.Id}}", &format!("{}-{name}", built.stack.project)]);
    assert_eq!((id("a.b"), id("a_b")), (id("own"), id("own")));
    assert_ne!(id("a.b"), id("other"));
    let before = id("own");
    assert!(built.stack.go(&["build", "third"]).is_success());
    assert_eq!(id("own"), before, "an image does not depend on which services are named");
    docker(&["rmi", "-f", &format!("{}-own", built.stack.project)]);
}

#[test]
fn the_classic_builder_still_builds_where_it_is_asked_for() {
    if !is_ready() {
        return;
    }
    let built = Built::new("services: { a: { build: . } }");
    built.dockerfile("FROM IMAGE\nRUN echo PROJECT > /x\n");
    let image = format!("{}-a", built.stack.project);
    for (builder, mark) in [("0", ""), ("1", "buildkit.dockerfile.v0")] {
        let run = built.go_with(&[("DOCKER_BUILDKIT", builder)], &["build", "--no-cache"]);
        assert!(run.is_success(), "{run:?}");
        let newest = told(&["history", "--format", "{{.Comment}}", &image]);
        assert_eq!(newest.lines().next().unwrap_or_default(), mark, "{newest}");
    }
}

#[test]
fn a_cache_in_a_directory_is_written_and_read() {
    if !is_ready() || !has_containerd_store() {
        return;
    }
    let built = Built::new(
        "services:
  a: { build: { context: ., cache_to: ['type=local,dest=cache,mode=max'], cache_from: ['type=local,src=cache'] } }
",
    );
    built.dockerfile("FROM IMAGE\nRUN echo PROJECT > /x\n");
    built.stack.file(".dockerignore", "cache\n");
    built.build();
    let read = |name: &str| std::fs::read_to_string(built.stack.folder.path().join("cache").join(name)).unwrap();
    let index: serde_json::Value = serde_json::from_str(&read("index.json")).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    assert!(read(&digest).contains("cacheconfig"), "{}", read(&digest));
    let second = built.stack.go(&["--progress", "json", "build"]);
    assert!(second.is_success() && second.errors.contains("importing cache manifest from local"), "{second:?}");
}

#[test]
fn here_documents_and_images_as_contexts_are_understood() {
    if !is_ready() || is_old() {
        return;
    }
    let built = Built::new(
        "services:
  a:
    build:
      context: .
      additional_contexts: { base: 'docker-image://IMAGE', more: ./more }
      dockerfile_inline: |
        FROM base
        COPY --from=more file /file
        RUN <<EOF
        echo PROJECT > /x
        cat /file >> /x
        EOF
",
    );
    std::fs::create_dir_all(built.stack.folder.path().join("more")).unwrap();
    built.stack.file("more/file", "file");
    built.build();
    assert_eq!(built.inside("a", "cat /x"), format!("{}\nfile", built.stack.project));
}
