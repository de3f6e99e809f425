"""Crawls one source: its pages, its own list, or its plug-in; finds the proxies in it."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import aiohttp

from proxypool import plugin
from proxypool.address import BadAddressError, Network, Upstream
from proxypool.candidate import Candidate
from proxypool.extract import BadPageError, extract
from proxypool.fetch import PageError, Secret, fetch
from proxypool.listing import read_entry
from proxypool.page_memory import Page, PageMemory
from proxypool.source import Source

log = logging.getLogger(__name__)

# In a thread, so that a large page does not hold up the crawls beside it; in a single one, because
# a parsed page takes many times its size in memory.
_PARSER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parser")


@dataclass(frozen=True, slots=True)
class PageRead:
    """How one page went."""

    url: str
    bytes: int
    duration_s: float
    new: int
    """Proxies on it that no page before had."""
    error: str = ""


@dataclass(slots=True)
class Crawl:
    """What a crawl brought."""

    source: Source
    found: dict[Upstream, Candidate] = field(default_factory=dict)
    pages: int = 0
    failed_pages: int = 0
    unchanged_pages: int = 0
    """Those of which the server said that they are as they were."""
    unreadable: int = 0
    """Entries of a list of one's own that are no proxies."""
    expired: int = 0
    bytes: int = 0
    duration_s: float = 0.0
    error: str = ""
    """What last went wrong, or empty."""
    read: list[PageRead] = field(default_factory=list)

    @property
    def candidates(self) -> list[Candidate]:
        """The distinct proxies, in order."""
        return list(self.found.values())

    @property
    def succeeded(self) -> bool:
        """Whether at least one proxy was found."""
        return bool(self.found)

    @property
    def room(self) -> int:
        """How many more are taken."""
        return self.source.max_addresses - len(self.found)

    def take(self, candidates: Iterable[Candidate]) -> None:
        """Note distinct proxies, as many as there is room for; expired ones are only counted."""
        now = time.time()
        for candidate in candidates:
            if 0 < candidate.expires <= now:
                self.expired += 1
            elif candidate.upstream not in self.found:
                if self.room <= 0:
                    return
                self.found[candidate.upstream] = candidate

    def statistics(self) -> dict[str, Any]:
        """The crawl in numbers, as it is kept in the store."""
        said = Counter(candidate.protocol or "" for candidate in self.found.values())
        return {
            "kind": self.source.kind,
            "fetched": len(self.found),
            "by_protocol": {protocol or "not said": said[protocol] for protocol in sorted(said)},
            "pages": self.pages,
            "failed_pages": self.failed_pages,
            "unchanged_pages": self.unchanged_pages,
            "unreadable": self.unreadable,
            "expired": self.expired,
            "bytes": self.bytes,
            "duration_s": round(self.duration_s, 3),
            "finished": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "error": self.error,
        }


async def crawl(
    source: Source,
    session: aiohttp.ClientSession,
    *,
    memory: PageMemory | None = None,
    networks: tuple[Network, ...] = (),
) -> Crawl:
    """Read all of `source` within its deadline. Never raises for what strangers do wrong.

    `networks` are those that a plug-in's session may connect to beside public ones.
    """
    started = time.monotonic()
    result = Crawl(source)
    deadline_s = source.crawl_deadline_s
    try:
        async with asyncio.timeout(deadline_s):
            match source.kind:
                case "urls":
                    await _pages(result, session, memory)
                case "proxies":
                    result.take(source.own_candidates())
                case "file":
                    await _file(result)
                case "plugin":
                    await _plugin(result, networks)
    except TimeoutError:
        result.error = f"not finished within {deadline_s:g} s; what was found until then is kept"
    except (PageError, plugin.PluginError) as error:
        result.error = str(error)
    except Exception as error:
        # What nobody thought of must not end the crawls of all other sources.
        log.exception("source %s: an error of the pool itself", source.name)
        result.error = f"an error of the pool itself: {type(error).__name__}"
    if not result.found and not result.error:
        found = f"{result.expired} expired ones" if result.expired else "no proxy"
        result.error = f"{found} found" if source.kind != "urls" else f"{found} found on any page"
    result.duration_s = time.monotonic() - started
    return result


async def _pages(result: Crawl, session: aiohttp.ClientSession, memory: PageMemory | None) -> None:
    source = result.source
    secret = Secret.of(source)
    loop = asyncio.get_running_loop()
    for url in source.page_urls():
        if result.room <= 0:
            break
        result.pages += 1
        key = (source.name, url)
        kept = memory.kept(key) if memory is not None else None
        started, size, known = time.monotonic(), 0, len(result.found)
        error = ""
        try:
            page = await fetch(url, source, session, secret=secret, kept=kept)
            if page is not None:
                size = len(page.body)
                listed = loop.run_in_executor(_PARSER, _read, source, page, result.room)
            elif kept is not None:
                result.unchanged_pages += 1
                listed = loop.run_in_executor(_PARSER, _read_again, source, kept, result.room)
            else:
                raise RuntimeError("only what was kept is asked for on a condition")
            result.take(await listed)
            if page is not None and memory is not None:
                await loop.run_in_executor(_PARSER, memory.keep, key, page)
        except (PageError, BadPageError) as problem:
            error = str(problem)
            result.failed_pages += 1
            result.error = f"{url}: {error}"
        result.bytes += size
        took_s = time.monotonic() - started
        result.read.append(PageRead(url, size, took_s, len(result.found) - known, error))


def _read(source: Source, page: Page, limit: int) -> list[Candidate]:
    if source.parser is None:
        raise RuntimeError("a source with urls has a parser")
    return extract(source.parser, page.body, limit, source.defaults, charset=page.charset)


def _read_again(source: Source, kept: Page, limit: int) -> list[Candidate]:
    return _read(source, kept.unpacked(), limit)


async def _file(result: Crawl) -> None:
    result.pages = 1
    read = await asyncio.to_thread(_read_file, result.source)
    result.bytes, result.unreadable, result.error = read.bytes, read.unreadable, read.error
    result.expired = read.expired
    result.take(read.candidates)


def _read_file(source: Source) -> Crawl:
    """One entry a line; `#` begins a comment. Errors name the line, and never show it."""
    if source.file is None:
        raise RuntimeError("only a source with a file is read from one")
    result = Crawl(source)
    try:
        with source.file.open("rb") as file:
            content = file.read(source.max_bytes + 1)
    except OSError as error:
        raise PageError(f"{source.file}: {error.strerror}") from error
    if len(content) > source.max_bytes:
        raise PageError(f"{source.file}: larger than max_bytes ({source.max_bytes})")
    result.bytes = len(content)
    for number, line in enumerate(content.decode("utf-8-sig", errors="replace").splitlines(), 1):
        entry = line.split(" #")[0].strip()
        if not entry or entry.startswith("#"):
            continue
        try:
            result.take(islice(read_entry(entry, source.defaults), source.max_addresses))
        except BadAddressError as error:
            result.unreadable += 1
            result.error = f"{source.file.name}, line {number}: {error}"
    return result


async def _plugin(result: Crawl, networks: tuple[Network, ...]) -> None:
    source = result.source
    if source.plugin is None:
        raise RuntimeError("only a source with a plug-in runs one")
    async with aclosing(plugin.run(source.plugin, networks)) as listed:
        async for candidate in listed:
            if candidate is None:
                result.unreadable += 1
                continue
            said = source.defaults
            result.take(
                [
                    Candidate(
                        candidate.upstream,
                        candidate.protocol or said.protocol,
                        candidate.expires or said.expires,
                    )
                ]
            )
            if result.room <= 0:
                return
