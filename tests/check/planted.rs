//! One fault each, put into a stack that has none: it is found, at the right line, and nothing else is.

use std::path::Path;

use crate::{base, copy, findings};

const COMPOSE: &str = "srcs/docker-compose.yml";
const DB: &str = "srcs/requirements/mariadb/Dockerfile";
const DB_CONF: &str = "srcs/requirements/mariadb/conf/server.cnf";
const ENTRY: &str = "srcs/requirements/mariadb/tools/entrypoint.sh";
const WP: &str = "srcs/requirements/wordpress/Dockerfile";
const SETUP: &str = "srcs/requirements/wordpress/tools/setup.sh";
const POOL: &str = "srcs/requirements/wordpress/conf/www.conf";
const INI: &str = "srcs/requirements/wordpress/conf/php.ini";
const WEB: &str = "srcs/requirements/nginx/Dockerfile";
const SITE: &str = "srcs/requirements/nginx/conf/site.conf";

/// Plants a fault: in `file`, the first `from` becomes `to`. The finding is at the line with `«`; without it, in no file.
/// An empty `from` makes the file anew; an empty `to` removes it.
#[track_caller]
fn check_planted(code: &str, file: &str, from: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    copy(&base(), folder.path());
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let spoiled = match from {
        "" => to.to_owned(),
        from => {
            assert!(text.contains(from), "{file} has no {from:?}");
            text.replacen(from, to, 1)
        }
    };
    let line = spoiled.lines().position(|line| line.contains('«')).map(|index| index as u64 + 1);
    match to {
        "" if from.is_empty() => std::fs::remove_file(&path).unwrap(),
        _ => std::fs::write(&path, spoiled.replace('«', "")).unwrap(),
    }
    check_found(folder.path(), code, line.map(|line| (file, line)));
}

/// Takes a text out of a file. The finding is at the first line with `at`.
#[track_caller]
fn check_removed(code: &str, file: &str, text: &str, at: &str) {
    let folder = tempfile::tempdir().unwrap();
    copy(&base(), folder.path());
    let path = folder.path().join(file);
    let before = std::fs::read_to_string(&path).unwrap();
    assert!(before.contains(text), "{file} has no {text:?}");
    let after = before.replacen(text, "", 1);
    let line = after.lines().position(|line| line.contains(at)).unwrap() as u64 + 1;
    std::fs::write(&path, after).unwrap();
    check_found(folder.path(), code, Some((file, line)));
}

#[track_caller]
fn check_found(folder: &Path, code: &str, place: Option<(&str, u64)>) {
    let (exit, found) = findings(folder, &["."]);
    let told: Vec<String> = found
        .iter()
        .map(|one| format!("{} {} {}:{}: {}", one["code"], one["severity"], one["file"], one["line"], one["message"]))
        .collect();
    assert_eq!(exit, 2, "{code}: {told:#?}");
    assert_eq!(found.len(), 1, "{code}: {told:#?}");
    assert_eq!(found[0]["code"], code, "{told:#?}");
    match place {
        Some((file, line)) => {
            assert_eq!((found[0]["file"].as_str(), found[0]["line"].as_u64()), (Some(file), Some(line)), "{told:#?}")
        }
        None => assert!(found[0]["file"].is_null(), "{told:#?}"),
    }
    for key in ["message", "why", "help", "reference"] {
        assert!(found[0][key].as_str().is_some_and(|text| !text.is_empty()), "{code}: {key}");
    }
}

/// Plants an attribute of the service `nginx`.
#[track_caller]
fn check_attribute(code: &str, lines: &str) {
    check_planted(
        code,
        COMPOSE,
        "    build: requirements/nginx\n",
        &format!("    build: requirements/nginx\n{lines}\n"),
    );
}

#[test]
fn the_stack_without_faults_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    copy(&base(), folder.path());
    assert_eq!(findings(folder.path(), &["."]), (0, Vec::new()));
    assert_eq!(findings(folder.path(), &["--rules", "subject", "srcs"]), (0, Vec::new()));
}

