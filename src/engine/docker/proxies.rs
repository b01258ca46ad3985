//! The proxies of docker's configuration: `proxies` of `config.json`, by engine or for all engines (`default`).

use serde_json::Value;

use super::connect::{config_directory, read_small};
use crate::env::Environment;
use crate::model::Proxies;

/// Keys of the configuration, and the variables that carry them.
const KEYS: [(&str, &str); 5] = [
    ("httpProxy", "HTTP_PROXY"),
    ("httpsProxy", "HTTPS_PROXY"),
    ("ftpProxy", "FTP_PROXY"),
    ("noProxy", "NO_PROXY"),
    ("allProxy", "ALL_PROXY"),
];

/// Returns the proxies for the engine at an address; none without a valid configuration.
pub(super) fn proxies(environment: &Environment, endpoint: &str) -> Proxies {
    let file = config_directory(environment).map(|directory| directory.join("config.json"));
    let text = file.as_deref().and_then(read_small).unwrap_or_default();
    of(&serde_json::from_str(&text).unwrap_or_default(), endpoint)
}

/// Compat: an entry for the engine's address replaces `default` as a whole. Each variable is set in capital and in
/// small letters, because some programs read only one of them.
fn of(config: &Value, endpoint: &str) -> Proxies {
    let all = config.get("proxies");
    let entry = all.and_then(|all| all.get(endpoint).or_else(|| all.get("default")));
    let text = |key: &str| entry?.get(key)?.as_str().filter(|text| !text.is_empty() && !text.contains('\0'));
    let pairs = KEYS.iter().filter_map(|(key, variable)| Some((*variable, text(key)?)));
    let both =
        |(name, value): (&str, &str)| [name.to_owned(), name.to_ascii_lowercase()].map(|name| (name, value.to_owned()));
    Proxies(pairs.flat_map(both).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_for_the_engine_hides_the_default() {
        let config = json!({"proxies": {
            "default": {"httpProxy": "http://a:1", "noProxy": "*.test", "httpsProxy": ""},
            "tcp://b:2375": {"allProxy": "http://b:2"},
        }});
        let shown = |endpoint: &str| {
            let all = of(&config, endpoint).0;
            all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            shown("unix:///var/run/docker.sock"),
            "HTTP_PROXY=http://a:1 NO_PROXY=*.test http_proxy=http://a:1 no_proxy=*.test"
        );
        assert_eq!(shown("tcp://b:2375"), "ALL_PROXY=http://b:2 all_proxy=http://b:2");
    }

    #[test]
    fn a_configuration_that_says_something_else_has_no_proxies() {
        for config in [json!(null), json!([]), json!({"proxies": 1}), json!({"proxies": {"default": {"httpProxy": 1}}})]
        {
            assert_eq!(of(&config, "x"), Proxies::default(), "{config}");
        }
        let secret = Proxies([("HTTP_PROXY".to_owned(), "http://user:word@a".to_owned())].into());
        assert_eq!(format!("{secret:?}"), r#"{"HTTP_PROXY"}"#);
    }
}
