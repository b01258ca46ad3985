#!/bin/sh
# Pings the server with the password of its clients.
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis_password)
export REDISCLI_AUTH
redis-cli ping | grep -q PONG
