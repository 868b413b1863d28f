"""`python -m arrtheaudio.manual [FOLDER]`: write the generated files below a folder, the project's root."""

import os
import sys

from arrtheaudio.manual import files


def main(root: str) -> None:
    """Write every generated file below `root`."""
    for path, text in files().items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
