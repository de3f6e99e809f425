"""The pool in numbers: now, over time, by what proxies can do, by source."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from proxypool.api.errors import json_response
from proxypool.api.models import Sample, SourceStatistics, Statistics
from proxypool.api.v2 import StoreOf, router

statistics = router("statistics")


class HistoryQuery(BaseModel):
    """How far back."""

    hours: float = Field(default=24, gt=0, le=168, allow_inf_nan=False)


@statistics.get("/stats", response_model=Statistics, summary="The pool in numbers")
async def read_statistics(store: StoreOf) -> Response:
    """Sizes, verdicts, why checks and https fail, sources, judges."""
    return json_response(await store.statistics())


@statistics.get("/history", response_model=list[Sample], summary="The pool's size over time")
async def read_history(store: StoreOf, wanted: Annotated[HistoryQuery, Query()]) -> Response:
    """Samples of the last `hours`, the oldest first."""
    return json_response(await store.history(wanted.hours))


@statistics.get("/facets", response_model=dict[str, int], summary="How many can do what")
async def read_facets(store: StoreOf) -> Response:
    """Sizes by protocol, https, anonymity, country, source and target: `socks5`, `country:CN`."""
    return json_response(await store.facets())


@statistics.get(
    "/sources", response_model=dict[str, SourceStatistics], summary="What the sources bring"
)
async def read_sources(store: StoreOf) -> Response:
    """By name: the last crawl, how many of a source's proxies are alive, and its last error."""
    return json_response((await store.statistics())["sources"])
