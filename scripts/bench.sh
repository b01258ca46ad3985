#!/usr/bin/env bash
# Compares speed with docker compose 2 (PEER_COMPOSE is its program). Both take turns in one run; only the ratios count.
set -euo pipefail
cd "$(dirname "$0")/.."
ours=$PWD/target/release/inception
peer=${PEER_COMPOSE:-$(command -v docker-compose || true)}
if [ -z "$peer" ] || ! "$peer" version --short 2>/dev/null | grep -q '^v\?[2-9]'; then
  echo "SKIPPED: docker compose 2 is not installed (PEER_COMPOSE=path/to/docker-compose): there is nothing to compare with" >&2
  exit 0
fi
python3 benches/compare.py "$ours" "$peer"
python3 benches/daily.py "$ours" "$peer"
python3 benches/build.py "$ours" "$peer"
scripts/base-image.sh && scripts/init.sh
exec python3 benches/start.py "$ours" "$peer"
