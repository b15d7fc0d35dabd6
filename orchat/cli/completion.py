"""``orchat completion``: makes a shell complete commands, options, models, sessions, keys and personas."""

from __future__ import annotations

import click

from orchat.cli.options import common, invocation_of

BASH = r"""# Completion of orchat for bash. In ~/.bashrc:  eval "$(orchat completion bash)"
_orchat_completion() {
    local kind value about line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()
    while IFS=$'\t' read -r kind value about; do
        case $kind in
            file) compopt -o default 2>/dev/null ;;
            part) compopt -o nospace 2>/dev/null; COMPREPLY+=("$value") ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(_ORCHAT_COMPLETE=bash _ORCHAT_LINE="$line" _ORCHAT_BREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null)
}
complete -o nosort -F _orchat_completion orchat 2>/dev/null || complete -F _orchat_completion orchat
"""
ZSH = r"""#compdef orchat
# Completion of orchat for zsh. In ~/.zshrc, after compinit:  eval "$(orchat completion zsh)"
_orchat() {
    local kind value about
    local -a described parts
    local -i files=0
    while IFS=$'\t' read -r kind value about; do
        case $kind in
            file) files=1 ;;
            part) parts+=("$value") ;;
            *) described+=("${value//:/\\:}${about:+:$about}") ;;
        esac
    done < <(_ORCHAT_COMPLETE=zsh "${words[1]}" -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    (( files )) && _files
    (( $#parts )) && compadd -S '' -a parts
    (( $#described )) && _describe -V orchat described
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _orchat "$@"; else compdef _orchat orchat; fi
"""
FISH = r"""# Completion of orchat for fish:  orchat completion fish > ~/.config/fish/completions/orchat.fish
function __orchat_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l command $words[1]
    set -e words[1]
    for line in (env _ORCHAT_COMPLETE=fish $command -- $words "$current" 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        if test "$parts[1]" = file
            __fish_complete_path "$current"
        else
            printf '%s\t%s\n' "$parts[2]" "$parts[3]"
        end
    end
end
complete -c orchat -f -k -a '(__orchat_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@click.command("completion", add_help_option=False)
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@common()
@click.pass_context
def command(context: click.Context, /, *, shell: str) -> None:
    """Print what makes a shell complete orchat's words.

    \b
    bash   eval "$(orchat completion bash)"    in ~/.bashrc
    zsh    eval "$(orchat completion zsh)"     in ~/.zshrc, after compinit
    fish   orchat completion fish > ~/.config/fish/completions/orchat.fish
    """
    invocation_of(context).output.write(SCRIPTS[shell])
