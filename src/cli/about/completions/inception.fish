# Completion of inception for fish. Load it with: inception completion fish | source
# Candidates come from `inception __complete`, so that services and profiles of the project are among them.
function __inception_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        if not string match -qr '^:\d+$' -- $line
            echo $line
        else if contains -- $line :0 :2
            __fish_complete_path (commandline -ct)
        end
    end
end
complete -c inception -f -a '(__inception_complete)'
