"""The completion script for bash 4.4 and newer. It starts no program, but for the ids of jobs."""

import shlex
from collections.abc import Iterable, Iterator, Mapping

from arrtheaudio.manual.declared import FILES, FLAG, JOBS, WORDS, Command, Parameter

# The newest jobs; an id is the first key of one.
LIST_JOBS = 'arrtheaudio jobs list --limit 200 --format jsonl 2>/dev/null | sed -n \'s/^{"id":"\\([^"]*\\)".*/\\1/p\''
_DUE = {FILES: "@files", JOBS: "@jobs"}

_FRAME = """\
# Completion of arrtheaudio for bash. Printed by `python -m arrtheaudio.manual`. Source it, or put it into
# /usr/share/bash-completion/completions under the name arrtheaudio.

# Says whether the last word is an option that takes a value, and in `due` what may stand there.
_arrtheaudio_value() {{
    due=
    case "$1" in
{values}
        *) return 1 ;;
    esac
}}

_arrtheaudio() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} at=arrtheaudio due= only= i
    # To bash, `--format=json` is three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if _arrtheaudio_value "$at ${{COMP_WORDS[i]}}"; then
            ((i += 1))
            if [[ ${{COMP_WORDS[i]}} == = ]]; then ((i += 1)); fi
            continue
        fi
        case "$at ${{COMP_WORDS[i]}}" in
            *" --") only=arguments ;;
{commands}
        esac
    done

    COMPREPLY=()
    if [[ -n $only ]] || ! _arrtheaudio_value "$at $before"; then
        due=
        case "$at${{word:+ }}${{only:-${{word:0:1}}}}" in
{options}
            *)
                case "$at" in
{arguments}
                esac
                ;;
        esac
    fi
    case "$due" in
        "") ;;
        @files) compopt -o default ;;
        @jobs) mapfile -t COMPREPLY < <(compgen -W "$({jobs})" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$due" -- "$word") ;;
    esac
}}

complete -o nosort -F _arrtheaudio arrtheaudio
"""


def script(root: Command) -> str:
    """Return the script."""
    commands = [*root.walk()]
    inner = " | ".join(_quoted(command.words) for command in commands[1:])
    return _FRAME.format(
        values=_cases(8, _values(commands)),
        commands=f'            {inner}) at+=" ${{COMP_WORDS[i]}}" ;;',
        options=_cases(12, {f"{' '.join(command.words)} -": _flags(command) for command in commands}),
        arguments=_cases(20, {" ".join(command.words): _arguments(command) for command in commands}),
        jobs=LIST_JOBS,
    )


def _quoted(words: Iterable[str]) -> str:
    return shlex.quote(" ".join(words))


def _values(commands: Iterable[Command]) -> Mapping[str, str]:
    return {
        " ".join((*command.words, flag)): due(option)
        for command in commands
        for option in command.options
        for flag in option.flags
        if option.kind != FLAG
    }


def due(parameter: Parameter) -> str:
    """Return the words that may stand for a value, or `@files`, `@jobs`, or nothing."""
    return " ".join(parameter.words) if parameter.kind == WORDS else _DUE.get(parameter.kind, "")


def _flags(command: Command) -> str:
    return " ".join(flag for option in command.options for flag in option.flags)


def _arguments(command: Command) -> str:
    if command.commands:
        return " ".join(inner.name for inner in command.commands)
    return next(map(due, command.arguments), "")


def _cases(indent: int, due_of: Mapping[str, str]) -> str:
    """Return the branches of a `case`, one for each thing that is due."""
    return "\n".join(" " * indent + line for line in _branches(due_of))


def _branches(due_of: Mapping[str, str]) -> Iterator[str]:
    for wanted in dict.fromkeys(due_of.values()):
        patterns = " | ".join(shlex.quote(words) for words, its in due_of.items() if its == wanted)
        yield f"{patterns}) due={shlex.quote(wanted)} ;;"
