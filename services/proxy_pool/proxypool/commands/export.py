"""`proxypool export`: the good proxies as a file, the fastest first."""

import asyncio
import json
from argparse import ArgumentParser, Namespace

from proxypool.commands.answers import store_answers
from proxypool.commands.files import write_whole
from proxypool.commands.selection import add_filters, query_of
from proxypool.formats import FORMATS, lines
from proxypool.settings import Settings

HELP = "write the good proxies to a file, the fastest first"
ONE_SHOT = True


def add_arguments(parser: ArgumentParser) -> None:
    """`--format`, `--output`, `--limit` and the filters."""
    parser.add_argument("--format", choices=FORMATS, default="txt")
    parser.add_argument("--output", metavar="FILE", default="-", help="standard output without it")
    parser.add_argument("--limit", type=int, default=0, help="at most so many")
    add_filters(parser)


def run(settings: Settings, arguments: Namespace) -> int:
    """Write the list; 69 where the store does not answer."""
    from proxypool.store import Store

    async def read() -> list[str]:
        store = Store(settings)
        try:
            return await store.all(query_of(arguments))
        finally:
            await store.close()

    with store_answers("export") as failed:
        records = [json.loads(text) for text in asyncio.run(read())]
        records.sort(key=lambda record: record["latency_ms"])
        chosen = records[: arguments.limit] if arguments.limit > 0 else records
        write_whole(arguments.output, lines(chosen, arguments.format))
    return failed.code
