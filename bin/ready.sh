# Sourced by the commands here, so that nothing is started. A test costs microseconds, each `$(...)` a millisecond.

# ready ROOT [EXTRA]: whether ROOT/.venv is finished, for this place and for this pyproject.toml, whose time its mark has.
ready() {
    mark=$1/.venv/ready${2:+-$2}
    [ -x "$1/.venv/bin/python" ] && [ -f "$mark" ] && [ "$1/.venv/checkout" -ef "$1" ] &&
        [ ! "$1/pyproject.toml" -nt "$mark" ] && [ ! "$mark" -nt "$1/pyproject.toml" ]
}