#[test]
fn risky_settings_of_a_service_are_found() {
    for (code, lines) in [
        ("privileged", "    privileged: true«"),
        ("engine-api", "    use_api_socket: true«"),
        ("dangerous-capability", "    cap_add: [NET_BIND_SERVICE,\n      SYS_ADMIN]«"),
        ("dangerous-capability", "    cap_add:\n      - ALL«"),
        ("host-pid", "    pid: host«"),
        ("host-ipc", "    ipc: host«"),
        ("host-uts", "    uts: host«"),
        ("host-users", "    userns_mode: host«"),
        ("host-cgroup", "    cgroup: host«"),
        ("seccomp-off", "    security_opt:\n      - seccomp:unconfined«"),
        ("seccomp-off", "    security_opt: [seccomp=unconfined]«"),
        ("apparmor-off", "    security_opt: [apparmor:unconfined]«"),
        ("selinux-off", "    security_opt: [label:disable]«"),
        ("new-privileges", "    security_opt: [no-new-privileges:false]«"),
        ("system-paths", "    security_opt: [systempaths=unconfined]«"),
        ("host-device", "    devices:\n      - /dev/sda:/dev/sda«"),
        ("host-device", "    devices: [/dev/mem]«"),
        ("host-device", "    devices: [/dev/null/../sda]«"),
        ("device-rule", "    device_cgroup_rules: ['a *:* rwm']«"),
        ("privileged-hook", "    post_start:\n      - command: nginx -t\n        privileged: true«"),
        ("user-root", "    user: root«"),
        ("user-root", "    user: \"0:0\"«"),
        ("unlimited-processes", "    pids_limit: -1«"),
        ("oom-kill-off", "    oom_kill_disable: true«"),
        ("secret-in-environment", "    environment:\n      API_TOKEN: abc123«"),
        ("secret-in-environment", "    environment:\n      - DATABASE_URL=postgres://app:hunter2@db/app«"),
        ("empty-password", "    environment:\n      MYSQL_ALLOW_EMPTY_PASSWORD: \"yes\"«"),
        ("secret-in-command", "    command: [nginx, -g, 'daemon off;', --password=hunter2]«"),
        ("legacy-links", "    links:\n      - mariadb«"),
        ("idle-process", "    command: tail -f /dev/null«"),
        ("idle-process", "    command:\n      - sh\n      - -c\n      - sleep infinity«"),
        ("endless-loop", "    entrypoint: [sh, -c, 'while true; do nginx; done']«"),
        ("background-process", "    command: sh -c \"nginx & wait\"«"),
    ] {
        check_attribute(code, lines);
    }
}

#[test]
fn what_is_mounted_and_published_is_judged() {
    let mount = "      - site:/var/www/html:ro\n";
    for (code, line) in [
        ("engine-socket", "      - /var/run/docker.sock:/var/run/docker.sock:ro«"),
        ("host-root", "      - /:/host:ro«"),
        ("host-root", "      - /srv/..:/host:ro«"),
        ("host-directory", "      - //etc/./:/host«"),
        ("host-directory", "      - /etc:/host/etc:ro«"),
        ("host-directory", "      - /etc/nginx:/etc/nginx«"),
        ("host-credentials", "      - ~/.ssh:/root/.ssh:ro«"),
        ("parent-mounted", "      - ..:/all:ro«"),
        ("shared-propagation", "      - { type: bind, source: ./x, target: /x, bind: { propagation: rshared } }«"),
    ] {
        check_planted(code, COMPOSE, mount, &format!("{mount}{line}\n"));
    }
    check_planted(
        "host-directory",
        COMPOSE,
        "volumes:\n  database:",
        "volumes:\n  other:\n    driver_opts: { o: bind, type: none,\n      device: /etc }«\n  database:",
    );
}

