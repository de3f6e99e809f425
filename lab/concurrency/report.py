"""Writes docs/concurrency.md and its plots from results that were just measured."""

from __future__ import annotations

import os
import platform
import textwrap
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.markdown import table
from lab.concurrency.catalogue import about
from lab.concurrency.experiment import Figures, spread
from lab.concurrency.links import explained
from lab.concurrency.run import REPOSITORY, Outcome

Loads = tuple[float, float]  # the load average at the start, and at the end
PAGE = "concurrency.md"
PLOTS = "concurrency"


def machine() -> str:
    """What the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}, {platform.python_implementation()} {platform.python_version()}"
    )


def services_python() -> str:
    """The version of CPython that the course site's API is written for, and runs on."""
    project = tomllib.loads((REPOSITORY / "services/luffy_api/pyproject.toml").read_text())
    return str(project["tool"]["mypy"]["python_version"])


def interpreters(lab: str, services: str) -> str:
    """Which CPython measured, which one serves, and what of the one holds for the other."""
    if lab.split(".")[:2] == services.split("."):
        said = f"The bundle's services run on CPython {services}, as the lab did."
    else:
        said = (
            f"The lab ran on CPython {lab}, and the bundle's services run on {services}. What "
            "follows from the GIL, from locks and from the kernel is so on both: who waits for "
            "whom, who may use how many cores, what is lost. Times, memory and bytecode are those "
            f"of {lab}, and so is how much more one way takes than another."
        )
    return textwrap.fill(said, 100)


def write(outcomes: Sequence[Outcome], docs: Path, loads: Loads, when: datetime) -> Path:
    """The page and its plots, in ``docs``; ``when`` the run began.

    Raises LabError where a setting is gone that the page would explain.
    """
    # Loading what draws takes longer than some experiments do.
    from lab.concurrency.plots import draw

    text = page(outcomes, docs, loads, when)
    (docs / PLOTS).mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        if outcome.figures:
            draw(outcome.figures, docs / PLOTS / f"{outcome.name}.svg")
    (docs / PAGE).write_text(text)
    return docs / PAGE


def page(outcomes: Sequence[Outcome], docs: Path, loads: Loads, when: datetime) -> str:
    """The whole page."""
    parts = "\n".join(section(outcome, docs) for outcome in outcomes)
    experiments = os.path.relpath(REPOSITORY / "lab/concurrency/experiments", docs)
    return f"""# Concurrency, measured

Written by `scripts/lab concurrency` on {when.astimezone(UTC):%Y-%m-%d at %H:%M} UTC, from one run
on one machine: {machine()}. Its load average was {loads[0]:.1f} at the start and
{loads[1]:.1f} at the end; where that is far above nothing, other programs had the cores as well.

{interpreters(platform.python_version(), services_python())}

Each claim was written down before it was measured, and its verdict is computed from the figures. A
ratio is taken within each round and is the median of the rounds, with the least and the greatest in
brackets: ratios say more than the figures, which are this machine's. Each experiment is a short
file, to be read from top to bottom: [lab/concurrency/experiments]({experiments}).

{summary(outcomes)}

{parts}"""


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many predictions of each experiment came true."""
    rows: list[list[object]] = []
    for outcome in outcomes:
        verdicts = outcome.verdicts
        right = sum(verdict.as_predicted for verdict in verdicts)
        found = f"{right} of {len(verdicts)}" if verdicts else "not measured"
        title = outcome.experiment.title
        rows.append([f"[{title}](#{anchor(title)})", f"`{outcome.name}`", found])
    return table(["experiment", "name", "as predicted"], rows)


def anchor(title: str) -> str:
    """A heading's address in its page."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def section(outcome: Outcome, docs: Path) -> str:
    """One experiment: what it is, what came of it, and what the bundle does about it."""
    lines = [f"## {outcome.experiment.title}", "", about(outcome.name), ""]
    if outcome.not_here:
        lines += [f"Not measured on this machine: {outcome.not_here}.", ""]
    elif outcome.problem:
        lines += [f"Not measured: {outcome.problem.splitlines()[0]}.", ""]
    if outcome.figures:
        lines += [
            verdicts_table(outcome),
            "",
            f"![{outcome.experiment.title}]({PLOTS}/{outcome.name}.svg)",
            "",
            figures_table(outcome.figures),
            "",
        ]
    if outcome.note:
        lines += ["```", textwrap.dedent(outcome.note).strip("\n"), "```", ""]
    reasons = [explained(setting, docs) for setting in outcome.experiment.settings]
    lines += ["In the bundle:", "", *(f"- {reason}" for reason in reasons), ""]
    return "\n".join(lines)


def verdicts_table(outcome: Outcome) -> str:
    """Each prediction, what was measured, and the verdict."""
    rows: list[list[object]] = [
        [verdict.prediction, verdict.measured, verdict] for verdict in outcome.verdicts
    ]
    return table(["prediction", "measured", "verdict"], rows)


def figures_table(figures: Figures) -> str:
    """All figures by what was measured, a column for each unit."""
    names = list(dict.fromkeys(name for rows in figures.values() for name in rows))
    rows: list[list[object]] = [
        [name, *(spread(found[name]) if name in found else "" for found in figures.values())]
        for name in names
    ]
    return table(["", *figures], rows)
