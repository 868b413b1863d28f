#!/bin/sh
# Files that lack a language: missing.sh LANGUAGE FOLDER..., for example: missing.sh ja /media/anime
# To change: nothing. A language is as arrtheaudio prints it (en, ja, pt-BR). It changes no file.

[ $# -ge 2 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
language=$1
shift
arrtheaudio scan "$@" | arrtheaudio probe |
    jq -r --arg language "$language" 'select(.probe)
        | [.probe.tracks[] | select(.type == "audio") | .language] as $found
        | select($found | length > 0 and all(.[]; . != $language and (startswith($language + "-") | not)))
        | [.path, ($found | join(" "))] | @tsv'
