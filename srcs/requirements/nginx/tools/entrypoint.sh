#!/bin/sh
# Writes the site's configuration from the environment, then runs nginx.
set -eu

[ "${1:-}" = nginx ] || exec "$@"
[ -n "${NGINX:-}" ] || exec listen.pl "$0" "$@"

fail() { printf 'nginx: %s\n' "$*" >&2; exit 1; }

case ${DOMAIN_NAME:-} in
  ''|*[!A-Za-z0-9.-]*) fail "DOMAIN_NAME must be set to a host name" ;;
esac
port=${HTTPS_PORT:-443}
case $port in
  *[!0-9]*) fail "HTTPS_PORT must be a number" ;;
  443) suffix= ;;
  *) suffix=:$port ;;
esac
for file in tls_certificate tls_key; do
  [ -r "/run/secrets/$file" ] || fail "secret $file is missing"
done
sed "s/@DOMAIN@/$DOMAIN_NAME/g; s/@PORT_SUFFIX@/$suffix/g" /etc/nginx/site.conf.template > /etc/nginx/conf.d/site.conf

exec "$@"
