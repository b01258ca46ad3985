#!/usr/bin/env bash
# Writes completions and manual pages as a system has them: scripts/install-texts.sh PROGRAM FOLDER, such as /usr/share.
set -euo pipefail
program=$1
folder=$2
put() { # folder, file, then a command
  mkdir -p "$folder/$1"
  "${@:3}" > "$folder/$1/$2"
}
put bash-completion/completions inception "$program" completion bash
put zsh/site-functions _inception "$program" completion zsh
put fish/vendor_completions.d inception.fish "$program" completion fish
mkdir -p "$folder/man/man1"
"$program" man "$folder/man/man1"
