#!/bin/sh
# Adds the password to the configuration, then runs the server as its own user.
set -eu
[ "${1:-}" = redis-server ] || exec "$@"
[ -s /run/secrets/redis_password ] || { echo "redis: secret redis_password is missing or empty" >&2; exit 1; }
(
  umask 077
  cp /etc/redis/inception.conf /run/redis.conf
  printf 'requirepass %s\n' "$(cat /run/secrets/redis_password)" >> /run/redis.conf
)
chown redis:redis /run/redis.conf
exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
