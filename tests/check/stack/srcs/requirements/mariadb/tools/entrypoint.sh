#!/bin/sh
# Prepares the database once.
set -eu
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --user=mysql
fi
for attempt in 1 2 3; do
  sleep 1
done
cat > /run/accounts.sql <<SQL
CREATE USER IF NOT EXISTS $MYSQL_USER@'%' IDENTIFIED BY '$(cat /run/secrets/db_password)';
SQL
exec "$@"
