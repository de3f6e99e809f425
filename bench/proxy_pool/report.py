"""Turns the measurements of bench/proxy_pool/run into docs/proxy_pool.md and its plot.

report.py RESULTS_JSON DOCS_DIRECTORY
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from goals import goals

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from goal import goals_table
from markdown import table

INK, POOL, THREADS, LOOP = "#1c2733", "#0b7285", "#adb5bd", "#e8a33d"


def by_count(numbers: dict[str, int]) -> str:
    """Names with their numbers, the largest first."""
    ordered = sorted(numbers.items(), key=lambda item: -item[1])
    return ", ".join(f"`{name}` {number:,}" for name, number in ordered) or "none"


def ratio(numerator: float, denominator: float) -> str:
    """`numerator` as a multiple of `denominator`, or as per cent of it below 1."""
    value = numerator / denominator
    return f"{value:.0f} times" if value >= 2 else f"{value * 100:.0f} %"


def checks_table(results: dict[str, Any]) -> str:
    """Checks a second, beside both baselines."""
    rows: list[list[object]] = []
    for case in results["checks"]:
        pool, loop, threads = case["pool"], case["loop"], case["threads"]
        rows.append(
            [
                case["name"],
                f"{case['in_flight']:,}",
                f"{threads['verdicts_per_s']:,}",
                f"{loop['connections_per_s']:,}",
                f"{pool['verdicts_per_s']:,}",
                f"{pool['connections_per_s']:,}",
                ratio(pool["verdicts_per_s"], threads["verdicts_per_s"]),
                ratio(pool["connections_per_s"], loop["connections_per_s"]),
            ]
        )
    return table(
        [
            "proxies",
            "in flight",
            "A: requests, 20 threads, verdicts/s",
            "B: bare loop, connections/s",
            "pool, verdicts/s",
            "pool, connections/s",
            "verdicts beside A's",
            "connections beside B's",
        ],
        rows,
    )


def truth_table(results: dict[str, Any]) -> str:
    """What was planted beside what was found."""
    truth = results["truth"]
    rows = [
        [name, value["planted"], value["right"], value["wrong"]] for name, value in truth.items()
    ]
    return table(["property", "planted", "found right", "wrong"], rows)


def store_table(results: dict[str, Any]) -> str:
    """The API and the store at four sizes."""
    flat = results["sizes"]["store"]["flat"]
    rows: list[list[object]] = [
        [
            f"{size['proxies']:,}",
            f"{size['get']:,.0f}",
            f"{size['count']:,.0f}",
            *(
                f"{flat[name]['median_us'][str(size['proxies'])]:,.0f}"
                for name in ("get", "count", "pop", "delete")
            ),
        ]
        for size in results["sizes"]["api"]
    ]
    return table(
        [
            "proxies",
            "`/get/`, requests/s",
            "`/count/`, requests/s",
            "get, µs",
            "count, µs",
            "pop, µs",
            "delete, µs",
        ],
        rows,
    )


def store_sentence(results: dict[str, Any]) -> str:
    """What holds at any size."""
    store = results["sizes"]["store"]
    pop, deleted = store["pop"], store["delete_under_check"]
    return (
        f"{pop['clients']} clients that popped the pool empty at once were given "
        f"{pop['popped']:,} proxies, {pop['duplicates']} of them twice. Of {deleted['deleted']:,} "
        f"proxies deleted while they were checked, {deleted['returned']} came back."
    )


def gateway_table(results: dict[str, Any]) -> str:
    """The gateway beside a direct request, its upstream alone, and proxy.py."""
    names = ("p50_ms", "p99_ms", "requests_per_s", "mb_per_s")
    rows: list[list[object]] = [
        [
            row["way"],
            *(f"{row[name]:,.2f}" if "ms" in name else f"{row[name]:,.0f}" for name in names),
        ]
        for row in results["gateway"]
    ]
    return table(["way", "p50 ms", "p99 ms", "requests/s", "MB/s, one download"], rows)


def gateway_sentence(results: dict[str, Any]) -> str:
    """What the gateway adds to the latency of the upstream alone."""
    rows = {row["way"]: row for row in results["gateway"]}
    alone, through = rows["upstream alone"], rows["gateway, over that upstream"]
    p50, p99 = (through[name] - alone[name] for name in ("p50_ms", "p99_ms"))
    return f"The gateway adds {p50:.2f} ms to its upstream's p50, and {p99:.2f} ms to its p99."


def memory_sentence(results: dict[str, Any]) -> str:
    """The largest process at work on a full pool, and whether it grows."""
    memory = results["memory"]
    standing = memory.get("most_connections")
    text = (
        f"With 100,000 known proxies and {memory['most_handed_out']:,} of them handed out at once, "
        f"the largest checker process had {memory['largest_process_mb']:.0f} MB"
        f"{'' if standing is None else f'; at most {standing:,} connections stood at once'}. "
        f"Verdicts by reason: {by_count(memory['reasons'])}."
    )
    if soak := results.get("soak"):
        parts = [
            f"{name} {part['mb']['second_quarter']:.0f} and {part['mb']['last_quarter']:.0f} MB"
            for name, part in soak["processes"].items()
        ]
        text += (
            f" A soak of {soak['minutes']:.0f} minutes, by the medians of its second and of its "
            f"last quarter: {', '.join(parts)}. All the while a client asked the API and, through "
            f"the gateway, a site: both answered {soak['answered']:,} of {soak['asked']:,} times "
            f"({soak['answered'] / max(1, soak['asked']):.1%})."
        )
    return text


def draw(results: dict[str, Any], path: Path) -> None:
    """Two panels: checks a second on a logarithmic scale, and the API's flatness by size."""
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "proxy_pool", "text.color": INK})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.6), layout="constrained")
    cases = results["checks"]
    for offset, (label, color, key, field) in enumerate(
        (
            ("requests, 20 threads (verdicts)", THREADS, "threads", "verdicts_per_s"),
            ("bare loop (connections)", LOOP, "loop", "connections_per_s"),
            ("pool (verdicts, store included)", POOL, "pool", "verdicts_per_s"),
        )
    ):
        places = [index + (offset - 1) * 0.27 for index in range(len(cases))]
        values = [case[key][field] for case in cases]
        bars = left.bar(places, values, 0.25, color=color, label=label)
        left.bar_label(bars, [f"{value:,.0f}" for value in values], padding=1, fontsize=7)
    left.set_yscale("log")
    left.set_ylim(top=left.get_ylim()[1] * 6)
    left.set_xticks(range(len(cases)), [case["short"] for case in cases])
    left.set_title("checks a second", loc="left")
    left.legend(frameon=False, fontsize=7, loc="upper left")
    measured = results["sizes"]["api"]
    sizes = [size["proxies"] for size in measured]
    for name, color in (("get", POOL), ("count", LOOP)):
        right.plot(sizes, [size[name] for size in measured], "o-", color=color, label=f"/{name}/")
    right.set_xscale("log")
    right.set_ylim(bottom=0)
    right.set_xlabel("proxies in the pool")
    right.set_title("requests a second, one API process", loc="left")
    right.legend(frameon=False, loc="lower left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    machine = results["machine"]
    return f"""# The proxy pool, measured

Printed by `bench/proxy_pool/run`, each table in one run (`--only` measures a part again) on one
machine: {machine}. Everything, the farm of
proxies and the programs that measure included, shared that machine and spoke over loopback, so the
ratios say more than the figures.

![Checks a second, and requests a second by the pool's size](proxy_pool.svg)

## Goals
A and B are explained below.

{goals_table(goals(results))}

## Checks a second
A is the tutorials' way: `requests` in 20 threads, one request over HTTP and one over HTTPS for each
proxy. B is the ceiling: a bare asyncio and uvloop loop that connects, sends and reads. The pool's
verdicts are whole ones, from candidates in Redis to records in Redis; one may take several
connections, and those are counted by the kernel.

{checks_table(results)}

## Found, beside what was planted
{truth_table(results)}

## The store and the API by size
Requests a second of one API process over HTTP, and medians straight at the store.

{store_table(results)}

{store_sentence(results)}

## The gateway
{gateway_table(results)}

{gateway_sentence(results)}

## Memory
{memory_sentence(results)}
"""


def main() -> None:
    """Write the page and the plot."""
    results = json.loads(Path(sys.argv[1]).read_text())
    docs = Path(sys.argv[2])
    draw(results, docs / "proxy_pool.svg")
    (docs / "proxy_pool.md").write_text(page(results))
    print(page(results))


if __name__ == "__main__":
    main()
