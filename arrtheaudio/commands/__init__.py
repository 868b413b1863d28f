"""One file, one subcommand, one man page."""
