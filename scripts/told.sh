#!/usr/bin/env bash
# Says where the stack is to be found, where the passwords are, and how to stop it.
set -euo pipefail
cd "$(dirname "$0")/.."
setting() { sed -n "s/^$1=//p" srcs/.env | tail -n 1; }
port=$(setting HTTPS_PORT)
url="https://$(setting DOMAIN_NAME)"
[ "$port" = 443 ] || url="$url:$port"
cat <<TEXT

  the site        $url/
  its owner       $(setting WORDPRESS_OWNER), password in secrets/wp_owner_password.txt ($url/wp-login.php)
  its author      $(setting WORDPRESS_AUTHOR), password in secrets/wp_author_password.txt
  trust it        curl --cacert secrets/ca.crt $url/   (or import secrets/ca.crt into the browser)
  stop it         make down   (data stays in $(setting DATA_PATH))

TEXT
