"""Ids and kinds in paths and in .nfo files."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.core import naming
from arrtheaudio.tmdb import ids, nfo


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("/m/The Clock (2001) {tmdb-603}/The Clock.mkv", {"tmdb": "603"}, id="Radarr-Plex"),
        pytest.param("/m/The Clock [tmdbid-603]/The Clock.mkv", {"tmdb": "603"}, id="Jellyfin"),
        pytest.param("/m/The Clock [tmdbid=603].mkv", {"tmdb": "603"}, id="Emby"),
        pytest.param("/m/The Clock [tmdb=603].mkv", {"tmdb": "603"}, id="Emby-short"),
        pytest.param("/m/The Clock {TMDB-603}.mkv", {"tmdb": "603"}, id="upper-case"),
        pytest.param("/tv/Street {tvdb-81189}/Season 01/S01E01.mkv", {"tvdb": "81189"}, id="Sonarr-Plex"),
        pytest.param("/tv/Street [tvdbid-81189]/Season 01/S01E01.mkv", {"tvdb": "81189"}, id="Sonarr-Jellyfin"),
        pytest.param("/m/The Clock {imdb-tt0000603}/a.mkv", {"imdb": "tt0000603"}, id="IMDb-Plex"),
        pytest.param("/m/The Clock [imdbid-tt0000603]/a.mkv", {"imdb": "tt0000603"}, id="IMDb-Jellyfin"),
        pytest.param("/m/The.Clock.2001.tt0000603.1080p/a.mkv", {"imdb": "tt0000603"}, id="IMDb-bare"),
        pytest.param("/m/The Clock (TT0000603).mkv", {"imdb": "tt0000603"}, id="IMDb-upper-case"),
        pytest.param(
            "/m/The Clock {imdb-tt0000603} {tmdb-603}/a.mkv",
            {"tmdb": "603", "imdb": "tt0000603"},
            id="two-the-surer-first",
        ),
        pytest.param("/m/Set {tmdb-1}/The Clock {tmdb-603}/a.mkv", {"tmdb": "603"}, id="the-nearest-counts"),
        pytest.param("/{tmdb-1}/a/b/c/d/e.mkv", {}, id="too-far-up"),
        pytest.param("/m/The Clock {tmdb-0}.mkv", {}, id="zero"),
        pytest.param("/m/The Clock {tmdb-tt0000603}.mkv", {"imdb": "tt0000603"}, id="IMDb-under-a-wrong-name"),
        pytest.param("/m/The Clock {imdb-603}.mkv", {}, id="number-as-IMDb"),
        pytest.param("/m/The Clock {tmdb-12345678901}.mkv", {}, id="too-long"),
        pytest.param("/m/The Clock {tmdb-٦٠٣}.mkv", {}, id="digits-of-another-script"),
        pytest.param("/m/The Clock {edition-603}.mkv", {}, id="edition"),
        pytest.param("/m/tmdb-603.mkv", {}, id="not-in-brackets"),
        pytest.param("/m/attt0000603.mkv", {}, id="inside-a-word"),
        pytest.param("/m/The Clock (2001).mkv", {}, id="none"),
    ],
)
def test_ids_in_a_path(path, found):
    assert list(naming.ids_in(path).items()) == list(found.items())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("/tv/Show/Show - S01E02.mkv", "series", id="S01E02"),
        pytest.param("/tv/Show/show.s2024e1.mkv", "series", id="year-as-season"),
        pytest.param("/tv/Show/Show 1x02.mkv", "series", id="1x02"),
        pytest.param("/tv/Show/Show 2024-01-15.mkv", "series", id="date"),
        pytest.param("/tv/Show/Season 1/02.mkv", "series", id="season"),
        pytest.param("/tv/Show/Staffel 01/02.mkv", "series", id="Staffel"),
        pytest.param("/tv/Show/Specials/02.mkv", "series", id="specials"),
        pytest.param("/m/The Clock (2001)/The Clock (2001) 1920x1080.mkv", None, id="resolution"),
        pytest.param("/m/The Clock (2001)/The Clock (2001).mkv", None, id="movie"),
        pytest.param("/m/Open Season (2006)/Open Season.mkv", None, id="a-season-in-a-title"),
        pytest.param("/m/Bears2e1/a.mkv", None, id="inside-a-word"),
        pytest.param("a.mkv", None, id="name-alone"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_kind_that_a_path_tells(path, kind):
    assert ids.kind_of(path) == kind


@pytest.mark.parametrize(
    ("known", "found"),
    [
        pytest.param({"sonarr": 42, "tmdb": 1, "tvdb": 2, "imdb": "tt0000003"}, ["1", "2", "tt0000003"], id="all"),
        pytest.param({"imdb": "TT0000003", "tvdb": "2"}, ["2", "tt0000003"], id="as-text"),
        pytest.param({"tmdb": 0, "tvdb": None, "imdb": ""}, [], id="unknown-to-the-Arr"),
        pytest.param({"tmdb": -1, "tvdb": 1.5, "imdb": 603}, [], id="no-ids"),
        pytest.param({"tmdb": True, "tvdb": [2], "imdb": {}}, [], id="other-types"),
        pytest.param({"tmdb": "603/../../authentication", "imdb": "tt0000003?a"}, [], id="paths"),
        pytest.param({"tmdb": 10**30}, [], id="long"),
    ],
)
def test_ids_of_an_arr(known, found):
    assert list(ids.of_mapping(known).values()) == found


@pytest.mark.parametrize(
    ("path", "title", "begins"),
    [
        pytest.param("/m/The Clock (2001)/a.mkv", "The Clock", True, id="folder"),
        pytest.param("/m/x/the.clock.2001.mkv", "The Clock!", True, id="file"),
        pytest.param("/m/Around The Clock/a.mkv", "The Clock", False, id="in-the-middle"),
        pytest.param("/m/x/a.mkv", "", False, id="no-title"),
        pytest.param("/m/x/a.mkv", "…", False, id="no-letters"),
        pytest.param("/m/千と千尋 (2001)/a.mkv", "千と千尋", True, id="another-script"),
    ],
)
def test_a_path_that_is_named_after_a_title(path, title, begins):
    assert ids.begins_with(path, title) is begins


@given(st.text(max_size=200))
def test_any_path_can_be_read(path):
    assert naming.ids_in(path).keys() <= set(ids.SCHEMES)
    assert ids.kind_of(path) in (None, *ids.KINDS)


KODI = """<?xml version="1.0" encoding="UTF-8"?>
<{root}><title>The Clock</title>
  <uniqueid type="imdb">tt0000603</uniqueid><uniqueid type="tmdb" default="true">603</uniqueid>
