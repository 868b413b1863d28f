"""The completion script for zsh. It starts no program, but for the ids of jobs."""

from collections.abc import Iterator

from arrtheaudio.manual.bash import LIST_JOBS
from arrtheaudio.manual.declared import FILES, FLAG, JOBS, WORDS, Command, Parameter

_HEAD = """\
#compdef arrtheaudio
# Completion of arrtheaudio for zsh. Printed by `python -m arrtheaudio.manual`. Put it into a folder of $fpath, or
# source it after compinit.

_arrtheaudio_job_ids() {{
    local -a ids=("${{(@f)$({jobs})}}")
    compadd -o nosort -a ids
}}
"""
_TAIL = """
# Loaded by its name, it is called at once; sourced, it is made known.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _arrtheaudio "$@"
else
    compdef _arrtheaudio arrtheaudio
fi
"""
_GROUP = """    local curcontext=$curcontext state line
    _arguments -s -S -C \\
{specs}
        '1:command:->command' \\
        '*::argument:->argument' && return
    case $state in
        command)
            local -a commands=(
{names}
            )
            _describe command commands
            ;;
        argument)
            curcontext=${{curcontext%:*:*}}:arrtheaudio-$line[1]:
            (( $+functions[{function}_${{line[1]//-/_}}] )) && {function}_${{line[1]//-/_}}
            ;;
    esac"""


def script(root: Command) -> str:
    """Return the script."""
    functions = [_function(command) for command in root.walk()]
    return _HEAD.format(jobs=LIST_JOBS) + "".join(functions) + _TAIL


def _function(command: Command) -> str:
    name = "_".join(("", *command.words)).replace("-", "_")
    return f"\n{name}() {{\n{_group(command, name) if command.commands else _plain(command)}\n}}\n"


def _group(command: Command, name: str) -> str:
    names = "\n".join(f"                {_quoted(f'{inner.name}:{inner.help[0]}')}" for inner in command.commands)
    specs = "\n".join(f"        {spec} \\" for spec in _specs(command))
    return _GROUP.format(specs=specs, names=names, function=name)


def _plain(command: Command) -> str:
    specs = [*_specs(command), *map(_argument, command.arguments)]
    return "    _arguments -s -S \\\n" + " \\\n".join(f"        {spec}" for spec in specs)


def _specs(command: Command) -> Iterator[str]:
    for option in command.options:
        others = "" if option.many else f"({' '.join(option.flags)})"
        for flag in option.flags:
            takes = "" if option.kind == FLAG else "+" if len(flag) == 2 else "="
            value = "" if option.kind == FLAG else f":{_escaped(option.value)}:{_action(option)}"
            star = "*" if option.many else ""
            yield _quoted(f"{others}{star}{flag}{takes}[{_escaped(option.help)}]{value}")


def _argument(argument: Parameter) -> str:
    return _quoted(f"{'*' if argument.many else '1'}:{_escaped(argument.value)}:{_action(argument)}")


def _action(parameter: Parameter) -> str:
    if parameter.kind == WORDS:
        return f"({' '.join(parameter.words)})"
    return {FILES: "_files", JOBS: "_arrtheaudio_job_ids"}.get(parameter.kind, " ")


def _escaped(text: str) -> str:
    for letter in "\\:[]":
        text = text.replace(letter, f"\\{letter}")
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
