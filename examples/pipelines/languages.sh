#!/bin/sh
# How many files speak which language by default: languages.sh FOLDER...
# To change: nothing. It changes no file; `-` are files without a default audio track.

[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
arrtheaudio scan "$@" | arrtheaudio probe |
    jq -r 'select(.probe) | [.probe.tracks[] | select(.type == "audio" and .default) | .language] | first // "-"' |
    sort | uniq -c | sort -rn
