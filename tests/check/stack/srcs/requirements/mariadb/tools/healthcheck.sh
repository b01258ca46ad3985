#!/bin/sh
exec mariadb -e "SELECT 1"
