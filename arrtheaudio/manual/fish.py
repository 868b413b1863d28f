"""The completion script for fish. It starts no program, but for the ids of jobs."""

from collections.abc import Iterator

from arrtheaudio.manual.bash import LIST_JOBS
from arrtheaudio.manual.declared import FILES, FLAG, JOBS, WORDS, Command, Parameter

_HEAD = """\
# Completion of arrtheaudio for fish. Printed by `python -m arrtheaudio.manual`. Put it into ~/.config/fish/completions.

# Says whether the words before the cursor are those of a command: their last one, or one that is no command any more.
function __arrtheaudio_at
    set -l words (commandline -opc)
    set -l at arrtheaudio
    set -l value
    for word in $words[2..-1]
        if set -q value[1]
            set -e value[1]
        else if contains -- "$at $word" {values}
            set value yes
        else if contains -- "$at $word" {commands}
            set at "$at $word"
        end
    end
    test "$at" = "$argv"
end

function __arrtheaudio_job_ids
    {jobs}
end

complete -c arrtheaudio -f
"""


def script(root: Command) -> str:
    """Return the script."""
    commands = [*root.walk()]
    inner = " ".join(_quoted(" ".join(command.words)) for command in commands[1:])
    values = " ".join(_quoted(words) for command in commands for words in _with_values(command))
    head = _HEAD.format(values=values, commands=inner, jobs=LIST_JOBS)
    return head + "".join(f"{line}\n" for command in commands for line in _lines(command))


def _with_values(command: Command) -> Iterator[str]:
    for option in command.options:
        if option.kind != FLAG:
            yield from (" ".join((*command.words, flag)) for flag in option.flags)


def _lines(command: Command) -> Iterator[str]:
    start = f"complete -c arrtheaudio -n {_quoted('__arrtheaudio_at ' + ' '.join(command.words))}"
    for inner in command.commands:
        yield f"{start} -a {inner.name} -d {_quoted(inner.help[0].rstrip('.'))}"
    if not command.commands:
        yield from (f"{start} {due}" for argument in command.arguments if (due := _due(argument)))
    for option in command.options:
        yield f"{start} {_spellings(option.flags)}{_value(option)} -d {_quoted(option.help)}"


def _value(option: Parameter) -> str:
    if option.kind == FLAG:
        return ""
    return " -r -F" if option.kind == FILES else f" -x {_due(option)}".rstrip()


def _spellings(flags: tuple[str, ...]) -> str:
    return " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in flags)


def _due(parameter: Parameter) -> str:
    if parameter.kind == WORDS:
        return f"-a {_quoted(' '.join(parameter.words))}"
    return {FILES: "-F", JOBS: "-k -a '(__arrtheaudio_job_ids)'"}.get(parameter.kind, "")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
