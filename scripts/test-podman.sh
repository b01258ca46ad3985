#!/usr/bin/env bash
# Plays tests/scenarios on Podman through its docker-compatible socket. A Podman service with its own data is started for that,
# and removed at the end. Prints a message if that is not possible here.
#
#   test-podman.sh            all scenarios that Podman can play
#   test-podman.sh WORD ...   scenarios whose names contain one of the words
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf '\n*** SKIPPED: %s: no scenario was played on Podman ***\n' "$1"; exit 0; }
command -v podman >/dev/null || skip "podman is not installed"
command -v docker >/dev/null || skip "the command docker, which looks at the containers, is not installed"
[ "$(id -u)" = 0 ] || skip "a podman beside this machine's needs root"
[ -x /bin/busybox ] || skip "there is no static /bin/busybox"

# The names of scenarios that Podman cannot play: none at present.
cannot=()

base=$(mktemp -d)
socket=$base/podman.sock
service=
timer=
clean() {
  [ -z "$timer" ] || kill "$timer" 2>/dev/null || true
  podman rm -fa -t 0 >/dev/null 2>&1 || true
  podman network prune -f >/dev/null 2>&1 || true
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$base"
}
trap clean EXIT

export CONTAINERS_CONF=$base/containers.conf CONTAINERS_STORAGE_CONF=$base/storage.conf
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/root"\nrunroot = "%s/run"\n' "$base" "$base" >"$CONTAINERS_STORAGE_CONF"
init=$(command -v catatonit tini docker-init | head -n 1 || true)
{
  # Not every machine permits higher limits, so containers get the limits of this shell.
  printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' "$(ulimit -Sn)" "$(ulimit -Hn)" 1024 1024
  [ -z "$init" ] || printf 'init_path = "%s"\n' "$init"
  printf '[network]\nnetwork_config_dir = "%s/networks"\n' "$base"
  # The process that watches an exec stays that many seconds, by default five minutes. With 0 the session may be gone before
  # the client asks for its exit code.
  printf '[engine]\ncgroup_manager = "cgroupfs"\nexit_command_delay = 5\n'
  # Some versions of crun do not support this machine's control groups.
  if command -v runc >/dev/null; then printf 'runtime = "runc"\n'; fi
} >"$CONTAINERS_CONF"
[ -n "$init" ] || skip "catatonit, the init of Podman's containers, is not installed"

podman system service --time 0 "unix://$socket" >"$base/log" 2>&1 &
service=$!
export DOCKER_HOST=unix://$socket
for _ in $(seq 50); do
  docker version >/dev/null 2>&1 && break
  sleep 0.2
done
docker version >/dev/null 2>&1 || skip "podman does not answer: $(tail -n 1 "$base/log")"

# Podman may be unable to run containers here. One container on a network shows that.
cp /bin/busybox "$base/busybox"
printf 'FROM scratch\nCOPY busybox /bin/busybox\n' >"$base/Dockerfile"
try() {
  DOCKER_BUILDKIT=0 docker build -q -t probe "$base" && docker network create probe \
    && docker run --rm --init --network probe probe /bin/busybox true && docker network rm probe
}
try >"$base/try" 2>&1 || skip "podman runs no container here: $(tail -n 1 "$base/try")"

# Podman's health checks are run by timers of systemd. Without systemd, this loop runs them.
if [ ! -S /run/systemd/private ]; then
  while sleep 0.3; do
    for id in $(podman ps -q --no-trunc --filter health=starting --filter health=healthy --filter health=unhealthy 2>/dev/null); do
      podman healthcheck run "$id" >/dev/null 2>&1 || true
    done
  done &
  timer=$!
fi

wanted=("$@")
[ $# -gt 0 ] || wanted=(::ours)
skipped=()
for scenario in "${cannot[@]}"; do
  printf 'not on Podman: %s\n' "$scenario"
  skipped+=(--skip "$scenario")
done
cargo test --locked --no-fail-fast --test scenarios -- "${wanted[@]}" --skip ::peer "${skipped[@]}"
