"""Turns the measurements of bench/luffy_api/run into docs/luffy_api.md and its plot.

report.py RESULTS_JSON DOCS_DIRECTORY
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from goal import Goal, at_least, goals_table
from markdown import table

INK, API, BARE, SLOW = "#1c2733", "#0b7285", "#adb5bd", "#e8a33d"
NAMES = {
    "bare": "a bare view of Django",
    "list": "course list",
    "list, no cache": "the same list, built from the database",
    "course": "one course",
    "search": "search",
    "order": "placing an order",
    "waiting": "waiting 50 ms for a service of others",
}
FLAT = 20
"""So many per cent may the slowest size be behind the fastest."""
LEAST = 60
"""So many per cent of the bare view are to be reached."""


def share(figures: dict[str, Any], case: str) -> float:
    """Requests a second as per cent of the bare view's, in the same rounds."""
    return float(figures[case]["per_s"] / figures["bare"]["per_s"] * 100)


def goals(results: dict[str, Any]) -> list[Goal]:
    """All of them."""
    sizes = [size["figures"] for size in results["sizes"]]
    found = []
    for case in ("list", "course"):
        shares = [share(figures, case) for figures in sizes]
        name = f"{NAMES[case]}: at least {LEAST} % of the bare view at each size"
        found.append(at_least(name, shares, LEAST, " %"))
    for case in ("list", "course"):
        shares = [share(figures, case) for figures in sizes]
        apart = (1 - min(shares) / max(shares)) * 100
        name = f"{NAMES[case]}: the same at all sizes within {FLAT} %, beside the bare view"
        found.append(Goal(name, f"{apart:.0f} %", apart <= FLAT))
    return found


def sizes_table(results: dict[str, Any]) -> str:
    """Each case at each size."""
    rows: list[list[object]] = []
    for case, name in NAMES.items():
        for size in results["sizes"]:
            figures = size["figures"].get(case)
            if figures is None:
                continue
            queries = size["queries"][case]
            rows.append(
                [
                    name,
                    f"{size['courses']:,}",
                    f"{figures['per_s']:,.0f}",
                    f"{share(size['figures'], case):.0f} %",
                    f"{figures['p50_ms']:.1f}",
                    f"{figures['p99_ms']:.1f}",
                    queries["warm"],
                    queries["cold"],
                ]
            )
    return table(
        [
            "what is asked for",
            "courses",
            "requests/s",
            "of the bare view",
            "p50 ms",
            "p99 ms",
            "queries",
            "queries, cache empty",
        ],
        rows,
    )


def models_table(results: dict[str, Any]) -> str:
    """Each worker model, and what it answers a second."""
    models = results["models"]
    cases = list(models[0]["figures"])
    best = {
        case: max(model["figures"][case]["per_s"] for model in models) for case in cases
    }  # fmt: skip
    rows: list[list[object]] = []
    for model in models:
        cells: list[object] = [model["name"], f"`{model['class']}`", f"{model['memory_mb']:.0f}"]
        for case in cases:
            figures = model["figures"][case]
            text = f"{figures['per_s']:,.0f} ({figures['p99_ms']:.0f})"
            # Within what the rounds of one model differ by, none wins.
            cells.append(f"**{text}**" if figures["per_s"] >= 0.95 * best[case] else text)
        rows.append(cells)
    return table(["workers", "class", "MB", *(NAMES[case] for case in cases)], rows)


def failures_sentence(results: dict[str, Any]) -> str:
    """Every answer that was not 200, and where it came from."""
    parts = {f"{size['courses']:,} courses": size["figures"] for size in results["sizes"]}
    parts |= {
        f"{model['name']}, `{model['class']}`": model["figures"] for model in results["models"]
    }
    answers = sum(case["answers"] for cases in parts.values() for case in cases.values())
    failed = [
        f"{count:,} times {status} by {NAMES[case]} ({part})"
        for part, cases in parts.items()
        for case, figures in cases.items()
        for status, count in figures["not_200"].items()
    ]
    if not failed:
        return f"All of {answers:,} answers were 200."
    return f"Of {answers:,} answers, all were 200 but these: {'; '.join(failed)}."


def draw(results: dict[str, Any], path: Path) -> None:
    """Requests a second by the number of courses."""
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "luffy_api", "text.color": INK})
    figure, axes = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
    sizes = [size["courses"] for size in results["sizes"]]
    for case, color, style in (
        ("bare", BARE, "o-"),
        ("list", API, "o-"),
        ("course", API, "s--"),
        ("search", SLOW, "s--"),
        ("list, no cache", SLOW, "o-"),
    ):
        rates = [size["figures"][case]["per_s"] for size in results["sizes"]]
        axes.plot(sizes, rates, style, color=color, label=NAMES[case])
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("courses")
    axes.set_title("requests a second", loc="left")
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    return f"""# The course site's API, measured

Printed by `bench/luffy_api/run` in one run on one machine: {results["machine"]}. The ratios say
more than the figures. Each request has a connection of its own, as the edge makes them; cases are
asked in turns, and a rate is the median of the rounds.

![Requests a second by the number of courses](luffy_api.svg)

## Goals
{goals_table(goals(results))}

## By the number of courses
8 callers, 2 processes of 4 threads. The bare view runs in the same processes, behind the same
middleware, and answers a page of courses from its memory. "Queries" are MariaDB's for one request,
with its answer in the cache where it has one, and with the cache empty.

{sizes_table(results)}

## Worker models
Requests a second, and in brackets the 99th percentile in milliseconds, of 32 callers at
{results["models_at"]:,} courses. Within 5 % of the best is bold. Greenlets ask the database by
PyMySQL: mysqlclient waits in C, where no other greenlet gets its turn.

{models_table(results)}

{failures_sentence(results)}
"""


def main() -> None:
    """Write the page and the plot."""
    results = json.loads(Path(sys.argv[1]).read_text())
    docs = Path(sys.argv[2])
    draw(results, docs / "luffy_api.svg")
    (docs / "luffy_api.md").write_text(page(results))
    print(page(results))


if __name__ == "__main__":
    main()
