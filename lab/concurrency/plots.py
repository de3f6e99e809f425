"""A picture of what an experiment measured: a bar for each way, a panel for each unit."""

from __future__ import annotations

import statistics
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

from lab.concurrency.experiment import Figures, figure

INK, BAR, SPREAD = "#1c2733", "#0b7285", "#e8a33d"
# Beyond this ratio the smaller bars could not be seen on a linear axis.
_LOGARITHMIC_FROM = 30


def draw(figures: Figures, path: Path) -> None:
    """Medians as bars, and from the least to the greatest of the rounds as a line."""
    plt.rcParams.update(
        {"font.size": 9, "svg.hashsalt": path.stem, "svg.fonttype": "none", "text.color": INK}
    )
    # A panel without a bar would say nothing.
    figures = {unit: rows for unit, rows in figures.items() if any(map(any, rows.values()))}
    ways = [len(rows) for rows in figures.values()]
    height = sum(ways) * 0.28 + len(ways) * 0.55
    panels, axes = plt.subplots(
        len(figures),
        figsize=(7.2, height),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"height_ratios": ways},
    )
    for axis, (unit, rows) in zip(axes[:, 0], figures.items(), strict=True):
        names = list(rows)[::-1]
        middles = [statistics.median(rows[name]) for name in names]
        axis.barh(names, middles, color=BAR, height=0.6)
        for place, name in enumerate(names):
            axis.plot([min(rows[name]), max(rows[name])], [place, place], color=SPREAD, lw=2)
            axis.annotate(
                f" {figure(middles[place])}", (max(rows[name]), place), va="center", fontsize=8
            )
        if min(middles) > 0 and max(middles) / min(middles) > _LOGARITHMIC_FROM:
            axis.set_xscale("log")
            axis.margins(x=0.12)
        else:
            axis.set_xlim(0, 1.12 * max(map(max, rows.values())))
        axis.set_title(unit, loc="left", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    panels.savefig(path, metadata={"Date": None})
    plt.close(panels)
