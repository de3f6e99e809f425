"""`/api/v2/targets`: the named sites that proxies are tried with."""

from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import ValidationError, create_model
from starlette.responses import Response

from proxypool.api import patterns
from proxypool.api.errors import RefusedError, json_response, problem_of
from proxypool.api.models import Done
from proxypool.api.v2 import StoreOf, answers, json_body, no_such, router
from proxypool.targets import Target

targets = router("targets")

# The path says the name, and who writes says the origin.
_WRITTEN: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in Target.model_fields.items()
    if name not in ("name", "origin")
}
_create_model: Any = create_model
_Content: Any = _create_model(
    "TargetContent",
    __doc__="A target without its name.",
    __config__=Target.model_config,
    **_WRITTEN,
)

Name = Annotated[str, Path(pattern=patterns.WORD, examples=["shop"])]


@targets.get("/targets", response_model=dict[str, Target], summary="All targets")
async def read_targets(store: StoreOf) -> Response:
    """By name."""
    found = await store.targets()
    return json_response({name: target.model_dump(mode="json") for name, target in found.items()})


@targets.put(
    "/targets/{name}",
    responses=answers(413, 415),
    dependencies=[Depends(json_body)],
    summary="Take up a target, or change it",
)
async def put_target(store: StoreOf, name: Name, content: _Content) -> Target:
    """Proxies are tried with it at their next checks."""
    try:
        target = Target.model_validate({**content.model_dump(exclude_unset=True), "name": name})
    except ValidationError as error:
        raise RefusedError(problem_of(error, "body")) from error
    await store.put_target(target)
    return target


@targets.delete("/targets/{name}", responses=answers(404), summary="Forget a target")
async def delete_target(store: StoreOf, name: Name) -> Done:
    """And which proxies work for it."""
    if not await store.delete_target(name):
        raise no_such("target", name, "see /api/v2/targets")
    return Done()