</{root}>"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(KODI, {"imdb": "tt0000603", "tmdb": "603"}, id="Kodi"),
        pytest.param("<movie><tmdbid> 603 </tmdbid></movie>", {"tmdb": "603"}, id="Jellyfin"),
        pytest.param("<movie><imdb_id>tt0000603</imdb_id></movie>", {"imdb": "tt0000603"}, id="Emby"),
        pytest.param("<uniqueid\n default='true'\n type = 'tvdb' >\n81189\n</uniqueid>", {"tvdb": "81189"}, id="lines"),
        pytest.param("<actor><tmdbid>7</tmdbid></actor><tmdbid>603</tmdbid>", {"tmdb": "603"}, id="actor-first"),
        pytest.param("<actor><tmdbid>7</tmdbid></actor>", {}, id="actor-alone"),
        pytest.param("<actor><tmdbid>7</tmdbid>", {}, id="actor-without-end"),
        pytest.param("<tmdbcolid>9</tmdbcolid>", {}, id="collection"),
        pytest.param('<uniqueid type="tmdb"></uniqueid>', {}, id="empty"),
        pytest.param('<uniqueid type="other">5</uniqueid>', {}, id="another-scheme"),
        pytest.param('<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/passwd">]><tmdbid>&x;</tmdbid>', {}, id="entity"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_ids_in_an_nfo(text, found):
    assert nfo.read(text) == found


@pytest.mark.parametrize(
    "piece",
    [
        "<uniqueid ",
        "<uniqueid type=",
        "<actor",
        "<actor></actor>",
        "<tmdbid>",
        "<movie",
        'type="tmdb"',
        " ",
        "<tmdbid> ",
    ],
)
@pytest.mark.parametrize("head", ["", "<uniqueid "])
def test_no_nfo_takes_long(head, piece):
    text = head + piece * (nfo.LIMIT // len(piece))
    began = time.process_time()
    nfo.read(text)
    assert time.process_time() - began < 2


def write(folder, name, root):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(KODI.format(root=root))


def near(folder, name, kind=None):
    return [kind for kind, _ in nfo.near(os.fsencode(folder / name), kind)]


@pytest.mark.parametrize(
    ("name", "root", "media", "kind", "told"),
    [
        pytest.param("m/a.nfo", "movie", "m/a.mkv", None, ["movie"], id="of-the-file"),
        pytest.param("m/movie.nfo", "movie", "m/a.mkv", "movie", ["movie"], id="of-the-folder"),
        pytest.param("m/movie.nfo", "movie", "m/a.mkv", "series", [], id="movie-beside-an-episode"),
        pytest.param("t/tvshow.nfo", "tvshow", "t/a.mkv", None, ["series"], id="of-a-series"),
        pytest.param("t/tvshow.nfo", "tvshow", "t/Season 1/a.mkv", "series", ["series"], id="above-a-season"),
        pytest.param("t/tvshow.nfo", "tvshow", "t/a/b/c.mkv", "series", [], id="too-far-up"),
        pytest.param("t/tvshow.nfo", "tvshow", "t/a.mkv", "movie", [], id="series-beside-a-movie"),
        pytest.param("t/a.nfo", "episodedetails", "t/a.mkv", None, [], id="ids-of-an-episode"),
        pytest.param("t/b.nfo", "movie", "t/a.mkv", None, [], id="of-another-file"),
    ],
)
def test_which_nfo_is_read(tmp_path, name, root, media, kind, told):
    write(tmp_path, name, root)
    assert near(tmp_path, media, kind) == told


def test_a_fifo_that_somebody_writes_to(tmp_path):
    path = tmp_path / "movie.nfo"
    os.mkfifo(path)
    with open(os.open(path, os.O_RDWR), "r+b", 0):
        assert near(tmp_path, "a.mkv") == []


@pytest.mark.parametrize("what", ["folder", "fifo", "loop", "device", "huge"])
def test_an_nfo_that_is_no_text(tmp_path, what):
    path = tmp_path / "movie.nfo"
    match what:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "loop":
            path.symlink_to(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "huge":
            with open(path, "wb") as file:
                file.truncate(1 << 40)
    assert near(tmp_path, "a.mkv") == []
