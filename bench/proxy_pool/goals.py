"""The goals that the pool is measured by, beside what was measured."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from goal import Goal, at_least

_MIX, _LIVE, _CONNECT = "hanging:50,dead:40,no-https:10", "no-https:1", "connect-only:1"
_IN_FLIGHT = 5000


def goals(results: dict[str, Any]) -> list[Goal]:
    """All of them, in the order in which the page has their tables."""
    return [
        *_check_goals(results.get("checks", [])),
        *_truth_goals(results.get("truth", {})),
        *_size_goals(results.get("sizes", {})),
        _memory_goal(results.get("memory", {})),
        _soak_goal(results.get("soak", {})),
    ]


def _check_goals(cases: list[dict[str, Any]]) -> list[Goal]:
    def speeds(mix: str) -> list[float]:
        return [case["pool"]["verdicts_per_s"] for case in cases if case["mix"] == mix]

    def shares(mix: str) -> list[float]:
        """Connections a second as per cent of B's."""
        return [
            case["pool"]["connections_per_s"] / case["loop"]["connections_per_s"] * 100
            for case in cases
            if case["mix"] == mix
        ]

    times = [
        case["pool"]["verdicts_per_s"] / case["threads"]["verdicts_per_s"]
        for case in cases
        if case["mix"] == _MIX
    ]
    return [
        at_least("mix: at least 50 times A's verdicts/s", times, 50, " times"),
        at_least("mix: at least 60 % of B's connections/s", shares(_MIX), 60, " %"),
        at_least("live, plain: at least 2,000 verdicts/s", speeds(_LIVE), 2000, ""),
        at_least("live, plain: at least 60 % of B's connections/s", shares(_LIVE), 60, " %"),
        at_least("CONNECT with verified TLS: at least 500 verdicts/s", speeds(_CONNECT), 500, ""),
    ]


def _truth_goals(truth: dict[str, Any]) -> list[Goal]:
    found = []
    for name, row in (
        ("no live one that was planted is missed", "live ones, found"),
        (
            "no dead, hanging or false one that was planted is accepted",
            "dead, hanging and false ones, kept out",
        ),
    ):
        counts = truth.get(row)
        if counts is None:
            found.append(Goal(name))
            continue
        figure = f"{counts['wrong']:,} of {counts['planted']:,}"
        found.append(Goal(name, figure, counts["planted"] > 0 and counts["wrong"] == 0))
    return found


def _size_goals(sizes: dict[str, Any]) -> list[Goal]:
    return [*_api_goals(sizes.get("api", [])), *_store_goals(sizes.get("store", {}))]


def _api_goals(api: list[dict[str, float]]) -> list[Goal]:
    flat = "`/get/` and `/count/`: requests/s at all sizes within 20 %"
    fast = "`/get/`: at least 5,000 requests/s at any size"
    if not api:
        return [Goal(flat), Goal(fast)]
    rates = {name: [size[name] for size in api] for name in ("get", "count")}
    apart = {name: (1 - min(found) / max(found)) * 100 for name, found in rates.items()}
    figure = f"{apart['get']:.0f} % and {apart['count']:.0f} %"
    return [
        Goal(flat, figure, max(apart.values()) <= 20),
        at_least(fast, [min(rates["get"])], 5000, ""),
    ]


def _store_goals(store: dict[str, Any]) -> list[Goal]:
    popped, deleted = store.get("pop"), store.get("delete_under_check")
    once = Goal("pop: none of 100,000 given twice")
    if popped:
        figure = f"{popped['duplicates']:,} of {popped['popped']:,}"
        reached = popped["duplicates"] == 0 and popped["popped"] >= 100_000
        once = Goal(once.name, figure, reached)
    gone = Goal("delete: none that was under check comes back")
    if deleted:
        figure = f"{deleted['returned']:,} of {deleted['deleted']:,}"
        gone = Goal(gone.name, figure, deleted["deleted"] > 0 and deleted["returned"] == 0)
    return [once, gone]


def _memory_goal(memory: dict[str, Any]) -> Goal:
    name = f"memory: less than 250 MB a process, {_IN_FLIGHT:,} checks in flight in it"
    if not memory:
        return Goal(name)
    figure = f"{memory['largest_process_mb']:.0f} MB"
    standing = memory.get("most_connections")
    if standing is None:
        return Goal(name, f"{figure}; its connections were not counted")
    # A check in flight has a connection at least: with fewer, less was measured than is said.
    reached = memory["largest_process_mb"] < 250 and standing >= _IN_FLIGHT
    return Goal(name, f"{figure} with {standing:,} connections", reached)


def _soak_goal(soak: dict[str, Any]) -> Goal:
    name = "soak: no process grows"
    if not soak:
        return Goal(name)
    grown = [
        f"{process}'s {words}"
        for process, parts in soak["processes"].items()
        for what, words in (("mb", "memory"), ("files", "open files"))
        if parts[what]["grown"]
    ]
    figure = f"{', '.join(grown) or 'none'} in {soak['minutes']:.0f} minutes"
    return Goal(name, figure, not grown)
