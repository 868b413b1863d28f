"""A Sonarr or Radarr as far as `doctor` asks it: folders, titles, files, and connections, which it tests first."""

import base64
import http.client
import http.server
import json
import threading
from email.utils import formatdate
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "0123456789abcdef0123456789abcdef"
HIDDEN = "********"
# What the API hides: fields whose privacy is Password.
_SECRET = "password"


class FakeArr(http.server.ThreadingHTTPServer):
    """Listens on loopback while it is entered. What it has may be changed at any time."""

    daemon_threads = True

    def __init__(self, app: str = "sonarr", version: str = "4.0.15.2941") -> None:
        """Have nothing yet."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.app = app
        self.version = version
        self.date: float | None = None  # its clock, in seconds since 1970; None is ours
        self.folders: list[str] = []
        self.titles: list[dict[str, Any]] = []
        self.files: dict[int, list[str]] = {}  # of a title, by its id
        self.connections: list[dict[str, Any]] = []
        self.complaints: list[dict[str, Any]] = []
        self.padding = 0  # bytes that the list of all titles has too many
        self.asked: list[str] = []
        self.base = ""  # its URL Base

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Listen no more."""
        self.shutdown()
        self.server_close()

    def title(self, number: int, path: str, *files: str) -> None:
        """Have a series or a movie, with files."""
        counts = {"statistics": {"episodeFileCount": len(files)}} if self.app == "sonarr" else {"hasFile": bool(files)}
        self.titles.append({"id": number, "title": f"Title {number}", "path": path, **counts})
        self.files[number] = list(files)

    def connection(self, url: str, **more: Any) -> dict[str, Any]:
        """Have a webhook, as a person adds it."""
        fields = {"url": url, "method": 1, "username": "", "password": "", **more.pop("fields", {})}
        made = {
            "id": len(self.connections) + 1,
            "name": "Our hook",
            "implementation": "Webhook",
            "configContract": "WebhookSettings",
            "onGrab": True,
            "onDownload": True,
            "onUpgrade": True,
            "onImportComplete": False,
            "tags": [],
            "fields": [{"order": at, "name": name, "value": value} for at, (name, value) in enumerate(fields.items())],
            **more,
        }
        self.connections.append(made)
        return made

    def shown(self, connection: dict[str, Any]) -> dict[str, Any]:
        """Return a connection as the API has it: without what is secret."""
        fields = [
            {**field, "value": HIDDEN} if field["name"] == _SECRET and field["value"] else field
            for field in connection["fields"]
        ]
        return {**connection, "fields": fields}

    def known(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return a connection that was sent, with the secret that the API had hidden."""
        before: dict[str, Any] = next((one for one in self.connections if one["id"] == sent.get("id")), {"fields": []})
        secrets = {field["name"]: field["value"] for field in before["fields"]}
        fields = [
            {**field, "value": secrets.get(field["name"], "")} if field.get("value") == HIDDEN else field
            for field in sent["fields"]
        ]
        return {**sent, "fields": fields}

    def deliver(self, connection: dict[str, Any]) -> int:
        """Send a Test as the webhook does; return the API's own status for how it went."""
        own = {field["name"]: field.get("value") for field in connection["fields"]}
        url = urlsplit(str(own["url"]))
        headers = {"Content-Type": "application/json"}
        if own.get("username") or own.get("password"):
            pair = f"{own.get('username') or ''}:{own.get('password') or ''}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        client = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
        try:
            client.request("POST", url.path, json.dumps({"eventType": "Test", "instanceName": "Sonarr"}), headers)
            return 200 if client.getresponse().status < 400 else 400
        except OSError:
            return 500
        finally:
            client.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FakeArr

    def do_GET(self) -> None:
        arr, url = self.server, urlsplit(self.path)
        query = parse_qs(url.query)
        if not url.path.startswith(f"{arr.base}/"):
            self._send(404, {"message": "NotFound"})
            return
        url = url._replace(path=url.path.removeprefix(arr.base))
        arr.asked.append(f"GET {url.path}")
        if url.path == "/ping":
            self._send(200, {"status": "OK"})
            return
        if self.headers.get("X-Api-Key") != KEY:
            self._send(401, {"error": "Unauthorized"})
            return
        series = arr.app == "sonarr"
        resource, key = ("series", "seriesId") if series else ("movie", "movieId")
        lists: dict[str, Any] = {
            "/system/status": {"appName": arr.app.capitalize(), "version": arr.version, "urlBase": ""},
            "/rootfolder": [{"id": at, "path": path, "accessible": True} for at, path in enumerate(arr.folders, 1)],
            f"/{resource}": [*arr.titles, {"overview": "x" * arr.padding}],
            "/health": arr.complaints,
            "/history": {"records": [{key: title["id"]} for title in arr.titles]},
            "/notification": [arr.shown(one) for one in arr.connections],
            "/episodefile" if series else "/moviefile": [
                {"id": 1, "path": path} for path in arr.files.get(int(query.get(key, ["0"])[0]), ())
            ],
        }
        lists |= {f"/{resource}/{title['id']}": title for title in arr.titles}
        path = url.path.removeprefix("/api/v3")
        self._send(200 if path in lists else 404, lists.get(path, {"message": "NotFound"}))

    def do_POST(self) -> None:
        self._write()

    def do_PUT(self) -> None:
        self._write()

    def _write(self) -> None:
        arr = self.server
        sent = arr.known(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        arr.asked.append(f"{self.command} {self.path}")
        status = arr.deliver(sent)
        if status == 200 and self.path == "/api/v3/notification":
            arr.connections.append({"id": len(arr.connections) + 1, **sent})
            status = 201
        elif status == 200 and self.command == "PUT":
            at = next(at for at, one in enumerate(arr.connections) if self.path.endswith(f"/{one['id']}"))
            arr.connections[at] = sent
            status = 202
        if status < 400:
            arr.complaints = [one for one in arr.complaints if one.get("source") != "NotificationStatusCheck"]
        self._send(status, sent if status < 400 else [{"propertyName": "Url", "errorMessage": "Unable to post"}])

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(self.server.date, usegmt=True))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
