#!/usr/bin/env bash
# Fuzzes all targets in turn for MINUTES in all (default 60); about half of that goes to the loader. Ends with 1 after a crash,
# a hang (5 s) or more than 512 MiB; the input is then in fuzz/artifacts. `NEW=1` keeps inputs that add coverage.
set -uo pipefail
cd "$(dirname "$0")/../fuzz" || exit 1
minutes=${MINUTES:-60}
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: cargo-fuzz is missing: cargo install cargo-fuzz --locked"
  exit 1
fi
# Allows a stable compiler. Sanitizers need a nightly one; safe code does not need them.
export RUSTC_BOOTSTRAP=1
cargo fuzz build --sanitizer none || exit 1
failed=0
for share in loader:30 interpolation:8 env_file:8 ports:5 volumes:4 durations:5; do
  target=${share%:*}
  seconds=$((minutes * ${share#*:}))
  found=$(mktemp -d)
  arguments=(-max_total_time="$seconds" -rss_limit_mb=512 -timeout=5 -print_final_stats=1)
  [ "$target" != loader ] || arguments+=(-max_len=4096 -dict=compose.dict)
  printf '\n== %s, %s s\n' "$target" "$seconds"
  # New inputs go to the first folder, so that the kept corpus stays small.
  if cargo fuzz run --sanitizer none "$target" "$found" "corpus/$target" -- "${arguments[@]}" >"$found.log" 2>&1; then
    grep -E '^stat::(number_of_executed_units|peak_rss_mb)' "$found.log"
    if [ "${NEW:-0}" = 1 ]; then
      cargo fuzz run --sanitizer none "$target" "corpus/$target" "$found" -- -merge=1 >/dev/null 2>&1
    fi
    rm -f "$found.log"
  else
    failed=$((failed + 1))
    tail -n 40 "$found.log"
    echo "FAIL  $target: see $found.log and fuzz/artifacts/$target"
  fi
  rm -rf "$found"
done
[ "$failed" = 0 ]
