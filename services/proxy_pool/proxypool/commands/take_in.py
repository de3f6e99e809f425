"""`proxypool import`: takes up the proxies of a file, or of a pool of the reference."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from proxypool.commands.answers import store_answers
from proxypool.commands.lists import ReadList, read_proxies
from proxypool.listing import Defaults, expiry_of
from proxypool.protocol import Protocol
from proxypool.settings import Settings

HELP = "take up the proxies of a list, or of another pool's Redis"
ONE_SHOT = True


def add_arguments(parser: ArgumentParser) -> None:
    """`FILE`, `--redis`, and what is said of all of them."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("file", metavar="FILE", nargs="?", help="any text, CSV or JSON; - is stdin")
    where.add_argument(
        "--redis", metavar="URL", help="redis://… of a jhao104/proxy_pool, whose hash is read"
    )
    parser.add_argument("--table", default="use_proxy", help="that hash's name (use_proxy)")
    parser.add_argument(
        "--source", type=_source, default="import", help="the name it is listed under (import)"
    )
    parser.add_argument("--protocol", choices=[p.value for p in Protocol], help="what they speak")
    parser.add_argument(
        "--expires", type=_expiry, default=0.0, metavar="TIME", help="ISO 8601, or Unix time"
    )


def run(settings: Settings, arguments: Namespace) -> int:
    """Hand the candidates over; the exit code is 1 where there was none."""
    from proxypool.store import Added, Store

    listed = ReadList()
    if not arguments.redis:
        protocol = Protocol(arguments.protocol) if arguments.protocol else None
        said = Defaults(protocol, arguments.expires)
        listed = read_proxies(arguments.file, said, settings.upstream_rule)
        listed.tell("import")

    async def main() -> Added:
        store = Store(settings)
        try:
            if arguments.redis:
                return await store.import_reference(arguments.table, arguments.redis)
            return await store.add(arguments.source, listed.candidates, private=True)
        finally:
            await store.close()

    with store_answers("import") as failed:
        added = asyncio.run(main())
        taken = added.new + added.known + added.barred + added.beyond + added.expired
        print(
            f"{added.new} new, {added.known} known, {added.barred} deleted or popped lately, "
            f"{added.expired} expired, {added.beyond} beyond MAX_KNOWN, "
            f"{listed.not_allowed} at addresses that are not allowed, "
            f"{listed.no_proxies} lines that are no proxies"
        )
        if not taken and not listed.not_allowed:
            print("proxypool import: no address of a proxy in it", file=sys.stderr)
            return 1
    return failed.code


def _source(text: str) -> str:
    if not text.strip() or "/" in text:
        raise ArgumentTypeError(
            f"expected a name without a slash; found {text!r}. What to do: choose another name"
        )
    return text


def _expiry(text: str) -> float:
    try:
        return expiry_of(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"expected a time such as 2026-12-31T00:00:00Z, or Unix time; found {text!r}. "
            "What to do: write the time out"
        ) from error
