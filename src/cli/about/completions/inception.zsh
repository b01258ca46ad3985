#compdef inception
# Completion of inception for zsh: a file `_inception` in a folder of $fpath, or: source <(inception completion zsh)
# Candidates come from `inception __complete`, so that services and profiles of the project are among them.
_inception() {
    local line directive=0
    local -a candidates extra
    while IFS= read -r line; do
        if [[ $line == :<-> ]]; then
            directive=${line#:}
        elif [[ $line == *$'\t'* ]]; then
            candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        else
            candidates+=("${line//:/\\:}")
        fi
    done < <(${words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( directive & 2 )) && extra=(-S '')
    (( $#candidates )) && _describe -V inception candidates "${extra[@]}"
    (( directive & 4 )) || _files
}
if [[ $funcstack[1] == _inception ]]; then
    _inception "$@"
else
    compdef _inception inception
fi
