"""Where a process begins and ends: a plain call goes straight to its command, every other one through click."""

import os
import sys

from arrtheaudio import messages
from arrtheaudio.call import COMMANDS, Call, Globals, load
from arrtheaudio.errors import Fatal, UsageError
from arrtheaudio.options import parse
from arrtheaudio.output import OutputFailed
from arrtheaudio.pipeline import READER_GONE, leave


def main() -> None:
    """Run the command line, and end the process with its exit status."""
    _hold_standard_descriptors()
    leave(_main(sys.argv[1:]))


def _hold_standard_descriptors() -> None:
    # Where the caller has closed one, the next file that is opened would get its number: a media file the records.
    # Opened the wrong way round, so that to read from it, or to write to it, still fails.
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)


def _main(words: list[str]) -> int:
    try:
        status = _plain(words)
        if status is None:
            from arrtheaudio import group

            status = group.main()
        return status
    except UsageError as error:
        name = next(filter(COMMANDS.__contains__, words))  # global options may stand before it
        messages.error(f"{name}: {error} See `arrtheaudio {name} --help`.")
        return error.exit_status
    except Fatal as error:
        messages.error(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return READER_GONE
    except OSError as error:
        # Help, a schema, a version: click writes those itself.
        messages.error(str(OutputFailed(f"standard output: {(error.strerror or str(error)).lower()}")))
        return 1


def _plain(words: list[str]) -> int | None:
    """Run a plain call; None where it is not one."""
    if not words or words[0] not in COMMANDS:
        return None
    module = load(words[0])
    if not hasattr(module, "OPTIONS"):
        return None
    parsed = parse(words[1:], module.OPTIONS)
    if parsed is None:
        return None
    values, files = parsed
    status: int = module.run(Call(words[0], files, values, Globals()))
    return status
