"""The last requests through the gateway: which upstream carried what, and what was tried before."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from proxypool.api.errors import json_response
from proxypool.api.models import PassedRequest
from proxypool.api.v2 import StoreOf, router

passed = router("gateway")

_TEXT_BYTES = 300


class PassedQuery(BaseModel):
    """Which ones."""

    destination: str = Field(
        default="",
        max_length=_TEXT_BYTES,
        description="A host, or `host:port`.",
        examples=["example.org"],
    )
    upstream: str = Field(
        default="", max_length=_TEXT_BYTES, description="`host:port` of the proxy that carried it."
    )
    account: str = Field(default="", max_length=_TEXT_BYTES, description="Whose requests.")
    outcome: str = Field(
        default="", max_length=20, description="carried, idle, cut, failed or none."
    )
    limit: int = Field(default=100, ge=1, le=1000)


@passed.get(
    "/requests", response_model=list[PassedRequest], summary="What went through the gateway lately"
)
async def read_requests(store: StoreOf, wanted: Annotated[PassedQuery, Query()]) -> Response:
    """The last requests and tunnels that ended, the newest first; `GATEWAY_HISTORY` are kept."""
    fields = {
        "destination": wanted.destination.lower(),
        "upstream": wanted.upstream,
        "account": wanted.account,
        "outcome": wanted.outcome,
    }
    asked = {name: value for name, value in fields.items() if value}
    return json_response(await store.passed(wanted.limit, asked))
