#!/bin/sh
# Asks php-fpm over FastCGI, as nginx would. While the site is made ready the question waits for its answer.
set -eu
SCRIPT_NAME=/fpm-ping SCRIPT_FILENAME=/fpm-ping REQUEST_METHOD=GET timeout 4 cgi-fcgi -bind -connect 127.0.0.1:9000 | grep -q pong
