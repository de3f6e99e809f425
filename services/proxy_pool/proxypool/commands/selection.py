"""The filters of the API as arguments of a command."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query


def add_filters(parser: ArgumentParser) -> None:
    """Declare them."""
    group = parser.add_argument_group("filters, all of which must hold")
    group.add_argument("--protocol", action="append", choices=[p.value for p in Protocol])
    group.add_argument("--https", action="store_true", default=None, help="carries https")
    group.add_argument("--anonymity", choices=[a.value for a in Anonymity], help="at least this")
    group.add_argument("--country", type=_country, help="two letters, such as CN")
    group.add_argument("--asn", type=int, default=0, help="number of an autonomous system")
    group.add_argument("--source", default="", help="name of a source")
    group.add_argument("--target", default="", help="name of a target that it works for")
    group.add_argument("--max-latency-ms", type=int, default=0)
    group.add_argument("--min-score", type=float, default=0.0)


def query_of(arguments: Namespace) -> Query:
    """The query that the arguments make."""
    return Query(
        protocols=tuple(map(Protocol, arguments.protocol or ())),
        https=arguments.https,
        anonymity=Anonymity(arguments.anonymity) if arguments.anonymity else None,
        country=arguments.country or "",
        asn=arguments.asn,
        source=arguments.source,
        target=arguments.target,
        max_latency_ms=arguments.max_latency_ms,
        min_score=arguments.min_score,
    )


def _country(text: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha()):
        raise ArgumentTypeError(f"expected two letters (ISO 3166-1), such as CN; found {text!r}")
    return text.upper()
