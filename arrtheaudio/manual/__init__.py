"""Man pages and completions, printed from the code: `python -m arrtheaudio.manual [FOLDER]` writes them.

What is printed twice is printed by the program; a test compares. Pages carry no date: the same code, the same
page.
"""

from arrtheaudio.manual import bash, command_page, config_page, fish, record_page, zsh
from arrtheaudio.manual.declared import everything

SHELLS = {"bash": ("arrtheaudio.bash", bash), "zsh": ("_arrtheaudio", zsh), "fish": ("arrtheaudio.fish", fish)}


def files() -> dict[str, str]:
    """Return every generated file: its path from the project's root, and its text."""
    root = everything()
    pages = {f"man/{command.page}.1": command_page.page(command, root) for command in (root, *root.commands)}
    pages |= {"man/arrtheaudio-config.5": config_page.page(), "man/arrtheaudio-record.5": record_page.page()}
    return pages | {f"completions/{name}": shell.script(root) for name, shell in SHELLS.values()}


__all__ = ["SHELLS", "everything", "files"]