#[test]
fn rules_about_ports_networks_and_volumes_are_kept() {
    check_planted("entry-port", COMPOSE, "      - \"443:443\"", "      - \"443:443\"\n      - \"80:80\"«");
    check_planted(
        "entry-port",
        COMPOSE,
        "    image: wordpress:1.0",
        "    image: wordpress:1.0\n    ports: [\"8080:80\"]«",
    );
    check_planted(
        "host-network",
        COMPOSE,
        "    networks: [inside]\n    depends_on: [wordpress]",
        "    network_mode: host«\n    depends_on: [wordpress]",
    );
    check_planted(
        "no-network",
        COMPOSE,
        "  wordpress:\n    image: wordpress:1.0\n    build:\n      context: requirements/wordpress\n    restart: always\n    networks: [inside]",
        "  wordpress:«\n    image: wordpress:1.0\n    build:\n      context: requirements/wordpress\n    restart: always",
    );
    check_planted(
        "missing-volume",
        COMPOSE,
        "  mariadb:\n    image: mariadb:1.0\n    build: requirements/mariadb\n    restart: always\n    networks: [inside]\n    volumes:\n      - database:/var/lib/mysql",
        "  mariadb:«\n    image: mariadb:1.0\n    build: requirements/mariadb\n    restart: always\n    networks: [inside]\n    volumes:\n      - database:/other",
    );
    check_planted(
        "bind-instead-of-volume",
        COMPOSE,
        "      - database:/var/lib/mysql",
        "      - ./database:/var/lib/mysql«",
    );
    check_planted("volume-place", COMPOSE, "      device: /home/login/data/database", "      device: /srv/database«");
    check_planted(
        "volume-place",
        COMPOSE,
        "  database:\n    driver_opts:\n      type: none\n      o: bind\n      device: /home/login/data/database",
        "  database:«",
    );
    check_planted(
        "database-port",
        COMPOSE,
        "networks:\n  inside:",
        "  redis:\n    image: redis:1.0\n    build: { context: ., dockerfile_inline: \"FROM debian:bookworm\" }\n    restart: always\n    \
         networks: [inside]\n    ports: [\"6379:6379\"]«\n    mem_limit: 64m\n    healthcheck: { test: [CMD, \"true\"] }\n\n\
         networks:\n  inside:",
    );
}

#[test]
fn rules_about_images_restarts_and_health_are_kept() {
    check_planted("image-floating", COMPOSE, "image: nginx:1.0", "image: nginx:latest«");
    check_planted("image-name", COMPOSE, "image: nginx:1.0", "image: nginx_img:1.0«");
    check_planted("image-name", COMPOSE, "  nginx:\n    image: nginx:1.0\n", "  nginx:«\n");
    check_planted(
        "not-built",
        COMPOSE,
        "    image: nginx:1.0\n    build: requirements/nginx\n",
        "    image: nginx:1.0«\n",
    );
    check_planted(
        "no-restart",
        COMPOSE,
        "    restart: always\n    networks: [inside]\n    depends_on: [wordpress]",
        "    restart: \"no\"«\n    networks: [inside]\n    depends_on: [wordpress]",
    );
    check_planted("no-restart", COMPOSE, "    restart: always", "    restart: on-failure:5«");
    check_removed("no-memory-limit", COMPOSE, "    mem_limit: 128m\n", "  nginx:");
    check_removed(
        "no-healthcheck",
        COMPOSE,
        "    healthcheck:\n      test: [\"CMD\", \"nginx\", \"-t\"]\n",
        "  nginx:",
    );
    check_planted("no-healthcheck", COMPOSE, "      test: [\"CMD\", \"nginx\", \"-t\"]", "      test: [NONE]«");
    check_planted("admin-name", COMPOSE, "      - WP_ADMIN_USER=keeper", "      - WP_ADMIN_USER=TheAdmin«");
    check_planted(
        "secret-in-build",
        COMPOSE,
        "      context: requirements/wordpress\n",
        "      context: requirements/wordpress\n      args:\n        DB_PASSWORD: ${MYSQL_USER:-x}«\n",
    );
    check_planted(
        "privileged-build",
        COMPOSE,
        "      context: requirements/wordpress\n",
        "      context: requirements/wordpress\n      privileged: true«\n",
    );
}

