"""What the calls of `/api/v2/` take and give, for their checks and their documentation."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from proxypool.api import patterns
from proxypool.api.filters import Filters
from proxypool.imports import expiry_of_field
from proxypool.protocol import Anonymity, Protocol

SourceName = Annotated[str, Field(pattern=patterns.SOURCE)]
Expiry = Annotated[
    float,
    BeforeValidator(expiry_of_field),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1e11},
                {"type": "string", "format": "date-time"},
            ],
            "description": "Unix time in seconds, or ISO 8601 such as 2026-12-31T00:00:00Z (UTC "
            "where it names no zone); 0: never.",
            "examples": [1798675200, "2026-12-31T00:00:00Z"],
            "default": 0,
        }
    ),
]
"""When a proxy ends, as Unix time."""


class Refusal(BaseModel):
    """Why a call is not answered as asked."""

    code: int = Field(description="The status again.", examples=[400])
    src: str = Field(description="The status in words.", examples=["bad request"])
    name: str = Field(description="What is wrong.", examples=["limit"])
    expected: str = Field(examples=["a whole number"])
    found: str = Field(examples=["'many'"])
    what_to_do: str = Field(examples=["correct it"])


class TargetResult(BaseModel):
    """How a proxy does with one target."""

    works: bool
    latency_ms: int = 0
    checked: str = Field(default="", description="When, in TIMEZONE.")
    reason: str = ""


class Record(BaseModel):
    """A good proxy. The first nine fields are the reference's."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "proxy": "203.0.113.7:8080",
                    "https": True,
                    "fail_count": 0,
                    "region": "CN",
                    "anonymous": "elite",
                    "source": "siteA/siteB",
                    "check_count": 7,
                    "last_status": True,
                    "last_time": "2026-06-09 21:03:42",
                    "protocols": ["http", "connect"],
                    "exit_ip": "203.0.113.7",
                    "asn": 64500,
                    "as_name": "EXAMPLE-AS",
                    "latency_ms": 412,
                    "connect_ms": 80,
                    "score": 81.4,
                    "success_rate": 0.97,
                    "first_seen": "2026-06-09 09:12:01",
                    "last_seen": "2026-06-09 21:03:42",
                    "https_reason": "",
                    "last_reason": "",
                    "failures": {"socks5": "not_socks5"},
                    "targets": {
                        "shop": {
                            "works": True,
                            "latency_ms": 640,
                            "checked": "2026-06-09 21:03:42",
                            "reason": "",
                        }
                    },
                    "expires": 0,
                }
            ]
        },
    )

    proxy: str = Field(description="`host:port`, or `user:password@host:port`, percent-encoded.")
    https: bool
    fail_count: int
    region: str = Field(description="The exit's country, ISO 3166-1 alpha-2, or empty.")
    anonymous: Anonymity | Literal[""] = Field(description="The anonymity level.")
    source: str
    check_count: int
    last_status: bool
    last_time: str
    protocols: list[Protocol] = []
    exit_ip: str = ""
    asn: int = 0
    as_name: str = ""
    latency_ms: float = 0
    connect_ms: float = 0
    score: float = Field(default=0, description="0 to 100.")
    success_rate: float = Field(default=0, description="0 to 1, recent ones counting more.")
    first_seen: str = ""
    last_seen: str = ""
    https_reason: str = ""
    last_reason: str = ""
    failures: dict[str, str] = {}
    targets: dict[str, TargetResult] = {}
    expires: float = Field(default=0, description="Unix time; 0: never.")


class Page(BaseModel):
    """Some of the proxies that match."""

    total: int = Field(description="How many match; with `count`, how many are given.")
    offset: int
    limit: int
    items: list[Record]


class ListQuery(Filters):
    """Which proxies, in which order, and which page of them."""

    sort: Literal["score", "latency", "checked", "first_seen", "success_rate"] = "score"
    order: Literal["asc", "desc"] | None = Field(
        default=None, description="By default the best first: latency ascending, else descending."
    )
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=100, ge=0, le=1000)
    count: int = Field(
        default=0, ge=0, le=1000, description="So many random ones instead of a page."
    )


class ExportQuery(Filters):
    """Which proxies, and in which form."""

    format: Literal["txt", "json", "csv"] = "txt"
    limit: int = Field(default=0, ge=0, le=10_000_000, description="The fastest so many; 0: all.")


class ImportQuery(BaseModel):
    """What is said of every proxy of the list."""

    source: SourceName = "import"
    protocol: Protocol | None = Field(
        default=None, description="What they speak, where an entry does not say."
    )
    expires: Expiry = 0


