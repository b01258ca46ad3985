#!/bin/sh
# Asks the database what the application will ask it, over TCP and with its account. While the server starts, the question
# waits for its answer.
set -eu
MYSQL_PWD=$(cat /run/secrets/db_password)
export MYSQL_PWD
exec mariadb --connect-timeout=4 --protocol=tcp -h 127.0.0.1 -u "$MYSQL_USER" -e 'SELECT 1' "$MYSQL_DATABASE" >/dev/null
