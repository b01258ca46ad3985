//! Logins in every shape that docker's tools keep them in.

#![expect(clippy::disallowed_methods, reason = "tests write configurations and helper programs")]

use serde_json::json;

use super::*;

/// Docker's configuration in a directory, with helpers as shell scripts in `bin`.
struct Bench {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Bench {
    fn new(config: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        let path = format!("{}/bin:/usr/bin:/bin", folder.path().display());
        let variables = [("DOCKER_CONFIG", folder.path().to_str().unwrap()), ("PATH", path.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { variables: variables.into(), folder }
    }

    fn variable(mut self, config: &Value) -> Self {
        self.variables.push(("DOCKER_AUTH_CONFIG".to_owned(), config.to_string()));
        self
    }

    /// A helper that has a login for each of these registries, and notes what it is asked for.
    fn helper(self, name: &str, user: &str, registries: &[&str]) -> Self {
        let asked = self.folder.path().join("asked");
        let known = registries.join("|");
        let script = format!(
            "server=$(cat)\necho \"$server\" >> '{}'\ncase \"$server\" in\n{known}) \
             printf '{{\"Username\":\"{user}\",\"Secret\":\"s:%s\"}}' \"$server\" ;;\n*) exit 1 ;;\nesac\n",
            asked.display()
        );
        let file = self.folder.path().join(format!("bin/docker-credential-{name}"));
        credential_helper::program(&file, &script);
        self
    }

    fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        all.sort();
        all
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&Environment::new(self.variables.clone(), self.folder.path()))
    }

