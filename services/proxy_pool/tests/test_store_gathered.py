"""What many callers read at once, asked of a real Redis together."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from proxypool.store.gathered import UNREACHABLE, Gathered
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, NoPermissionError, NoScriptError

from tests.conftest import Admin, pool_url
from tests.relay import Relay

KEY = "proxy_pool:test:gathered"


@pytest.fixture
async def redis(admin: Admin, relay: Relay) -> AsyncIterator[Any]:
    await admin.hset(KEY, mapping={str(number): number * number for number in range(500)})
    client = Redis.from_url(
        pool_url(f"127.0.0.1:{relay.port}"), decode_responses=True, max_connections=8
    )
    yield client
    await client.aclose()


async def test_each_caller_gets_its_own_answer(redis: Any) -> None:
    gathered = Gathered(redis)
    answers = await asyncio.gather(*(gathered.ask("HGET", KEY, n) for n in range(500)))
    assert answers == [str(number * number) for number in range(500)]
    assert len(redis.connection_pool._available_connections) <= 2


async def test_answers_have_the_shape_that_redis_py_gives_them(redis: Any, admin: Admin) -> None:
    assert await Gathered(redis).ask("HGETALL", KEY) == await admin.hgetall(KEY)


async def test_one_that_fails_fails_alone(redis: Any) -> None:
    gathered = Gathered(redis)
    first, refused, unknown, last = await asyncio.gather(
        gathered.ask("HGET", KEY, 2),
        gathered.ask("GET", "of somebody else"),
        gathered.ask("EVALSHA", "0" * 40, 0),
        gathered.ask("HGET", KEY, 3),
        return_exceptions=True,
    )
    assert (first, last) == ("4", "9")
    assert isinstance(refused, NoPermissionError)
    assert isinstance(unknown, NoScriptError)


async def test_what_cannot_be_sent_is_told_to_its_caller(redis: Any) -> None:
    gathered = Gathered(redis)
    with pytest.raises(DataError):
        await gathered.ask("HGET", KEY, object())  # type: ignore[arg-type]
    assert await gathered.ask("HGET", KEY, 4) == "16"


async def test_a_caller_that_goes_away_takes_nobody_with_it(redis: Any) -> None:
    gathered = Gathered(redis)
    callers = [asyncio.create_task(gathered.ask("HGET", KEY, n)) for n in range(100)]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert answers[1::2] == [str(number * number) for number in range(1, 100, 2)]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])


async def test_everybody_is_told_that_redis_is_away(redis: Any, relay: Relay) -> None:
    gathered = Gathered(redis)
    await relay.cut()
    answers = await asyncio.gather(
        *(gathered.ask("HGET", KEY, n) for n in range(100)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {RedisConnectionError}
    await relay.mend()
    assert await gathered.ask("HGET", KEY, 5) == "25"


async def test_a_redis_that_hangs_costs_everybody_one_timeout() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    redis = Redis(port=port, socket_timeout=0.3, retry=Retry(NoBackoff(), 0))
    gathered = Gathered(redis)
    try:
        async with asyncio.timeout(5):  # one timeout after the other would be ten seconds
            answers = await asyncio.gather(
                *(gathered.ask("HGET", KEY, n) for n in range(1000)), return_exceptions=True
            )
    finally:
        await redis.aclose()
        server.close()
    assert all(isinstance(answer, UNREACHABLE) for answer in answers)
