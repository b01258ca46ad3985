//! Rules about configurations of nginx, MariaDB, php-fpm and php; settings that are inherited count, too.

use crate::diag::Severity;
use crate::diagnose::contents::{instructions, packages, parsed};
use crate::diagnose::facts::{Facts, Image, ImageFile};
use crate::diagnose::parse::ini::{self, Setting};
use crate::diagnose::parse::nginx::{self, Directive};
use crate::diagnose::role::{Role, role};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;

static TLS_VERSION: Rule = Rule::both(
    "tls-version",
    Severity::Error,
    "OWASP TLS, RFC 8996, subject T1",
    "TLS 1.0, 1.1 and SSL are broken and withdrawn; the subject allows TLSv1.2 and TLSv1.3 only",
    "write `ssl_protocols TLSv1.2 TLSv1.3;`",
);
static PLAIN_HTTP: Rule = Rule::subject(
    "plain-http",
    Severity::Warning,
    "subject N3",
    "the stack must answer by TLS on port 443 alone",
    "remove the `listen` line, or write `listen 443 ssl;`",
);
static NO_CERTIFICATE: Rule = Rule::subject(
    "no-certificate",
    Severity::Warning,
    "subject T2",
    "without a certificate there is no TLS",
    "write `listen 443 ssl;`, `ssl_certificate` and `ssl_certificate_key`",
);
static SERVER_NAME: Rule = Rule::subject(
    "server-name",
    Severity::Warning,
    "subject T3",
    "the site's name must be LOGIN.42.fr",
    "write `server_name LOGIN.42.fr;`",
);
static DAEMONIZES: Rule = Rule::subject(
    "daemonizes",
    Severity::Error,
    "subject P2",
    "the program goes into the background, so process 1 ends, and the container with it",
    "write `CMD [\"nginx\", \"-g\", \"daemon off;\"]`, or `CMD [\"php-fpm8.2\", \"-F\"]`",
);
static DATABASE_ADDRESS: Rule = Rule::subject(
    "database-address",
    Severity::Warning,
    "subject W1",
    "the database listens on its own container only, so WordPress cannot reach it",
    "write `bind-address = 0.0.0.0` into a file under `/etc/mysql/mariadb.conf.d/`",
);
static NO_GRANTS: Rule = Rule::both(
    "no-grants",
    Severity::Error,
    "OWASP Docker 12, subject M1",
    "everybody who reaches the port is root of the database",
    "remove `skip-grant-tables`",
);
static FPM_ADDRESS: Rule = Rule::subject(
    "fpm-address",
    Severity::Warning,
    "subject W1",
    "php-fpm listens on a socket or its own container only, so nginx cannot reach it",
    "write `listen = 9000` in the pool",
);
static FPM_EXTENSIONS: Rule = Rule::security(
    "fpm-extensions",
    Severity::Error,
    "OWASP file upload",
    "php-fpm runs any file as PHP, also an uploaded picture",
    "remove the line: `.php` alone is the default",
);
static URL_INCLUDE: Rule = Rule::security(
    "url-include",
    Severity::Error,
    "OWASP PHP configuration",
    "PHP code is fetched from other machines and run",
    "write `allow_url_include = Off`",
);

