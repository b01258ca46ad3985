#!/bin/sh
# Checks the settings, puts the site in place, installs WordPress once, then runs php-fpm. May be killed at any point and run
# again.
set -eu

[ "${1:-}" = php-fpm8.2 ] || exec "$@"
[ -n "${FPM_SOCKETS:-}" ] || exec listen.pl "$0" "$@"

fail() { printf 'wordpress: %s\n' "$*" >&2; exit 1; }

for name in DOMAIN_NAME WORDPRESS_TITLE WORDPRESS_OWNER WORDPRESS_OWNER_EMAIL WORDPRESS_AUTHOR WORDPRESS_AUTHOR_EMAIL \
            MYSQL_DATABASE MYSQL_USER; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || fail "$name must be set"
done
case $WORDPRESS_OWNER in
  *[Aa][Dd][Mm][Ii][Nn]*) fail "WORDPRESS_OWNER must not contain \"admin\"" ;;
esac
for name in db_password wp_owner_password wp_author_password; do
  [ -s "/run/secrets/$name" ] || fail "secret $name is missing or empty"
done

# `prepare.php` does the rest. The PHP files that it runs are already compiled in the image.
exec php8.2 -d error_log= -d opcache.enable_cli=1 -d opcache.file_cache_only=1 -d opcache.file_cache=/var/cache/inception \
  /usr/local/bin/prepare.php "$@"
