"""Which contents of an owner's files it was told of while it ran.

An owner that accepts a secret's new value already need not be replaced because its file says so:
the new content counts as the one that the container was started with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.layout import read_json
from engine.trees import sha256, write_file

NAME = ".told.json"
MODE = 0o400

Told = dict[str, dict[str, str]]
"""By a file's name: what stands for a content, by the content's hash."""


def read_told(folder: Path) -> Told:
    """What was told of the secrets in that folder."""
    return {file: dict(marks) for file, marks in read_json(folder / NAME).items()}


def remember_told(
    folder: Path, told: Told, old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> None:
    """Write down that a change of these files, by their names, replaces nobody.

    Both count as the old one did until `forget_old` is called.
    """
    changed = dict(told)
    for file, content in new.items():
        was = sha256(old[file])
        mark = told.get(file, {}).get(was, was)
        changed[file] = {was: mark, sha256(content): mark}
    _write(folder, changed)


def forget_old(folder: Path, values: Mapping[str, bytes]) -> None:
    """From now on the old content of these files is another one, as that of any other file."""
    changed = read_told(folder)
    for file, content in values.items():
        found = sha256(content)
        mark = changed.get(file, {}).get(found, found)
        # Who puts the old one back by hand has the owner replaced: it was told of the new one.
        changed[file] = {found: mark, **({mark: sha256(mark.encode())} if mark != found else {})}
    _write(folder, changed)


def _write(folder: Path, told: Told) -> None:
    write_file(folder / NAME, json.dumps(told, indent=2, sort_keys=True).encode(), MODE)
