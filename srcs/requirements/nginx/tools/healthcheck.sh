#!/bin/sh
# Sends a request over TLS that nginx answers itself.
set -eu
printf 'GET /.health HTTP/1.0\r\nHost: %s\r\n\r\n' "$DOMAIN_NAME" \
  | timeout 4 openssl s_client -quiet -connect 127.0.0.1:443 -servername "$DOMAIN_NAME" 2>/dev/null \
  | grep -q '^HTTP/1.1 204'
