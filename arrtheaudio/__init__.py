"""Sets the right default audio track of MKV and MP4 files, in place, undoable to the byte."""

__version__ = "0.1.0"
