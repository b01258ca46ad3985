#!/usr/bin/env bash
# Runs all tests: units, plans, runs on the fake engine, commands on the real engine, the conformance corpus if it is there,
# the scenarios on Podman, and the stack. The last line counts what passed and failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
say() { printf '\n== %s\n' "$*"; }
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds up the counts of cargo's summaries and of plain `N passed, N failed` lines.
count() {
  local ok bad
  ok=$(sed -nE 's/^(test result: [a-zA-Z]+\. )?([0-9]+) passed[;,] ([0-9]+) failed.*/\2/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  bad=$(sed -nE 's/^(test result: [a-zA-Z]+\. )?([0-9]+) passed[;,] ([0-9]+) failed.*/\3/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  passed=$((passed + ok))
  failed=$((failed + bad))
  # A part that ended with an error but counted no failure has failed, too.
  [ "$1" = 0 ] || [ "$bad" != 0 ] || failed=$((failed + 1))
}

engine=yes
scripts/setup.sh --tests || engine=
say "format, lints, scripts"
scripts/check.sh 2>&1 | tee "$log"
count "${PIPESTATUS[0]}"

say "units, plans, the fake engine, commands on the real engine"
cargo test --locked --no-fail-fast 2>&1 | tee "$log"
count "${PIPESTATUS[0]}"

if [ -n "$engine" ]; then
  say "leaks, a few rounds (\`make leaks\` plays many)"
  scripts/leaks.py target/debug/inception --rounds 3 --restarts 10 --execs 20 2>&1 | tee "$log"
  count "${PIPESTATUS[0]}"
fi

say "the scenarios on Podman"
scripts/test-podman.sh 2>&1 | tee "$log"
count "${PIPESTATUS[0]}"

if [ -n "$engine" ] && scripts/base-image.sh; then
  say "the stack"
  scripts/test-stack.sh 2>&1 | tee "$log"
  count "${PIPESTATUS[0]}"
else
  say "SKIPPED: there is no container engine, or no base image: the stack was not tested"
fi

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
