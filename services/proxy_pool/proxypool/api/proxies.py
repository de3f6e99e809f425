"""`/api/v2/proxies`: find them, take them out, say how they did."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from proxypool.api.errors import RefusedError, json_response, shown
from proxypool.api.filters import Filters
from proxypool.api.models import Done, Feedback, ListQuery, Page, Record
from proxypool.api.v2 import ProxyName, StoreOf, answers, json_body, no_such, router
from proxypool.problems import Problem
from proxypool.store import Store

proxies = router("proxies")

_PAGING = ("sort", "order", "offset", "limit")
_IS_GONE = "it was deleted, popped or dropped; ask for another one"


@proxies.get("/proxies", response_model=Page, summary="List proxies, sorted, in pages")
async def list_proxies(
    request: Request, store: StoreOf, wanted: Annotated[ListQuery, Query()]
) -> Response:
    """Good proxies that meet all conditions; with `count`, so many random ones of them."""
    query = wanted.query()
    if wanted.count:
        _refuse_beside_count(request)
        records = await store.all(query, wanted.count)
        return _page(len(records), 0, wanted.count, records)
    descending = wanted.order == "desc" if wanted.order else wanted.sort != "latency"
    total, records = await store.list(
        query,
        sort=wanted.sort,
        descending=descending,
        offset=wanted.offset,
        limit=wanted.limit,
    )
    return _page(total, wanted.offset, wanted.limit, records)


@proxies.get(
    "/proxies/random",
    response_model=Record,
    responses=answers(404),
    summary="A random proxy, better ones more likely",
)
async def random_proxy(store: StoreOf, wanted: Annotated[Filters, Query()]) -> Response:
    """One that meets all conditions."""
    return _one(await store.get(wanted.query()))


@proxies.get(
    "/proxies/best",
    response_model=Record,
    responses=answers(404),
    summary="The proxy with the highest score",
)
async def best_proxy(store: StoreOf, wanted: Annotated[Filters, Query()]) -> Response:
    """Of those that meet all conditions."""
    return _one(await store.best(wanted.query()))


@proxies.post(
    "/proxies/pop",
    response_model=Record,
    responses=answers(404),
    summary="Take a random proxy out",
)
async def pop_proxy(store: StoreOf, wanted: Annotated[Filters, Query()]) -> Response:
    """As `random`, and no other client is given it for POPPED_FOR."""
    return _one(await store.pop(wanted.query()))


@proxies.post(
    "/proxies/{proxy:path}/report",
    responses=answers(404, 413, 415),
    dependencies=[Depends(json_body)],
    summary="Say how a proxy did",
)
async def report_proxy(store: StoreOf, proxy: ProxyName, feedback: Feedback) -> Done:
    """It moves the proxy's success rate and score; one that fails too often is dropped.

    A failure at a target counts there alone, and has the pool check the proxy soon.
    """
    if feedback.target and feedback.target not in await store.targets():
        raise no_such("target", feedback.target, "see /api/v2/targets, or leave it out")
    known = await store.report(
        proxy,
        feedback.ok,
        latency_ms=feedback.latency_ms,
        reason=feedback.reason,
        target=feedback.target,
    )
    if not known:
        raise await _none_good(store, proxy)
    return Done()


@proxies.get(
    "/proxies/{proxy:path}",
    response_model=Record,
    responses=answers(404),
    summary="One proxy's record",
)
async def read_proxy(store: StoreOf, proxy: ProxyName) -> Response:
    """Of a good one. Of one that is known and not good the 404 says why, and when it is checked."""
    record = await store.record(proxy)
    if record is None:
        raise await _none_good(store, proxy)
    return json_response(record.encode())


@proxies.delete("/proxies/{proxy:path}", responses=answers(404), summary="Take one proxy out")
async def delete_proxy(store: StoreOf, proxy: ProxyName) -> Done:
    """It stays out for DELETED_FOR, also where a check of it is under way."""
    if not await store.delete(proxy):
        raise no_such("proxy", proxy.rpartition("@")[2], _IS_GONE)
    return Done()


def _refuse_beside_count(request: Request) -> None:
    """Random ones have no order and no pages: what asks for them would be passed over."""
    for name in _PAGING:
        if value := request.query_params.get(name):
            advice = f"leave {name} out, or count"
            raise RefusedError(Problem(name, "nothing beside count", shown(value), advice))


async def _none_good(store: Store, proxy: str) -> RefusedError:
    """404 for a proxy without a record: gone, or known and not good."""
    place = proxy.rpartition("@")[2]
    standing = await store.standing(proxy)
    if standing is None:
        return no_such("proxy", place, _IS_GONE)
    found = f"{shown(place)}, which is known and not good: {standing.reason or 'not checked yet'}"
    if standing.under_way:
        advice = "it is being checked; ask again soon, or for another one"
    elif standing.due:
        advice = f"it is checked again at {standing.due}; ask again then, or for another one"
    else:
        advice = "ask for another one"
    return RefusedError(
        Problem("proxy", "a good proxy of the pool", found, advice), HTTPStatus.NOT_FOUND
    )


def _one(record: str | None) -> Response:
    if record is None:
        advice = "use fewer filters; /api/v2/stats says why proxies fail"
        problem = Problem("proxy", "one that meets all conditions", "none", advice)
        raise RefusedError(problem, HTTPStatus.NOT_FOUND)
    return json_response(record.encode())


def _page(total: int, offset: int, limit: int, records: list[str]) -> Response:
    # The records are JSON already: they pass as they are.
    head = f'{{"total":{total},"offset":{offset},"limit":{limit},"items":['
    return json_response(f"{head}{','.join(records)}]}}".encode())
