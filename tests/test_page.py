"""The pages for people, in a real browser, of a real `serve` that has done real work."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import fake_tmdb
import pytest
from browsing import ENTER, ESCAPE, TAB, Browser, browser
from serve_rig import SECRET, Serving, basic, radarr, sonarr
from spool_rig import Yard, until

from arrtheaudio.spool import Spool
from arrtheaudio.spool.job import new
from arrtheaudio.spool.work import Rules

# One browser does for all of them.
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

BIDI, MARKUP = "\u202egpj.exe\u202c", "<img src=x onerror=document.title='gotcha'>"
HOSTILE = f"{BIDI} {MARKUP}\n & 'quotes'.mkv"
LONG = "a" * 240 + ".mkv"
# A title that TMDB has in another language than the Arr says.
DISPUTED = next(number for number, title in fake_tmdb.MOVIES.items() if title["original_language"] == "en")


class Site:
    """A server, its media, and what was done there before anybody looked."""

    def __init__(self, folder: Path, *words: object, **config: Any) -> None:
        """Start it."""
        self.yard = Yard(folder)
        self.serving = Serving(self.yard, *words, **config)
        self.before: dict[Path, bytes] = {}

    @property
    def url(self) -> str:
        """The address of its first page."""
        return f"http://127.0.0.1:{self.serving.port}/"

    def change(self, name: str) -> Path:
        """Have a film changed, as after an import, and wait until it is."""
        path = self.yard.film(name)
        self.before[path] = path.read_bytes()
        self.ended(self.serving.post("/webhook/sonarr", sonarr(path)))
        assert path.read_bytes() != self.before[path]
        return path

    def fail(self, name: str) -> Path:
        """Have a file fail."""
        path = self.yard.media / name
        path.write_bytes(b"no film at all" * 100)
        self.ended(self.serving.post("/webhook/sonarr", sonarr(path)))
        return path

    def dispute(self, name: str) -> Path:
        """Have a film in doubt: the Arr says that it is Japanese, and TMDB that it is English."""
        path = self.yard.film(name)
        about = radarr(path)
        about["movie"] |= {"tmdbId": DISPUTED, "originalLanguage": {"id": 8, "name": "Japanese"}}
        self.ended(self.serving.post("/webhook/radarr", about))
        return path

    def ended(self, accepted: dict[str, Any]) -> None:
        """Wait for what was accepted."""
        for job_id in accepted["job_ids"]:
            self.serving.ended(job_id)


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def eyes(shared: Browser) -> Iterator[Browser]:
    """The browser; whatever it complains of, a script or a policy, fails the test."""
    shared.look()
    shared.carry()
    shared.complaints()
    yield shared
    complaints = shared.complaints()
    shared.driver.get("about:blank")
    assert not complaints


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Return what makes a server of the test's own."""
    with contextlib.ExitStack() as ends:

        def make(*words: object, **config: Any) -> Site:
            site = Site(tmp_path, *words, **config)
            ends.callback(site.serving.__exit__)
            return site

        yield make


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with some of everything; tests look at it, and change nothing."""
    with fake_tmdb.FakeTmdb() as tmdb:
        asked = {"api_key": fake_tmdb.KEY, "base_url": tmdb.url}
        site = Site(tmp_path_factory.mktemp("busy"), tmdb=asked, prefer_original=True)
        with site.serving:
            for name in ("Frieren - S01E01.mkv", HOSTILE, LONG):
                site.change(name)
            site.fail("broken.mkv")
            site.dispute("in doubt.mkv")
            yield site


def test_it_says_what_was_changed_and_why(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.reads("Frieren - S01E01.mkv", "#changes")
    cards = "[...document.querySelectorAll('#changes-list > li')]"
    card = f"{cards}.find((node) => node.innerText.includes('Frieren'))"
    said = eyes.run(f"return {card}.innerText")
    assert "English" in said
    assert "original language ja" in said, said
    rows = eyes.run(
        f"return [...{card}.querySelectorAll('tbody tr')].map((row) => [...row.children].map((c) => c.innerText))"
    )
    assert [(row[0].split()[0], *row[1:]) for row in rows] == [
        ("English", "default", "no longer"),
        ("Japanese", "–", "now default"),
        ("English", "–", "–"),
    ]
    assert eyes.run(f"return {card}.querySelector('time').dateTime").endswith("Z")


def test_it_says_what_failed_and_what_is_in_doubt(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.reads("broken.mkv", "#failures")
    eyes.reads("Not a video", "#failures")
    eyes.reads("in doubt.mkv", "#review")
    buttons = eyes.run(
        "return [...document.querySelectorAll('#review button[data-code]')].map((node) => node.innerText)"
    )
    assert sorted(buttons) == ["English (en)", "Japanese (ja)"]
    assert eyes.text("#count-review") == "1"
    assert eyes.text("#count-failed") == "1"
    assert eyes.text("#count-changed") == "3"


def test_a_hostile_name_is_text(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.reads(MARKUP, "#changes")
    eyes.reads("U+202Egpj.exeU+202C", "#changes")
    eyes.reads("U+000A", "#changes")
    assert eyes.count("#main img") == 0
    assert "gotcha" not in eyes.driver.title


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("page", ["", "docs"])
def test_nobody_stumbles(eyes: Browser, busy: Site, page: str, width: int, theme: str) -> None:
    eyes.look(width=width, theme=theme)
    eyes.open(busy.url + page)
    if page:
        eyes.until("return document.querySelectorAll('details.operation').length > 10")
        eyes.run("for (const node of [...document.querySelectorAll('details.operation')].slice(0, 4)) node.open = true")
    else:
        eyes.reads("in doubt.mkv", "#review")
        eyes.reads("Frieren", "#changes")
    assert eyes.stumbles() == []
    assert eyes.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_stumbles_over_the_question_either(eyes: Browser, busy: Site, theme: str) -> None:
    eyes.look(width=360, theme=theme)
    eyes.open(busy.url)
    eyes.click("[data-action=undo]")
    assert eyes.run("return document.querySelector('dialog').open")
    assert eyes.stumbles() == []
    eyes.press(ESCAPE)


def test_axe_finds_what_is_wrong(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.run("document.querySelector('h1').append(document.createElement('img'))")
    assert any(found.startswith("image-alt") for found in eyes.stumbles())


def test_the_keyboard_reaches_everything(eyes: Browser, busy: Site) -> None:
    eyes.look(motion="reduce")
    eyes.open(busy.url)
    eyes.reads("in doubt.mkv", "#review")
    eyes.reads("Frieren", "#changes")
    eyes.press(TAB)
    assert eyes.focused()["text"] == "Skip to the content"
    there = "[...document.querySelectorAll('a[href], button, input, [tabindex=\"0\"]')]"
    whole = eyes.run(f"return {there}.filter((node) => node.checkVisibility()).length")
    walked = [eyes.focused()]
    while len(walked) < whole:
        eyes.press(TAB)
        walked.append(eyes.focused())
    assert all(at["tag"] in ("a", "button", "input") for at in walked), walked
    assert all(at["ring"] and at["seen"] for at in walked), [at for at in walked if not (at["ring"] and at["seen"])]
    assert {"undo", "retry", "choose"} <= {at["action"] for at in walked}


def test_the_skip_link_skips(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.press(TAB, ENTER)
    assert eyes.until("return document.activeElement.id") == "main"


def test_undo_asks_first_and_then_puts_every_byte_back(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    path = site.change("film.mkv")
    changed = path.read_bytes()
    eyes.open(site.url)
    eyes.reads("film.mkv", "#changes")
    eyes.focus("[data-action=undo]")
    eyes.press(ENTER)
    eyes.reads("becomes English again", "dialog")
    eyes.press(ESCAPE)
    eyes.until("return !document.querySelector('dialog').open")
    assert eyes.focused()["action"] == "undo"
    time.sleep(0.5)
    assert path.read_bytes() == changed
    eyes.press(ENTER)
    eyes.until("return document.querySelector('dialog').open")
    eyes.press(TAB)
    assert eyes.focused()["text"] == "Undo"
    eyes.press(ENTER)
    eyes.reads("Undone", "#changes-list")
    assert path.read_bytes() == site.before[path]
    eyes.until("return document.querySelector('#said').innerText.startsWith('Undone')")
    eyes.until("return document.querySelectorAll('[data-action=undo]:not([hidden])').length === 0")
    assert "film.mkv" in eyes.focused()["text"]


def test_an_undo_that_is_refused_says_why(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    path = site.change("film.mkv")
    eyes.open(site.url)
    eyes.reads("film.mkv", "#changes")
    path.write_bytes(b"somebody else's" + path.read_bytes()[15:])
    eyes.click("[data-action=undo]")
    eyes.click("dialog [value=yes]")
    eyes.reads("Not undone", "#changes-list")
    assert path.read_bytes().startswith(b"somebody else's")


def test_a_word_settles_what_is_in_doubt(eyes: Browser, fresh: Callable[..., Site]) -> None:
    with fake_tmdb.FakeTmdb() as tmdb:
        site = fresh(tmdb={"api_key": fake_tmdb.KEY, "base_url": tmdb.url}, prefer_original=True)
        path = site.dispute("film.mkv")
        before = path.read_bytes()
        eyes.open(site.url)
        eyes.reads("film.mkv", "#review")
        eyes.click("[data-code=ja]")
        eyes.reads("film.mkv", "#changes")
        eyes.until("return document.querySelectorAll('#review-list > li').length === 0")
        assert path.read_bytes() != before
        assert eyes.focused()["tag"] != "body"


def test_a_failure_is_tried_again(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    path = site.fail("film.mkv")
    eyes.open(site.url)
    eyes.reads("film.mkv", "#failures")
    shutil.copyfile(site.yard.film("good.mkv"), path)
    eyes.click("[data-action=retry]")
    eyes.reads("film.mkv", "#changes")
    eyes.until("return document.querySelectorAll('#failures-list > li').length === 0")


def test_a_folder_is_looked_through(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    films = site.yard.films(3)
    before = films[0].read_bytes()
    eyes.open(site.url)
    eyes.click("#batch-path")
    eyes.press("/etc", ENTER)
    eyes.reads("allowed_roots", "#batch-error")
    assert eyes.focused()["id"] == "batch-path"
    eyes.run("document.querySelector('#batch-path').value = ''")
    eyes.press(str(site.yard.media), ENTER)
    eyes.reads("Done", "#batches-list")
    eyes.reads("3 of 3 files", "#batches-list")
    eyes.reads("0001.mkv", "#changes")
    assert all("403" in found for found in eyes.complaints())
    assert films[0].read_bytes() != before


def test_what_is_new_arrives_and_the_focus_stays(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    site.change("first.mkv")
    eyes.open(site.url)
    eyes.reads("first.mkv", "#changes")
    eyes.run("window.kept = document.querySelector('[data-action=undo]'); window.kept.focus()")
    site.change("second.mkv")
    eyes.reads("second.mkv", "#changes")
    assert eyes.run("return document.activeElement === window.kept && window.kept.isConnected")
    assert eyes.run("return document.querySelector('#changes-list > li').innerText.includes('second.mkv')")


def test_looking_again_says_nothing_aloud(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.reads("Frieren", "#changes")
    eyes.run("""
        window.said = 0; window.asked = () => performance.getEntriesByType('resource').length; window.start = asked();
        const all = {childList: true, characterData: true, subtree: true};
        for (const node of document.querySelectorAll('[role=status], [aria-live]'))
          new MutationObserver(() => window.said += 1).observe(node, all);""")
    eyes.until("return asked() >= start + 4")
    assert eyes.run("return window.said") == 0


def test_a_page_that_nobody_sees_asks_nothing(eyes: Browser, busy: Site) -> None:
    eyes.open(busy.url)
    eyes.reads("Frieren", "#changes")
    eyes.driver.minimize_window()
    eyes.until("return document.hidden")
    time.sleep(1.0)  # what was on its way arrives
    asked = "return performance.getEntriesByType('resource').length"
    before = eyes.run(asked)
    time.sleep(5.0)
    assert eyes.run(asked) == before
    eyes.driver.maximize_window()
    eyes.until("return !document.hidden")
    eyes.until(f"{asked} > arguments[0]", before, seconds=5)


def test_it_says_when_the_server_is_away_and_when_it_is_back(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    site.change("film.mkv")
    eyes.open(site.url)
    eyes.reads("film.mkv", "#changes")
    port = site.serving.port
    site.serving.stop()
    eyes.reads("not reachable. Trying again", "#away")
    assert eyes.text("#pill-text") == "Not reachable"
    assert "film.mkv" in eyes.text("#changes")
    assert eyes.stumbles() == []
    site.serving._words = ("--port", port)
    site.serving.start()
    eyes.until("return document.querySelector('#away').hidden")
    eyes.until("return document.querySelector('#pill-text').innerText !== 'Not reachable'")
    eyes.until("return document.querySelector('#said').innerText === 'The server is back.'")
    assert all("ERR_CONNECTION_REFUSED" in found for found in eyes.complaints())


def test_it_says_that_the_password_is_missing(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh(secret=SECRET)
    eyes.carry(Authorization=basic(SECRET))
    eyes.open(site.url)
    eyes.reads("Connect Sonarr or Radarr", "#changes")
    eyes.carry()
    eyes.reads("needs the password", "#away")
    assert all("401" in found for found in eyes.complaints())


def test_with_nothing_to_show_it_says_what_to_do_next(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    eyes.open(site.url)
    eyes.reads("No file has been changed yet", "#changes")
    eyes.reads("The queue is empty", "#now")
    assert eyes.text("#url-sonarr").replace("\n", "") == f"{site.url}webhook/sonarr"
    eyes.reads("Nothing. A file that is not there yet", "#held")
    eyes.reads("None. Files that could not be read", "#failures")
    assert "held" not in eyes.text("#now").lower().replace("held\n", "")
    eyes.run("document.documentElement.dataset.past = 'reading'")
    assert eyes.text("#changes-empty") == "What was done before is still being read."
    assert eyes.stumbles() == []


def test_ten_thousand_are_turned_over(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    path = site.change("film.mkv")
    site.fail("broken.mkv")
    site.serving.stop()
    for state, count in (("done", 999), ("failed", 9_999)):
        (first,) = (site.yard.spool / state).glob("*/*.json")
        job = json.loads(first.read_bytes())
        for number in range(count):
            text = json.dumps(job | {"record": job["record"] | {"path": f"{path.parent}/{number:05}.mkv"}})
            (first.parent / f"17000000000{number:08}.host.00000000.json").write_text(text)
    site.serving.start()
    eyes.open(site.url)
    eyes.reads("1–200 of 10,000", "#failures-pager")
    eyes.reads("1–10 of the latest 500", "#changes-pager")  # so many are kept
    assert (eyes.count("#changes-list > li"), eyes.count("#failures-list > li")) == (10, 1)
    eyes.until("return document.querySelector('#count-changed').innerText === '1,000'")
    eyes.focus("#failures-pager button:last-child")
    eyes.press(ENTER)
    eyes.reads("201–400 of 10,000", "#failures-pager")
    assert eyes.focused()["text"] == "Older"
    assert "09799.mkv" in eyes.text("#failures-list")  # broken.mkv is the newest


def test_many_failures_alike_leave_the_others_in_sight(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    site.fail("broken.mkv")
    site.serving.stop()
    (first,) = (site.yard.spool / "failed").glob("*/*.json")
    job = json.loads(first.read_bytes())
    for number in range(150):
        error = {"stage": "probe", "code": "not_found", "message": "no such file"}
        record = job["record"] | {"path": f"/media/{number:05}.mkv", "error": error}
        name = f"18999999999{number:08}.host.00000000.json"  # later than any
        (first.parent / name).write_text(json.dumps(job | {"record": record}))
    site.serving.start()
    eyes.open(site.url)
    eyes.reads("Not there 150 of these 151", "#failures")
    eyes.reads("broken.mkv", "#failures")
    assert eyes.count("#failures-list > li") == 2
    assert eyes.count("#failures-list > li:first-child li") == 3
    assert eyes.text("#failures-list > li:first-child").count("no such file") == 1
    eyes.focus("[data-action=more]")
    eyes.press(ENTER)
    assert eyes.count("#failures-list > li:first-child li") == 13
    assert eyes.focused()["text"] == "00146.mkv"
    eyes.look(width=360)
    assert eyes.stumbles() == []


def test_all_of_a_kind_are_tried_again(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    paths = [site.fail(f"{number}.mkv") for number in range(3)]
    eyes.open(site.url)
    eyes.reads("Not a video 3 files", "#failures")
    for path in paths[:2]:
        shutil.copyfile(site.yard.film("good.mkv"), path)
    eyes.click("[data-action=all]")
    eyes.until("return document.querySelector('#count-changed').innerText === '2'")
    eyes.until("return document.querySelectorAll('#failures-list li li').length === 1")
    assert "2.mkv" in eyes.text("#failures-list")


def test_it_says_what_is_held_and_ends_the_waiting(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh()
    seed = site.yard.film("seed.mkv")
    os.link(seed, site.yard.media / "other name.mkv")
    accepted = site.serving.post("/webhook/sonarr", sonarr(site.yard.media / "on its way.mkv"))
    site.serving.post("/webhook/sonarr", sonarr(seed))
    until(lambda: site.yard.states() == {"held": 2})
    eyes.open(site.url)
    eyes.reads("2 files are held", "#next-held")
    assert not eyes.run("return document.querySelector('#next-empty').checkVisibility()")
    eyes.reads("seed.mkv", "#held-list")
    missing = "[...document.querySelectorAll('#held-list > li')].find((row) => row.innerText.includes('on its way'))"
    said = eyes.run(f"return {missing}.innerText")
    assert "Not there yet" in said
    assert "Given up at" in said
    (job_id,) = accepted["job_ids"]
    end = datetime.fromisoformat(eyes.run(f"return {missing}.querySelector('time').dateTime"))
    created = datetime.fromisoformat(site.serving.get(f"/jobs/{job_id}")["created_at"])
    assert (end - created).total_seconds() == pytest.approx(Rules().arrival, abs=0.01)
    assert "Has another name" in eyes.text("#held-list")
    eyes.run(f"{missing}.querySelector('button').focus()")
    eyes.press(ENTER)
    eyes.until("return document.querySelectorAll('#held-list > li').length === 1")
    assert site.serving.get(f"/jobs/{job_id}")["state"] == "cancelled"
    assert eyes.focused()["text"] == "Held"
    eyes.reads("1 file is held", "#next-held")
    (site.yard.media / "other name.mkv").unlink()
    eyes.click("[data-action=cancel]")
    eyes.reads("Nothing. A file", "#held")
    eyes.reads("The queue is empty", "#now")


HOLDS = [
    pytest.param("retry", 3600, "Network: no answer", "Tried again at", id="retry"),
    pytest.param("retry", -1, "Network: no answer", "Tried again soon", id="retry that is due"),
    pytest.param("no_space", 3600, "Disk full: it waits until there is room", "Looked at again at", id="no space"),
    pytest.param("read_only", 3600, "Read-only: it waits until", "Looked at again at", id="read-only"),
    pytest.param("hardlinked", -1, "Has another name:", "Looked at again by itself", id="seed for long"),
    pytest.param("<b>", 3600, "Network: no answer", "Looked at again at", id="reason of a later version"),
]


@pytest.mark.parametrize(("why", "seconds", "reason", "next_look"), HOLDS)
def test_it_says_why_a_file_waits(
    eyes: Browser, fresh: Callable[..., Site], why: str, seconds: float, reason: str, next_look: str
) -> None:
    site = fresh("--workers", 0)
    spool = Spool(str(site.yard.spool))
    job = new({"path": f"{site.yard.media}/{LONG}"}, source="batch")
    spool.put(job | {"last_error": {"stage": "tmdb", "code": "network", "message": "no answer"}})
    folder, _, name = (spool.find(job["id"]) or "").rpartition("/")
    claim = spool.claim(folder, name)
    assert claim is not None
    claim.begin()
    claim.hold(why, time.time_ns() + int(seconds * 1e9))
    eyes.look(width=360)
    eyes.open(site.url)
    eyes.reads("aaaa", "#held-list")
    said = eyes.text("#held-list")
    assert reason in said
    assert next_look in said
    shown = eyes.run("return document.querySelector('#held-list time').dateTime")
    assert (shown != "") == (seconds > 0)
    assert eyes.run("return document.documentElement.scrollWidth <= innerWidth")
    assert eyes.stumbles() == []


def test_a_batch_says_what_it_waits_for(eyes: Browser, fresh: Callable[..., Site]) -> None:
    site = fresh("--workers", 0, processing={"max_queue_size": 2})
    site.yard.films(5)
    site.serving.post("/batch", {"path": str(site.yard.media)})
    eyes.open(site.url)
    eyes.reads("the queue is full", "#batches-list")
    said = eyes.text("#batches-list")
    assert "Waiting ·" in said
    assert "0 of 2 files that were found so far" in said
    eyes.reads("0000.mkv", "#next")
    assert eyes.stumbles() == []


@pytest.mark.parametrize("width", [320, 360, 500, 700, 1000, 1280])
def test_the_counts_leave_no_gap(eyes: Browser, busy: Site, width: int) -> None:
    eyes.look(width=width)
    eyes.open(busy.url)
    tops = eyes.run("return [...document.querySelectorAll('.tiles > div')].map((n) => n.getBoundingClientRect().top)")
    assert len(tops) == 8
    assert len({tops.count(top) for top in tops}) == 1


ACCESS = [
    pytest.param(None, "127.0.0.1", "127.0.0.1", "set api.webhook_secret and api.host", id="no secret"),
    pytest.param(SECRET, "127.0.0.1", "127.0.0.1", "Then set api.host: 0.0.0.0", id="secret, this machine alone"),
    pytest.param(SECRET, "0.0.0.0", "127.0.0.1", "put the name it knows this machine by", id="secret, for all"),
    pytest.param(SECRET, "127.0.0.1", "tv.localhost", "put the name it knows this machine by", id="through a name"),
]


@pytest.mark.parametrize(("secret", "host", "name", "hint"), ACCESS)
def test_it_says_who_can_connect(
    eyes: Browser, fresh: Callable[..., Site], secret: str | None, host: str, name: str, hint: str
) -> None:
    site = fresh(secret=secret, api={"host": host})
    if secret is not None:
        eyes.carry(Authorization=basic(secret))
    eyes.open(site.url.replace("127.0.0.1", name))
    eyes.reads("/webhook/sonarr", "#connect")
    hints = "[...document.querySelectorAll('#connect .hint')].filter((node) => node.checkVisibility())"
    (said,) = eyes.run(f"return {hints}.map((node) => node.innerText)")
    assert hint in said
    assert ("Password" in eyes.text("#connect")) == (secret is not None)
    assert ("no secret is set" in eyes.text("#connect")) == (secret is None)


@pytest.mark.parametrize(("motion", "scrolls"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_nothing_moves_for_those_who_want_it_so(eyes: Browser, busy: Site, motion: str, scrolls: str) -> None:
    eyes.look(motion=motion)
    eyes.open(busy.url)
    assert eyes.run("return getComputedStyle(document.documentElement).scrollBehavior") == scrolls


def test_the_documentation_can_be_tried(eyes: Browser, busy: Site) -> None:
    eyes.open(f"{busy.url}docs")
    eyes.until("return document.querySelectorAll('details.operation').length > 10")
    eyes.click("#get_jobs > summary")
    eyes.reads("Try it", "#get_jobs")
    eyes.click("#get_jobs form button")
    eyes.reads("200", "#get_jobs [data-field=answered]")
    eyes.reads("Frieren", "#get_jobs [data-field=answered]")
    eyes.reads(f"curl '{busy.url}jobs'", "#get_jobs [data-field=answered]")


def test_the_documentation_finds_words(eyes: Browser, busy: Site) -> None:
    eyes.open(f"{busy.url}docs")
    eyes.until("return document.querySelectorAll('details.operation').length > 10")
    eyes.click("#find")
    eyes.press("undo post")
    eyes.until(
        "return [...document.querySelectorAll('details.operation')].filter((n) => n.checkVisibility()).length === 1"
    )
    eyes.reads("/jobs/{id}/undo", "#groups")


def test_pages_are_kept_and_asked_about(busy: Site) -> None:
    first = busy.serving.ask("GET", "/assets/page.js")
    assert (first.status, first.headers["cache-control"]) == (200, "no-cache")
    again = busy.serving.ask("GET", "/assets/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    other = busy.serving.ask("GET", "/assets/page.js", headers={"If-None-Match": '"other"'})
    assert other.body == first.body


@pytest.mark.parametrize("path", ["/", "/docs", "/assets/page.css"])
def test_a_page_runs_only_what_is_ours(busy: Site, path: str) -> None:
    policy = busy.serving.ask("GET", path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["..", "nothing.js", "index.html", "..%2fsite.py", "page.js%00", "%2e%2e%2fhttp.py"])
def test_no_other_file_is_an_asset(busy: Site, name: str) -> None:
    assert busy.serving.ask("GET", f"/assets/{name}").status in (400, 404)


def test_every_asset_is_there(busy: Site) -> None:
    from arrtheaudio.server.site import ASSETS, PAGES

    assert {*os.listdir(PAGES)} == {*ASSETS, "index.html", "docs.html"}
    for name, kind in ASSETS.items():
        answer = busy.serving.ask("GET", f"/assets/{name}")
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
