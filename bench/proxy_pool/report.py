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

INK, POOL, THREADS, LOOP = "#1c2733", "#0b7285", "#adb5bd", "#e8a33d"


def table(header: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


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
            "pool's verdicts beside A's",
            "pool's connections beside B's",
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
    rows: list[list[object]] = [
        [
            f"{size['proxies']:,}",
            *(
                f"{size[name]:,.0f}"
                for name in ("api_get", "api_count", "get", "count", "pop", "delete")
            ),
        ]
        for size in results["sizes"]
    ]
    return table(
        [
            "proxies",
            "`/get/` over HTTP",
            "`/count/` over HTTP",
            "get",
            "count",
            "pop",
            "delete",
        ],
        rows,
    )


def gateway_table(results: dict[str, Any]) -> str:
    """The gateway beside a direct request and beside proxy.py."""
    rows: list[list[object]] = [
        [
            row["way"],
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            f"{row['requests_per_s']:,.0f}",
            f"{row['mb_per_s']:,.0f}",
        ]
        for row in results["gateway"]
    ]
    return table(["way", "p50 ms", "p99 ms", "requests/s", "MB/s"], rows)


def memory_table(results: dict[str, Any]) -> str:
    """The largest process of each kind."""
    rows = [[row["what"], f"{row['mb']:.0f}"] for row in results["memory"]]
    return table(["process", "MB"], rows)


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
    sizes = [size["proxies"] for size in results["sizes"]]
    for name, label, color in (("api_get", "/get/", POOL), ("api_count", "/count/", LOOP)):
        right.plot(sizes, [size[name] for size in results["sizes"]], "o-", color=color, label=label)
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

Printed by `bench/proxy_pool/run` in one run on one machine: {machine}. Everything, the farm of
proxies and the programs that measure included, shared that machine and spoke over loopback, so the
ratios say more than the figures.

![Checks a second, and requests a second by the pool's size](proxy_pool.svg)

## Checks a second
A is the tutorials' way: `requests` in 20 threads, one request over HTTP and one over HTTPS for each
proxy. B is the ceiling: a bare asyncio and uvloop loop that connects, sends and reads. The pool's
figure counts whole verdicts, from candidates in Redis to records in Redis.

{checks_table(results)}

## Found, beside what was planted
{truth_table(results)}

## The store and the API by size
Requests a second; HTTP against one API process, the others straight at the store.

{store_table(results)}

{results["pop_sentence"]}

## The gateway
{gateway_table(results)}

## Memory
With 100,000 known proxies; the largest process of each kind.

{memory_table(results)}

{results["soak_sentence"]}
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
