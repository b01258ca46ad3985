#!/bin/sh
# Prepares the data directory and the accounts, then runs the server. May be killed at any point and run again.
set -eu

[ "${1:-}" = mariadbd ] || exec "$@"
[ -n "${LISTEN_FDS:-}" ] || exec listen.pl "$0" "$@"

fail() { printf 'mariadb: %s\n' "$*" >&2; exit 1; }

secret() {
  [ -r "/run/secrets/$1" ] || fail "secret $1 is missing"
  value=$(cat "/run/secrets/$1")
  [ -n "$value" ] || fail "secret $1 is empty"
  # In an SQL string, a backslash and a quote must be doubled.
  printf '%s' "$value" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g"
}

for name in "${MYSQL_DATABASE:-}" "${MYSQL_USER:-}"; do
  case $name in
    ''|*[!A-Za-z0-9_]*) fail "MYSQL_DATABASE and MYSQL_USER must be set and consist of letters, digits and _" ;;
  esac
done
password=$(secret db_password)
root_password=$(secret db_root_password)

if [ ! -d /var/lib/mysql/data ]; then
  # The copy gets its final name only when it is complete and on the disk, so a kill or a power failure leaves no half copy.
  # An incomplete copy has another name and is begun again. Only this file system is synced.
  rm -rf /var/lib/mysql/.staging
  mkdir /var/lib/mysql/.staging
  tar -C /var/lib/mysql/.staging --same-owner -xpf /usr/share/inception/empty.tar
  sync --file-system /var/lib/mysql/.staging
  mv /var/lib/mysql/.staging /var/lib/mysql/data
fi

chown mysql:mysql /run/mysqld
umask 077
cat > /run/mysqld/accounts.sql <<SQL
ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('$root_password');
CREATE DATABASE IF NOT EXISTS $MYSQL_DATABASE;
CREATE USER IF NOT EXISTS $MYSQL_USER@'%' IDENTIFIED BY '$password';
ALTER USER $MYSQL_USER@'%' IDENTIFIED BY '$password';
GRANT ALL ON $MYSQL_DATABASE.* TO $MYSQL_USER@'%';
SQL
chown mysql:mysql /run/mysqld/accounts.sql
unset password root_password

exec "$@"
