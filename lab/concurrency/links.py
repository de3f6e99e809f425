"""Links to the lines where the settings stand that the experiments explain."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lab.concurrency.experiment import Setting
from lab.errors import LabError

REPOSITORY = Path(__file__).resolve().parents[2]
_LINK = r"\[[^\]\n]+:\d+\]\([^)\n]+#L\d+\)"


def line_of(setting: Setting, repository: Path = REPOSITORY) -> int:
    """The line's number, from 1. Raises LabError where the setting is gone, or stands twice."""
    path = repository / setting.file
    lines = path.read_text().splitlines() if path.is_file() else []
    numbers = [number for number, line in enumerate(lines, 1) if setting.text in line]
    if len(numbers) != 1:
        raise LabError(
            setting.file,
            expected=f"one line with {setting.text}",
            found=f"lines {', '.join(map(str, numbers))}" if numbers else "none",
            do="change the setting that the experiment names, in lab/concurrency/experiments",
        )
    return numbers[0]


def explained(setting: Setting, docs: Path, repository: Path = REPOSITORY) -> str:
    """Why the setting is as it is, with a link to it from a page in ``docs``."""
    number = line_of(setting, repository)
    target = os.path.relpath(repository / setting.file, docs)
    return setting.why.replace("{line}", f"[{setting.file}:{number}]({target}#L{number})")


def renewed(page: str, settings: list[Setting], docs: Path) -> str:
    """The page with its links leading to where the settings stand now."""
    for setting in settings:
        before, after = (re.escape(part) for part in setting.why.split("{line}"))
        now = explained(setting, docs).replace("\\", r"\\")
        page = re.sub(before + _LINK + after, now, page)
    return page
