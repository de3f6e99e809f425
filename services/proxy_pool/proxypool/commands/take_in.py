"""`proxypool import`: takes up the proxies of a file, or of a pool of the reference."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from datetime import datetime

from proxypool.candidate import Candidate
from proxypool.commands.answers import store_answers
from proxypool.commands.lists import candidates_of
from proxypool.listing import Defaults
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
    parser.add_argument("--source", default="import", help="the name it is listed under (import)")
    parser.add_argument("--protocol", choices=[p.value for p in Protocol], help="what they speak")
    parser.add_argument("--expires", type=datetime.fromisoformat, metavar="TIME", help="ISO 8601")


def run(settings: Settings, arguments: Namespace) -> int:
    """Hand the candidates over; the exit code is 1 where there was none."""
    from proxypool.store import Added, Store

    candidates: list[Candidate] = []
    refused = 0
    if not arguments.redis:
        protocol = Protocol(arguments.protocol) if arguments.protocol else None
        expires = arguments.expires.timestamp() if arguments.expires else 0.0
        said = Defaults(protocol, expires)
        candidates, refused = candidates_of(arguments.file, said, settings.upstream_rule)

    async def main() -> Added:
        store = Store(settings)
        try:
            if arguments.redis:
                return await store.import_reference(arguments.table, arguments.redis)
            return await store.add(arguments.source, candidates, private=True)
        finally:
            await store.close()

    with store_answers("import") as failed:
        added = asyncio.run(main())
        taken = added.new + added.known + added.barred + added.beyond + added.expired
        print(
            f"{added.new} new, {added.known} known, {added.barred} deleted or popped lately, "
            f"{added.expired} expired, {added.beyond} beyond MAX_KNOWN, "
            f"{refused} at addresses that are not allowed"
        )
        if not taken and not refused:
            print("proxypool import: no address of a proxy in it", file=sys.stderr)
            return 1
    return failed.code
