#!/bin/sh
# Does a block of records, whole or not at all: records in, as many out. parallel.sh, slurm.sh and kubernetes.yaml run it.
# To change: the call of arrtheaudio, such as `process --language jpn`; the rest sees to it that nothing is lost.

# Without room in $TMPDIR, without the program, or killed half way: what is wrong with this host shall not make it the
# fastest one, which would get block after block. So it waits before it says that it failed.
give_up() {
    echo "block.sh on $(uname -n): $1" >&2
    sleep "${PENALTY:-15}"
    exit 75
}

work=$(mktemp -d) || give_up "no temporary folder"
trap 'rm -rf "$work"' EXIT
cat >"$work/in" || give_up "no room for the input"

arrtheaudio process "$@" <"$work/in" >"$work/out"
status=$?
# 1 says that files failed; their records say why, and doing them again would not help.
[ $status -le 1 ] || give_up "arrtheaudio ended with $status"
given=$(wc -l <"$work/in")
answered=$(wc -l <"$work/out")
[ "$given" -eq "$answered" ] || give_up "$answered answers for $given records"
cat "$work/out"
