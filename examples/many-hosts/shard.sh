#!/bin/sh
# Does the K-th of N parts of a list of records: shard.sh RUN K N. slurm.sh and kubernetes.yaml run it.
# RUN is a folder that all machines share; first `arrtheaudio scan FOLDER... >RUN/records.jsonl`. A part that is done is
# not done again; `cat RUN/done.*.jsonl` is the answer.

set -eu
[ $# -eq 3 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
run=$1 part=$2 parts=$3
answers=$run/done.$part.jsonl
[ ! -e "$answers" ] || exit 0
[ -r "$run/records.jsonl" ]
split -n "r/$part/$parts" "$run/records.jsonl" | sh "$(dirname "$0")/block.sh" >"$answers.part"
mv "$answers.part" "$answers"
