#!/usr/bin/env bash
# Provides the image debian:bookworm: pulls it, or makes it with debootstrap, if it is missing. Says what it did.
set -euo pipefail

image=debian:bookworm
say() { printf 'base image: %s\n' "$*" >&2; }

if docker image inspect "$image" >/dev/null 2>&1; then
  say "$image is there"
  exit 0
fi
if timeout 120 docker pull -q "$image" >/dev/null 2>&1; then
  say "$image was pulled"
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
  say "$image cannot be pulled, and making it needs root and debootstrap"
  exit 1
fi
say "$image cannot be pulled; making it with debootstrap (about half a minute)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase bookworm "$work/root" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
tar -C "$work/root" -c . | docker import - "$image" >/dev/null
say "$image was made"
