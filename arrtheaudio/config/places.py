"""Where the configuration is looked for, and where state and cache go when it does not say.

On Linux these are the folders of the XDG Base Directory Specification, computed here: to import platformdirs for
them costs 20 ms at every start. Everywhere else platformdirs is asked.
"""

import os
import sys
from collections.abc import Iterator, Mapping

CONTAINER_FILE = "/config/config.yaml"  # where a container image has its volume
_NAME = "arrtheaudio"


def candidates(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that are looked for when none is named, best first."""
    yield CONTAINER_FILE
    yield os.path.join(_folder("user_config_dir", environ), "config.yaml")
    yield os.path.join(_folder("site_config_dir", environ), "config.yaml")


def journal_path(environ: Mapping[str, str]) -> str:
    """Return the folder of the journal."""
    return os.path.join(_folder("user_state_dir", environ), "journal")


def spool_path(environ: Mapping[str, str]) -> str:
    """Return the folder of the queue."""
    return os.path.join(_folder("user_state_dir", environ), "spool")


def cache_path(environ: Mapping[str, str]) -> str:
    """Return the SQLite file in which answers of TMDB are kept."""
    return os.path.join(_folder("user_cache_dir", environ), "tmdb.sqlite3")


def expand(path: str, environ: Mapping[str, str]) -> str:
    """Return the path with a leading `~` replaced by the home folder."""
    if path == "~" or path.startswith("~/"):
        return os.path.join(_home(environ), path[2:])
    return path


def _home(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "")
    if os.path.isabs(home):
        return home
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        # a container's user may have neither HOME nor an entry in passwd; Docker then takes /, and so do we
        return "/"


_XDG = {
    "user_config_dir": ("XDG_CONFIG_HOME", "~/.config"),
    "user_state_dir": ("XDG_STATE_HOME", "~/.local/state"),
    "user_cache_dir": ("XDG_CACHE_HOME", "~/.cache"),
    "site_config_dir": ("XDG_CONFIG_DIRS", "/etc/xdg"),
}


def _folder(kind: str, environ: Mapping[str, str]) -> str:
    if sys.platform != "linux":
        import platformdirs

        return str(getattr(platformdirs, kind)(_NAME, appauthor=False))
    variable, default = _XDG[kind]
    base = environ.get(variable, "").split(os.pathsep)[0]
    # the specification: a relative path is invalid and shall be ignored
    return os.path.join(base if os.path.isabs(base) else expand(default, environ), _NAME)
