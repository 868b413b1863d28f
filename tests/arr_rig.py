"""What Sonarr and Radarr send, made here: bodies of webhooks, and the variables of scripts, of the same files."""

from collections.abc import Mapping
from typing import Any

SERIES_FOLDER = "/tv/Kaze no Machi (2021)"
EPISODE = f"{SERIES_FOLDER}/Season 01/Kaze no Machi - S01E03 - Ame [WEBDL-1080p].mkv"
EPISODES = [f"{SERIES_FOLDER}/Season 01/Kaze no Machi - S01E{number:02}.mkv" for number in (1, 2, 3)]
MOVIE_FOLDER = "/movies/Le Quai (1998)"
MOVIE = f"{MOVIE_FOLDER}/Le Quai (1998) [Bluray-1080p].mkv"

SERIES = {
    "id": 12,
    "title": "Kaze no Machi",
    "titleSlug": "kaze-no-machi",
    "path": SERIES_FOLDER,
    "tvdbId": 400123,
    "tvMazeId": 5512,
    "tmdbId": 120456,
    "imdbId": "tt9876543",
    "type": "anime",
    "year": 2021,
    "genres": ["Anime", "Drama"],
    "images": [{"coverType": "poster", "url": "/MediaCover/12/poster.jpg", "remoteUrl": "https://example.org/p.jpg"}],
    "tags": ["dub", "kids"],
    "originalLanguage": {"id": 8, "name": "Japanese"},
}
FILM = {
    "id": 77,
    "title": "Le Quai",
    "year": 1998,
    "releaseDate": "1998-11-04",
    "folderPath": MOVIE_FOLDER,
    "tmdbId": 90210,
    "imdbId": "tt0123456",
    "overview": "Un port, la nuit.",
    "genres": ["Drama"],
    "images": [],
    "tags": ["foreign"],
    "originalLanguage": {"id": 2, "name": "French"},
}
REMOTE_FILM = {"tmdbId": 90210, "imdbId": "tt0123456", "title": "Le Quai", "year": 1998}
# What the record's `arr` has of them, by whichever way they are told.
OF_SERIES = {
    "kind": "series",
    "title": "Kaze no Machi",
    "year": 2021,
    "season": 1,
    "episodes": [3],
    "ids": {"sonarr": 12, "tmdb": 120456, "tvdb": 400123, "imdb": "tt9876543"},
    "series_type": "anime",
    "tags": ["dub", "kids"],
    "original_language": "ja",
}
OF_FILM = {
    "kind": "movie",
    "title": "Le Quai",
    "year": 1998,
    "ids": {"radarr": 77, "tmdb": 90210, "imdb": "tt0123456"},
    "tags": ["foreign"],
    "original_language": "fr",
}


def episode(number: int, season: int = 1) -> dict[str, Any]:
    """Return an episode, as Sonarr tells of it."""
    named = {"title": f"Part {number}", "airDate": "2021-04-09", "airDateUtc": "2021-04-09T15:00:00Z"}
    return {"id": 900 + number, "episodeNumber": number, "seasonNumber": season, "seriesId": 12, "tvdbId": 0} | named


def file(path: str, folder: str) -> dict[str, Any]:
    """Return a file, as both tell of it."""
    return {
        "id": 4001,
        "relativePath": path.removeprefix(f"{folder}/"),
        "path": path,
        "quality": "WEBDL-1080p",
        "qualityVersion": 1,
        "releaseGroup": "Grp",
        "size": 734003200,
        "dateAdded": "2026-11-03T14:22:31.1234567Z",
        "languages": [{"id": 8, "name": "Japanese"}],
        "mediaInfo": {"audioChannels": 5.1, "audioCodec": "EAC3", "audioLanguages": ["eng", "jpn"], "height": 1080},
        "sourcePath": f"/downloads/{path.rpartition('/')[2]}",
    }


def of_app(app: str, event: str, **more: Any) -> dict[str, Any]:
    """Return a body with what all of them have."""
    return more | {"eventType": event, "instanceName": app.title(), "applicationUrl": ""}


