#!/usr/bin/env bash
# Says where the site and the passwords are, and how to stop the stack.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A settings=()
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    [A-Z]*=*) settings[${line%%=*}]=${line#*=} ;;
  esac
done < srcs/.env
port=${settings[HTTPS_PORT]:-443}
url="https://${settings[DOMAIN_NAME]:-}"
[ "$port" = 443 ] || url="$url:$port"
cat <<TEXT

  the site        $url/
  its owner       ${settings[WORDPRESS_OWNER]:-}, password in secrets/wp_owner_password.txt ($url/wp-login.php)
  its author      ${settings[WORDPRESS_AUTHOR]:-}, password in secrets/wp_author_password.txt
  trust it        curl --cacert secrets/ca.crt $url/   (or import secrets/ca.crt into the browser)
  stop it         make down   (data stays in ${settings[DATA_PATH]:-})

TEXT
