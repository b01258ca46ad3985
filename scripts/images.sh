#!/usr/bin/env bash
# Builds the stack's images at the same time, with `docker build`: inception itself may not be compiled yet. The output of a
# build is shown only if the build fails.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/init.sh
scripts/base-image.sh
say() { printf 'images: %s\n' "$*" >&2; }
tag=${TAG:-$(sed -n 's/^TAG=//p' srcs/.env | tail -n 1)}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

builds=()
for folder in srcs/requirements/*/Dockerfile; do
  service=$(basename "$(dirname "$folder")")
  say "$service:$tag is being built"
  # The classic builder, which every engine has.
  DOCKER_BUILDKIT=0 docker build --tag "$service:$tag" --label "com.docker.compose.project=${COMPOSE_PROJECT_NAME:-inception}" \
    --label "com.docker.compose.service=$service" "srcs/requirements/$service" >"$logs/$service" 2>&1 &
  builds+=("$!:$service")
done
failed=
for build in "${builds[@]}"; do
  service=${build#*:}
  if wait "${build%%:*}"; then
    say "$service:$tag was built"
  else
    failed=yes
    say "$service:$tag could not be built; the end of what was printed:"
    tail -n 40 "$logs/$service" | sed 's/^/  /' >&2
  fi
done
[ -z "$failed" ]