_CLIENT = {"downloadClient": "qBittorrent", "downloadClientType": "qBittorrent", "downloadId": "00FF"}
_RELEASE = {"releaseTitle": "Kaze.no.Machi.S01E03", "indexer": "Example", "size": 734003200}
_FORMATS = {"customFormats": [], "customFormatScore": 0}
GONE = file(f"{SERIES_FOLDER}/Season 01/Kaze no Machi - S01E03 - old.mkv", SERIES_FOLDER)


def sonarr_download(**more: Any) -> dict[str, Any]:
    """Return the body of one file's import."""
    body = {"series": SERIES, "episodes": [episode(3)], "episodeFile": file(EPISODE, SERIES_FOLDER), "isUpgrade": False}
    return of_app(
        "sonarr", "Download", **{**body, **_CLIENT, "customFormatInfo": _FORMATS, "release": _RELEASE, **more}
    )


def sonarr_upgrade() -> dict[str, Any]:
    """Return the body of an import that took another file's place."""
    return sonarr_download(isUpgrade=True, deletedFiles=[GONE | {"recycleBinPath": "/recycle/old.mkv"}])


def sonarr_complete(paths: list[str] = EPISODES, **more: Any) -> dict[str, Any]:
    """Return the body of On Import Complete."""
    files = [file(path, SERIES_FOLDER) for path in paths]
    body = {"series": SERIES, "episodes": [episode(number) for number in (1, 2, 3)], "episodeFiles": files}
    where = {"fileCount": len(files), "sourcePath": "/downloads/pack", "destinationPath": f"{SERIES_FOLDER}/Season 01"}
    return of_app("sonarr", "Download", **{**body, **_CLIENT, **where, "release": _RELEASE, **more})


def radarr_download(**more: Any) -> dict[str, Any]:
    """Return the body of a film's import."""
    body = {"movie": FILM, "remoteMovie": REMOTE_FILM, "movieFile": file(MOVIE, MOVIE_FOLDER), "isUpgrade": False}
    return of_app(
        "radarr", "Download", **{**body, **_CLIENT, "customFormatInfo": _FORMATS, "release": _RELEASE, **more}
    )


_TEST_SERIES = {"id": 1, "title": "Test Title", "path": "C:\\testpath", "tvdbId": 1234, "tmdbId": 0, "type": "standard"}
_HEALTH = {"level": "warning", "message": "Indexers are down", "type": "IndexerStatusCheck", "wikiUrl": "https://x.org"}
_UPDATE = {"message": "Updated", "previousVersion": "4.0.1", "newVersion": "4.0.2"}
_MANUAL = {"downloadInfo": {"quality": "HDTV", "title": "x", "size": 1}, "downloadStatus": "Warning", **_CLIENT}
_RENAMED = {"previousRelativePath": "old.mkv", "previousPath": f"{SERIES_FOLDER}/old.mkv"}

_IDLE_BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("sonarr", "Grab", {"series": SERIES, "episodes": [episode(3)], "release": {"releaseTitle": "x"}, **_CLIENT}),
    ("sonarr", "Rename", {"series": SERIES, "renamedEpisodeFiles": [file(EPISODE, SERIES_FOLDER) | _RENAMED]}),
    ("sonarr", "SeriesAdd", {"series": SERIES}),
    ("sonarr", "SeriesDelete", {"series": SERIES, "deletedFiles": True}),
    ("sonarr", "EpisodeFileDelete", {"series": SERIES, "episodes": [episode(3)], "episodeFile": GONE}),
    ("sonarr", "Health", _HEALTH),
    ("sonarr", "HealthRestored", _HEALTH),
    ("sonarr", "ApplicationUpdate", _UPDATE),
    ("sonarr", "ManualInteractionRequired", {"series": SERIES, "episodes": [episode(3)], **_MANUAL}),
    ("radarr", "Grab", {"movie": FILM, "remoteMovie": REMOTE_FILM, **_CLIENT}),
    ("radarr", "Rename", {"movie": FILM, "renamedMovieFiles": [file(MOVIE, MOVIE_FOLDER) | _RENAMED]}),
    ("radarr", "MovieAdded", {"movie": FILM, "addMethod": "manual"}),
    ("radarr", "MovieDelete", {"movie": FILM, "deletedFiles": False, "movieFolderSize": 0}),
    (
        "radarr",
        "MovieFileDelete",
        {"movie": FILM, "movieFile": file(MOVIE, MOVIE_FOLDER), "deleteReason": "manual"},
    ),
    ("radarr", "Health", _HEALTH),
    ("radarr", "HealthRestored", _HEALTH),
    ("radarr", "ApplicationUpdate", _UPDATE),
    ("radarr", "ManualInteractionRequired", {"movie": FILM, **_MANUAL}),
]
# Every body that needs no work: app, body.
IDLE_BODIES = {f"{app}-{event}": (app, of_app(app, event, **body)) for app, event, body in _IDLE_BODIES}
TEST_BODIES = {
    "sonarr": of_app("sonarr", "Test", series=_TEST_SERIES, episodes=[episode(1)]),
    "radarr": of_app("radarr", "Test", movie={"id": 1, "title": "Test Title", "folderPath": "C:\\testpath"}),
}