    /// `user:password`, or a token with its kind.
    async fn of(&self, image: &str) -> Option<String> {
        self.credentials().of_image(image).await.map(|login| shown(&login))
    }
}

fn shown(login: &DockerCredentials) -> String {
    let name = login.username.as_ref().map(|user| format!("{user}:{}", login.password.as_deref().unwrap_or_default()));
    let identity = login.identitytoken.as_ref().map(|token| format!("identity {token}"));
    let registry = login.registrytoken.as_ref().map(|token| format!("registry {token}"));
    [name, identity, registry].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// An `auths` of one entry: `u:p` in base64.
fn one(key: &str) -> Value {
    json!({"auths": {key: {"auth": "dTpw"}}})
}

const HUB_IMAGES: [&str; 5] = ["a", "a/b:1", "docker.io/a", "docker.io/library/a", "index.docker.io/a/b"];

#[tokio::test]
async fn the_login_of_docker_hub_is_found_by_every_name_of_an_image_under_every_key() {
    for key in [
        "https://index.docker.io/v1/",
        "https://index.docker.io/v2/",
        "http://index.docker.io",
        "index.docker.io",
        "docker.io",
        "https://docker.io",
    ] {
        let bench = Bench::new(&one(key));
        for image in HUB_IMAGES {
            assert_eq!(bench.of(image).await.as_deref(), Some("u:p"), "{image} with {key}");
        }
        assert_eq!(bench.of("host.test/a").await, None);
        let login = bench.credentials().of_image("docker.io/a").await.unwrap();
        assert_eq!(login.serveraddress.as_deref(), Some(HUB));
    }
}

#[tokio::test]
async fn the_login_of_a_host_is_found_under_every_key() {
    for key in ["host:5000", "http://host:5000", "https://host:5000/v1/", "https://host:5000/v2/", "host:5000/v1/"] {
        let bench = Bench::new(&one(key));
        assert_eq!(bench.of("host:5000/a/b@sha256:1").await.as_deref(), Some("u:p"), "{key}");
        for image in ["host/a", "host:5001/a", "a/b"] {
            assert_eq!(bench.of(image).await, None, "{image} with {key}");
        }
    }
    assert_eq!(Bench::new(&one("localhost")).of("localhost/a").await.as_deref(), Some("u:p"));
}

#[tokio::test]
async fn the_own_key_is_stronger_than_others_of_the_same_host() {
    let auths = json!({"auths": {
        "http://host.test": {"auth": "b2xkOnA"}, "host.test": {"auth": "bmV3OnA"}, "https://host.test/v1/": {"auth": "b2xkOnA"},
        "https://index.docker.io/v1/access-token": {"auth": "b2xkOnA"},
    }});
    let bench = Bench::new(&auths);
    assert_eq!(bench.of("host.test/a").await.as_deref(), Some("new:p"));
    assert_eq!(bench.of("a").await, None, "docker's own tokens are no login");
}

#[tokio::test]
async fn every_kind_of_login_is_read() {
    for (entry, expected) in [
        (json!({"auth": "dXNlcjpwYTpzcw=="}), Some("user:pa:ss")),
        (json!({"auth": "dXNlcjpwYTpzcw"}), Some("user:pa:ss")),
        (json!({"username": "user", "password": "word"}), Some("user:word")),
        (json!({"auth": "no base64!", "username": "user", "password": "word"}), Some("user:word")),
        (json!({"identitytoken": "t"}), Some("identity t")),
        (json!({"auth": "dTpw", "identitytoken": "t"}), Some("u:p, identity t")),
        (json!({"registrytoken": "t"}), Some("registry t")),
        (json!({"auth": "", "email": "a@b"}), None),
        (json!({"auth": "Og=="}), None),
        (json!({}), None),
        (json!(null), None),
    ] {
        let bench = Bench::new(&json!({"auths": {"host.test": entry}}));
        assert_eq!(bench.of("host.test/a").await.as_deref(), expected, "{entry}");
    }
}

#[tokio::test]
async fn a_helper_of_the_registry_comes_before_the_default_helper_and_both_before_the_file() {
    let config = json!({
        "auths": {"own.test": {"auth": "dTpw"}, "all.test": {"auth": "dTpw", "registrytoken": "r"}, "plain.test": {"auth": "dTpw"}},
        "credHelpers": {"own.test": "first", "https://plain.test": "", "docker.io": "first"},
        "credsStore": "second",
    });
    let bench =
        Bench::new(&config).helper("first", "first", &["own.test", HUB]).helper("second", "<token>", &["all.test"]);
    assert_eq!(bench.of("own.test/a").await.as_deref(), Some("first:s:own.test"));
    assert_eq!(bench.of("all.test/a").await.as_deref(), Some("identity s:all.test, registry r"));
    assert_eq!(bench.of("plain.test/a").await.as_deref(), Some("u:p"));
    assert_eq!(bench.of("docker.io/a").await.as_deref(), Some(format!("first:s:{HUB}").as_str()));
    assert_eq!(bench.of("unknown.test/a").await, None);
}

#[tokio::test]
async fn the_variable_comes_before_the_file() {
    let bench = Bench::new(&json!({"auths": {"host.test": {"auth": "dTpw"}, "docker.io": {"auth": "dTpw"}}}))
        .variable(&json!({"auths": {"https://host.test": {"auth": "ZW52OnA="}}}));
    assert_eq!(bench.of("host.test/a").await.as_deref(), Some("env:p"));
    assert_eq!(bench.of("a").await.as_deref(), Some("u:p"));
    let broken = Bench::new(&one("host.test")).variable(&json!("no configuration"));
    assert_eq!(broken.of("host.test/a").await.as_deref(), Some("u:p"));
}

#[tokio::test]
async fn a_build_gets_all_logins_under_the_keys_that_the_engine_looks_for() {
    let config = json!({
        "auths": {
            "docker.io": {}, "https://index.docker.io/v1/access-token": {}, "https://plain.test/v2/": {"auth": "dTpw"},
            "gone.test": {},
        },
        "credHelpers": {"own.test": "first"},
        "credsStore": "second",
    });
    let bench = Bench::new(&config).variable(&one("variable.test")).helper("first", "first", &["own.test"]).helper(
        "second",
        "second",
        &[HUB, "elsewhere.test"],
    );
    let all = bench.credentials().all().await;
    let all: Vec<String> = all.iter().map(|(key, login)| format!("{key} {}", shown(login))).collect();
    assert_eq!(
        all,
        [format!("{HUB} second:s:{HUB}").as_str(), "own.test first:s:own.test", "plain.test u:p", "variable.test u:p"]
    );
    assert_eq!(bench.asked(), ["gone.test", HUB, "own.test", "plain.test"], "only what the configuration names");
    assert_eq!(Bench::new(&json!({})).credentials().header_of_all().await, None);
}

#[tokio::test]
async fn a_build_gets_a_bounded_number_of_logins() {
    let auths: serde_json::Map<String, Value> =
        (0..1000).map(|number| (format!("host{number}.test"), json!({"auth": "dTpw"}))).collect();
    assert_eq!(Bench::new(&json!({ "auths": auths })).credentials().all().await.len(), MOST);
}
