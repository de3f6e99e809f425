"""Lighthouse, in a container beside the browser that it measures with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.browser.luffycity import stack

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMEOUT_S = 300


@dataclass
class Measured:
    """What came of one page, in one or more runs."""

    scores: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in CATEGORIES})
    """Of each category, 0 to 100, one for each run."""
    faults: list[str] = field(default_factory=list)
    """What took points in the last run."""

    def score(self, category: str) -> float:
        """The median of the runs."""
        return median(self.scores[category])

    def below(self, least: int) -> dict[str, list[int]]:
        """The categories whose median is below `least`, with the scores of each run."""
        return {name: runs for name, runs in self.scores.items() if median(runs) < least}

    def add(self, report: dict[str, Any]) -> None:
        """Take in one run."""
        for name, score in report["scores"].items():
            self.scores[name].append(score)
        self.faults = [json.dumps(fault, ensure_ascii=False) for fault in report["faults"]]


def run(image: str, port: int, pages: dict[str, str]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Measure pages (URLs by name) once each in the browser whose debugging port that is."""
    ended = subprocess.run(
        [
            *("docker", "run", "--rm", "--interactive"),
            *("--network", f"container:{stack.container('edge')}", image),
        ],
        input=json.dumps({"port": port, "pages": pages}),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert ended.returncode == 0, f"Lighthouse: {ended.stdout}{ended.stderr}"
    for line in ended.stdout.splitlines():
        report = json.loads(line)
        yield report["page"], report
