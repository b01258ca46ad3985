#!/usr/bin/env bash
# Checks the running stack from outside, with curl and openssl. Prints a line for each check; the last line counts them.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
inception=${INCEPTION:-target/use/inception}
compose() { "$inception" --progress quiet -f srcs/docker-compose.yml "$@"; }
# As in the stack itself, a variable of the environment has priority over srcs/.env.
setting() { printenv "$1" || sed -n "s/^$1=//p" srcs/.env | tail -n 1; }
domain=$(setting DOMAIN_NAME)
port=$(setting HTTPS_PORT)
title=$(setting WORDPRESS_TITLE)
owner=$(setting WORDPRESS_OWNER)
url=https://$domain
[ "$port" = 443 ] || url=$url:$port
work=$(mktemp -d)
passed=0
failed=0
post=

fetch() { curl --silent --show-error --max-time 20 --cacert secrets/ca.crt --resolve "$domain:$port:127.0.0.1" "$@"; }
check() { # title, then a command
  local words=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$words"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$words"
    tail -n 3 "$work/out" | sed 's/^/      /'
  fi
}

page_over() { # TLS version
  fetch --tlsv1."$1" --tls-max 1."$1" --output "$work/page" --write-out '%{http_code}' "$url/" | grep -qx 200 && grep -q "<title>.*$title" "$work/page"
}
refused_over() { # openssl's name of an old version
  ! timeout 10 openssl s_client -connect "127.0.0.1:$port" -servername "$domain" "-$1" -cipher 'ALL:@SECLEVEL=0' </dev/null >"$work/tls" 2>&1 && ! grep -q 'Cipher is [A-Z]' "$work/tls"
}
not_published() { # port
  ! docker ps --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-inception}" --format '{{.Ports}}' | grep -qE "(0\.0\.0\.0|\[::\]|127\.0\.0\.1):$1->"
}
closed() { # port
  not_published "$1" && { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || { echo "something else on this machine listens on $1"; return 1; }; }
}
login_page() { fetch --output "$work/login" "$url/wp-login.php" && grep -q 'name="log"' "$work/login"; }
login() {
  fetch --cookie-jar "$work/jar" --cookie 'wordpress_test_cookie=WP%20Cookie%20check' --output /dev/null \
    --data-urlencode "log=$owner" --data-urlencode "pwd=$(cat secrets/wp_owner_password.txt)" --data "wp-submit=Log+In&testcookie=1" "$url/wp-login.php" &&
    grep -q wordpress_logged_in "$work/jar"
}
nonce() { fetch --cookie "$work/jar" "$url/wp-admin/admin-ajax.php?action=rest-nonce"; }
write_post() {
  fetch --cookie "$work/jar" --header "X-WP-Nonce: $(nonce)" --data-urlencode "title=Smoke $$" --data-urlencode "content=written-$$" \
    --data status=publish "$url/wp-json/wp/v2/posts" >"$work/post" &&
    post=$(sed -n 's/^{"id":\([0-9]*\),.*/\1/p' "$work/post") && [ -n "$post" ]
}
read_post() { fetch --location --output "$work/read" "$url/?p=$post" && grep -q "written-$$" "$work/read"; }
remove_post() {
  [ -z "$post" ] || { login && fetch --request DELETE --cookie "$work/jar" --header "X-WP-Nonce: $(nonce)" --output /dev/null "$url/wp-json/wp/v2/posts/$post?force=true"; }
}
trap 'rm -rf "$work"' EXIT

check "front page over TLS 1.2, certificate verified, with the title" page_over 2
check "front page over TLS 1.3, certificate verified, with the title" page_over 3
check "TLS 1.0 is refused" refused_over tls1
check "TLS 1.1 is refused" refused_over tls1_1
for closed_port in 80 3306 9000; do
  check "port $closed_port is closed on this machine" closed $closed_port
done
check "login page" login_page
check "the owner can log in" login
check "a post can be written" write_post
check "the post can be read" read_post
check "down" compose down
check "up" compose up -d --wait
check "the post is still there" read_post
check "the post can be removed" remove_post

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
