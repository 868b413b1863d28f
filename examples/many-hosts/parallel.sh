#!/bin/sh
# A library's files, done by several machines with GNU parallel over ssh: parallel.sh RUN HOSTS FOLDER...
# RUN is a folder that keeps the run; called again with it, only what is left is done, whatever died, this script too.
# Exit status 1: a file failed, and its record says why; or blocks are left, which the same call does.
# To change: the two lines below. HOSTS is as the file `hosts` beside this one; the media have the same path everywhere.

block=${BLOCK:-200}    # records; a block costs an ssh and two starts, and what dies costs a block
timeout=${TIMEOUT:-1h} # for a block: a mount that hangs fails its host, not the run

set -eu
[ $# -ge 3 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
here=$(dirname "$0")
run=$1 hosts=$2
shift 2
if [ ! -e "$run/records.jsonl" ]; then # the run would keep a list without it for good
    for folder; do
        [ -e "$folder" ] || { echo "parallel.sh: there is no $folder" >&2; exit 2; }
    done
fi
mkdir -p "$run/blocks"

# What a killed run left behind holds this lock too, until it has ended: no two write one block's answers.
exec 9>"$run/lock"
flock 9

# Blocks are known by their numbers, so the records, their order and the size of a block stay as they were.
if [ ! -e "$run/records.jsonl" ]; then
    echo "$block" >"$run/block"
    arrtheaudio scan "$@" >"$run/found.jsonl" || [ $? = 1 ]
    [ -s "$run/found.jsonl" ] || { echo "parallel.sh: no media in $*" >&2; exit 2; }
    mv "$run/found.jsonl" "$run/records.jsonl"
fi
block=$(cat "$run/block")

# A host that loses its power closes no connection: only ssh's own questions find out.
: "${PARALLEL_SSH:=ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3}"
script=$(cat "$here/block.sh")
export PARALLEL_SSH script

# --retries gives a block that failed to another host; without it, a dead host fails block after block, faster than any
# other works. Each block's answers are a file: the one of a try that died is written anew.
# Not --halt soon, which waits for ever with --pipe, and not --keep-order, which may hold answers back when it is killed.
status=0
# shellcheck disable=SC2016  # $script is for the shell of the other machine
parallel --pipe -N "$block" --sshloginfile "$hosts" --jobs 100% --retries 4 --timeout "$timeout" \
    --joblog "$run/joblog" --resume-failed --results "$run/blocks/{#}" --env script \
    'sh -c "$script" block.sh' <"$run/records.jsonl" >/dev/null || status=$?

records=$(wc -l <"$run/records.jsonl")
seq -f "$run/blocks/%.0f" $(((records + block - 1) / block)) | while read -r answers; do
    [ ! -e "$answers" ] || cat "$answers"
done >"$run/done.jsonl"
answered=$(wc -l <"$run/done.jsonl")
echo "$answered of $records records are in $run/done.jsonl" >&2
[ "$answered" -eq "$records" ] || echo "the rest is done by the same call again" >&2
# A record that failed fails every stage after it, which does no more than pass it on.
if ! arrtheaudio probe <"$run/done.jsonl" >/dev/null; then
    echo "some failed: jq 'select(.error)' $run/done.jsonl" >&2
    [ $status -ne 0 ] || status=1
fi
[ $status -eq 0 ] || exit 1
