# Completion of inception for bash. Load it with: source <(inception completion bash)
# Candidates come from `inception __complete`, so that services and profiles of the project are among them.
_inception() {
    local typed=${COMP_LINE:0:COMP_POINT} line current prefix directive=0 words
    IFS=$' \t' read -ra words <<<"$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    # Bash parts words at `:` and `=`, too, and replaces the last part only.
    prefix=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line =~ ^:[0-9]+$ ]]; then
            directive=${line#:}
        else
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$prefix"}")
        fi
    done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ! ((directive & 4)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -f -- "${current#"$prefix"}")
    fi
}
complete -F _inception inception
