"""How far a long command has come: a bar at a terminal, a line every few seconds elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_LINE_EVERY_S = 10.0


class Progress:
    """Counts steps to `total` on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._working = 0
        self._last_line = time.monotonic()
        self._bar = _bar() if sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._task = self._bar.add_task("checking", total=self._total, working=0)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._done:
            self._print()

    def step(self, working: int) -> None:
        """One more is done; `working` of all so far work."""
        self._done += 1
        self._working = working
        if self._bar is not None:
            self._bar.update(self._task, advance=1, working=working)
        elif time.monotonic() - self._last_line >= _LINE_EVERY_S:
            self._print()

    def _print(self) -> None:
        self._last_line = time.monotonic()
        line = f"checked {self._done} of {self._total}, {self._working} work"
        print(line, file=sys.stderr, flush=True)


def _bar() -> "Bar":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[working]} work"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
