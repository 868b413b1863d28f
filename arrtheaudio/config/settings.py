"""The settings and their defaults: NamedTuples that mirror the configuration file, section for section.

The only place where a default stands. `config.schema.json` repeats them for its readers; a test compares the two.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from arrtheaudio.core.policy import PathOverride, Policy, Rule
from arrtheaudio.core.value import Value


class Secret(str):
    """A key or token. `str` of it is the value; its `repr`, which logs and tracebacks show, is not."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "(hidden)"


class PathMapping(Value):
    """A folder as an Arr or a player names it, and as we do."""

    remote: str
    local: str


class Tmdb(Value):
    """TMDB. `api_key` is None where there is none; `cache_path` is an SQLite file."""

    enabled: bool = True
    api_key: Secret | None = None
    cache_ttl_days: int = 30
    cache_path: str = ""
    base_url: str = "https://api.themoviedb.org/3"


class Containers(Value):
    """Which containers are edited: `mkv` is Matroska and WebM, `mp4` is MP4, M4V, M4A and MOV."""

    mkv: bool = True
    mp4: bool = True


class Processing(Value):
    """Workers, limits, retries. `max_file_size_gb` is in units of 10^9 bytes, 0 means no limit."""

    worker_count: int = 2
    max_queue_size: int = 100_000
    timeout_seconds: int = 300
    retry_attempts: int = 2
    retry_delay_seconds: int = 60
    max_file_size_gb: float = 0
    max_mp4_concurrent: int = 1
    hardlinks: str = "protect"
    allow_rewrite: bool = False
    preserve_mtime: bool = False
    job_history_days: int = 30
    failed_job_days: int = 90


class Spool(Value):
    """The folder that is the queue."""

    path: str = ""


class Journal(Value):
    """The folder of what was changed, and for how many days an edit can be undone from it."""

    path: str = ""
    keep_days: int = 90


class Tls(Value):
    """The PEM files of the certificate (with its chain) and of its key; both None without TLS."""

    cert: str | None = None
    key: str | None = None


class RateLimits(Value):
    """Requests that one address may make, as `N/minute`; `rate` reads them."""

    webhook: str = "6000/minute"
    batch: str = "60/minute"
    default: str = "600/minute"


class Api(Value):
    """What `serve` listens on and lets in."""

    host: str = "127.0.0.1"
    port: int = 9393
    webhook_secret: Secret | None = None
    tls: Tls = Tls()
    rate_limits: RateLimits = RateLimits()
    allowed_roots: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()


class Arr(Value):
    """A Sonarr or Radarr that may be asked; `name` starts with which of the two it is."""

    name: str
    url: str
    api_key: Secret
    rescan: str = "size_changed"

    @property
    def app(self) -> str:
        """Return `sonarr` or `radarr`."""
        return self.name[:6].lower()


class Player(Value):
    """A Plex, Jellyfin or Emby that is told what changed."""

    kind: str
    url: str
    token: Secret
    path_mappings: tuple[PathMapping, ...] = ()


class Logging(Value):
    """How logs look, from which level on, and where they go: `stderr`, or the path of a file."""

    format: str = "json"
    level: str = "info"
    output: str = "stderr"


class Execution(Value):
    """Whether anything is written at all, and whether a file that is right already is left alone."""

    dry_run: bool = False
    skip_if_correct: bool = True


class Config(Value):
    """Everything that can be set. `source` is the file that it came from, None where there is none."""

    policy: Policy = Policy()
    original_overrides: Mapping[str, str] = MappingProxyType({})
    path_mappings: tuple[PathMapping, ...] = ()
    tmdb: Tmdb = Tmdb()
    containers: Containers = Containers()
    processing: Processing = Processing()
    spool: Spool = Spool()
    journal: Journal = Journal()
    api: Api = Api()
    arr: tuple[Arr, ...] = ()
    players: tuple[Player, ...] = ()
    logging: Logging = Logging()
    execution: Execution = Execution()
    source: str | None = None


_ITEMS: Mapping[str, Any] = {
    "path_overrides": PathOverride,
    "rules": Rule,
    "path_mappings": PathMapping,
    "arr": Arr,
    "players": Player,
}
SECRETS = frozenset({"api_key", "webhook_secret", "token"})
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def build(data: Mapping[str, Any]) -> Config:
    """Return the Config of a document that the schema has passed; what it lacks is the default."""
    own = {key: value for key, value in data.items() if key in Config._fields}
    policy = {key: value for key, value in data.items() if key in Policy._fields}
    config: Config = _tuple(Config, own)
    return config._replace(policy=_tuple(Policy, policy))


def _tuple(kind: Any, data: Mapping[str, Any]) -> Any:
    return kind(**{key: _value(key, value, kind._field_defaults.get(key)) for key, value in data.items()})


def _value(key: str, value: Any, default: Any) -> Any:
    if key in SECRETS:
        return Secret(value) if value else None
    if isinstance(value, list):
        return tuple(_tuple(_ITEMS[key], item) if key in _ITEMS else item for item in value)
    return _tuple(type(default), value) if hasattr(default, "_fields") else value


def rate(text: str) -> tuple[int, int]:
    """Return a rate limit such as `60/minute` as the number of requests and the seconds they are counted over."""
    count, _, unit = text.partition("/")
    return int(count), _SECONDS[unit]
