"""`python -m arrtheaudio`."""

from arrtheaudio.cli import main

main()
