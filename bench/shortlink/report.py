"""Turns the measurements of bench/shortlink/run into docs/shortlink.md."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from goal import Goal, at_least, goals_table
from markdown import table

NAMES = {
    "bare": "the bare framework",
    "popular": "links that Redis has",
    "others": "other links, one after another",
    "without redis": "without Redis",
}
LEAST = 50
"""So many per cent of the bare framework's redirects are to be reached."""
FLAT = 20
"""So many per cent may the slower size be behind the faster."""


def share(figures: dict[str, Any], case: str) -> float:
    """Redirects a second as per cent of the bare framework's, in the same rounds."""
    return float(figures[case]["per_s"] / figures["bare"]["per_s"] * 100)


def goals(results: dict[str, Any]) -> list[Goal]:
    """All of them."""
    shares = [share(size["figures"], "popular") for size in results["sizes"]]
    apart = (1 - min(shares) / max(shares)) * 100
    name = f"{NAMES['popular']}: at least {LEAST} % of the bare framework at each size"
    same = f"{NAMES['popular']}: the same at all sizes within {FLAT} %, beside the bare framework"
    return [at_least(name, shares, LEAST, " %"), Goal(same, f"{apart:.0f} %", apart <= FLAT)]


def sizes_table(results: dict[str, Any]) -> str:
    """Each case at each size."""
    rows: list[list[object]] = []
    for case, name in NAMES.items():
        for size in results["sizes"]:
            if case not in size["figures"]:
                continue  # so few links have no others
            figures = size["figures"][case]
            rows.append(
                [
                    name,
                    f"{size['links']:,}",
                    f"{figures['per_s']:,.0f}",
                    f"{share(size['figures'], case):.0f} %",
                    f"{figures['p50_ms']:.1f}",
                    f"{figures['p99_ms']:.1f}",
                ]
            )
    header = ["what is asked for", "links", "redirects/s", "of the bare framework"]
    return table([*header, "p50 ms", "p99 ms"], rows)


def failures_sentence(results: dict[str, Any]) -> str:
    """Every answer that was no redirect, and where it came from."""
    answers = 0
    failed = []
    for size in results["sizes"]:
        for case, figures in size["figures"].items():
            answers += figures["answers"]
            failed += [
                f"{count:,} times {status} by {NAMES[case]} ({size['links']:,} links)"
                for status, count in figures["not_302"].items()
            ]
    if not failed:
        return f"All of {answers:,} answers were redirects."
    return f"Of {answers:,} answers, all were redirects but these: {'; '.join(failed)}."


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    return f"""# Short links, measured

Printed by `bench/shortlink/run` in one run on one machine: {results["machine"]}. The ratios say
more than the figures. {results["clients"]} callers keep their connections; cases are asked in
turns, and a rate is the median of the rounds. Each service has 2 processes.

## Goals
{goals_table(goals(results))}

## By the number of links
The bare framework is Starlette on the same uvicorn, with one plain route, as the service's own is,
that redirects to the same page whatever is asked for: it looks nothing up, counts nothing, and
neither limits nor logs. A thousand popular links are in Redis. Where there are more, up to 299,000
others, chosen by chance, are asked for one after another: the first time each comes from MariaDB,
and a copy goes to Redis. Without Redis every redirect of a popular link asks MariaDB.

{sizes_table(results)}

{failures_sentence(results)}
"""


def write(results: Path, to: Path) -> None:
    """Write the page."""
    to.write_text(page(json.loads(results.read_text())))
    print(to.read_text())
