"""What many callers read, asked of Redis together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

_AT_ONCE = 16
_PIECES_UNDER_WAY = 2  # Redis answers one while the next is made
UNREACHABLE = (RedisConnectionError, RedisTimeoutError)
Command: TypeAlias = tuple[str | bytes | int | float, ...]
Asked: TypeAlias = tuple[Command, "asyncio.Future[Any]"]


class Gathered:
    """What is asked while answers are on their way goes out as one piece after them.

    A connection and its bookkeeping cost redis-py more than most commands do: shared by all that
    wait, they cost each a part. For reading alone: where a connection breaks among the answers,
    redis-py sends the whole piece again.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._asked: deque[Asked] = deque()
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(self, *command: str | bytes | int | float) -> Any:
        """Redis's answer to one command.

        Raises what redis-py raises: what Redis says of this command is for its caller alone, that
        Redis is unreachable for all who wait.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((command, answer))
        if len(self._sending) < _PIECES_UNDER_WAY:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await answer

    async def _send(self) -> None:
        """Send pieces until nothing is asked."""
        while self._asked:
            count = min(len(self._asked), _AT_ONCE)
            some = [self._asked.popleft() for _ in range(count)]
            await self._exchange([one for one in some if not one[1].done()])

    async def _exchange(self, some: Sequence[Asked]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for command, _ in some:
            pipeline.execute_command(*command)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except UNREACHABLE as error:
            # Nor will it answer those who wait by now: a Redis that hangs costs one timeout, not
            # one after the other.
            some = [*some, *self._asked]
            self._asked.clear()
            answers = [error] * len(some)
        except RedisError as error:
            answers = [error] * len(some)
        except BaseException:
            for _, answer in some:
                answer.cancel()
            raise
        for (_, waiting), answer in zip(some, answers, strict=True):
            if waiting.done():
                continue  # its caller has gone
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
