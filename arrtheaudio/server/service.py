"""What the answers share: the configuration of the moment, the queue, and what goes on beside them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arrtheaudio.config import Config
    from arrtheaudio.server.batches import Batches
    from arrtheaudio.server.history import History
    from arrtheaudio.server.metrics import Metrics
    from arrtheaudio.server.places import Places
    from arrtheaudio.server.workers import Workers
    from arrtheaudio.spool import Spool


class Service:
    """One a process. `config` and `places` are replaced together when the configuration is read again."""

    config: "Config"
    places: "Places"
    spool: "Spool"
    batches: "Batches"
    history: "History"
    metrics: "Metrics"
    workers: "Workers"
