# Sourced by the commands here, so that nothing is started. A test costs microseconds, each `$(...)` a millisecond.

# ready ROOT [EXTRA]: whether ROOT/.venv is finished, for this place and for this pyproject.toml, whose time its mark has.
ready() {
    usable "$@" && [ ! "$1/pyproject.toml" -nt "$mark" ] && [ ! "$mark" -nt "$1/pyproject.toml" ]
}

# usable ROOT [EXTRA]: whether ROOT/.venv was finished for this place, be it for an earlier pyproject.toml.
usable() {
    mark=$1/.venv/ready${2:+-$2}
    [ -x "$1/.venv/bin/python" ] && [ -f "$mark" ] && [ "$1/.venv/checkout" -ef "$1" ]
}

# renewable ROOT: whether this user may make ROOT/.venv, or bring it up to date.
renewable() {
    if [ -d "$1/.venv" ]; then [ -w "$1/.venv" ]; else [ -w "$1" ]; fi
}
