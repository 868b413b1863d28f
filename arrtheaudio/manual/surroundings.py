"""The variables and files that commands use: said once, and chosen by what a command's module has in `USES`."""

from arrtheaudio.config import environment, places

_HOME = {"HOME": "/HOME"}


def _at_home(path: str) -> str:
    return path.replace("/HOME", "~")


Rows = tuple[tuple[str, str], ...]

ENVIRONMENT: dict[str, Rows] = {
    "all": (
        (environment.CONFIG, "The configuration file, where `--config` names none."),
        (
            f"{environment.PREFIX}SECTION_KEY",
            f"Takes the place of a key of the configuration: `{environment.PREFIX}PROCESSING_WORKER_COUNT` of"
            " `processing.worker_count`. See `arrtheaudio-config`(5).",
        ),
        (
            "XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_STATE_HOME, XDG_CACHE_HOME, HOME",
            "Where the folders below FILES are, as the XDG Base Directory Specification has it.",
        ),
    ),
    "tmdb": (
        (
            "TMDB_API_KEY, TMDB_API_KEY_FILE",
            "The key for TMDB, or the file that holds it, where `tmdb.api_key` is not configured. Without one nobody is"
            " asked.",
        ),
        ("HTTPS_PROXY, NO_PROXY", "The proxy on the way to TMDB, and the hosts without one."),
    ),
    "serve": (
        (
            "WEBHOOK_SECRET, WEBHOOK_SECRET_FILE",
            "What callers must know, or the file that holds it, where `api.webhook_secret` is not configured.",
        ),
    ),
    "arr": (
        (
            "SONARR_API_KEY, RADARR_API_KEY",
            "The keys of the Arrs, by whatever names the configuration has them: `${SONARR_API_KEY}`.",
        ),
    ),
    "script": (("sonarr_*, radarr_*", "What Sonarr and Radarr tell a script that they start, in any case."),),
    "rewrite": (("PATH", "Where `mkvmerge`, `ffmpeg` and `ffprobe` are looked for, with `--allow-rewrite` alone."),),
    "ffprobe": (("PATH", "Where `ffprobe` is looked for, which reads formats that are not read natively."),),
}

FILES: dict[str, Rows] = {
    "all": (
        (", ".join(map(_at_home, places.candidates(_HOME))), "The configuration; the first that is there is read."),
    ),
    "journal": ((_at_home(places.journal_path(_HOME)), "What every edit replaced, so that it can be undone."),),
    "spool": ((_at_home(places.spool_path(_HOME)), "The queue: see `arrtheaudio-spool`(5)."),),
    "tmdb": ((_at_home(places.cache_path(_HOME)), "The answers of TMDB."),),
}

# The pages that are not a command's, and their sections.
OTHERS = (
    ("arrtheaudio-config", 5),
    ("arrtheaudio-record", 5),
    ("arrtheaudio-spool", 5),
    ("arrtheaudio-containers", 7),
)
