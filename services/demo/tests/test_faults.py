"""List pages as they should not be: each is what it says, and ends."""

import gzip
from contextlib import AsyncExitStack

import httpx
import pytest
from demo.faults import FAULTS
from demo.pages import build_app

from tests.conftest import MakeSettings

MIB = 1024 * 1024


@pytest.fixture
def client(make_settings: MakeSettings) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app(make_settings()))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8009")


async def test_garbage_is_the_same_noise_each_time(client: httpx.AsyncClient) -> None:
    first = await client.get("/lists/faults/garbage")
    assert first.headers["content-type"].startswith("text/html")
    assert len(set(first.content)) == 256
    assert first.content == (await client.get("/lists/faults/garbage")).content


async def test_huge_is_as_large_as_it_says(client: httpx.AsyncClient) -> None:
    answer = await client.get("/lists/faults/huge")
    assert len(answer.content) == int(answer.headers["content-length"]) == 64 * MIB
    assert answer.text.startswith("198.51.100.0:8080\n")


async def test_a_bomb_is_small_on_the_way_and_large_at_its_end(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/lists/faults/bomb") as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = b"".join([piece async for piece in answer.aiter_raw()])
    assert len(packed) < MIB
    assert len(gzip.decompress(packed)) == 256 * MIB


async def test_a_redirect_loop_leads_to_itself(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.TooManyRedirects):
        await client.get("/lists/faults/redirect-loop", follow_redirects=True)


async def test_a_wrong_encoding_is_none_of_those_it_names(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.DecodingError):
        await client.get("/lists/faults/wrong-encoding")
    async with client.stream("GET", "/lists/faults/wrong-encoding") as answer:
        content = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert "198.51.100.7:8080" in content.decode("utf-16")


async def test_the_index_names_them_all(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for name in FAULTS:
        assert f"lists/faults/{name}" in page


async def test_only_a_few_slow_ones_are_served_at_once_and_the_endless_goes_on(
    judging: httpx.AsyncClient,
) -> None:
    async with AsyncExitStack() as open_ones:
        kept = []
        for _ in range(8):
            answer = await open_ones.enter_async_context(
                judging.stream("GET", "/lists/faults/slow")
            )
            assert answer.status_code == 200
            kept.append(answer.aiter_raw())  # its end would close the connection
            assert (await anext(kept[-1])).startswith(b"198.51.100.0:8080")
        for path in ("slow", "endless", "huge"):
            assert (await judging.get(f"/lists/faults/{path}")).status_code == 503
    received = 0
    while not received:  # until the server noticed that the others are gone
        async with judging.stream("GET", "/lists/faults/endless") as answer:
            assert answer.status_code in (200, 503)
            async for piece in answer.aiter_raw():
                received += len(piece) if answer.status_code == 200 else 0
                if received > 8 * MIB:
                    break
    assert received > 8 * MIB
    assert "content-length" not in answer.headers
    assert (await judging.get("/healthz")).status_code == 200
