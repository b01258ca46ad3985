#!/bin/bash
# Waits for the database, at most a minute.
tries=0
until mariadb -h mariadb -e 'SELECT 1'; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 1
  sleep 1
done
exec php-fpm8.2 -F