const OLD: &[&str] = &["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];

/// Applies the rules to the configurations in an image.
pub fn findings(facts: &Facts, root: &Node, image: &Image) -> Vec<Finding> {
    let mut found: Vec<Finding> = image.files.iter().flat_map(file).collect();
    let service = root.get("services").and_then(|all| all.get(&image.service));
    let has = |word: &str| packages(image).iter().any(|(name, _)| name.starts_with(word));
    match service.and_then(|node| role(facts, &image.service, node)) {
        // A web server beside them is a fault by itself.
        Some(Role::MariaDb) => found.extend(database(image, service)),
        Some(Role::WordPress) => found.extend(fpm(image)),
        _ if has("nginx") => found.extend(nginx_image(facts, image)),
        _ => {}
    }
    found
}

/// Applies the rules to configurations that the compose file mounts.
pub fn mounted(facts: &Facts) -> Vec<Finding> {
    facts.mounted.iter().flat_map(|(service, one)| file(one).into_iter().map(move |found| found.of(service))).collect()
}

fn is_nginx(file: &ImageFile) -> bool {
    let text = &file.text.text;
    let is_named = file.target.contains("nginx") || text.contains("ssl_protocols") || text.contains("server_name");
    is_named && !file.target.ends_with(".sh") && !text.starts_with("#!")
}

/// Judges what a file says by itself.
fn file(file: &ImageFile) -> Vec<Finding> {
    let text = &file.text;
    let mut found = Vec::new();
    if is_nginx(file) {
        for one in nginx::parse(&text.text).iter().flat_map(Directive::all) {
            found.extend(directive(one).map(|(rule, words)| Finding::new(rule, text.span(one.range.clone()), words)));
        }
        return found;
    }
    let is_ini = [".cnf", ".ini", ".conf"].iter().any(|end| file.target.ends_with(end));
    for one in ini::parse(&text.text).iter().filter(|_| is_ini) {
        found.extend(setting(one).map(|(rule, words)| Finding::new(rule, text.span(one.range.clone()), words)));
    }
    found
}

fn directive(one: &Directive) -> Option<(&'static Rule, String)> {
    let first = one.arguments.first().map_or("", String::as_str);
    match one.name.as_str() {
        "ssl_protocols" => {
            let old: Vec<&str> = one.arguments.iter().map(String::as_str).filter(|word| OLD.contains(word)).collect();
            (!old.is_empty()).then(|| (&TLS_VERSION, format!("nginx offers {}", old.join(" and "))))
        }
        "listen" if !one.arguments.iter().any(|word| word == "ssl" || word == "quic") => {
            let port = first.rsplit(':').next().unwrap_or_default();
            Some((&PLAIN_HTTP, format!("nginx listens on port {port} without TLS")))
        }
        "server_name" => {
            let is_right = |name: &String| {
                name.ends_with(".42.fr") || name.contains(['$', '@', '%', '{', '<']) || name == "DOMAIN_NAME"
            };
            (!one.arguments.iter().any(is_right))
                .then(|| (&SERVER_NAME, format!("the site is named `{}`", one.arguments.join(" "))))
        }
        _ => None,
    }
}

fn setting(one: &Setting) -> Option<(&'static Rule, String)> {
    let is_server = matches!(one.section.as_str(), "mysqld" | "mariadbd" | "mariadb" | "server");
    let is_local = |value: &str| matches!(value, "127.0.0.1" | "localhost" | "::1");
    match one.key.as_str() {
        "bind_address" if is_server && is_local(&one.value) => {
            Some((&DATABASE_ADDRESS, format!("the database listens on {} only", one.value)))
        }
        "skip_networking" if is_server && !matches!(one.value.as_str(), "0" | "OFF" | "off" | "false") => {
            Some((&DATABASE_ADDRESS, "the database does not listen on the network".to_owned()))
        }
        "skip_grant_tables" => Some((&NO_GRANTS, "the database asks for no password".to_owned())),
        "listen" if one.value.starts_with('/') || is_local(one.value.split(':').next().unwrap_or_default()) => {
            Some((&FPM_ADDRESS, format!("php-fpm listens on `{}`", one.value)))
        }
        "security.limit_extensions"
            if one.value.is_empty() || one.value.split_whitespace().any(|word| word != ".php") =>
        {
            Some((&FPM_EXTENSIONS, "php-fpm runs files of any name".to_owned()))
        }
        "allow_url_include" if matches!(one.value.to_ascii_lowercase().as_str(), "on" | "1" | "true" | "yes") => {
            Some((&URL_INCLUDE, "`allow_url_include` is on".to_owned()))
        }
        _ => None,
    }
}

/// Returns whether any text of an image says a word: its Dockerfile, scripts and configurations. What a script or `sed`
/// writes cannot be followed, so nothing is said to be missing then.
fn mentions(image: &Image, word: &str) -> bool {
    let texts = image.dockerfile.iter().chain(image.files.iter().map(|file| &file.text));
    texts.into_iter().any(|text| text.text.contains(word))
}

/// Judges what is not said: inherited versions of TLS, a missing certificate, a daemon.
fn nginx_image(facts: &Facts, image: &Image) -> Vec<Finding> {
    let mut found = Vec::new();
    let mounted = facts.mounted.iter().filter(|(service, _)| *service == image.service).map(|(_, file)| file);
    let files: Vec<&ImageFile> = image.files.iter().chain(mounted).filter(|file| is_nginx(file)).collect();
    let says = |word: &str| mentions(image, word) || files.iter().any(|file| file.text.text.contains(word));
    let listen = files.iter().find_map(|file| {
        let directives = nginx::parse(&file.text.text);
        let all = directives.iter().flat_map(Directive::all);
        let is_tls = |one: &&Directive| one.name == "listen" && one.arguments.iter().any(|word| word == "ssl");
        all.into_iter().find(is_tls).map(|one| file.text.span(one.range.clone()))
    });
    let begin = parsed(image).map_or(image.span, |(_, text)| text.begin());
    if let Some(span) = listen.filter(|_| !says("ssl_protocols")) {
        let is_own = files.iter().any(|file| file.target.ends_with("/nginx.conf") || file.target == "nginx.conf");
        let words = match is_own {
            true => "no `ssl_protocols`: nginx 1.22 offers TLSv1 and TLSv1.1 by itself",
            false => "no `ssl_protocols`: Debian's `/etc/nginx/nginx.conf` offers TLSv1 and TLSv1.1",
        };
        found.push(Finding::new(&TLS_VERSION, span, words));
    }
    if !says("ssl_certificate") {
        found.push(Finding::new(&NO_CERTIFICATE, listen.unwrap_or(begin), "nginx has no certificate"));
    }
    found.extend(daemon(image, "nginx", &["daemon off"]));
    found
}

/// Finds a start of a program that goes into the background by default.
fn daemon(image: &Image, program: &str, words: &[&str]) -> Option<Finding> {
    let (_, text) = parsed(image)?;
    let all = instructions(image);
    let starts =
        ["CMD", "ENTRYPOINT"].into_iter().filter_map(|keyword| all.iter().rev().find(|one| one.keyword == keyword));
    let is_start = |one: &&crate::diagnose::parse::dockerfile::Instruction| {
        let line = one.exec_form().unwrap_or_else(|| one.rest.split_whitespace().map(str::to_owned).collect());
        line.first().is_some_and(|word| word.rsplit('/').next().unwrap_or_default().starts_with(program))
    };
    let start = starts.into_iter().find(is_start)?;
    let is_kept = words.iter().any(|word| mentions(image, word));
    (!is_kept).then(|| {
        Finding::new(&DAEMONIZES, text.span(start.line.clone()), format!("`{program}` is started as a daemon"))
    })
}

fn database(image: &Image, service: Option<&Node>) -> Option<Finding> {
    let installed = packages(image);
    // `mariadb-server-core` brings no configuration, and the server by itself listens on all addresses.
    let (name, range) =
        installed.iter().find(|(name, _)| name == "mariadb-server" || name == "default-mysql-server")?;
    let command = service.and_then(|node| node.get("command")).map(|node| format!("{node:?}")).unwrap_or_default();
    let is_told = ["bind-address", "bind_address", "skip-networking"]
        .iter()
        .any(|word| mentions(image, word) || command.contains(word));
    // A file that replaces Debian's whole configuration also replaces the line.
    let is_replaced =
        image.files.iter().any(|file| file.target.ends_with("/my.cnf") || file.target.ends_with("50-server.cnf"));
    let (_, text) = parsed(image)?;
    let words = format!(
        "`{name}` listens on 127.0.0.1 only: Debian's `50-server.cnf` says so, and nothing here says otherwise"
    );
    (!is_told && !is_replaced).then(|| Finding::new(&DATABASE_ADDRESS, text.span(range.clone()), words))
}

fn fpm(image: &Image) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        daemon(image, "php-fpm", &["-F", "--nodaemonize", "daemonize = no", "daemonize=no"]).into_iter().collect();
    let installed = packages(image);
    let pool = installed.iter().find(|(name, _)| name.starts_with("php") && name.contains("fpm"));
    let is_told = mentions(image, "listen")
        || mentions(image, "9000")
        || image.files.iter().any(|file| file.target.ends_with("www.conf"));
    if let (Some((name, range)), Some((_, text)), false) = (pool, parsed(image), is_told) {
        let words = format!(
            "`{name}` listens on a socket: Debian's `pool.d/www.conf` says so, and nothing here says otherwise"
        );
        found.push(Finding::new(&FPM_ADDRESS, text.span(range.clone()), words));
    }
    found
}
