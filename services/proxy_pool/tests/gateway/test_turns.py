"""`rotate-N` and `cooldown-S` in the user name."""

from itertools import groupby

from proxypool.gateway.turns import Cooldowns, Turns

from tests.gateway.conftest import MakeUpstream, Running
from tests.gateway.test_sessions import exit_of


async def exits(gateway: Running, user: str, count: int, *, tunnel: bool = False) -> list[str]:
    return [await exit_of(gateway, user, tunnel=tunnel) for _ in range(count)]


async def test_so_many_requests_leave_by_one_upstream_and_then_by_another(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    for _ in range(8):
        await make_upstream()
    seen = await exits(gateway, "pool-rotate-5", 60)
    turns = [seen[start : start + 5] for start in range(0, 60, 5)]
    assert all(len(set(turn)) == 1 for turn in turns), turns
    assert len(set(seen)) > 2


async def test_tunnels_and_other_filters_have_turns_of_their_own(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    for _ in range(4):
        await make_upstream(country="CN")
    tunnels = await exits(gateway, "pool-rotate-3", 3, tunnel=True)
    assert len(set(tunnels)) == 1
    mixed = [
        await exit_of(gateway, user)
        for _ in range(3)
        for user in ("pool-rotate-6", "pool-country-CN-rotate-6")
    ]
    assert len(set(mixed[::2])) == len(set(mixed[1::2])) == 1


async def test_a_turn_ends_where_its_upstream_dies(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    upstreams = {one.place: one for one in [await make_upstream() for _ in range(3)]}
    first = await exit_of(gateway, "pool-rotate-100")
    await upstreams[first].stop()
    after = await exits(gateway, "pool-rotate-100", 10)
    assert len(set(after)) == 1
    assert after[0] in set(upstreams) - {first}


async def test_what_was_just_used_is_left_alone_while_there_are_others(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    places = {(await make_upstream()).place for _ in range(6)}
    assert set(await exits(gateway, "pool-cooldown-600", 6)) == places
    # Better one too soon than none.
    assert set(await exits(gateway, "pool-cooldown-600", 6)) <= places


async def test_turns_and_cooldowns_go_together(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    places = {(await make_upstream()).place for _ in range(4)}
    seen = await exits(gateway, "pool-rotate-3-cooldown-600", 12)
    runs = [(place, len([*group])) for place, group in groupby(seen)]
    assert sorted(runs) == sorted((place, 3) for place in places)


def test_a_cooldown_ends_and_belongs_to_an_account() -> None:
    now = [0.0]
    cooldowns = Cooldowns(lambda: now[0])
    cooldowns.used("ann", "192.0.2.1:80", 30)
    assert not cooldowns.is_over("ann", "192.0.2.1:80")
    assert cooldowns.is_over("bob", "192.0.2.1:80")
    now[0] = 30.0
    assert cooldowns.is_over("ann", "192.0.2.1:80")


def test_memory_is_bounded() -> None:
    cooldowns, turns = Cooldowns(), Turns()
    for number in range(10_100):
        cooldowns.used("ann", str(number), 30)
        turns.begin(str(number), object(), 2)  # type: ignore[arg-type]  # kept, not looked at
    assert cooldowns.is_over("ann", "0")
    assert not cooldowns.is_over("ann", "10099")
    assert turns.take("0", lambda _: True) is None
    assert turns.take("10099", lambda _: True) is not None
