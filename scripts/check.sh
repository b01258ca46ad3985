#!/usr/bin/env bash
# Checks what must hold before a commit. A check whose tool is not installed is reported as skipped.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
check() { # title, then a command
  local words=$1
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$words"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n%s\n' "$words" "$output"
  fi
}
where() { # program that must be installed, title, then a command
  local program=$1
  shift
  if command -v "$program" >/dev/null; then check "$@"; else printf 'SKIPPED  %s: %s is not installed\n' "$1" "$program"; fi
}
check "format" cargo fmt --check
check "lints" cargo clippy --quiet --locked --all-targets -- -D warnings
check "documentation" env RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --no-deps
where shellcheck "scripts" shellcheck scripts/*.sh srcs/requirements/*/tools/*.sh srcs/requirements/bonus/*/tools/*.sh
where cargo-deny "licences and sources" cargo deny --offline check bans licenses sources
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
