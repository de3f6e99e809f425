"""The named sites that proxies are tried with, and which of the pool works for them."""

import json
import logging
from collections.abc import Sequence

from pydantic import ValidationError

from proxypool.store.base import StoreBase
from proxypool.targets import Target

log = logging.getLogger(__name__)

_FORGET_AT_ONCE = 200


class TargetStore(StoreBase):
    """Targets by name. Each is kept with `since`: results from before it count for nothing."""

    async def targets(self) -> dict[str, Target]:
        """All targets by name."""
        found: dict[str, Target] = {}
        stored = await self._redis.hgetall(self._key(":targets"))
        for name, text in sorted(stored.items()):
            try:
                content = json.loads(text)
                content.pop("since", None)
                found[name] = Target.model_validate(content)
            except (ValueError, AttributeError, ValidationError) as error:
                # Not shown: its headers may hold a key. It can be put again, or deleted.
                fault = type(error).__name__
                log.error("target %s: what was stored of it cannot be read: %s", name[:80], fault)
        return found

    async def put_target(self, target: Target) -> None:
        """Take up a target, or change it. What was found out with another URL is forgotten."""
        former = (await self.targets()).get(target.name)
        seconds, micros = await self._redis.time()
        since = seconds * 1000 + micros // 1000
        same = former is not None and target.asks_the_same_as(former)
        if same:
            stored = await self._redis.hget(self._key(":targets"), target.name)
            since = json.loads(stored or "{}").get("since", since)
        content = {**target.model_dump(mode="json"), "since": since}
        if former is not None and not same:
            await self.delete_target(target.name)
        await self._redis.hset(self._key(":targets"), target.name, json.dumps(content))

    async def delete_target(self, name: str) -> bool:
        """Forget a target and which proxies work for it; whether there was one."""
        was_there = await self._redis.hdel(self._key(":targets"), name)
        # First the target, so that no check adds to the facet while it is emptied in pieces.
        while True:
            forgotten, damaged = await self._run("forget_target", name, _FORGET_AT_ONCE)
            self._warn_of(damaged)
            if forgotten < _FORGET_AT_ONCE:
                return bool(was_there)

    async def sync_targets(self, of_file: Sequence[Target]) -> None:
        """Have the targets of origin `file` be these. Those put by the API stay as they are."""
        present = await self.targets()
        wanted = {target.name: target for target in of_file}
        for name, target in present.items():
            if target.origin == "file" and name not in wanted:
                await self.delete_target(name)
        for name, target in wanted.items():
            former = present.get(name)
            if former is not None and former.origin == "api":
                log.warning("target %s: the API's stays, the file's is not taken", name)
            elif former != target:
                await self.put_target(target)
