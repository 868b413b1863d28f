"""The page of a command, in section 1."""

from collections.abc import Iterable, Iterator

from arrtheaudio.manual import roff
from arrtheaudio.manual.declared import Command, Parameter
from arrtheaudio.manual.surroundings import ENVIRONMENT, FILES, OTHERS


def page(command: Command, root: Command) -> str:
    """Return the man page of a command."""
    summary, *rest = command.help
    lines = [roff.title(command.page, 1), *roff.name(command.page, summary), ".SH SYNOPSIS", *_synopsis(command)]
    if rest:
        lines += [".SH DESCRIPTION", *roff.paragraphs(rest)]
    lines += [".SH OPTIONS", *_options(command.options)]
    lines += _commands(command)
    lines += roff.section("EXIT STATUS", command.exit_status)
    lines += roff.section("ENVIRONMENT", _used(command, ENVIRONMENT))
    lines += roff.section("FILES", _used(command, FILES))
    lines += roff.examples(command.examples)
    pages = [(other.page, 1) for other in (root, *root.commands) if other is not command]
    return roff.join([*lines, *roff.see_also([*pages, *OTHERS])])


def _synopsis(command: Command) -> Iterator[str]:
    yield f".B {roff.escaped(' '.join(command.words))}"
    yield roff.escaped(command.synopsis)


def _options(options: Iterable[Parameter]) -> Iterator[str]:
    for option in options:
        yield from roff.tagged(_term(option), option.help)


def _term(option: Parameter) -> str:
    flags = ", ".join(map(roff.bold, option.flags))
    return f"{flags} {roff.italic(option.value)}" if option.value else flags


def _commands(command: Command) -> Iterator[str]:
    if command.commands:
        yield ".SH COMMANDS"
    for inner in command.commands:
        if len(command.words) == 1:
            yield from roff.tagged(f"\\fB{roff.escaped(inner.page)}\\fR(1)", inner.help[0])
        else:
            yield from _subcommand(inner)


def _subcommand(command: Command) -> Iterator[str]:
    call = " ".join((*command.words[1:], command.synopsis))
    yield f".SS {roff.escaped(call)}"
    yield from roff.paragraphs(command.help)
    yield from _options(option for option in command.options if "--help" not in option.flags)


def _used(command: Command, table: dict[str, tuple[tuple[str, str], ...]]) -> Iterator[tuple[str, str]]:
    rows = (row for use in (table if command.uses is None else ("all", *command.uses)) for row in table.get(use, ()))
    yield from dict(rows).items()
