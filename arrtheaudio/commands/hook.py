"""Queue what Sonarr or Radarr has just imported.

They start it as their Custom Script (bin/arrtheaudio-custom-script, under Settings, Connect), or as their import script
(bin/arrtheaudio-import-script, under Settings, Media Management, Import Using Script), and wait until it ends. What was
imported stands in the variables of the environment: it becomes jobs, whose ids are printed, and `jobs run` or `serve`
does the rest. Other events need no work; the Test of a Custom Script succeeds where jobs can be queued.

`hook import` leaves the file to the Arr: it answers `[MoveStatus] DeferMove` and ends with 0 whatever happens, since an
import that fails has lost the old file already. Its job waits until the file has arrived.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from arrtheaudio import filters, messages, output
from arrtheaudio.call import Call
from arrtheaudio.core import record as records
from arrtheaudio.core.arr_environment import environment
from arrtheaudio.core.arr_record import NOT_UNDERSTOOD, Event
from arrtheaudio.core.path_mapping import Mappings, parts
from arrtheaudio.core.record import Record
from arrtheaudio.errors import Error, Fatal, InvalidRecord, UsageError
from arrtheaudio.options import Option

if TYPE_CHECKING:
    from arrtheaudio.config import Config
    from arrtheaudio.spool.job import Job

IMPORT = "import"
CALLERS = ("sonarr", "radarr", IMPORT)
# What an import script says that has not touched the file: the whole line, to the letter.
DEFERRED = b"[MoveStatus] DeferMove\n"
# A job would do it later, and elsewhere: who called would not see it.
NO_DRY_JOB = "-n says what would change, so it wants --now; of jobs, execution.dry_run makes dry runs."

EXIT_STATUS = (
    ("0", "All is queued, or done with --now; or there is nothing to do. `hook import` always ends so."),
    ("1", "A file could not be queued, or failed with --now; or the event is not understood."),
    ("2", "The call or the configuration is wrong; nothing was done."),
)
USES = ("script", "spool", "journal", "tmdb")
EXAMPLES = (
    (
        "Try by hand what Radarr's import of a film would do:",
        """\
radarr_eventtype=Download radarr_moviefile_path=/media/films/film.mkv \\
    radarr_movie_originallanguage=jpn \\
    arrtheaudio hook radarr --now --dry-run""",
    ),
)
FILES = "sonarr|radarr|import"
OPTIONS = (
    Option(
        "now", ("--now",), "Do it at once, and print the records; not for import: its file is not there.", default=False
    ),
    filters.DRY_RUN._replace(help="With --now: say what would change, and change nothing."),
)


def run(call: Call) -> int:
    """Queue the files, or do them."""
    _leave_standard_input()
    if len(call.files) != 1 or os.fsdecode(call.files[0]) not in CALLERS:
        raise UsageError(f"says who calls: {', '.join(CALLERS)}.")
    if os.fsdecode(call.files[0]) == IMPORT:
        return _deferred(call)
    if call.values["dry_run"] and not call.values["now"]:
        raise UsageError(NO_DRY_JOB)
    event = environment(os.environ)
    if event.reason == NOT_UNDERSTOOD:
        messages.error(event.message)
        return 1
    return _done(call, event) if call.values["now"] and event.records else _queued(call, event)


def _leave_standard_input() -> None:
    # The Arr never closes its end of it: a program that we start and that reads it would wait for ever.
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.dup2(descriptor, 0)
    os.close(descriptor)


def _deferred(call: Call) -> int:
    """Leave the file to the Arr, then queue a job for it."""
    try:
        output.put(DEFERRED)
        if call.values["dry_run"]:
            raise UsageError(NO_DRY_JOB)
        event = environment(os.environ)
        if event.reason is not None:
            messages.error(event.message)
        _put(call, event.records)
    except (Fatal, Error, OSError) as error:
        messages.error(f"not queued: {error}")
    except BaseException:  # whatever it is, the Arr has deleted the old file, and would drop the new one
        import traceback

        messages.error(f"not queued: a defect of ours\n{traceback.format_exc()}")
    return 0


def _queued(call: Call, event: Event) -> int:
    if event.reason is not None:
        messages.detail(event.message)
    sink = output.sink("auto", ("ID",), lambda job: [job["id"]])
    failed = False
    for answer in _put(call, event.records):
        if isinstance(answer, Error):
            messages.error(str(answer))
            failed = True
        else:
            sink.write({"id": answer["id"]})
    sink.close()
    return int(failed)


def _put(call: Call, found: Iterable[Record]) -> "list[Job | Error]":
    """Queue records, and return for each its job, or why there is none. A full queue takes them too."""
    from arrtheaudio.spool import BATCH, Spool
    from arrtheaudio.spool.job import new, new_id

    spool, group = Spool(call.config.spool.path), new_id()
    answers: list[Job | Error] = []
    jobs = []
    for number, record in enumerate(found, 1):
        try:
            local = _local(record, call.config)
        except InvalidRecord as error:
            answers.append(error)
            continue
        jobs.append(new(local, priority="webhook", source="hook", group=group, number=number))
    for at in range(0, len(jobs), BATCH):
        some = jobs[at : at + BATCH]
        answers += [error or job for job, error in zip(some, spool.put_all(some), strict=True)]
    return answers


def _local(record: Record, config: "Config") -> Record:
    """Return the record under our path; InvalidRecord where it has none."""
    sent = record["path"]
    found = parts(sent)
    if found is None:
        raise InvalidRecord(f"{sent}: no absolute path")
    mapped = Mappings(config.path_mappings).find(found)
    if mapped is None and found.root != "/":
        raise InvalidRecord(f"{sent}: a path of Windows, and no `remote` of path_mappings is above it")
    path = os.fsencode(mapped.path if mapped else sent)
    return records.of_path(path) | {"arr": record["arr"]}


def _done(call: Call, event: Event) -> int:
    """Take the files through all stages, and print their records."""
    from arrtheaudio.commands import apply, choose

    values = {"hardlinks": None, "allow_rewrite": False, "form": "auto", "jobs": 1, "progress": False, **call.values}
    call = call._replace(values=values)
    settings = apply.settings(call)
    if not settings.dry_run:
        apply.recover(settings.journal, call.config.journal.keep_days)
    steps = [*choose.before(call.config), *choose.stages(choose.Wish(), call.config), *apply.stages(settings)]
    return filters.run(call, _locals(event.records, call.config), steps, apply.TABLE)


def _locals(found: Iterable[Record], config: "Config") -> Iterable[Record]:
    for record in found:
        try:
            yield _local(record, config)
        except InvalidRecord as error:
            yield records.failed(record, "hook", error)
