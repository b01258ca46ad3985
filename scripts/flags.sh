#!/usr/bin/env bash
# Writes the table of commands and flags in docs/compat.md anew, from `--help` of both programs. docker compose's flags are
# in tests/cli/flags/peer.tsv; they are read anew where docker compose is there (PEER_COMPOSE=path).
set -euo pipefail
cd "$(dirname "$0")/.."
WRITE_FLAGS=1 cargo test --quiet --locked --test cli flags::the_record_of_docker_compose
WRITE_FLAGS=1 cargo test --quiet --locked --test cli flags::the_table_of_flags
git --no-pager diff --stat -- docs/compat.md tests/cli/flags
