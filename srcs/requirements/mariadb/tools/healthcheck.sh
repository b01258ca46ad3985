#!/bin/sh
# Asks the database what the application will ask it, over TCP and with its account.
set -eu
MYSQL_PWD=$(cat /run/secrets/db_password)
export MYSQL_PWD
exec mariadb --protocol=tcp -h 127.0.0.1 -u "$MYSQL_USER" -e 'SELECT 1' "$MYSQL_DATABASE" >/dev/null
