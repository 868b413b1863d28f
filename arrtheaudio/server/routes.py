"""Everything that can be asked, in the order in which the documentation has it."""

from arrtheaudio.server import batch, history, jobs, site, status, webhooks
from arrtheaudio.server.route import Route

ROUTES: tuple[Route, ...] = (
    *webhooks.ROUTES,
    *batch.ROUTES,
    *jobs.ROUTES,
    *history.ROUTES,
    *status.ROUTES,
    *site.ROUTES,
)
