#!/bin/sh
# Asks the server with the password that its clients use.
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis_password)
export REDISCLI_AUTH
redis-cli ping | grep -q PONG
