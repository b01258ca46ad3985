#!/bin/sh
# Sends a query as the application does: over TCP, with the application's account. A query that is sent while the server
# starts waits for its answer.
set -eu
MYSQL_PWD=$(cat /run/secrets/db_password)
export MYSQL_PWD
exec mariadb --connect-timeout=4 --protocol=tcp -h 127.0.0.1 -u "$MYSQL_USER" -e 'SELECT 1' "$MYSQL_DATABASE" >/dev/null
