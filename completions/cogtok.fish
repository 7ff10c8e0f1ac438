# The command after `--` of exec and serve, which fish completes as if nothing stood before it.
function __cogtok_command
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l dashes (contains --index -- -- $words)
    or return
    contains -- exec $words[1..$dashes]
    or contains -- serve $words[1..$dashes]
    or return
    set --erase words[1..$dashes]
    set -l current (commandline --current-token --cut-at-cursor)
    string join ' ' -- '' (string escape -- $words) "$current"
end
function __cogtok_complete
    if set -l command (__cogtok_command)
        complete --do-complete="$command"
    else
        COGTOK_COMPLETE=fish cogtok -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token)
    end
end
complete --keep-order --exclusive --command cogtok --arguments "(__cogtok_complete)"