class Additions(BaseModel):
    """Proxies to take up as candidates: they are checked before anyone is given them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "proxies": ["203.0.113.7:8080", "socks5://user:password@gate.example:1080"],
                    "source": "paid",
                    "expires": "2026-12-31T00:00:00Z",
                }
            ]
        },
    )

    proxies: list[Annotated[str, Field(max_length=2000)]] = Field(min_length=1, max_length=10_000)
    source: SourceName = "api"
    protocol: Protocol | None = None
    expires: Expiry = 0


class RefusedEntry(BaseModel):
    """An entry that is not taken."""

    line: int = Field(description="Its number in the list, from 1.")
    found: str = Field(description="Its beginning, without credentials.")
    reason: str


class AdditionReport(BaseModel):
    """What became of a list's entries."""

    read: int = Field(description="Entries that are proxies.")
    new: int = Field(description="Taken up, to be checked soon.")
    known: int = Field(description="Were in the pool or its memory already.")
    barred: int = Field(description="Deleted or popped not long ago.")
    beyond: int = Field(description="Not taken: the pool knows MAX_KNOWN.")
    expired: int = 0
    refused: int = Field(description="Entries that are none, or must not be connected to.")
    refused_entries: list[RefusedEntry] = Field(description="The first ten of them.")


class Feedback(BaseModel):
    """How a proxy did."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"ok": False, "reason": "timeout", "target": "shop"}]},
    )

    ok: bool
    latency_ms: int = Field(default=0, ge=0, le=3_600_000, description="0: not measured.")
    reason: str = Field(
        default="", pattern=patterns.WORD_OR_NONE, description="Why not, in one word."
    )
    target: str = Field(default="", pattern=patterns.WORD_OR_NONE)


class Done(BaseModel):
    """It is done."""

    ok: Literal[True] = True


class SourceStatistics(BaseModel):
    """A source's last crawl, and what it is good for."""

    model_config = ConfigDict(extra="allow")

    alive: int = Field(default=0, description="Good proxies that it lists.")
    known: int = Field(default=0, description="All that the pool knows from it.")
    yield_: float = Field(default=0, alias="yield", description="alive / known.")


class LatencyBucket(BaseModel):
    """How many good proxies are so fast."""

    up_to_ms: int | None = Field(description="Included; null: slower than all buckets before.")
    count: int


class Statistics(BaseModel):
    """The pool in numbers."""

    model_config = ConfigDict(extra="allow")

    good: int
    known: int
    under_way: int
    queued: int
    checks: dict[str, int] = Field(description="Verdicts by outcome.")
    reasons: dict[str, int] = Field(description="Why checks failed.")
    https_reasons: dict[str, int] = Field(default={}, description="Why https failed.")
    facets: dict[str, int] = {}
    latency: list[LatencyBucket] = []
    sources: dict[str, SourceStatistics]
    judges: dict[str, Any] = {}


class Sample(BaseModel):
    """The pool's size at one time."""

    model_config = ConfigDict(extra="allow")

    time: float = Field(description="Unix time.")
    good: int
    https: int
    protocols: dict[str, int] = {}
    anonymity: dict[str, int] = {}


class PassedAttempt(BaseModel):
    """An upstream that did not carry the request."""

    upstream: str
    protocol: str
    reason: str


class PassedRequest(BaseModel):
    """A request or tunnel that has ended."""

    ended: float = Field(description="Unix time, by the gateway's clock.")
    took_ms: int = Field(description="From the request to its end.")
    kind: str = Field(description="http, connect or socks5: what the client spoke.")
    destination: str = Field(description="`host:port`; never a path.")
    account: str = Field(description="Whose; empty for callers that need none.")
    outcome: str = Field(
        description="carried; idle: ended by the time limit; cut: the answer is not whole; failed:"
        " all attempts in vain; none: no upstream fitted."
    )
    upstream: str = Field(description="`host:port` of the proxy that carried it, or empty.")
    protocol: str
    attempts: list[PassedAttempt] = Field(description="What was tried before, in vain.")


class TryFilters(BaseModel):
    """Which upstream the gateway is to take."""

    model_config = ConfigDict(extra="forbid")

    country: str = Field(default="", pattern=patterns.ANY_COUNTRY_OR_NONE)
    asn: int = Field(default=0, ge=0, le=4294967295)
    session: str = Field(default="", pattern=patterns.SESSION)
    https: bool = False
    target: str = Field(default="", pattern=patterns.WORD_OR_NONE)
    protocol: Protocol | None = None
    anonymity: Anonymity | None = None
    max_latency_ms: int = Field(default=0, ge=0, le=3_600_000)


class Trial(BaseModel):
    """A URL to fetch through the gateway."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://example.com/", "filters": {"country": "CN"}}]
        },
    )

    url: str = Field(max_length=2000)
    filters: TryFilters = TryFilters()


class TrialResult(BaseModel):
    """What came back."""

    status: int
    time_ms: int
    upstream: str = Field(description="The proxy that served it, as the gateway says.")
    content_type: str
    location: str = Field(default="", description="Where it redirects to; not followed.")
    body: str = Field(description="The first 2 kB as text.")
    truncated: bool
