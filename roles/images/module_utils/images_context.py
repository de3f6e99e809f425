"""The files of a build context, as Docker sees it: those that .dockerignore does not exclude.

Rules: https://docs.docker.com/build/concepts/context/#dockerignore-files and, where that page is
silent, the matcher itself (github.com/moby/patternmatcher).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

Pattern = tuple[re.Pattern[str], bool]


def parse_ignore_file(text: str) -> list[Pattern]:
    """Return a .dockerignore's patterns in their order, each with whether it is an exception."""
    patterns = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        rule = line.strip()
        exception = rule.startswith("!")
        if exception:
            rule = rule[1:].strip()
        rule = posixpath.normpath(rule).lstrip("/")
        if rule not in ("", "."):
            patterns.append((re.compile(_to_regex(rule)), exception))
    return patterns


def is_ignored(path: str, patterns: Iterable[Pattern]) -> bool:
    """Tell whether ``path`` (relative, with ``/``), or a folder that it lies in, is excluded."""
    parts = path.split("/")
    itself_and_parents = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    ignored = False
    for regex, exception in patterns:
        if exception == ignored and any(regex.match(name) for name in itself_and_parents):
            ignored = not exception
    return ignored


def context_files(context: Path) -> list[str]:
    """Return the paths in ``context`` that a build is sent, relative to it and sorted.

    Symbolic links are paths of their own and are not followed.
    """
    ignore_file = context / ".dockerignore"
    patterns = parse_ignore_file(ignore_file.read_text()) if ignore_file.is_file() else []
    return sorted(_walk(context, "", patterns))


def _walk(folder: Path, prefix: str, patterns: list[Pattern]) -> Iterator[str]:
    # With an exception anywhere, an excluded folder may still hold a wanted file.
    may_prune = not any(exception for _, exception in patterns)
    for path in folder.iterdir():
        name = prefix + path.name
        ignored = is_ignored(name, patterns)
        if path.is_dir() and not path.is_symlink():
            if not (ignored and may_prune):
                yield from _walk(path, name + "/", patterns)
        elif not ignored:
            yield name


def _to_regex(rule: str) -> str:
    regex, position = "", 0
    while position < len(rule):
        char = rule[position]
        if rule.startswith("**", position):
            position += 2
            if rule.startswith("/", position):
                position += 1
            regex += ".*" if position >= len(rule) else "(.*/)?"
            continue
        if char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "\\" and position + 1 < len(rule):
            position += 1
            regex += re.escape(rule[position])
        elif char in "[]":
            regex += char
        else:
            regex += char if char in "^-" else re.escape(char)
        position += 1
    return regex + r"\Z"
