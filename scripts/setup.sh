#!/usr/bin/env bash
# Provides what the stack and the tests (`--tests`) need: a container engine that answers, debootstrap, curl, openssl. As root
# on Debian or Ubuntu it says what is missing and installs it; elsewhere it prints the command.
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

missing=()
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
command -v debootstrap >/dev/null || docker image inspect debian:bookworm >/dev/null 2>&1 || missing+=(debootstrap)
command -v docker >/dev/null || missing+=(docker.io)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
# A static busybox: the tests make a small image of it.
[ "${1:-}" != --tests ] || [ -x /bin/busybox ] || missing+=(busybox-static)

if ((${#missing[@]})); then
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]}"
    $install >/dev/null 2>&1 || { apt-get update >/dev/null && $install >/dev/null; }
  else
    say "missing: ${missing[*]}. On Debian or Ubuntu, as root: $install"
    exit 1
  fi
fi

command -v cargo >/dev/null || { say "Rust is missing: install it with rustup, then run this again"; exit 1; }

if docker version >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  say "no container engine answers; start it (as root: systemctl start docker), or add yourself to the group docker"
  exit 1
fi
say "no container engine answers: starting one"
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
  systemctl start docker
else
  service docker start >/dev/null 2>&1 || (setsid dockerd >/var/log/dockerd.log 2>&1 &)
fi
deadline=$((SECONDS + 60))
until docker version >/dev/null 2>&1; do
  if ((SECONDS > deadline)); then
    say "the engine does not answer after 60 s; see /var/log/dockerd.log or journalctl -u docker"
    exit 1
  fi
  sleep 0.5
done
