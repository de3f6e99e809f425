"""Turns the measurements of bench/deploy/run into docs/deploy.md and its plot.

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
from goal import Goal, goals_table
from markdown import table

INK, ENGINE, COMPOSE, NEITHER = "#1c2733", "#0b7285", "#e8a33d", "#9aa5b1"
GAP_MS, ONE_SERVICE_S, NOTHING_S = 250, 40, 20
BY_COMPOSE, BY_NONE = "docker compose up -d", "nothing"
COLORS = {BY_COMPOSE: COMPOSE, BY_NONE: NEITHER}


def goals(results: dict[str, Any]) -> list[Goal]:
    """All of them."""
    deploys = {each["name"]: each for each in results["deploys"]}
    ours = [each for each in results["gaps"] if each["name"] not in COLORS]
    failed = sum(each["failed"] for each in ours)
    gap_ms = max(each["longest_gap_ms"] for each in ours)
    one_s, nothing_s = deploys["one service"]["engine_s"], deploys["nothing changed"]["whole_s"]
    return [
        Goal("failed requests while services are replaced: none", f"{failed}", failed == 0),
        Goal(f"no gap over {GAP_MS} ms", f"{gap_ms} ms", gap_ms <= GAP_MS),
        Goal(
            f"one changed service in under {ONE_SERVICE_S} s", f"{one_s} s", one_s < ONE_SERVICE_S
        ),
        Goal(f"nothing changed in under {NOTHING_S} s", f"{nothing_s} s", nothing_s < NOTHING_S),
    ]


def gaps_table(results: dict[str, Any]) -> str:
    """Each way to replace services under traffic."""
    return table(
        [
            "replaced by",
            "answered",
            "failed",
            "longest gap",
            "slowest answer",
            "orders",
            "lost or doubled",
        ],
        [
            [
                each["name"],
                f"{each['answered']:,}",
                f"{each['failed']:,}",
                f"{each['longest_gap_ms']:,} ms",
                f"{each['slowest_ms']:,} ms",
                each["orders"],
                each["lost_or_doubled"],
            ]
            for each in results["gaps"]
        ],
    )


def deploys_table(results: dict[str, Any]) -> str:
    """Each deploy."""
    return table(
        ["deploy", "`site.yml`", "of it the release engine", "tasks that changed something"],
        [
            [each["name"], f"{each['whole_s']} s", f"{each['engine_s']} s", each["changed"]]
            for each in results["deploys"]
        ],
    )


def backups_table(results: dict[str, Any]) -> str:
    """Each verb about backups."""
    found = results["backups"]
    per_gib = 1024 / found["mib"]
    names = {
        "backup_s": "the first backup",
        "backup_again_s": "the same again",
        "drill_s": "drill",
        "restore_s": "restore",
    }
    return table(
        ["verb", f"{found['mib']} MiB", "per GiB"],
        [[name, f"{found[key]} s", f"{found[key] * per_gib:.0f} s"] for key, name in names.items()],
    )


def draw(results: dict[str, Any], path: Path) -> None:
    """The longest gap of each way to replace services."""
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "deploy", "text.color": INK})
    figure, axes = plt.subplots(figsize=(7.2, 2.2), layout="constrained")
    rows = list(reversed(results["gaps"]))
    colors = [COLORS.get(each["name"], ENGINE) for each in rows]
    bars = axes.barh(
        [each["name"] for each in rows], [each["longest_gap_ms"] for each in rows], color=colors
    )
    labels = [f"{each['longest_gap_ms']:,} ms, {each['failed']:,} failed" for each in rows]
    axes.bar_label(bars, labels, padding=4, fontsize=8)
    axes.set_title("longest gap without an answer, ms", loc="left")
    axes.margins(x=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    nothing = results["gaps"][0]
    return f"""# Deploys and backups, measured

Printed by `bench/deploy/run` in one run on one machine: {results["machine"]}.

![Longest gap without an answer](deploy.svg)

## Goals
{goals_table(goals(results))}

## While services are replaced
All services of the site's API and of the proxy pool are replaced while visitors read, buyers order,
the pool and its gateway are asked, and downloads go on. The clients have one core; all
containers, and what replaces them, the other. The release was shipped before: a controller is
another machine. A gap is the longest in which none of the {nothing["readers"]} readers was
answered; the slowest answer is the longest that one of them waited. The traffic alone keeps the
containers' core busy for {nothing["busy_share"]:.0%} of its time; what is replaced starts on that
same core.

{gaps_table(results)}

## How long deploys take
Without building images and without the smoke tests; the engine's part has its ten seconds of
watching in it.

{deploys_table(results)}

## Backups
Random bytes, half of them rows of MariaDB and half a file among the uploads: nothing of it
compresses. A backup is read back whole after it is made; a drill restores it into a project of its
own and compares.

{backups_table(results)}
"""


def main() -> None:
    """Write the page and the plot."""
    results = json.loads(Path(sys.argv[1]).read_text())
    docs = Path(sys.argv[2])
    draw(results, docs / "deploy.svg")
    (docs / "deploy.md").write_text(page(results))
    print(page(results))


if __name__ == "__main__":
    main()
