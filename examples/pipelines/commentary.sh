#!/bin/sh
# Files whose default audio track is a commentary or an audio description, by its flag or its name: commentary.sh FOLDER...
# To change: nothing. It changes no file, and prints records: `commentary.sh FOLDER | arrtheaudio apply` mends them,
# where another track is wanted.

[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
arrtheaudio scan "$@" | arrtheaudio choose |
    jq -c '(.choose.candidates // [] | map(select(.rejected == "commentary") | .index)) as $commentaries
        | select(any(.probe.tracks[]?; .type == "audio" and .default and (.index | IN($commentaries[]))))'