#[test]
fn rules_about_dockerfiles_are_kept() {
    let debian = "FROM debian:bookworm\n";
    check_planted("image-floating", WEB, debian, "FROM debian«\n");
    check_planted("base-release", WEB, debian, "FROM debian:buster«\n");
    check_planted("base-release", WEB, debian, "ARG BASE=alpine:3.12\nFROM ${BASE}«\n");
    check_planted("foreign-base", WEB, debian, "FROM node:22«\n");
    let digest = format!("FROM mariadb@sha256:{}«\n", "a".repeat(64));
    check_planted("foreign-base", WEB, debian, &digest);
    check_planted("foreign-base", WEB, debian, "FROM localhost:5000/nginx:1.27«\n");
    check_planted("secret-in-image", WEB, debian, "FROM debian:bookworm\nENV PASSWORD=hunter2«\n");
    check_planted("secret-in-image", WEB, debian, "FROM debian:bookworm\nARG DB_PASSWORD«\n");
    check_planted("foreign-server", WP, "php8.2-mysql libfcgi-bin", "php8.2-mysql \\\n    libfcgi-bin nginx«");
    check_planted("foreign-server", WP, "php8.2-mysql libfcgi-bin", "php8.2-mysql \\\n    wordpress«");
    check_planted("several-services", WEB, "nginx openssl", "nginx openssl \\\n  # comment\n  supervisor«");
    check_planted("bare-shell", WP, "ENTRYPOINT [\"setup.sh\"]", "ENTRYPOINT [\"bash\"]«");
    check_planted("shell-form", WP, "ENTRYPOINT [\"setup.sh\"]", "ENTRYPOINT setup.sh«");
    check_planted("stop-signal", WEB, "STOPSIGNAL SIGQUIT", "STOPSIGNAL SIGTERM«");
    check_planted("remote-add", WEB, debian, "FROM debian:bookworm\nADD https://example.com/x.tar /x«\n");
    check_planted(
        "piped-download",
        WEB,
        debian,
        "FROM debian:bookworm\nRUN true \\\n && curl -fsSL https://example.com/x | bash«\n",
    );
    check_planted("world-writable", WEB, debian, "FROM debian:bookworm\nRUN mkdir /x \\\n && chmod -R 777 /x«\n");
    check_planted("key-in-image", WEB, debian, "FROM debian:bookworm\nCOPY conf/site.key /etc/ssl/«\n");
    check_planted(
        "key-in-image",
        WEB,
        debian,
        "FROM debian:bookworm\nRUN mkdir /k \\\n && openssl req -x509 -newkey rsa:2048 -keyout /k/k -out /k/c«\n",
    );
    check_planted("ssh-server", WEB, "nginx openssl", "nginx openssl \\\n  openssh-server«");
    check_planted("user-root", WEB, "STOPSIGNAL", "USER root«\nSTOPSIGNAL");
    check_planted("daemonizes", WEB, "CMD [\"nginx\", \"-g\", \"daemon off;\"]", "CMD [\"nginx\"]«");
    check_planted(
        "idle-process",
        WEB,
        "CMD [\"nginx\", \"-g\", \"daemon off;\"]",
        "CMD [\"sh\", \"-c\", \"nginx && tail -f /dev/null\"]«",
    );
    check_planted("dockerfile-missing", WEB, "", "# nothing«\n");
    check_planted("dockerfile-missing", COMPOSE, "build: requirements/nginx", "build: requirements/none«");
}

#[test]
fn rules_about_scripts_are_kept() {
    let exec = "exec \"$@\"\n";
    check_planted("endless-loop", ENTRY, exec, "a=$((1 << 2))\nwhile :; do«\n  mariadbd\ndone\nexec \"$@\"\n");
    check_planted("endless-loop", SETUP, "exec php-fpm8.2 -F", "for ((;;)); do«\n  x\ndone\nexec php-fpm8.2 -F");
    check_planted("idle-process", SETUP, "exec php-fpm8.2 -F", "php-fpm8.2 -F\ntail -F /var/log/x«");
    check_planted("background-process", ENTRY, exec, "mariadbd --skip-networking &«\nexec \"$@\"\n");
    check_planted("background-process", ENTRY, exec, "service mariadb start«\nexec \"$@\"\n");
    check_planted("safe-wrapper", ENTRY, exec, "exec mysqld_safe«\n");
    check_planted("fixed-sleep", ENTRY, exec, "sleep 10«\nexec \"$@\"\n");
    check_planted("endless-wait", SETUP, "tries=0\n", "until mariadb-admin ping; do«\n  sleep 1\ndone\ntries=0\n");
    check_planted("no-exec", SETUP, "exec php-fpm8.2 -F", "php-fpm8.2 -F«");
    check_planted("world-writable", ENTRY, exec, "chmod 777 /var/lib/mysql«\nexec \"$@\"\n");
    check_planted("secret-in-image", ENTRY, exec, "DB_PASSWORD='hunter2'«\nexec \"$@\"\n");
    check_planted(
        "secret-in-image",
        ENTRY,
        "IDENTIFIED BY '$(cat /run/secrets/db_password)'",
        "IDENTIFIED BY 'hunter2'«",
    );
}

