#!/bin/sh
# The whole library, a few hours each night, until it is done: backlog.sh FOLDER..., from cron in the evening.
# To change: how long a night is, and how many files at once. Every call queues only what is new or changed (what
# it changed itself, once more), and works on what waits; a night ends after the files in hand. What failed is said on
# standard error, and is exit status 1; all that the last night did is in STATE/backlog.jsonl.

night=${NIGHT:-6h}
workers=${WORKERS:-2}
state=${STATE:-$HOME/.local/state/arrtheaudio}

set -eu
[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
mkdir -p "$state"
did=$state/backlog.jsonl
arrtheaudio scan --since "$state/backlog.since" "$@" |
    arrtheaudio jobs add --priority low --group backlog >"$did" || [ $? = 1 ]
status=0
timeout --signal=TERM "$night" arrtheaudio jobs run --workers "$workers" >>"$did" || status=$?
case $status in
0 | 1 | 124 | 143) ;; # all done, but for files that failed, or the night is over
*) exit "$status" ;;
esac
arrtheaudio jobs stats
failed=$(jq -r 'select(.error or .state == "failed") | .record // . | [.error.code, .path, .error.message] | @tsv' "$did")
[ -z "$failed" ] || { printf '%s\n' "$failed" >&2; exit 1; }
[ "$status" != 1 ] || exit 1
