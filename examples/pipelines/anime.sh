#!/bin/sh
# Japanese for what has it, and nothing else touched: anime.sh FOLDER...
# To change: the languages. Files without a Japanese track keep the default that they have; a dub is never made default.
# In a configuration it is a path override: path_overrides: [{path: "/media/anime/**", language_priority: [jpn]}].

arrtheaudio scan "$@" | arrtheaudio probe |
    jq -c 'select(any(.probe.tracks[]?; .type == "audio" and .language == "ja" and (.commentary | not)))' |
    arrtheaudio choose --language jpn | arrtheaudio apply |
    jq -r 'select(.apply.status == "changed" or .error) | [.error.code // "changed", .path] | @tsv'
