"""What an Arr says of itself: version, root folders, files, connections, health. Its API, version 3."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arrtheaudio.config import Arr
from arrtheaudio.errors import Network
from arrtheaudio.services.web import TIMEOUTS, Rejected, Timeouts, Web

_API = "/api/v3"
# Import history that is looked through where all titles at once are too much for one answer.
_HISTORY = {"page": "1", "pageSize": "100", "sortKey": "date", "sortDirection": "descending"}


class Client(Web):
    """One Arr that is asked, and told of our webhook."""

    def __init__(self, arr: Arr, timeouts: Timeouts = TIMEOUTS) -> None:
        """Ask nothing yet."""
        super().__init__(arr.name, arr.url, {"X-Api-Key": arr.api_key.strip()}, timeouts)
        self.arr = arr

    def status(self) -> Mapping[str, Any]:
        """Return `appName`, `version` and more."""
        said = self.get(f"{_API}/system/status")
        return said if isinstance(said, dict) else {}

    def root_folders(self) -> list[str]:
        """Return the paths of its root folders, as it sees them."""
        return [folder["path"] for folder in self._list("/rootfolder") if isinstance(folder.get("path"), str)]

    def files(self) -> Iterator[tuple[str, int | None]]:
        """Yield the folder of each title that has files, as it sees it, and the title's id."""
        resource = "series" if self.arr.app == "sonarr" else "movie"
        try:
            titles = self._list(f"/{resource}")
        except Rejected:
            raise
        except Network:
            titles = [self._title(resource, number) for number in self._imported(resource)]
        for title in titles:
            statistics = title.get("statistics")
            some = title.get("hasFile") or (isinstance(statistics, dict) and statistics.get("episodeFileCount"))
            if some and isinstance(title.get("path"), str):
                yield title["path"], title.get("id")

    def file_of(self, title_id: int) -> str | None:
        """Return the path of a file of a title; None where it has none."""
        sonarr = self.arr.app == "sonarr"
        resource, key = ("episodefile", "seriesId") if sonarr else ("moviefile", "movieId")
        found = self._list(f"/{resource}", {key: str(title_id)})
        return next((file["path"] for file in found if isinstance(file.get("path"), str)), None)

    def _imported(self, resource: str) -> list[int]:
        said = self.get(f"{_API}/history", _HISTORY)
        records = said.get("records", ()) if isinstance(said, dict) else ()
        ids = [record.get(f"{resource}Id") for record in records if isinstance(record, dict)]
        return [number for number in dict.fromkeys(ids) if isinstance(number, int)]

    def _title(self, resource: str, number: int) -> Mapping[str, Any]:
        try:
            said = self.get(f"{_API}/{resource}/{number}")
        except Rejected:
            return {}  # it has been removed since
        return said if isinstance(said, dict) else {}

    def health(self) -> Sequence[Mapping[str, Any]]:
        """Return what it complains of: `source` is the check, `message` what a person reads."""
        return self._list("/health")

    def connections(self) -> Sequence[Mapping[str, Any]]:
        """Return whom it tells what."""
        return self._list("/notification")

    def add(self, connection: Mapping[str, Any]) -> None:
        """Add a connection; it is tested first, and Rejected or Unavailable where the test fails."""
        self.post(f"{_API}/notification", connection)

    def change(self, connection: Mapping[str, Any]) -> None:
        """Change a connection; as `add`."""
        self._ask("PUT", f"{_API}/notification/{connection['id']}", body=connection)

    def test(self, connection: Mapping[str, Any]) -> None:
        """Have it send a Test by a connection; a Network error where that does not arrive."""
        self.post(f"{_API}/notification/test", connection)

    def _list(self, path: str, query: Mapping[str, str | bytes] | None = None) -> list[Mapping[str, Any]]:
        said = self.get(f"{_API}{path}", query)
        return [item for item in said if isinstance(item, dict)] if isinstance(said, list) else []
