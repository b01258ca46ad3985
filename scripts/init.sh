#!/usr/bin/env bash
# Makes what the stack needs before its first start: srcs/.env, secrets, certificates, data folders. A second run adds only
# what is missing and renews what expires soon. Prints what was made.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

say() { printf 'init: %s\n' "$*" >&2; }

if [ ! -f srcs/.env ]; then
  sed "s|@DATA_PATH@|$PWD/.data|" .env.example > srcs/.env.new
  mv srcs/.env.new srcs/.env
  say "srcs/.env was made from .env.example"
fi

# The file is data, so it is read and not run.
domain='' data=''
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    DOMAIN_NAME=*) domain=${line#*=} ;;
    DATA_PATH=*) data=${line#*=} ;;
  esac
done < srcs/.env
[ -n "$domain" ] || { say "srcs/.env: DOMAIN_NAME is missing"; exit 1; }
case $data in
  /*) ;;
  *) say "srcs/.env: DATA_PATH must be an absolute path, but is \"$data\""; exit 1 ;;
esac

[ -d secrets ] || mkdir secrets
for name in db_password db_root_password wp_owner_password wp_author_password redis_password; do
  if [ ! -s "secrets/$name.txt" ]; then
    openssl rand -hex 20 > "secrets/$name.txt.new"
    mv "secrets/$name.txt.new" "secrets/$name.txt"
    say "secrets/$name.txt was made"
  fi
done

month=2592000
# One call checks all: chain, host name, and that both certificates are valid for another month.
printf -v later '%(%s)T' -1
later=$((later + month))
certificates_hold() {
  openssl verify -CAfile secrets/ca.crt -no-CApath -verify_hostname "$domain" -attime "$later" secrets/server.crt >/dev/null 2>&1
}
make_certificates() {
  if ! openssl x509 -checkend "$month" -noout -in secrets/ca.crt >/dev/null 2>&1; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Inception local authority" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
      -keyout secrets/ca.key.new -out secrets/ca.crt.new 2>/dev/null
    mv secrets/ca.key.new secrets/ca.key
    mv secrets/ca.crt.new secrets/ca.crt
    rm -f secrets/server.crt
    say "secrets/ca.crt was made: a local authority"
  fi
  if ! openssl x509 -checkend "$month" -noout -in secrets/server.crt >/dev/null 2>&1 \
    || ! openssl x509 -checkhost "$domain" -noout -in secrets/server.crt 2>/dev/null | grep -q 'does match' \
    || ! openssl verify -CAfile secrets/ca.crt secrets/server.crt >/dev/null 2>&1; then
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$domain" -keyout secrets/server.key.new -out secrets/server.csr 2>/dev/null
    openssl x509 -req -in secrets/server.csr -CA secrets/ca.crt -CAkey secrets/ca.key -days 397 -out secrets/server.crt.new \
      -extfile <(printf 'subjectAltName=DNS:%s\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n' "$domain") 2>/dev/null
    mv secrets/server.key.new secrets/server.key
    mv secrets/server.crt.new secrets/server.crt
    rm -f secrets/server.csr
    say "secrets/server.crt was made for $domain"
  fi
}
certificates_hold || make_certificates

[ -d "$data/database" ] && [ -d "$data/site" ] || (umask 022; mkdir -p "$data/database" "$data/site")
