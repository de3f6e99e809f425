"""The last requests that went through the gateways."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from proxypool.store.base import StoreBase


class PassedStore(StoreBase):
    """What a gateway writes of each request, and the API reads."""

    async def note_passed(self, requests: Iterable[Mapping[str, Any]], kept: int) -> None:
        """Add ended requests, any JSON objects; of all, the `kept` last ones stay."""
        pipe = self._redis.pipeline(transaction=False)
        for request in requests:
            pipe.xadd(
                self._key(":passed"), {"as": json.dumps(request)}, maxlen=kept, approximate=False
            )
        await pipe.execute()

    async def passed(self, limit: int, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """Up to `limit` of them, the last first, whose fields have the values of `wanted`.

        A `destination` without a port stands for all ports.
        """
        found: list[dict[str, Any]] = []
        count = None if wanted else limit
        for _, fields in await self._redis.xrevrange(self._key(":passed"), count=count):
            request = json.loads(fields["as"])
            if all(_is(request, name, value) for name, value in wanted.items()):
                found.append(request)
                if len(found) == limit:
                    break
        return found


def _is(request: Mapping[str, Any], name: str, value: str) -> bool:
    text = str(request[name])
    return text == value or (name == "destination" and text.rpartition(":")[0] == value)
