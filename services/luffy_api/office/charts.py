"""Charts as plain shapes: templates draw them as SVG, so the pages need no script for them.

A shape has its place in a drawing that is stretched to whatever width the page has; so no text
stands within it. Every chart has its numbers in a table beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format

HEIGHT = 100
STEP = 10
"""From one column to the next, in the drawing's own units."""
_GAP = 2

Number = int | Decimal


@dataclass(frozen=True)
class Column:
    """A day's column: where it stands, and what it says."""

    label: str
    shown: str
    x: int
    y: float
    height: float
    width: int = STEP - _GAP


@dataclass(frozen=True)
class DayChart:
    """Columns for days in a row; `highest` is how much the tallest says."""

    title: str
    total: str
    highest: str
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Of the drawing."""
        return STEP * len(self.columns)

    @property
    def height(self) -> int:
        """Of the drawing."""
        return HEIGHT

    @property
    def first(self) -> str:
        """The first day."""
        return self.columns[0].label if self.columns else ""

    @property
    def last(self) -> str:
        """The last day."""
        return self.columns[-1].label if self.columns else ""


@dataclass(frozen=True)
class Bar:
    """A row with its share of the longest one, in percent."""

    label: str
    shown: str
    share: float


def day_chart(
    title: str, days: Sequence[tuple[date, Number]], show: Callable[[Number], str]
) -> DayChart:
    """Columns for `days`; `show` writes a number as people read it."""
    highest = max((value for _day, value in days), default=0)
    return DayChart(
        title=title,
        total=show(sum((value for _day, value in days), start=0)),
        highest=show(highest),
        columns=tuple(
            _column(place, day, value, highest, show) for place, (day, value) in enumerate(days)
        ),
    )


def bars(rows: Sequence[tuple[str, Number]], show: Callable[[Number], str]) -> list[Bar]:
    """Bars for `rows`, the longest over the whole width."""
    longest = max((value for _label, value in rows), default=0)
    return [Bar(label, show(value), _share(value, longest)) for label, value in rows]


def _column(
    place: int, day: date, value: Number, highest: Number, show: Callable[[Number], str]
) -> Column:
    height = _share(value, highest)
    return Column(
        label=date_format(day, "MONTH_DAY_FORMAT"),
        shown=show(value),
        x=place * STEP + _GAP // 2,
        y=round(HEIGHT - height, 2),
        height=height,
    )


def _share(value: Number, most: Number) -> float:
    if value <= 0 or most <= 0:
        return 0.0
    return round(float(value / most) * 100, 2)
