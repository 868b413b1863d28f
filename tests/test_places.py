"""Which paths become ours: mappings, links, what is allowed, and file systems that do not answer."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrtheaudio.config.settings import Api, Config, PathMapping
from arrtheaudio.core.path_mapping import Mappings, parts
from arrtheaudio.server.confined import inside
from arrtheaudio.server.deadline import Deadline
from arrtheaudio.server.mounts import Mounts, one_may_hang
from arrtheaudio.server.places import Places, Refusal


def config(*roots: Path | str, **mappings: str) -> Config:
    """Return a configuration; the mappings are given by what they are here."""
    pairs = tuple(PathMapping(remote, local) for local, remote in mappings.items())
    return Config(path_mappings=pairs, api=Api(allowed_roots=tuple(map(str, roots))))


def places(*roots: Path | str, mappings: tuple[tuple[str, str], ...] = ()) -> Places:
    """Return the places of some roots and mappings."""
    pairs = tuple(PathMapping(remote, local) for remote, local in mappings)
    return Places(Config(path_mappings=pairs, api=Api(allowed_roots=tuple(map(str, roots)))))


def refused(found: str | Refusal, reason: str) -> str:
    """Return the message of a refusal."""
    assert isinstance(found, Refusal), found
    assert found.reason == reason
    return found.message


# Mappings

PAIRS = (
    ("/tv", "/data/media/tv"),
    ("/tv/anime", "/data/anime/"),
    ("/tv/anime", "/data/other"),
    ("C:\\Media", "/data/media"),
    ("\\\\NAS\\video", "/data/nas"),
    ("/trailing/", "/data/trailing"),
)


@pytest.mark.parametrize(
    ("sent", "ours"),
    [
        pytest.param("/tv/Show/x.mkv", "/data/media/tv/Show/x.mkv", id="a prefix"),
        pytest.param("/tv", "/data/media/tv", id="the folder itself"),
        pytest.param("/tv/anime/x.mkv", "/data/anime/x.mkv", id="the longest, and of two the first"),
        pytest.param("/tv/animes/x.mkv", "/data/media/tv/animes/x.mkv", id="whole names only"),
        pytest.param("/tvs/x.mkv", None, id="no whole name"),
        pytest.param("/TV/x.mkv", None, id="case counts"),
        pytest.param("//tv///Show/./x.mkv", "/data/media/tv/Show/x.mkv", id="spelt otherwise"),
        pytest.param("/tv/a/../anime/x.mkv", "/data/anime/x.mkv", id="dots are worked out first"),
        pytest.param("/tv/../etc/passwd", None, id="dots lead out"),
        pytest.param("/trailing/x.mkv", "/data/trailing/x.mkv", id="a slash at the end"),
        pytest.param("/tv/a\\b.mkv", "/data/media/tv/a\\b.mkv", id="a backslash is a letter here"),
        pytest.param("C:\\Media\\TV\\x.mkv", "/data/media/TV/x.mkv", id="windows"),
        pytest.param("c:\\mEDIA\\TV\\x.mkv", "/data/media/TV/x.mkv", id="windows, where case does not count"),
        pytest.param("C:/Media/TV/x.mkv", "/data/media/TV/x.mkv", id="windows with slashes"),
        pytest.param("D:\\Media\\x.mkv", None, id="another drive"),
        pytest.param("\\\\nas\\Video\\x.mkv", "/data/nas/x.mkv", id="a share"),
        pytest.param("C:\\Media\\..\\x.mkv", None, id="windows dots lead out"),
    ],
)
def test_a_path_is_mapped(sent: str, ours: str | None) -> None:
    whole = parts(sent)
    assert whole is not None
    found = Mappings(PAIRS).find(whole)
    assert (None if found is None else found.path) == ours


@pytest.mark.parametrize("sent", ["", "x.mkv", "./x", "C:", "C:x.mkv", "tv/x", "\\x", "http://x/y", "é:\\x"])
def test_what_is_no_absolute_path(sent: str) -> None:
    assert parts(sent) is None or sent == "C:"


def test_the_root_maps_everything() -> None:
    mappings = Mappings([("/", "/mnt/arr"), ("/tv", "/")])
    for sent, ours in [("/movies/x", "/mnt/arr/movies/x"), ("/", "/mnt/arr"), ("/tv/x", "/x"), ("/tv", "/")]:
        whole = parts(sent)
        assert whole is not None
        found = mappings.find(whole)
        assert found is not None
        assert found.path == ours


@settings(deadline=None)  # on a busy machine any call may take long
@given(names=st.lists(st.text(min_size=1).filter(lambda name: "/" not in name and name not in (".", "..")), max_size=5))
def test_what_is_below_stays_below(names: list[str]) -> None:
    whole = parts("/".join(["/tv", *names]))
    assert whole is not None
    found = Mappings([("/tv", "/data")]).find(whole)
    assert found is not None
    assert found.path == "/".join(["/data", *names])


# Judgement


def test_a_file_that_is_there_and_one_that_is_still_to_come(tmp_path: Path) -> None:
    (tmp_path / "media/Show").mkdir(parents=True)
    here = places(tmp_path / "media", mappings=(("/tv", str(tmp_path / "media")),))
    assert here.local("/tv/Show/x.mkv") == f"{tmp_path}/media/Show/x.mkv"
    assert here.local("/tv/New/Season 1/x.mkv") == f"{tmp_path}/media/New/Season 1/x.mkv"
    assert here.local(f"{tmp_path}/media/Show/x.mkv") == f"{tmp_path}/media/Show/x.mkv"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("{root}/../secret/x.mkv", id="dots"),
        pytest.param("{root}/out/x.mkv", id="a link to a folder outside"),
        pytest.param("{root}/out.mkv", id="a link to a file outside"),
        pytest.param("{root}/up/secret/x.mkv", id="a link upwards"),
        pytest.param("{root}s/x.mkv", id="a name that begins alike"),
        pytest.param("{root}/chain/x.mkv", id="a link to a link"),
        pytest.param("/etc/passwd", id="elsewhere"),
    ],
)
def test_what_leads_out_is_refused_and_the_message_says_all(tmp_path: Path, sent: str) -> None:
    root, secret = tmp_path / "media", tmp_path / "secret"
    for folder in (root, secret, tmp_path / "medias"):
        folder.mkdir()
    (root / "out").symlink_to(secret)
    (root / "chain").symlink_to(root / "out")
    (root / "up").symlink_to(tmp_path)
    (root / "out.mkv").symlink_to(secret / "x.mkv")
    sent = sent.format(root=root)
    message = refused(places(root).local(sent), "outside")
    assert all(part in message for part in (sent, str(root), "api.allowed_roots", "path_mappings"))
    assert message == f"{message.strip()}"
    assert "\n" not in message
    if "/out" in sent or "/chain" in sent or "/up" in sent:
        assert str(secret) in message
        assert not inside(os.fsencode(sent), [str(root)])


def test_links_inside_stay_in_the_path(tmp_path: Path) -> None:
    (tmp_path / "disk1/Show").mkdir(parents=True)
    (tmp_path / "media").symlink_to(tmp_path / "disk1")
    (tmp_path / "disk1/Alias").symlink_to(tmp_path / "disk1/Show")
    for root in ("media", "disk1"):
        here = places(tmp_path / root)
        for sent in (f"{tmp_path}/media/Show/x.mkv", f"{tmp_path}/disk1/Alias/x.mkv"):
            assert here.local(sent) == sent
            assert inside(os.fsencode(sent), [f"{tmp_path}/{root}"])


def test_a_root_that_becomes_another_folder_is_looked_at_again(tmp_path: Path) -> None:
    for disk in ("disk1", "disk2"):
        (tmp_path / disk).mkdir()
    root = tmp_path / "media"
    root.symlink_to(tmp_path / "disk1")
    here = places(root)
    assert here.local(f"{root}/x.mkv") == f"{root}/x.mkv"
    root.unlink()
    root.symlink_to(tmp_path / "disk2")
    assert here.local(f"{root}/x.mkv") == f"{root}/x.mkv"


def test_a_mapping_that_leads_out_is_named(tmp_path: Path) -> None:
    here = places(tmp_path / "media", mappings=(("/tv", "/nowhere/tv"), ("/m", str(tmp_path / "media"))))
    message = refused(here.local("/tv/x.mkv"), "outside")
    assert all(
        part in message for part in ("/tv/x.mkv", "/tv -> /nowhere/tv", "/nowhere/tv/x.mkv", str(tmp_path / "media"))
    )
    assert "mapping" in message


def test_a_path_without_a_mapping_is_told_those_there_are(tmp_path: Path) -> None:
    here = places(tmp_path, mappings=(("/tv", f"{tmp_path}/tv"), ("/movies", f"{tmp_path}/movies")))
    message = refused(here.local("/downloads/x.mkv"), "not_mapped")
    assert all(part in message for part in ("/downloads/x.mkv", "/tv, /movies", str(tmp_path), "path_mappings"))
    windows = refused(here.local("D:\\tv\\x.mkv"), "not_mapped")
    assert all(part in windows for part in ("D:\\tv\\x.mkv", "Windows", "/tv, /movies", "path_mappings"))
    assert "path_mappings is empty" in refused(places(tmp_path).local("C:\\testpath"), "not_mapped")


def test_without_roots_nothing_may_be_touched(tmp_path: Path) -> None:
    film = tmp_path / "x.mkv"
    film.touch()
    for found in (places().local(str(film)), places().here(str(film))):
        message = refused(found, "no_roots")
        assert all(part in message for part in (str(film), "api.allowed_roots", "path_mappings"))
    assert not inside(os.fsencode(film), [])


def test_the_root_of_everything_allows_everything() -> None:
    assert places("/").local("/etc/passwd") == "/etc/passwd"
    assert inside(b"/etc/passwd", ["/"])


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("", id="empty"),
        pytest.param("x.mkv", id="relative"),
        pytest.param("/media/\0.mkv", id="a NUL"),
        pytest.param("/media/\ud800.mkv", id="a lone surrogate"),
        pytest.param("/media/" + "x/" * 2100, id="longer than PATH_MAX"),
    ],
)
def test_what_no_file_can_be_called(sent: str) -> None:
    for found in (places("/media").local(sent), places("/media").here(sent)):
        refused(found, "not_a_path")


@settings(deadline=None)  # on a busy machine any call may take long
@given(sent=st.text(), root=st.sampled_from(["/", "/media", "/tmp/none"]))
def test_any_text_is_a_path_inside_or_refused(sent: str, root: str) -> None:
    for found in (places(root).local(sent), places(root).local(f"/media/{sent}"), places(root).here(f"/{sent}")):
        if isinstance(found, str):
            assert inside(os.fsencode(found), [root])
        else:
            assert found.message


def test_our_own_paths_are_judged_without_mappings(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    here = places(tmp_path / "media", mappings=(("/tv", f"{tmp_path}/media"),))
    assert here.here(f"{tmp_path}/media/./Show/") == f"{tmp_path}/media/Show"
    assert here.here(f"{tmp_path}/media") == f"{tmp_path}/media"
    assert str(tmp_path / "media") in refused(here.here("/tv/x"), "outside")


# File systems that do not answer


@pytest.fixture
def dead() -> Iterator[threading.Event]:
    """A mount that does not answer until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_comes_from_another_thread() -> None:
    deadline = Deadline(2, 30, lambda: True)
    assert deadline.ask(threading.get_ident) not in (None, threading.get_ident())
    with pytest.raises(FileNotFoundError):
        deadline.ask(lambda: os.stat("/nowhere"))
    assert deadline.ask(lambda: "again") == "again"


