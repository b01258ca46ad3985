//! The files of the stacks in this repository, kept in the program. What `init` writes is what is tested here.

/// Makes a table of files with their texts.
macro_rules! files {
    ($($path:literal,)*) => {
        /// Path in the repository, and text.
        pub const FILES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../../", $path))),)*];
    };
}

files! {
    "srcs/docker-compose.yml",
    "srcs/requirements/bonus/adminer/Dockerfile",
    "srcs/requirements/bonus/adminer/conf/fpm.conf",
    "srcs/requirements/bonus/adminer/conf/index.php",
    "srcs/requirements/bonus/adminer/tools/healthcheck.sh",
    "srcs/requirements/bonus/redis/Dockerfile",
    "srcs/requirements/bonus/redis/conf/redis.conf",
    "srcs/requirements/bonus/redis/tools/entrypoint.sh",
    "srcs/requirements/bonus/redis/tools/healthcheck.sh",
    "srcs/requirements/bonus/static/Dockerfile",
    "srcs/requirements/bonus/static/conf/site/index.html",
    "srcs/requirements/bonus/static/tools/healthcheck.sh",
    "srcs/requirements/mariadb/Dockerfile",
    "srcs/requirements/mariadb/conf/server.cnf",
    "srcs/requirements/mariadb/tools/entrypoint.sh",
    "srcs/requirements/mariadb/tools/healthcheck.sh",
    "srcs/requirements/mariadb/tools/listen.pl",
    "srcs/requirements/nginx/Dockerfile",
    "srcs/requirements/nginx/conf/fastcgi.conf",
    "srcs/requirements/nginx/conf/nginx.conf",
    "srcs/requirements/nginx/conf/site.conf.template",
    "srcs/requirements/nginx/tools/entrypoint.sh",
    "srcs/requirements/nginx/tools/healthcheck.sh",
    "srcs/requirements/nginx/tools/listen.pl",
    "srcs/requirements/wordpress/Dockerfile",
    "srcs/requirements/wordpress/conf/cache.ini",
    "srcs/requirements/wordpress/conf/compile.php",
    "srcs/requirements/wordpress/conf/fpm.conf",
    "srcs/requirements/wordpress/conf/inception.ini",
    "srcs/requirements/wordpress/conf/inception.php",
    "srcs/requirements/wordpress/conf/object-cache.php",
    "srcs/requirements/wordpress/conf/wp-config.php",
    "srcs/requirements/wordpress/tools/entrypoint.sh",
    "srcs/requirements/wordpress/tools/healthcheck.sh",
    "srcs/requirements/wordpress/tools/install.php",
    "srcs/requirements/wordpress/tools/listen.pl",
    "srcs/requirements/wordpress/tools/prepare.php",
    "srcs/requirements/wordpress/tools/settings.php",
    "srcs/requirements/wordpress/tools/unpack.sh",
    "stacks/inception.yml",
    "stacks/minimal.yml",
    "scripts/init.sh",
    ".env.example",
}

/// Returns the text of a file of the repository.
pub fn text(path: &str) -> &'static str {
    FILES.iter().find(|(one, _)| *one == path).map_or("", |(_, text)| text)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test compares the table with the repository")]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn walk(root: &Path, folder: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(root, &path, found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn no_file_of_the_stack_is_missing_and_scripts_begin_with_their_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        walk(root, "srcs/requirements", &mut found);
        for path in &found {
            assert!(FILES.iter().any(|(one, _)| one == path), "{path} is not in the table");
            let is_program = root.join(path).metadata().unwrap().permissions().mode() & 0o100 != 0;
            assert_eq!(text(path).starts_with("#!"), is_program, "{path}");
        }
    }
}
