//! Logins to registries, as docker's own tools keep them: in the variable `DOCKER_AUTH_CONFIG`, in credential helpers,
//! and in `config.json` of docker's configuration directory (`DOCKER_CONFIG`, else `~/.docker`).
//!
//! Secrets go only into the request: never into logs, errors or process arguments. Start at [`Credentials::of_image`]
//! and [`Credentials::all`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE};
use bollard::auth::DockerCredentials;
use futures_util::StreamExt;
use serde_json::Value;

use super::credential_helper;
use crate::engine::docker::connect::{config_directory, read_small};
use crate::env::Environment;

/// The key of the login of Docker Hub, for docker and for the engine.
const HUB: &str = "https://index.docker.io/v1/";
/// The hosts that mean Docker Hub, in names of images and in keys of logins.
const HUB_HOSTS: [&str; 2] = ["docker.io", "index.docker.io"];
/// The user that a helper returns with an identity token.
const TOKEN_USER: &str = "<token>";

/// The most logins that a build gets: usually all of the configuration, but not more than the head of a request can
/// hold.
const MOST: usize = 64;
/// How many helpers run at the same time.
const PARALLEL: usize = 4;
/// How long all helpers together may take before a build begins. A login that comes later is left out.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where logins are looked up. Not `Debug`: the environment may hold logins.
#[derive(Clone)]
pub(in crate::engine::docker) struct Credentials {
    /// Path of `config.json`, which may not exist.
    file: Option<PathBuf>,
    environment: Environment,
}

impl Credentials {
    /// Creates a place to look up logins. The files are read when a login is needed, so that a `docker login` in
    /// between counts.
    pub(in crate::engine::docker) fn new(environment: &Environment) -> Self {
        let file = config_directory(environment).map(|directory| directory.join("config.json"));
        Self { file, environment: environment.clone() }
    }

    /// Returns the login for the registry of an image; `None` without one.
    pub(in crate::engine::docker) async fn of_image(&self, image: &str) -> Option<DockerCredentials> {
        self.configuration().of_registry(registry_of(image), self.environment.get("PATH")).await
    }

    /// Returns the login for a registry's host, as BuildKit names it.
    #[cfg(feature = "buildkit")]
    pub(in crate::engine::docker) async fn of_host(&self, host: &str) -> Option<DockerCredentials> {
        let is_hub = HUB_HOSTS.contains(&host) || host == "registry-1.docker.io";
        self.configuration().of_registry(if is_hub { HUB } else { host }, self.environment.get("PATH")).await
    }

    /// Returns a variable of the environment, unless it is blank.
    #[cfg(feature = "buildkit")]
    pub(in crate::engine::docker) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get_non_empty(name)
    }

    /// Returns the logins for all registries of the configuration, by the key that the engine uses (Docker Hub:
    /// `https://index.docker.io/v1/`, others: the host). Only the engine knows which images a build pulls.
    ///
    /// Helpers are asked only for registries of the configuration: a keychain may also hold logins of other programs.
    pub(in crate::engine::docker) async fn all(&self) -> BTreeMap<String, DockerCredentials> {
        let (configuration, path) = (self.configuration(), self.environment.get("PATH"));
        let ask = |registry: String| {
            let configuration = &configuration;
            async move { (configuration.of_registry(&registry, path).await, registry) }
        };
        let registries = configuration.registries();
        futures_util::stream::iter(registries.into_iter().take(MOST).map(ask))
            .buffer_unordered(PARALLEL)
            .take_until(tokio::time::sleep(PATIENCE))
            .filter_map(|(login, registry)| async move { Some((registry, login?)) })
            .collect()
            .await
    }

    /// Returns the value of the header `X-Registry-Config`; `None` where there are no logins.
    pub(in crate::engine::docker) async fn header_of_all(&self) -> Option<String> {
        let all = self.all().await;
        let json = serde_json::to_vec(&all).ok().filter(|_| !all.is_empty())?;
        Some(URL_SAFE.encode(json))
    }

    fn configuration(&self) -> Configuration {
        let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
        let file = self.file.as_deref().and_then(read_small).as_deref().and_then(parse);
        let variable = self.environment.get_non_empty("DOCKER_AUTH_CONFIG").and_then(parse);
        Configuration { variable: variable.unwrap_or_default(), file: file.unwrap_or_default() }
    }
}

/// The contents of the variable and of the file; `null` if there is none, or no valid JSON.
struct Configuration {
    variable: Value,
    file: Value,
}

