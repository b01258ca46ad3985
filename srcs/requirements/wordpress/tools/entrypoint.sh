#!/bin/sh
# Puts the site in place, writes its settings, installs WordPress once, then becomes php-fpm. Safe to be killed and run
# again at any point.
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

# The site's files come from the image; the volume keeps what people add. The mark is written last, so a copy that was
# cut off is done again, and a new image's files replace the old one's.
if ! cmp -s /usr/src/wordpress/.image /var/www/html/.copied; then
  cp -a /usr/src/wordpress/. /var/www/html/
  chown -R www-data:www-data /var/www/html/wp-content/uploads
  sync
  cp /usr/src/wordpress/.image /var/www/html/.copied
fi
if [ ! -s /var/www/html/.salt ]; then
  (umask 077; head -c 48 /dev/urandom | base64 -w 0 > /var/www/html/.salt.new)
  mv /var/www/html/.salt.new /var/www/html/.salt
fi

install -d -m 0750 -o root -g www-data /etc/inception
php8.2 /usr/local/bin/settings.php > /etc/inception/wordpress.php.new
chown root:www-data /etc/inception/wordpress.php.new
chmod 0640 /etc/inception/wordpress.php.new
mv /etc/inception/wordpress.php.new /etc/inception/wordpress.php

# The passwords go in by file descriptors: the site's user cannot read the secrets, and no argument shows them.
setpriv --reuid=www-data --regid=www-data --clear-groups php8.2 /usr/local/bin/install.php \
  3< /run/secrets/wp_owner_password 4< /run/secrets/wp_author_password

exec "$@"