#[test]
fn rules_about_configurations_are_kept_and_inherited_settings_count() {
    check_planted("tls-version", SITE, "ssl_protocols TLSv1.2", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2«");
    check_planted(
        "tls-version",
        SITE,
        "  listen 443 ssl;\n  server_name login.42.fr;\n  ssl_certificate /run/secrets/certificate;\n  ssl_certificate_key /run/secrets/key;\n  ssl_protocols TLSv1.2 TLSv1.3;\n",
        "  listen 443 ssl;«\n  server_name login.42.fr;\n  ssl_certificate /run/secrets/certificate;\n  ssl_certificate_key /run/secrets/key;\n",
    );
    check_planted("plain-http", SITE, "  listen 443 ssl;", "  listen 443 ssl;\n  listen [::]:80;«");
    check_planted("server-name", SITE, "server_name login.42.fr", "server_name localhost«");
    check_planted(
        "no-certificate",
        SITE,
        "  listen 443 ssl;\n  server_name login.42.fr;\n  ssl_certificate /run/secrets/certificate;\n  ssl_certificate_key /run/secrets/key;",
        "  listen 443 ssl;«\n  server_name login.42.fr;",
    );
    check_planted("database-address", DB_CONF, "bind-address = 0.0.0.0", "bind-address = 127.0.0.1«");
    check_planted(
        "database-address",
        DB,
        " && apt-get install -y --no-install-recommends mariadb-server \\\n && rm -rf /var/lib/apt/lists/*\nCOPY conf/server.cnf /etc/mysql/mariadb.conf.d/60-inception.cnf",
        " && apt-get install -y --no-install-recommends mariadb-server \\«\n && rm -rf /var/lib/apt/lists/*",
    );
    check_planted("no-grants", DB_CONF, "bind-address = 0.0.0.0", "bind-address = 0.0.0.0\nskip-grant-tables«");
    check_planted("fpm-address", POOL, "listen = 9000", "listen = /run/php/php8.2-fpm.sock«");
    check_planted("fpm-extensions", POOL, "pm = static", "pm = static\nsecurity.limit_extensions =«");
    check_planted("url-include", INI, "memory_limit = 256M", "memory_limit = 256M\nallow_url_include = On«");
}

#[test]
fn rules_about_the_folder_are_kept() {
    check_planted("readme", "README.md", "*This project", "This project«");
    check_planted("readme", "README.md", "", "");
    check_removed("readme", "README.md", "# Description\n", "*This project");
    check_planted("documents", "USER_DOC.md", "", "");
    check_planted("documents", "DEV_DOC.md", "", "# Nothing«\n");
    check_planted("layout", "Makefile", "", "");
    check_planted("layout", "Makefile", "", "all:«\n\techo nothing\n");
    check_planted("cleans-all", "Makefile", "down:\n", "fclean:\n\tdocker system prune -af«\n\ndown:\n");
    check_planted("makefile-link", "Makefile", "down:\n", "test:\n\tdocker run --link nginx x«\n\ndown:\n");
}

#[test]
fn credentials_in_git_are_found() {
    for (file, content, line) in [
        ("srcs/.env", "DOMAIN=x\nDB_PASSWORD=hunter2\n", Some(2)),
        ("secrets/db_password.txt", "hunter2\n", None),
        ("srcs/site.key", "x", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy(&base(), folder.path());
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        let git = |arguments: &[&str]| {
            let output =
                std::process::Command::new("git").arg("-C").arg(folder.path()).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}");
        };
        git(&["init", "-q"]);
        assert_eq!(findings(folder.path(), &["."]), (0, Vec::new()), "{file} is not tracked");
        git(&["add", "-f", "."]);
        check_found(folder.path(), "secret-in-git", line.map(|line| (file, line)));
    }
}
