"""The command `proxypool sources`: lists the sources, and tries one."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from proxypool import settings as settings_module
from proxypool.candidate import Candidate
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.own_machine import shipped_sources
from proxypool.problems import EX_CONFIG, ConfigurationError, Problem
from proxypool.settings import Settings
from proxypool.source import Source
from proxypool.sources import read_all

_ADVICE = (
    ("not a public address", "set ALLOWED_SOURCE_NETWORKS, where that is meant"),
    ("auth_file", "put the secret there, on one line, readable for the pool's user"),
    ("status 401", "give auth_file with valid credentials"),
    ("status 403", "the site refuses us: give auth_file or headers, or crawl it less often"),
    ("status 404", "correct urls"),
    ("status 429", "raise interval_s: the site is asked too often"),
    ("timeout_s", "raise timeout_s, or see that the site answers at all"),
    ("not finished within", "raise deadline_s, or read fewer pages"),
    ("max_bytes", "raise max_bytes"),
    ("not JSON", "the page is of another kind: choose another parser"),
    ("does not fit", "correct the parser's path"),
    ("leads to", "correct the parser's path"),
    ("Cannot connect", "see that the address is right and the site up"),
    ("expired ones found", "renew the proxies, or correct expires"),
    ("line ", "correct the line"),
)
_DIR_HELP = "the folder of the YAML files (SOURCES_DIR, else those that come with the package)"
_OTHER_ADVICE = "open the page, and see whether the parser fits what stands there"


def main(arguments: list[str]) -> int:
    """Run `list` or `test NAME`; the exit code: 1 where nothing was found, 78 for a bad file."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        settings = settings_module.load("sources")
        sources = read_all(_folder(options.dir, settings))
        if options.verb == "list":
            _print_list(sources, settings)
            return 0
        source = _named(options.name, sources)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"proxypool sources: {problem}", file=sys.stderr)
        return EX_CONFIG
    result = asyncio.run(_crawled(source, settings))
    _print_crawl(result, settings, options.limit)
    return 0 if result.succeeded else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="proxypool sources", description="The lists of proxies.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    test = verbs.add_parser("test", help="crawl one source once, and show what it brings")
    test.add_argument("name", metavar="NAME")
    test.add_argument(
        "--limit", type=int, default=5, metavar="N", help="show so many addresses (5)"
    )
    for verb in (test, verbs.add_parser("list", help="show all sources")):
        verb.add_argument("--dir", type=Path, help=_DIR_HELP)
    return parser


def _folder(given: Path | None, settings: Settings) -> Path:
    folder = given or settings.sources_dir or shipped_sources()
    if not folder.is_dir():
        advice = "give --dir, or set SOURCES_DIR"
        raise ConfigurationError([Problem("--dir", "an existing directory", str(folder), advice)])
    return folder


def _named(name: str, sources: list[Source]) -> Source:
    for source in sources:
        if source.name == name:
            return source
    expected = f"one of {', '.join(source.name for source in sources)}"
    raise ConfigurationError([Problem("NAME", expected, repr(name), "see proxypool sources list")])


async def _crawled(source: Source, settings: Settings) -> Crawl:
    async with new_session(settings.source_rule) as session:
        return await crawl(source, session, networks=settings.allowed_source_networks)


def _print_list(sources: list[Source], settings: Settings) -> None:
    rows = [("NAME", "USED", "KIND", "PAGES", "EVERY", "PROTOCOL", "FROM")]
    for source in sources:
        chosen = settings.proxy_fetcher
        used = source.name in chosen if chosen else source.enabled
        rows.append(
            (
                source.name,
                "yes" if used else "no",
                source.kind,
                str(source.page_count),
                f"{source.interval_s:g} s",
                source.protocol or "-",
                _origin(source),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for *cells, last in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), last)


def _origin(source: Source) -> str:
    if source.urls:
        return source.urls[0]
    if source.proxies:
        return f"{len(source.proxies)} entries"
    return str(source.file or source.plugin)


def _print_crawl(result: Crawl, settings: Settings, limit: int) -> None:
    source = result.source
    print(f"source {source.name}: {source.kind}, {_origin(source)}")
    for number, page in enumerate(result.read, 1):
        outcome = page.error or f"{page.new} proxies that no page before had"
        print(f"  page {number}: {page.url}")
        print(f"    {page.bytes} bytes, {page.duration_s:.2f} s, {outcome}")
    candidates = result.candidates
    print(
        f"{len(candidates)} proxies in {result.duration_s:.2f} s, {result.bytes} bytes, "
        f"{result.expired} expired, {result.unreadable} unreadable, "
        f"{sum(not _allowed(one, settings) for one in candidates)} at addresses not allowed"
    )
    for protocol, number in result.statistics()["by_protocol"].items():
        print(f"  {protocol}: {number}")
    for candidate in candidates[: max(0, limit)]:
        print(f"  {_masked(candidate)}")
    if len(candidates) > limit > 0:
        print(f"  … and {len(candidates) - limit} more")
    if result.error:
        advice = next((advice for part, advice in _ADVICE if part in result.error), _OTHER_ADVICE)
        problem = Problem(source.name, "a list of proxies", result.error, advice)
        print(problem, file=sys.stderr)


def _allowed(candidate: Candidate, settings: Settings) -> bool:
    ip = candidate.upstream.ip
    return ip is None or settings.upstream_rule.permits(ip)


def _masked(candidate: Candidate) -> str:
    credentials = "***:***@" if candidate.upstream.username else ""
    scheme = f"{candidate.protocol}://" if candidate.protocol else ""
    return f"{scheme}{credentials}{candidate.upstream.place}"
