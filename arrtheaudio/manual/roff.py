"""The language of man pages, man(7), as groff and mandoc both have it."""

import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 100  # of a line of text in the source of a page
Rows = Iterable[tuple[str, str]]
# Typesetters make other characters of these.
_PLAIN = str.maketrans({"\\": "\\e", "-": "\\-", "~": "\\(ti", "^": "\\(ha", "`": "\\(ga"})
_LITERAL = _PLAIN | str.maketrans({"'": "\\(aq"})


def escaped(text: str, *, literal: bool = False) -> str:
    """Return a text that is printed as it stands; `literal`, to the last quotation mark."""
    text = text.translate(_LITERAL if literal else _PLAIN)
    text = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text


def title(name: str, section: int) -> str:
    """Return the first line, without a date."""
    return f'.TH "{name.upper()}" "{section}" "" "arrtheaudio" "ArrTheAudio"'


def name(page: str, summary: str) -> Iterator[str]:
    """Yield the section that whatis(1) reads; a summary starts in lower case there, and has no full stop."""
    small = summary[:1].lower() + summary[1:] if summary[1:2].islower() else summary
    yield from (".SH NAME", f"{escaped(page)} \\- {prose(small).rstrip('.')}")


def prose(text: str) -> str:
    """Return a paragraph, in lines; what stands in backticks becomes bold."""
    lines = textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)
    return _bold("\n".join(map(_spared, lines)))


def _spared(line: str) -> str:
    return "".join(part if part == "`" else escaped(part) for part in re.split(r"(`)", line)) if line else line


def _bold(text: str) -> str:
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    # A line that begins with a point or an apostrophe is a request, also behind a change of fonts.
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def paragraphs(texts: Iterable[str]) -> Iterator[str]:
    """Yield paragraphs; the first one needs no macro where it follows a heading."""
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield prose(text)


def tagged(term: str, text: str) -> Iterator[str]:
    """Yield a term, in roff, and what it means, indented."""
    yield from (".TP", term, prose(text) if text else "\\&")


def section(heading: str, rows: Rows) -> Iterator[str]:
    """Yield a section of terms and their meanings; nothing where there are none."""
    rows = list(rows)
    if rows:
        yield f".SH {heading}"
    for term, text in rows:
        yield from tagged(bold(term), text)


def bold(text: str) -> str:
    """Return a literal in bold."""
    return f"\\fB{escaped(text, literal=True)}\\fR"


def italic(text: str) -> str:
    """Return what stands for something else."""
    return f"\\fI{escaped(text, literal=True)}\\fR"


def example(text: str) -> Iterator[str]:
    """Yield lines that are printed as they stand."""
    yield from (".PP", ".EX")
    yield from (escaped(line, literal=True) for line in text.splitlines())
    yield ".EE"


def examples(rows: Rows) -> Iterator[str]:
    """Yield the section of examples: what each is for, and how it is typed."""
    rows = list(rows)
    if rows:
        yield ".SH EXAMPLES"
    for number, (what, typed) in enumerate(rows):
        if number:
            yield ".PP"
        yield prose(what)
        yield from example(typed)


def see_also(pages: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield the references, by section and name."""
    ordered = sorted(pages, key=lambda page: (page[1], page[0]))
    yield ".SH SEE ALSO"
    for number, (page, chapter) in enumerate(ordered, 1):
        comma = "," if number < len(ordered) else ""
        yield f".BR {escaped(page)} ({chapter}){comma}"


def join(lines: Iterable[str]) -> str:
    """Return a page."""
    return "\n".join(lines) + "\n"