def test_where_nothing_can_hang_no_thread_is_asked() -> None:
    deadline = Deadline(2, 30, lambda: False)
    assert deadline.ask(threading.get_ident) == threading.get_ident()


def test_a_file_system_that_is_silent_is_waited_for_no_longer_than_that(dead: threading.Event) -> None:
    deadline = Deadline(2, 0.1, lambda: True)
    start = time.monotonic()
    assert deadline.ask(dead.wait) is None
    assert 0.1 <= time.monotonic() - start < 5
    assert deadline.ask(lambda: "the other thread") == "the other thread"


def test_where_all_threads_wait_in_vain_nobody_waits_for_them(dead: threading.Event) -> None:
    deadline = Deadline(2, 0.2, lambda: True)
    for _ in range(3):
        assert deadline.ask(dead.wait) is None
    start = time.monotonic()
    for _ in range(50):
        assert deadline.ask(dead.wait) is None
    assert time.monotonic() - start < 5  # not 50 times 0.2
    dead.set()
    patience = time.monotonic() + 30
    while deadline.ask(lambda: "alive") is None:
        assert time.monotonic() < patience


def test_a_silent_place_is_accepted_for_the_worker_to_judge(
    dead: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "realpath", lambda path, **_: dead.wait() and path)
    here = Places(config("/media"), Deadline(1, 0.1, lambda: True))
    assert here.local("/media/x.mkv") == "/media/x.mkv"


@pytest.mark.parametrize(
    ("table", "may_hang"),
    [
        pytest.param(b"36 35 98:0 / / rw,noatime master:1 - ext4 /dev/root rw\n", False, id="a disk"),
        pytest.param(b"36 35 0:5 / /mnt rw - nfs4 nas:/tv rw\n", True, id="nfs"),
        pytest.param(
            b"1 9 9:0 / / rw - xfs /dev/a rw\n9 1 0:7 / /a\\040b rw shared:2 - cifs //n/s rw\n", True, id="smb"
        ),
        pytest.param(b"36 35 0:5 / /mnt rw - fuse.mergerfs a:b rw\n", True, id="mergerfs"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_what_is_mounted_says_whether_anything_may_hang(table: bytes, may_hang: bool) -> None:
    assert one_may_hang(table) is may_hang


def test_the_kernel_s_own_table_is_read() -> None:
    table = Path("/proc/self/mountinfo").read_bytes()
    assert Mounts().may_hang() is one_may_hang(table)


def test_without_a_table_anything_may_hang(tmp_path: Path) -> None:
    assert Mounts(str(tmp_path / "none")).may_hang()
