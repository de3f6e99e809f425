"""`proxypool stats`: how the pool is, for people at a terminal, and as JSON for all else."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from proxypool.commands.answers import store_answers
from proxypool.settings import Settings

HELP = "show sizes, verdicts with reasons, and sources; as JSON in a pipe"
ONE_SHOT = True

_MOST_ROWS = 15


def add_arguments(parser: ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="JSON, also at a terminal")


def run(settings: Settings, arguments: Namespace) -> int:
    """Print the statistics; 69 where the store does not answer."""
    from proxypool.store import Store

    async def read() -> dict[str, Any]:
        store = Store(settings)
        try:
            return await store.statistics()
        finally:
            await store.close()

    with store_answers("stats") as failed:
        statistics = asyncio.run(read())
        if arguments.json or not sys.stdout.isatty():
            print(json.dumps(statistics, indent=2))
        else:
            _show(statistics)
    return failed.code


def _show(statistics: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()

    def table(title: str, *columns: str) -> Table:
        made = Table(title=title, title_justify="left", title_style="bold")
        for number, column in enumerate(columns):
            made.add_column(column, justify="left" if number == 0 else "right")
        return made

    sizes = table("Pool", "what", "proxies")
    for name in ("good", "known", "under_way", "queued"):
        if name in statistics:
            sizes.add_row(name.replace("_", " "), _number(statistics[name]))
    console.print(sizes)
    for title, key, column in (
        ("Good ones by kind", "facets", "proxies"),
        ("Verdicts", "checks", "checks"),
        ("Why checks fail", "reasons", "checks"),
        ("Why HTTPS fails", "https_reasons", "checks"),
    ):
        counts: dict[str, int] = statistics.get(key) or {}
        if not counts:
            continue
        shown = table(title, "what", column)
        for name, count in sorted(counts.items(), key=lambda item: -item[1])[:_MOST_ROWS]:
            shown.add_row(escape(str(name)), _number(count))
        if len(counts) > _MOST_ROWS:
            shown.add_row(f"({len(counts) - _MOST_ROWS} more: --json)", "")
        console.print(shown)
    sources: dict[str, dict[str, Any]] = statistics.get("sources") or {}
    if sources:
        shown = table("Sources", "source", "fetched", "new", "alive", "yield", "last error")
        for name, source in sorted(sources.items()):
            shown.add_row(
                escape(name),
                *(_number(source.get(key)) for key in ("fetched", "new", "alive")),
                f"{source['yield']:.1%}" if isinstance(source.get("yield"), int | float) else "",
                escape(str(source.get("error") or "")),
            )
        console.print(shown)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else ""
