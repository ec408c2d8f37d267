"""Completion of commands and their options for bash and, by its bashcompinit, zsh."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

SCRIPT = """\
_vigan() {{
    local words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words={commands}
    else
        case "${{COMP_WORDS[1]}}" in
{options}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
if [ -n "${{ZSH_VERSION:-}}" ]; then autoload -Uz compinit bashcompinit && compinit && bashcompinit; fi
complete -o default -F _vigan vigan
"""
"""Where nothing of it fits, the shell completes names of files."""


def script(parser: argparse.ArgumentParser) -> str:
    """The script that a shell sources."""
    (commands,) = (action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    options = (f"        {name}) words={shlex.quote(' '.join(_words(one)))} ;;" for name, one in commands.items())
    return SCRIPT.format(commands=shlex.quote(" ".join(commands)), options="\n".join(options))


def _words(command: argparse.ArgumentParser) -> Iterator[str]:
    """Words that a command takes: its options, and the choices of what has no option."""
    for action in command._actions:
        yield from action.option_strings or map(str, action.choices or ())