impl Configuration {
    /// Returns the login of a registry.
    ///
    /// Compat: docker's order. The variable (since docker 28) has priority over the file; the registry's own helper, or
    /// the default helper, has priority over a login in the file.
    async fn of_registry(&self, registry: &str, path: Option<&str>) -> Option<DockerCredentials> {
        if let Some(login) = entry_of(&self.variable, registry).and_then(|entry| stored(entry, registry)) {
            return Some(login);
        }
        let in_file = entry_of(&self.file, registry).and_then(|entry| stored(entry, registry));
        let Some(helper) = self.helper_of(registry) else { return in_file };
        let Some(answer) = credential_helper::get(helper, registry, path).await else { return in_file };
        let mut login = DockerCredentials {
            serveraddress: Some(registry.to_owned()),
            // Compat: helpers know no registry tokens; docker takes these from the file.
            registrytoken: in_file.and_then(|login| login.registrytoken),
            ..DockerCredentials::default()
        };
        if answer.user == TOKEN_USER {
            login.identitytoken = Some(answer.secret);
        } else {
            (login.username, login.password) = (Some(answer.user), Some(answer.secret));
        }
        Some(login)
    }

    /// Returns the name of the helper for a registry: its own of `credHelpers`, else `credsStore`. A blank name in
    /// `credHelpers` means no helper.
    fn helper_of(&self, registry: &str) -> Option<&str> {
        let own = self.file.get("credHelpers").and_then(|helpers| of_key(helpers, registry));
        own.or_else(|| self.file.get("credsStore")).and_then(Value::as_str).filter(|name| !name.is_empty())
    }

    /// Returns the registries that are named, each once: Docker Hub first, then the others in the order of their names.
    fn registries(&self) -> Vec<String> {
        let maps = [self.variable.get("auths"), self.file.get("auths"), self.file.get("credHelpers")];
        let keys = maps.into_iter().flatten().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
        let mut found: BTreeSet<String> = keys.filter_map(|key| registry_of_key(key)).collect();
        let hub = found.take(HUB);
        hub.into_iter().chain(found).collect()
    }
}

/// Returns the registry of an image's name: the host at its beginning, or [`HUB`].
///
/// Compat: the first part is a host if it has a dot, a colon or a capital letter, or is `localhost`.
fn registry_of(image: &str) -> &str {
    let is_host = |part: &str| {
        part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    match image.split_once('/') {
        Some((host, _)) if is_host(host) && !HUB_HOSTS.contains(&host) => host,
        _ => HUB,
    }
}

/// Returns the registry of a key of `auths` or `credHelpers`. A key is a host or an address: `HOST`, `http://HOST`,
/// `https://HOST/v1/`, `https://HOST/v2/`.
///
/// `None` for the tokens that `docker login` keeps besides the login of Docker Hub
/// (`https://index.docker.io/v1/access-token`): they are for docker itself.
fn registry_of_key(key: &str) -> Option<String> {
    let address = key.split_once("://").map_or(key, |(_, rest)| rest);
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    if HUB_HOSTS.contains(&host) {
        return matches!(path.trim_end_matches('/'), "" | "v1" | "v2").then(|| HUB.to_owned());
    }
    (!host.is_empty()).then(|| host.to_owned())
}

/// Returns the entry of a map for a registry: under the registry's own key, else under the first key that means the
/// registry.
fn of_key<'a>(map: &'a Value, registry: &str) -> Option<&'a Value> {
    let map = map.as_object()?;
    let is_meant = |key: &str| registry_of_key(key).as_deref() == Some(registry);
    map.get(registry).or_else(|| {
        let mut keys: Vec<&String> = map.keys().filter(|key| is_meant(key)).collect();
        keys.sort();
        map.get(*keys.first()?)
    })
}

/// Returns the entry of `auths` for a registry.
fn entry_of<'a>(config: &'a Value, registry: &str) -> Option<&'a Value> {
    of_key(config.get("auths")?, registry)
}

/// Returns the login of an entry of `auths`: `auth` (base64 of `user:password`) or `username` and `password`.
/// `identitytoken` and `registrytoken` may be added or stand alone. An entry may be empty: docker leaves such an entry
/// for a login that a helper keeps.
fn stored(entry: &Value, registry: &str) -> Option<DockerCredentials> {
    let field = |name: &str| entry.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let plain = || Some((field("username")?, field("password").unwrap_or_default()));
    let (username, password) = field("auth").and_then(|auth| decode(&auth)).or_else(plain).unzip();
    let (identitytoken, registrytoken) = (field("identitytoken"), field("registrytoken"));
    (username.is_some() || identitytoken.is_some() || registrytoken.is_some()).then(|| DockerCredentials {
        username,
        password,
        identitytoken,
        registrytoken,
        serveraddress: Some(registry.to_owned()),
        ..DockerCredentials::default()
    })
}

/// Returns user and password of an `auth`; `None` if it is no base64 of `user:password`.
fn decode(auth: &str) -> Option<(String, String)> {
    // Files written by hand may lack the padding, or have line ends.
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text: String = auth.split_ascii_whitespace().collect();
    let plain = String::from_utf8(GeneralPurpose::new(&alphabet::STANDARD, CONFIG).decode(text).ok()?).ok()?;
    let (user, password) = plain.split_once(':').filter(|(user, _)| !user.is_empty())?;
    // Compat: old versions of docker wrote zero bytes behind the password.
    Some((user.to_owned(), password.trim_matches('\0').to_owned()))
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
