# The command after `--` of exec and serve is completed as if nothing stood before it.
_cogtok_command() {
    local i found=
    for (( i = 1; i < COMP_CWORD; i++ )); do
        case ${COMP_WORDS[i]} in
            exec | serve) found=1 ;;
            --) break ;;
        esac
    done
    [[ -n $found && ${COMP_WORDS[i]} == -- ]] && (( i < COMP_CWORD )) || return
    compopt +o nospace 2>/dev/null
    COMPREPLY=()
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset $(( i + 1 ))
    elif declare -F _command_offset >/dev/null; then
        _command_offset $(( i + 1 ))
    else
        local kind=-f candidate
        (( i + 1 < COMP_CWORD )) || [[ $2 == */* ]] || kind=-c
        [[ $kind == -c ]] || compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do
            COMPREPLY+=("$candidate")
        done < <(compgen "$kind" -- "$2")
    fi
    return 0
}
_cogtok() {
    _cogtok_command "$@" && return
    # bash takes words apart at each character of COMP_WORDBREAKS, `=`, `:` and `@` among them: put together what stands together.
    local rest=$COMP_LINE word gap last=0 index=0 words=() i
    for (( i = 0; i < ${#COMP_WORDS[@]}; i++ )); do
        word=${COMP_WORDS[i]}
        gap=${rest%%"$word"*}
        rest=${rest#"$gap$word"}
        # What stands behind the cursor is not completed.
        if (( i == COMP_CWORD )) && [[ -z $2 || $word == "$2"* ]] && [[ $word != [=:@]* ]]; then
            word=$2
        fi
        if (( i > 0 )) && [[ -z $gap && -n $word ]]; then
            words[last]+=$word
        else
            last=${#words[@]}
            words[last]=$word
        fi
        if (( i == COMP_CWORD )); then
            index=$last
            break
        fi
    done
    local prefix=${words[index]}
    prefix=${prefix%"$2"}
    for (( i = COMP_CWORD + 1; i < ${#COMP_WORDS[@]}; i++ )); do
        words+=("${COMP_WORDS[i]}")
    done
    # Read, not expanded: a candidate may look like a pattern.
    local candidates=() candidate
    IFS=$'\013' read -r -d '' -a candidates < <( \
        _CLAP_IFS=$'\013' _CLAP_COMPLETE_INDEX="$index" COGTOK_COMPLETE="bash" "cogtok" -- "${words[@]}" 2>/dev/null \
    )
    COMPREPLY=()
    for candidate in "${candidates[@]}"; do
        COMPREPLY+=("${candidate#"$prefix"}")
    done
    # A space behind a whole word, and none where more can follow.
    if compopt +o nospace 2>/dev/null && [[ ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 || ${BASH_VERSINFO[0]} -gt 4 ]]; then
    complete -o bashdefault -o nosort -F _cogtok cogtok
else
    complete -o nospace -o bashdefault -F _cogtok cogtok
fi
