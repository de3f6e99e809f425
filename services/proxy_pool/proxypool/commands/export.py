"""`proxypool export`: the good proxies as a file, the fastest first."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from proxypool.commands.answers import store_answers
from proxypool.commands.files import write_whole
from proxypool.commands.selection import add_filters, query_of
from proxypool.commands.writing import add_format, form_of, written
from proxypool.settings import Settings

HELP = "write the good proxies to a file, the fastest first"
ONE_SHOT = True

_ALL = 10_000_000


def add_arguments(parser: ArgumentParser) -> None:
    """`--output`, `--format`, `--limit` and the filters."""
    add_format(parser)
    parser.add_argument("--limit", type=_limit, default=0, help="at most so many")
    add_filters(parser)


def run(settings: Settings, arguments: Namespace) -> int:
    """Write the list; 69 where the store does not answer."""
    from proxypool.store import Store

    query = query_of(arguments)

    async def read() -> list[str]:
        store = Store(settings)
        try:
            _, records = await store.list(
                query, sort="latency", descending=False, limit=arguments.limit or _ALL
            )
            return records
        finally:
            await store.close()

    with store_answers("export") as failed:
        records = asyncio.run(read())
        form = arguments.format or form_of(arguments.output)
        write_whole(arguments.output, written(records, form, query.protocols))
    return failed.code


def _limit(text: str) -> int:
    # int() would also take "1_0" and digits of other scripts.
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise ArgumentTypeError(
            f"expected a whole number, 0 for all; found {text!r}. What to do: give such a number"
        )
    return int(text)
