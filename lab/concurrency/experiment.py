"""What an experiment is: predictions first, then figures, and verdicts computed from both."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

# By unit, by what was measured, one figure for each round.
Figures = dict[str, dict[str, list[float]]]


# By these the run tells its experiment's process, in its environment, which others cannot read.
TOKEN, REDIS_URL = "LAB_RUN", "LAB_REDIS_URL"


def own_name(token: str, name: str) -> str:
    """The name of a thing of one run, by which it is found and removed if it is left."""
    return f"lab-{token}-{name}"


@dataclass(frozen=True)
class Setting:
    """A setting of the bundle that an experiment explains: the one line of ``file`` with ``text``.

    ``why`` is Markdown; ``{line}`` in it becomes the link.
    """

    why: str
    file: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """A prediction beside what was measured."""

    prediction: str
    measured: str
    as_predicted: bool
    needs_idle_cores: bool = False

    def __str__(self) -> str:
        """One of two words, whichever is so."""
        return "as predicted" if self.as_predicted else "otherwise"


@dataclass(frozen=True)
class Prediction:
    """Where a figure will lie.

    With ``over``, the figure is a ratio within each round, and the median of the rounds counts:
    what else the machine did in a round fell on both. Without, every round has to keep the bounds,
    or with ``by_median`` their median.
    ``needs_idle_cores``: another program that takes the cores can turn it around.
    """

    says: str
    unit: str
    of: str
    over: str = ""
    at_least: float | None = None
    at_most: float | None = None
    by_median: bool = False
    needs_idle_cores: bool = False

    def values(self, figures: Figures) -> list[float]:
        """What counts, for each round. Raises KeyError where it was not measured."""
        tops = figures[self.unit][self.of]
        if not self.over:
            return tops
        return [top / low for top, low in zip(tops, figures[self.unit][self.over], strict=True)]

    def verdict(self, figures: Figures) -> Verdict:
        """What the figures make of it."""
        values = self.values(figures)
        counted = [statistics.median(values)] if self.over or self.by_median else values
        low = float("-inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        unit = "times" if self.over else self.unit
        return Verdict(
            f"{self.says} (Needs idle cores.)" if self.needs_idle_cores else self.says,
            f"{spread(values)} {unit}",
            all(low <= value <= high for value in counted),
            self.needs_idle_cores,
        )


@dataclass(frozen=True)
class Run:
    """How an experiment is to be made."""

    quick: bool = False
    redis_url: str = ""
    token: str = ""

    def own(self, name: str) -> str:
        """What this run names a thing that others can see."""
        return own_name(self.token, name)

    @property
    def rounds(self) -> int:
        """How often each thing is measured."""
        return 3 if self.quick else 5


@dataclass(frozen=True)
class Measured:
    """What an experiment found; ``note`` is text to be shown as it is, such as a log line."""

    figures: Figures
    note: str = ""


@dataclass(frozen=True)
class Experiment:
    """A question to the machine. ``limit_s`` is for the whole of it, on a busy machine."""

    title: str
    predictions: tuple[Prediction, ...]
    measure: Callable[[Run], Measured]
    limit_s: float
    settings: tuple[Setting, ...] = field(default=())
    needs_redis: bool = False


def figure(value: float) -> str:
    """A number with as many digits as say something."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: list[float]) -> str:
    """The median of all rounds, and between what they lay."""
    low, high = figure(min(values)), figure(max(values))
    middle = figure(statistics.median(values))
    return middle if low == high else f"{middle} ({low} to {high})"