# Scripts

_ALL = {"eventtype": "Download", "instancename": "{}", "applicationurl": ""}
_SERIES_VARIABLES = {
    "series_id": "12",
    "series_title": "Kaze no Machi",
    "series_titleslug": "kaze-no-machi",
    "series_path": SERIES_FOLDER,
    "series_tvdbid": "400123",
    "series_tvmazeid": "5512",
    "series_tmdbid": "120456",
    "series_imdbid": "tt9876543",
    "series_type": "Anime",
    "series_year": "2021",
    "series_originallanguage": "jpn",
    "series_genres": "Anime|Drama",
    "series_tags": "dub|kids",
}
_FILM_VARIABLES = {
    "movie_id": "77",
    "movie_title": "Le Quai",
    "movie_year": "1998",
    "movie_originallanguage": "fra",
    "movie_genres": "Drama",
    "movie_tags": "foreign",
    "movie_path": MOVIE_FOLDER,
    "movie_imdbid": "tt0123456",
    "movie_tmdbid": "90210",
    "movie_overview": "Un port,\nla nuit.",
}
_INFO = {
    "mediainfo_audiochannels": "5.1",
    "mediainfo_audiocodec": "EAC3",
    "mediainfo_audiolanguages": "eng / jpn",
    "quality": "WEBDL-1080p",
    "releasegroup": "Grp",
    "scenename": "",
}
_EPISODE_FILE = {
    "id": "4001",
    "episodecount": "1",
    "relativepath": EPISODE.removeprefix(f"{SERIES_FOLDER}/"),
    "path": EPISODE,
    "episodeids": "903",
    "seasonnumber": "1",
    "episodenumbers": "3",
    "episodeairdates": "2021-04-09",
    "episodetitles": "Ame",
    "sourcepath": "/downloads/kaze.mkv",
    "sourcefolder": "/downloads",
    **_INFO,
}
_FILM_FILE = {"id": "301", "relativepath": MOVIE.removeprefix(f"{MOVIE_FOLDER}/"), "path": MOVIE, **_INFO}
_DELETED = {
    "deletedrelativepaths": "old.mkv",
    "deletedpaths": GONE["path"],
    "deleteddateadded": "01/05/2024 10:11:12",
    "deletedrecyclebinpaths": "/recycle/old.mkv",
}


def variables(app: str, **more: str) -> dict[str, str]:
    """Return variables of an app, with those that all events have."""
    named = {**_ALL, "instancename": app.title(), **more}
    return {f"{app}_{name}": value for name, value in named.items()}


