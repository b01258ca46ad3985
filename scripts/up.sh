#!/usr/bin/env bash
# Starts the stack and says where it is. Slow checks are made only after a failed start: whether the engine answers, and
# whether the base image has been removed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/init.sh
up() { "${INCEPTION:-target/use/inception}" -f srcs/docker-compose.yml up -d --wait; }
code=0
up || code=$?
if [ "$code" != 0 ]; then
  if docker image inspect debian:bookworm >/dev/null 2>&1; then exit "$code"; fi
  scripts/setup.sh
  scripts/base-image.sh
  up
fi
exec scripts/told.sh
