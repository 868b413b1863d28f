"""Find what is wrong around us, and say what mends it.

Configuration, secrets, the queue and its locks, the journal, the folders of the media and what their file systems can
do, programs, TMDB's key, the clock, `serve`; and of each configured Arr its root folders, of which one real file each
must be here and writable, and its webhook, by which it is made to send a Test. Where a folder has another name here,
its files are looked for, and the list of mappings is printed, with those that are missing.

What mends something is a command, or lines for the configuration; where it has the section of a line already, what
the line says goes into that.

Nothing is changed; but the queue is made where there is none, and small files where something is kept and in a folder
.arrtheaudio of each folder of media, which are removed again.
Ends with 1 where something is wrong that keeps work from being done.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from arrtheaudio import messages, output
from arrtheaudio.call import Call
from arrtheaudio.errors import UsageError
from arrtheaudio.options import Option
from arrtheaudio.pipeline import READER_GONE

if TYPE_CHECKING:
    from arrtheaudio.doctor.finding import Finding

USES = ("spool", "journal", "tmdb", "serve")
EXAMPLES = (
    (
        "Print only what mends something:",
        """\
arrtheaudio doctor -f jsonl |
    jq -r '.mend, .config | select(. != "")'""",
    ),
    (
        "Serve, and put the webhook into each configured Arr:",
        """\
arrtheaudio serve &
arrtheaudio doctor --register --url http://nas:9393""",
    ),
)
EXIT_STATUS = (
    ("0", "Nothing is wrong that keeps work from being done."),
    ("1", "Something is: a finding has the level error."),
    ("2", "The call is wrong; nothing was looked at."),
)
FILES = ""
OPTIONS = (
    Option(
        "form",
        ("-f", "--format"),
        "How findings are printed; auto is a list on a terminal, jsonl elsewhere.",
        default="auto",
        choices=output.FORMATS,
    ),
    Option(
        "register",
        ("--register",),
        "Add the webhook to each configured Arr, or mend it, and say what was done.",
        default=False,
    ),
    Option("url", ("--url",), "Where the Arrs reach `serve`, as http://HOST:9393.", str, "URL"),
    Option("dry_run", ("-n", "--dry-run"), "With --register: only say what would be done.", default=False),
)
# Not by colour alone.
_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "error": "ERROR  "}


def run(call: Call) -> int:
    """Look, or register; return the exit status."""
    if call.files:
        raise UsageError("it takes no FILE.")
    if not call.values["register"] and (call.values["url"] is not None or call.values["dry_run"]):
        raise UsageError("--url and --dry-run go with --register.")
    sink, bad = _sink(call.values["form"]), False
    try:
        for finding in _findings(call):
            bad |= finding.level == "error"
            sink.write(finding._asdict())
        sink.close()
    except BrokenPipeError:
        return READER_GONE
    return int(bad)


def _findings(call: Call) -> "Iterator[Finding]":
    from arrtheaudio.config import Invalid
    from arrtheaudio.doctor import examination, settings

    try:
        config = call.config
    except Invalid as error:
        return settings.broken(error)
    return _registered(call) if call.values["register"] else examination.examine(config)


def _registered(call: Call) -> "Iterator[Finding]":
    from arrtheaudio.doctor import arrs, webhook
    from arrtheaudio.doctor.client import Client
    from arrtheaudio.errors import Network

    if not call.config.arr:
        raise UsageError("no Arr is configured: name it, its url and its api_key under `arr`.")
    # all of them, before the first is changed
    targets = [(Client(arr), webhook.target(arr, call.config, call.values["url"])) for arr in call.config.arr]
    for client, url in targets:
        try:
            yield webhook.register(client, call.config, url, dry_run=call.values["dry_run"])
        except Network as error:
            yield arrs.failed(client, call.config, error, "Its webhook is as it was.")


class _List:
    """Findings for people: what, then why and what mends it, where it is not all right."""

    def write(self, finding: dict[str, Any]) -> None:
        lines = [f"{_MARKS[finding['level']]}  {finding['check']}: {finding['what']}"]
        lines += [f"         {key + ':':<6}{finding[key]}" for key in ("why", "mend") if finding[key]]
        if finding["config"]:
            lines += [
                "         in the configuration:",
                *(f"           {line}" for line in finding["config"].split("\n")),
            ]
        output.put("".join(f"{messages.shown(line)}\n" for line in lines).encode(errors="backslashreplace"))

    def close(self) -> None:
        """Nothing is left to say."""


def _sink(form: str) -> output.Sink:
    if form == "table" or (form == "auto" and output.is_terminal(output.STDOUT)):
        return _List()
    return output.sink(form, (), lambda _: ())
