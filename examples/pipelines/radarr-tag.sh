#!/bin/sh
# Films that have a tag in Radarr get another language: radarr-tag.sh TAG LANGUAGE..., for example: radarr-tag.sh dub eng
# To change: RADARR_URL and RADARR_API_KEY, and REMOTE and LOCAL where Radarr has the films under another path than we.
# What Radarr knows of a film goes along, so that rules and TMDB's ids work on it.

set -eu
[ $# -ge 2 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
url=${RADARR_URL:-http://127.0.0.1:7878}
key=${RADARR_API_KEY:?Radarr: Settings, General, API Key}
tag=$1
shift

radarr() {
    # The key comes by a file: arguments can be read by every user of the machine.
    printf 'header = "X-Api-Key: %s"\n' "$key" | curl --silent --show-error --fail --config - "$url/api/v3/$1"
}

# What fails here ends it; in a pipeline it would not.
tags=$(radarr tag)
films=$(radarr movie)
number=$(printf '%s\n' "$tags" | jq --arg tag "$tag" '.[] | select(.label == $tag) | .id')
[ -n "$number" ] || { echo "Radarr has no tag $tag" >&2; exit 2; }

for language; do
    set -- "$@" --language "$language"
    shift
done
# Its own place in the list, so that prefer_original does not give it the first.
set -- "$@" --language original

printf '%s\n' "$films" | jq -c --argjson tag "$number" --arg name "$tag" --arg remote "${REMOTE-}" --arg local "${LOCAL-}" '
    .[] | select(.hasFile and any(.tags[]; . == $tag))
    | {path: (.movieFile.path | if $remote != "" and startswith($remote + "/") then $local + .[$remote | length:] else . end),
       arr: {app: "radarr", kind: "movie", title, year, tags: [$name],
             ids: ({radarr: .id, tmdb: .tmdbId, imdb: .imdbId} | with_entries(select(.value)))}}' |
    arrtheaudio process "$@"
