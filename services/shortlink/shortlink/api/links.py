"""`/api/links/`: an owner's own links."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from shortlink import metrics
from shortlink.api.errors import RefusedError
from shortlink.api.models import (
    DayClicks,
    LinkAnswer,
    LinkChange,
    LinkList,
    LinkStatistics,
    NewLink,
    ReferrerClicks,
    Refusal,
)
from shortlink.codes import is_code
from shortlink.links import Change, Link, NameTakenError, UnknownLinkError
from shortlink.problems import Problem
from shortlink.service import Service
from shortlink.statistics import statistics
from shortlink.urls import BadUrlError

_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The request is refused"},
    401: {"model": Refusal, "description": "Credentials of an account are needed"},
    403: {"model": Refusal, "description": "Another site's page asks"},
    413: {"model": Refusal, "description": "The body is too long"},
    429: {"model": Refusal, "description": "Too many calls, or too many wrong credentials"},
    503: {"model": Refusal, "description": "MariaDB does not answer"},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "The account has no such link"}
}
_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"model": Refusal, "description": "The name is taken"}
}

links = APIRouter(prefix="/api/links", tags=["links"], responses=_ERRORS)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _owner(request: Request) -> str:
    owner: str = request.state.owner
    return owner


The = Annotated[Service, Depends(_service)]
Owner = Annotated[str, Depends(_owner)]


async def _own_link(code: str, service: The, owner: Owner) -> Link:
    link = await service.links.of(owner, code) if is_code(code) else None
    if link is None:
        raise _no_link(code, owner)
    return link


OwnLink = Annotated[Link, Depends(_own_link)]


@links.post(
    "/",
    status_code=201,
    summary="Shorten a URL",
    responses={200: {"model": LinkAnswer, "description": "It was there already"}, **_TAKEN},
)
async def make(new: NewLink, response: Response, service: The, owner: Owner) -> LinkAnswer:
    """The same URL of the same account has one code, also when it has expired: then it lives again.

    `expires_in` or `expires_at` holds for a link that was there, too; without it that one's end
    stays as it is, and an expired one has none any more.
    """
    url = _accepted(service, new.url)
    try:
        link, is_new = await service.links.make(owner, url, new.name, new.end())
    except NameTakenError:
        advice = "choose another name, or PATCH the link if it is yours"
        problem = Problem("name", "a name that is free", repr(new.name), advice)
        raise RefusedError(problem, HTTPStatus.CONFLICT) from None
    metrics.links_made.labels("yes" if is_new else "no").inc()
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return (await service.answers([link]))[0]


@links.get("/", summary="The account's links")
async def newest(
    service: The,
    owner: Owner,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(max_length=32, description="`next` of a page")] = None,
    url: Annotated[str | None, Query(max_length=4096, description="Of this URL alone")] = None,
) -> LinkList:
    """The newest first, expired ones among them."""
    wanted = None if url is None else _accepted(service, url)
    try:
        if before is not None and not is_code(before):
            raise UnknownLinkError(before)
        found = await service.links.newest_of(owner, limit + 1, before, wanted)
    except UnknownLinkError:
        advice = "give `next` of the page before, or leave it out"
        problem = Problem("before", f"the code of one of {owner}'s links", ascii(before), advice)
        raise RefusedError(problem) from None
    more = len(found) > limit
    items = await service.answers(found[:limit])
    return LinkList(items=items, next=items[-1].code if more else None)


@links.get("/{code}", summary="One link", responses=_NOT_FOUND)
async def one(link: OwnLink, service: The) -> LinkAnswer:
    """Expired ones, too."""
    return (await service.answers([link]))[0]


@links.patch("/{code}", summary="Change a link", responses=_NOT_FOUND)
async def change(link: OwnLink, wanted: LinkChange, service: The) -> LinkAnswer:
    """The redirect follows at once, for links with a chosen name to another URL, too."""
    url = None if wanted.url is None else _accepted(service, wanted.url)
    if url is not None and url != link.url and not link.chosen:
        advice = (
            "make another link, or choose a name for this one: what stands under a name changes"
        )
        raise RefusedError(Problem("url", "the URL that the code was drawn for", "another", advice))
    changed = await service.links.change(link, Change(url, wanted.says_end, wanted.end()))
    if changed is None:
        raise _no_link(link.code, link.owner)
    return (await service.answers([changed]))[0]


@links.delete("/{code}", status_code=204, summary="Delete a link", responses=_NOT_FOUND)
async def delete(link: OwnLink, service: The) -> None:
    """With its statistics. Its code answers 410 and is never another account's."""
    await service.links.delete(link)


@links.get("/{code}/statistics", summary="How often a link was used", responses=_NOT_FOUND)
async def used(
    link: OwnLink,
    service: The,
    days: Annotated[int, Query(ge=1, le=3660, description="Days back from today, UTC")] = 30,
) -> LinkStatistics:
    """By day and by the host that led there; neither addresses nor whole referrers are kept."""
    found = await statistics(service.database, link.id, days)
    return LinkStatistics(
        code=link.code,
        clicks=found.total.clicks,
        last_click_at=found.total.last_click_at,
        days=[DayClicks(day=day, clicks=clicks) for day, clicks in found.days],
        referrers=[ReferrerClicks(host=host, clicks=clicks) for host, clicks in found.referrers],
        at_most_behind_s=service.behind_s,
    )


def _no_link(code: str, owner: str) -> RefusedError:
    advice = "see GET /api/links/ for those that there are"
    problem = Problem("code", f"one of {owner}'s links", ascii(code[:40]), advice)
    return RefusedError(problem, HTTPStatus.NOT_FOUND)


def _accepted(service: Service, url: str) -> str:
    try:
        return service.url_rule.accept(url)
    except BadUrlError as error:
        raise RefusedError(error.problem) from None
