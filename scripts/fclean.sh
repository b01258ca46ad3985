#!/usr/bin/env bash
# Removes the stack with its images, volumes and data. Asks first.
set -euo pipefail
cd "$(dirname "$0")/.."
inception=${INCEPTION:-target/use/inception}
data=$(sed -n 's/^DATA_PATH=//p' srcs/.env 2>/dev/null | tail -n 1)
if [ "${FORCE:-}" != 1 ]; then
  [ -t 0 ] || { echo "fclean: this removes the database and the site in ${data:-(none)}; run it with FORCE=1" >&2; exit 1; }
  read -r -p "Remove the database and the site in ${data:-(none)}? Type yes: " answer
  [ "$answer" = yes ] || { echo "fclean: nothing was removed" >&2; exit 1; }
fi
if [ -f srcs/.env ] && [ -x "$inception" ]; then
  "$inception" -f srcs/docker-compose.yml --profile '*' down --volumes --rmi all --remove-orphans
fi
case $data in
  /*/*) rm -rf "${data:?}/database" "${data:?}/site"; rmdir "$data" 2>/dev/null || true ;;
esac
rm -f target/images.stamp
