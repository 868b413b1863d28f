"""Globs of whole paths, as the configuration has them."""

import re
from functools import lru_cache

# `/**` before a slash stands for any number of folders, none too.
_SPECIAL = re.compile(r"((?:/\*\*)+(?=/)|\*\*+|\*|\?)")


def matches(glob: str, path: str) -> bool:
    """Say whether the whole path fits: `*` and `?` stay within a folder, `**` does not, brackets are just brackets."""
    return _compiled(glob).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile("".join(map(_translated, _SPECIAL.split(glob))), re.DOTALL)


def _translated(part: str) -> str:
    if part.startswith("/**"):
        return "(?:/.*)?"
    if part.startswith("**"):
        return ".*"
    return {"*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
