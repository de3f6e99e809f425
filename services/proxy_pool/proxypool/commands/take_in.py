"""`proxypool import`: takes up the proxies of a file, or of a pool of the reference."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from proxypool.candidate import Candidate
from proxypool.commands.answers import EX_UNAVAILABLE, store_answers
from proxypool.commands.files import read_list
from proxypool.problems import ConfigurationError, Problem
from proxypool.protocol import Protocol
from proxypool.settings import Settings

HELP = "take up the proxies of a list, or of another pool's Redis"
ONE_SHOT = True

_BATCH = 500


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

    async def main() -> tuple[int, int, Added]:
        store = Store(settings)
        found = refused = 0
        added = Added()
        batch: list[Candidate] = []
        try:
            async for candidate in _candidates(arguments):
                found += 1
                ip = candidate.upstream.ip
                if ip is not None and not settings.upstream_rule.permits(ip):
                    refused += 1
                    continue
                batch.append(candidate)
                if len(batch) == _BATCH:
                    added += await store.add(arguments.source, batch)
                    batch.clear()
            if batch:
                added += await store.add(arguments.source, batch)
        finally:
            await store.close()
        return found, refused, added

    with store_answers("import") as failed:
        found, refused, added = asyncio.run(main())
        print(
            f"{found} found: {added.new} new, {added.known} known, {added.barred} deleted or "
            f"popped lately, {refused} at addresses that are not allowed, {added.beyond} beyond "
            "MAX_KNOWN"
        )
        if not found:
            print("proxypool import: no address of a proxy in it", file=sys.stderr)
            return 1
    return failed.code


async def _candidates(arguments: Namespace) -> AsyncIterator[Candidate]:
    if arguments.redis:
        async for candidate in _of_redis(arguments):
            yield candidate
        return
    for candidate in _of_text(read_list(arguments.file), arguments):
        yield candidate


def _of_text(text: str, arguments: Namespace) -> Iterator[Candidate]:
    from proxypool.listing import Defaults, find_candidates

    protocol = Protocol(arguments.protocol) if arguments.protocol else None
    expires = arguments.expires.timestamp() if arguments.expires else 0.0
    return find_candidates(text, Defaults(protocol, expires, host_names=True))


async def _of_redis(arguments: Namespace) -> AsyncIterator[Candidate]:
    """The candidates of a hash `ip:port` → JSON, read in bounded pieces."""
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        other = Redis.from_url(arguments.redis, decode_responses=True, socket_timeout=10)
    except ValueError as error:
        # Without the URL, which may hold a password.
        problem = Problem(
            "--redis", "redis://user:password@host:port/number", "another", "correct it"
        )
        raise ConfigurationError([problem]) from error
    try:
        async for name, _ in other.hscan_iter(arguments.table, count=1000):
            for candidate in _of_text(str(name), arguments):
                yield candidate
    except RedisError as error:
        print(f"proxypool import: {arguments.table}: {error}", file=sys.stderr)
        raise SystemExit(EX_UNAVAILABLE) from error
    finally:
        await other.aclose()