def _prefixed(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


def sonarr_variables(**more: str) -> dict[str, str]:
    """Return the variables of one file's import."""
    return variables(
        "sonarr", **{"isupgrade": "False", **_SERIES_VARIABLES, **_prefixed("episodefile", _EPISODE_FILE), **more}
    )


def sonarr_upgrade_variables() -> dict[str, str]:
    """Return the variables of an import that took another file's place."""
    return sonarr_variables(isupgrade="True", **_DELETED)


def sonarr_complete_variables(paths: list[str] = EPISODES, **more: str) -> dict[str, str]:
    """Return the variables of On Import Complete."""
    files = {
        "ids": "|".join(str(number) for number, _ in enumerate(paths, 4001)),
        "count": str(len(paths)),
        "relativepaths": "|".join(path.removeprefix(f"{SERIES_FOLDER}/") for path in paths),
        "paths": "|".join(paths),
        "episodeids": "901,902,903",
        "seasonnumber": "1",
        "episodenumbers": "1,2,3",
        "qualities": "|".join("WEBDL-1080p" for _ in paths),
    }
    where = {"sourcepath": "/downloads/pack", "destinationpath": f"{SERIES_FOLDER}/Season 01"}
    return variables("sonarr", **{**_SERIES_VARIABLES, **_prefixed("episodefile", files), **where, **more})


def radarr_variables(**more: str) -> dict[str, str]:
    """Return the variables of a film's import."""
    return variables(
        "radarr", **{"isupgrade": "False", **_FILM_VARIABLES, **_prefixed("moviefile", _FILM_FILE), **more}
    )


def sonarr_import(**more: str) -> dict[str, str]:
    """Return the variables of Import Using Script: no event, and the file is not there yet."""
    file = {name: value for name, value in _EPISODE_FILE.items() if name not in ("id", "path", "relativepath")}
    title = {name: value for name, value in _SERIES_VARIABLES.items() if name != "series_year"}
    where = {"sourcepath": "/downloads/kaze.mkv", "destinationpath": EPISODE, "transfermode": "HardLinkOrCopy"}
    found = variables("sonarr", **{**title, **_prefixed("episodefile", file), **where, **more})
    return {name: value for name, value in found.items() if name != "sonarr_eventtype"}


def radarr_import(**more: str) -> dict[str, str]:
    """Return the variables of Import Using Script for a film."""
    where = {"sourcepath": "/downloads/quai.mkv", "destinationpath": MOVIE, "transfermode": "Move"}
    file = _prefixed("moviefile", _FILM_FILE | {"id": "0"})
    found = variables("radarr", **{**_FILM_VARIABLES, **file, **where, **more})
    return {name: value for name, value in found.items() if name != "radarr_eventtype"}


_GONE_FILE = {"path": GONE["path"], "relativepath": "old.mkv", "seasonnumber": "1", "deletereason": "Manual"}
# Every event of a script that needs no work: app, variables.
IDLE_VARIABLES: Mapping[str, tuple[str, dict[str, str]]] = {
    f"{app}-{event}": (app, variables(app, eventtype=event, **told))
    for app, event, told in [
        ("sonarr", "Grab", {**_SERIES_VARIABLES, "release_title": "x", "release_episodenumbers": "3"}),
        ("sonarr", "Rename", {**_SERIES_VARIABLES, "episodefile_ids": "1,2", "episodefile_paths": "|".join(EPISODES)}),
        ("sonarr", "EpisodeFileDelete", {**_SERIES_VARIABLES, **_prefixed("episodefile", _GONE_FILE)}),
        ("sonarr", "SeriesAdd", _SERIES_VARIABLES),
        ("sonarr", "SeriesDelete", {**_SERIES_VARIABLES, "series_deletedfiles": "True"}),
        ("sonarr", "HealthIssue", {"health_issue_level": "Warning", "health_issue_message": "x"}),
        ("sonarr", "HealthRestored", {"health_restored_level": "Warning"}),
        ("sonarr", "ApplicationUpdate", {"update_message": "x", "update_newversion": "4.0.2"}),
        ("sonarr", "ManualInteractionRequired", {**_SERIES_VARIABLES, "download_title": "x"}),
        ("radarr", "Grab", {**_FILM_VARIABLES, "release_title": "x", "indexerflags": "0"}),
        ("radarr", "Rename", {**_FILM_VARIABLES, "moviefile_ids": "1", "moviefile_paths": MOVIE}),
        ("radarr", "MovieAdded", {**_FILM_VARIABLES, "movie_addmethod": "Manual"}),
        ("radarr", "MovieFileDelete", {**_FILM_VARIABLES, "moviefile_path": MOVIE, "moviefile_deletereason": "Manual"}),
        ("radarr", "MovieDelete", {**_FILM_VARIABLES, "movie_deletedfiles": "False"}),
        ("radarr", "HealthIssue", {"health_issue_level": "Warning"}),
        ("radarr", "HealthRestored", {"health_restored_level": "Warning"}),
        ("radarr", "ApplicationUpdate", {"update_message": "x"}),
        ("radarr", "ManualInteractionRequired", {**_FILM_VARIABLES, "download_title": "x"}),
    ]
}
