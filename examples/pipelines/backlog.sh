#!/bin/sh
# The whole library, a few hours each night, until it is done: backlog.sh FOLDER..., from cron in the evening.
# To change: how long a night is, and how many files at once. Every call queues only what is new or changed (what
# it changed itself, once more), and works on what waits; a night ends after the files in hand.

night=${NIGHT:-6h}
workers=${WORKERS:-2}
state=${STATE:-$HOME/.local/state/arrtheaudio}

set -eu
mkdir -p "$state"
arrtheaudio scan --since "$state/backlog.since" "$@" | arrtheaudio jobs add --priority low --group backlog >/dev/null
status=0
timeout --signal=TERM "$night" arrtheaudio jobs run --workers "$workers" >/dev/null || status=$?
case $status in
0 | 124 | 143) ;; # all done, or the night is over
*) exit "$status" ;;
esac
arrtheaudio jobs stats
