#!/usr/bin/env bash
# The stories of tests/scenarios on a real Podman, through its docker-compatible socket: a service of its own beside the one of
# this machine, with data of its own, which go when it ends. Says loudly where it cannot.
#
#   test-podman.sh            all stories that Podman can do
#   test-podman.sh WORD ...   those whose names have one of these words
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf '\n*** SKIPPED: %s: no story was played on Podman ***\n' "$1"; exit 0; }
command -v podman >/dev/null || skip "podman is not installed"
command -v docker >/dev/null || skip "the command docker, which looks at the containers, is not there"
[ "$(id -u)" = 0 ] || skip "a podman beside this machine's needs root"
[ -x /bin/busybox ] || skip "there is no static /bin/busybox"

# Stories that Podman cannot do would stand here by name; docs/compat.md says why.
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
  # Raising limits is not permitted everywhere, so containers get those of this shell.
  printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' "$(ulimit -Sn)" "$(ulimit -Hn)" 1024 1024
  [ -z "$init" ] || printf 'init_path = "%s"\n' "$init"
  printf '[network]\nnetwork_config_dir = "%s/networks"\n' "$base"
  # Otherwise what watches an exec stays for five minutes.
  printf '[engine]\ncgroup_manager = "cgroupfs"\nexit_command_delay = 0\n'
  # Not every crun knows every kind of control groups.
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

# One container on a network tells whether Podman can work here at all.
cp /bin/busybox "$base/busybox"
printf 'FROM scratch\nCOPY busybox /bin/busybox\n' >"$base/Dockerfile"
try() {
  DOCKER_BUILDKIT=0 docker build -q -t probe "$base" && docker network create probe \
    && docker run --rm --init --network probe probe /bin/busybox true && docker network rm probe
}
try >"$base/try" 2>&1 || skip "podman runs no container here: $(tail -n 1 "$base/try")"

# Podman has its health checks run by timers of systemd. Where systemd does not run, this loop is the timer.
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
for story in "${cannot[@]}"; do
  printf 'not on Podman: %s\n' "$story"
  skipped+=(--skip "$story")
done
cargo test --locked --no-fail-fast --test scenarios -- "${wanted[@]}" --skip ::peer "${skipped[@]}"
