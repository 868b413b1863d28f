"""`serve` with the programs that stand around it: Prometheus, nginx with TLS, and requests that nobody thought of."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from serve_rig import SECRET, Serving, basic, sonarr
from spool_rig import Yard, until

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def program(*words: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program beside the test."""
    process = subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


NAMES = (
    "arrtheaudio_http_requests_total",
    "arrtheaudio_http_request_duration_seconds",
    "arrtheaudio_files_processed_total",
    "arrtheaudio_file_processing_duration_seconds",
    "arrtheaudio_jobs_total",
    "arrtheaudio_jobs_active",
    "arrtheaudio_queue_size",
    "arrtheaudio_tmdb_api_requests_total",
    "arrtheaudio_tmdb_cache_hits_total",
    "arrtheaudio_tmdb_circuit_state",
    "arrtheaudio_errors_total",
    "arrtheaudio_version_info",
    "process_resident_memory_bytes",
)


@needs("promtool")
def test_promtool_finds_nothing_to_complain_of(yard: Yard) -> None:
    with Serving(yard) as serving:
        done = serving.ended(serving.post("/webhook/sonarr", sonarr(yard.film()))["job_ids"][0])
        assert done["result"] == "success"
        until(lambda: b'jobs_total{status="completed"} 1.0' in serving.ask("GET", "/metrics").body)
        serving.ask("GET", "/nothing/here")
        metrics = serving.ask("GET", "/metrics")
    checked = subprocess.run(["promtool", "check", "metrics"], input=metrics.body, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
    text = metrics.body.decode()
    assert not [name for name in NAMES if f"# TYPE {name.removesuffix('_total')}" not in text and name not in text]
    assert "/nothing" not in text
    assert 'endpoint="/webhook/sonarr"' in text
    assert 'files_processed_total{container_type="matroska",status="success"} 1.0' in text


@needs("prometheus")
def test_a_real_prometheus_scrapes_it(yard: Yard, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "secret").write_text(SECRET)
    with Serving(yard, "--workers", 0, secret=SECRET) as serving:
        text = (EXAMPLES / "prometheus.yml").read_text()
        for old, new in {
            "127.0.0.1:9393": f"127.0.0.1:{serving.port}",
            "/etc/prometheus/arrtheaudio.secret": str(tmp_path / "secret"),
            "30s": "1s\n    scrape_timeout: 1s",
        }.items():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "prometheus.yml").write_text(text)
        words = (f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb")
        with program("prometheus", *words, f"--web.listen-address=127.0.0.1:{port}"):
            up = until(lambda: _value(port, 'arrtheaudio_version_info{version!=""}'), 30)
            assert up == "1"
            assert _value(port, 'up{job="arrtheaudio"}') == "1"


def _value(port: int, query: str) -> str | None:
    address = f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            found = json.load(answer)["data"]["result"]
    except OSError:
        return None
    return str(found[0]["value"][1]) if found else None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that signs itself, for localhost, in `cert.pem` and `key.pem`."""
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*words, "-days", "2", *files, *name], check=True, capture_output=True)
    return tmp_path


@needs("nginx", "openssl")
def test_behind_nginx_with_tls_as_in_the_example(yard: Yard, certificate: Path) -> None:
    port = free_port()
    with Serving(yard, secret=SECRET) as serving:
        text = (EXAMPLES / "nginx.conf").read_text()
        for old, new in {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/ssl/certs/audio.example.org.pem": str(certificate / "cert.pem"),
            "/etc/ssl/private/audio.example.org.key": str(certificate / "key.pem"),
            "127.0.0.1:9393": f"127.0.0.1:{serving.port}",
        }.items():
            assert old in text
            text = text.replace(old, new)
        temporary = "".join(
            f"{kind}_temp_path {certificate}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = f"daemon off; pid {certificate}/pid; error_log {certificate}/error.log; events {{}}"
        (certificate / "nginx.conf").write_text(f"{main} http {{ access_log off; {temporary} {text} }}")
        context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        with program("nginx", "-c", certificate / "nginx.conf", "-p", certificate):
            until(lambda: _accepts(port))

            def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
                connection = HTTPSConnection("localhost", port, context=context, timeout=20)
                more = {"Content-Type": "application/json"} if body else {}
                with closing(connection):
                    connection.request(method, path, body, {"Authorization": basic(SECRET)} | more | headers)
                    answer = connection.getresponse()
                    return answer.status, answer.read()

            status, body = ask("POST", "/webhook/sonarr", json.dumps(sonarr(yard.film())).encode())
            assert status == 202
            assert serving.ended(json.loads(body)["job_ids"][0])["result"] == "success"
            assert ask("GET", "/")[0] == 200
            # a page's own request, and one from another site's page
            same, other = f"https://localhost:{port}", "https://evil.example"
            assert ask("POST", "/admin/cleanup", Origin=same)[0] == 200
            assert ask("POST", "/admin/cleanup", Origin=other)[0] == 403
            assert ask("POST", "/webhook/sonarr", b"x" * (3 << 20))[0] == 413
            assert ask("GET", "/queue", Authorization="")[0] == 401


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@needs("openssl")
def test_tls_of_its_own(yard: Yard, certificate: Path) -> None:
    tls = {"cert": str(certificate / "cert.pem"), "key": str(certificate / "key.pem")}
    with Serving(yard, "--workers", 0, api={"tls": tls}) as serving:
        context = ssl.create_default_context(cafile=tls["cert"])
        connection = HTTPSConnection("localhost", serving.port, context=context, timeout=20)
        with closing(connection):
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200


@pytest.mark.timeout(240)
def test_no_request_makes_it_fail(yard: Yard) -> None:
    rates = dict.fromkeys(("webhook", "batch", "default"), "1000000/minute")
    with Serving(yard, api={"rate_limits": rates}) as serving:
        film = yard.film()
        serving.ended(serving.post("/webhook/sonarr", sonarr(film))["job_ids"][0])
        checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
        words = ["run", f"http://127.0.0.1:{serving.port}/openapi.json"]
        words += ["--checks", f"{checks},unsupported_method", "--max-examples", "30", "--workers", "2"]
        words += ["--phases", "examples,coverage,fuzzing,stateful", "--max-failures", "20", "--no-color", "--seed", "1"]
        done = subprocess.run(
            [Path(sys.executable).with_name("st"), *words],
            capture_output=True,
            cwd=yard.folder,
            timeout=200,
            env=dict(yard.environ),
        )
        assert done.returncode == 0, done.stdout.decode()[-20_000:]
        assert serving.get("/health/live") == {"status": "alive"}
        assert "Traceback" not in serving.log.read_text()
