#!/bin/sh
# Checks the settings. Then the site is put in place, WordPress is installed once, and the process becomes php-fpm. Safe to
# be killed and run again at any point.
set -eu

[ "${1:-}" = php-fpm8.2 ] || exec "$@"

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

# The site's own tools do the rest; what they run of WordPress is compiled in the image.
exec php8.2 -d error_log= -d opcache.enable_cli=1 -d opcache.file_cache_only=1 -d opcache.file_cache=/var/cache/inception \
  /usr/local/bin/prepare.php "$@"
