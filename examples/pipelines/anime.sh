#!/bin/sh
# Japanese for what has it, whatever its original language, and nothing else touched: anime.sh FOLDER...
# To change: the languages. Files without a Japanese track keep the default that they have; a dub is never made default.
# In a configuration it is a path override, which also touches files without a Japanese track that have `eng`:
#   path_overrides: [{path: "/media/anime/**", language_priority: [jpn, eng], prefer_original: false}]
# It prints what was changed, and what failed; a failure is exit status 1.

[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
arrtheaudio scan "$@" | arrtheaudio probe |
    jq -c 'select(.error or any(.probe.tracks[]?; .type == "audio" and .language == "ja" and (.commentary | not)))' |
    # `original` has a place in the list, so that prefer_original does not give it the first.
    arrtheaudio choose --language jpn --language original | arrtheaudio apply |
    jq -nr 'foreach (inputs, null) as $record (false; . or $record.error != null;
        if $record then $record | select(.apply.status == "changed" or .error) | [.error.code // "changed", .path] | @tsv
        elif . then "" | halt_error(1)
        else empty end)'
