"""Goals that something is measured by, beside what was measured."""

from dataclasses import dataclass

from markdown import table

_NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Goal:
    """One goal. What has no figure was not measured, and is not reached."""

    name: str
    figure: str = _NOT_MEASURED
    reached: bool = False


def at_least(name: str, figures: list[float], least: float, unit: str) -> Goal:
    """The lowest of the figures must reach `least`."""
    if not figures:
        return Goal(name)
    digits = 1 if max(figures) < 1000 else 0
    shown = " and ".join(f"{figure:,.{digits}f}" for figure in figures)
    return Goal(name, f"{shown}{unit}", min(figures) >= least)


def goals_table(goals: list[Goal]) -> str:
    """Each goal, what was measured, and whether that reaches it."""
    rows: list[list[object]] = [
        [goal.name, goal.figure, "yes" if goal.reached else "no"] for goal in goals
    ]
    return table(["goal", "measured", "reached"], rows)
