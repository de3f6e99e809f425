import asyncio
import socket
from typing import Any

import pytest
from proxypool.http1 import NameUnknownError
from proxypool.resolver import Resolver


class Names:
    """Stands in for the system's resolver."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.wait = asyncio.Event()
        self.wait.set()
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self.getaddrinfo)

    async def getaddrinfo(self, name: str, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(name)
        await self.wait.wait()
        if name not in self.answers:
            raise socket.gaierror("no such name")
        return [(2, 1, 6, "", (address, 0)) for address in self.answers[name]]


async def test_addresses_come_in_the_systems_order_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, {"a.test": ["2001:db8::1", "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"]})
    found = await Resolver().resolve("a.test", 5)
    assert found == ("2001:db8::1", "192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.2", "192.0.2.2"),
    ],
)
async def test_an_address_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    names = Names(monkeypatch, {})
    # Nor is its answer ever too late.
    names.wait.clear()
    assert await Resolver().resolve(name, 0.0) == (address,)
    assert names.asked == []


async def test_an_answer_serves_those_who_ask_at_once_and_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, {"a.test": ["192.0.2.1"]})
    resolver = Resolver()
    await asyncio.gather(*(resolver.resolve("a.test", 5) for _ in range(50)))
    await resolver.resolve("a.test", 5)
    assert names.asked == ["a.test"]


async def test_an_unknown_name_is_remembered_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, {})
    resolver = Resolver()
    for _ in range(3):
        with pytest.raises(NameUnknownError):
            await resolver.resolve("nowhere.test", 5)
    assert names.asked == ["nowhere.test"]


async def test_a_slow_answer_is_not_waited_for_but_serves_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, {"slow.test": ["192.0.2.1"]})
    names.wait.clear()
    resolver = Resolver()
    with pytest.raises(NameUnknownError, match=r"no answer within 0\.01 s"):
        await resolver.resolve("slow.test", 0.01)
    names.wait.set()
    assert await resolver.resolve("slow.test", 5) == ("192.0.2.1",)
    assert names.asked == ["slow.test"]


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, {f"{n}.test": ["192.0.2.1"] for n in range(4200)})
    resolver = Resolver()
    for name in names.answers:
        await resolver.resolve(name, 5)
    await resolver.resolve("4199.test", 5)
    await resolver.resolve("0.test", 5)
    assert names.asked.count("4199.test") == 1
    assert names.asked.count("0.test") == 2, "the oldest was forgotten"
