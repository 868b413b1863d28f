#!/bin/sh
# Takes back what the last night changed: undo-night.sh shows it, undo-night.sh --yes does it.
# To change: how long ago it began. Every file becomes what it was, to the byte; one that was changed since by somebody
# else is left alone and reported.

since=${SINCE:-12h}
case ${1-} in
--yes) set -- ;;
*) set -- --dry-run ;;
esac
arrtheaudio undo --since "$since" "$@" | jq -r '[.undo.status // .error.code, .path] | @tsv'
