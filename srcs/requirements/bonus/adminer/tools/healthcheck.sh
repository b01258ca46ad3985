#!/bin/sh
# Asks php-fpm for a ping over FastCGI, as nginx would.
set -eu
SCRIPT_NAME=/fpm-ping SCRIPT_FILENAME=/fpm-ping REQUEST_METHOD=GET timeout 4 cgi-fcgi -bind -connect 127.0.0.1:9000 | grep -q pong
