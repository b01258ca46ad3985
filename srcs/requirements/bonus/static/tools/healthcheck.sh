#!/bin/sh
# Requests the page.
set -eu
busybox wget -q -O - http://127.0.0.1:8080/about/ | grep -q '<h1>'
