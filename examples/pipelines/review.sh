#!/bin/sh
# What a person has to decide: a list of the files whose evidence disagrees, with the reason: review.sh FOLDER...
# To change: nothing. It changes no file. Then, for one of them: arrtheaudio process --original ja FILE

[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
arrtheaudio scan "$@" | arrtheaudio probe | arrtheaudio tmdb | arrtheaudio choose |
    jq -r 'select(.choose.status == "review")
        | [.path, .choose.reason, ([.probe.tracks[] | select(.type == "audio") | .language] | join(" "))]
        | @tsv'
