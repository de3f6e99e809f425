import asyncio
import socket
import struct
import time

import pytest
from proxypool.check import check
from proxypool.judge import JudgeWatch
from proxypool.protocol import Protocol
from proxypool.settings import Settings
from proxypool.verdict import Outcome, Verdict

from tests import proxies
from tests.conftest import MakeSettings
from tests.judge import Judge


async def verdict_on(behave: proxies.Behave, settings: Settings) -> Verdict:
    watch = JudgeWatch(settings)
    await watch.probe()
    async with proxies.proxy(behave) as address:
        return await check(address, settings, watch)


@pytest.mark.parametrize(
    ("behave", "anonymous"),
    [
        (proxies.good, "elite"),
        (proxies.chunked, "elite"),
        (proxies.http10_until_close, "elite"),
        (proxies.interim_answer, "elite"),
        (proxies.anonymous, "anonymous"),
        (proxies.forwards_for_others, "anonymous"),
        (proxies.adds_a_cookie, "anonymous"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_good_proxy_is_found_good(
    behave: proxies.Behave, anonymous: str, judged: Settings
) -> None:
    verdict = await verdict_on(behave, judged)
    assert (verdict.outcome, verdict.reason) == (Outcome.GOOD, "")
    assert verdict.exit_ip == proxies.EXIT
    assert verdict.anonymous == anonymous


@pytest.mark.parametrize(
    ("behave", "outcome", "reason"),
    [
        (proxies.transparent_address, Outcome.REFUSED, "transparent"),
        (proxies.transparent_forwarded_for, Outcome.REFUSED, "transparent"),
        (proxies.transparent_via, Outcome.REFUSED, "transparent"),
        (proxies.transparent_odd_header, Outcome.REFUSED, "transparent"),
        (proxies.says_ok_to_all, Outcome.REFUSED, "not_the_judge"),
        (proxies.captive_page, Outcome.REFUSED, "not_the_judge"),
        (proxies.injects, Outcome.REFUSED, "tampered"),
        (proxies.adds_a_key, Outcome.REFUSED, "tampered"),
        (proxies.changes_the_agent, Outcome.REFUSED, "tampered"),
        (proxies.compresses, Outcome.REFUSED, "not_the_judge"),
        (proxies.deep_json, Outcome.REFUSED, "not_the_judge"),
        (proxies.wrong_json, Outcome.REFUSED, "not_the_judge"),
        (proxies.drops_headers, Outcome.REFUSED, "marker_lost"),
        (proxies.invents_answer, Outcome.REFUSED, "marker_lost"),
        (proxies.replays_answer, Outcome.REFUSED, "marker_lost"),
        (proxies.redirects, Outcome.FAILED, "bad_status"),
        (proxies.bad_gateway, Outcome.FAILED, "bad_status"),
        (proxies.needs_password, Outcome.FAILED, "auth_required"),
        (proxies.hangs, Outcome.FAILED, "timeout"),
        (proxies.drips, Outcome.FAILED, "timeout"),
        (proxies.endless_headers, Outcome.FAILED, "too_large"),
        (proxies.endless_body, Outcome.FAILED, "too_large"),
        (proxies.endless_trailers, Outcome.FAILED, "too_large"),
        (proxies.announces_huge, Outcome.FAILED, "too_large"),
        (proxies.endless_interim, Outcome.FAILED, "bad_answer"),
        (proxies.speaks_ssh, Outcome.FAILED, "bad_answer"),
        (proxies.bad_chunk, Outcome.FAILED, "bad_answer"),
        (proxies.two_lengths, Outcome.FAILED, "bad_answer"),
        (proxies.closes_in_head, Outcome.FAILED, "closed"),
        (proxies.closes_in_body, Outcome.FAILED, "closed"),
        (proxies.closes_at_once, Outcome.FAILED, "closed"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_bad_proxy_is_told_with_its_reason(
    behave: proxies.Behave, outcome: Outcome, reason: str, judged: Settings
) -> None:
    started = time.monotonic()
    verdict = await verdict_on(behave, judged)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert time.monotonic() - started < judged.verify_timeout_s + 10


async def test_a_refused_connection_needs_no_judge(make_settings: MakeSettings) -> None:
    settings = make_settings()
    verdict = await check("127.0.0.1:1", settings, JudgeWatch(settings))
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "connect_refused")


@pytest.mark.parametrize(
    "proxy",
    ["10.1.2.3:80", "127.0.0.1:80", "169.254.169.254:80", "[::1]:80", "[::ffff:10.0.0.1]:1"],
)
async def test_a_private_upstream_is_refused(proxy: str, make_settings: MakeSettings) -> None:
    settings = make_settings(ALLOWED_UPSTREAM_NETWORKS="192.168.7.0/24")
    verdict = await check(proxy, settings, JudgeWatch(settings))
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "address_not_allowed")


async def test_a_proxy_at_an_ipv6_address_is_checked(
    make_settings: MakeSettings, judge: Judge
) -> None:
    settings = make_settings(JUDGE_URL=judge.url, ALLOWED_UPSTREAM_NETWORKS="::1/128")
    watch = JudgeWatch(settings)
    await watch.probe()
    async with proxies.proxy(proxies.good, "::1") as address:
        assert address.startswith("[::1]:")
        verdict = await check(address, settings, watch)
    assert (verdict.outcome, verdict.exit_ip) == (Outcome.GOOD, proxies.EXIT)


async def test_a_proxy_that_hangs_up_at_once_was_reached(judged: Settings) -> None:
    """Whether its reset comes before or after we have seen the connection."""
    no_linger = struct.pack("ii", 1, 0)

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        writer.transport.abort()

    watch = JudgeWatch(judged)
    await watch.probe()
    server = await asyncio.start_server(reset, proxies.OWN, 0)
    address = f"{proxies.OWN}:{server.sockets[0].getsockname()[1]}"
    for hint in ((), (Protocol.HTTP,), (Protocol.HTTP, Protocol.SOCKS5)):
        for _ in range(10):
            verdict = await check(address, judged, watch, hint=hint, full=not hint)
            assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "closed")
            assert set(verdict.tried) == set(Protocol)
    server.close()


async def test_what_is_no_address_is_refused(make_settings: MakeSettings) -> None:
    settings = make_settings()
    verdict = await check("nonsense", settings, JudgeWatch(settings))
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "bad_address")


@pytest.mark.parametrize("behave", [proxies.bad_gateway, proxies.hangs, proxies.closes_at_once])
async def test_nothing_is_held_against_a_proxy_while_the_judge_is_down(
    behave: proxies.Behave, judged: Settings, judge: Judge
) -> None:
    watch = JudgeWatch(judged)
    await watch.probe()
    await judge.stop()
    async with proxies.proxy(behave) as address:
        verdict = await check(address, judged, watch)
    assert (verdict.outcome, verdict.reason) == (Outcome.POSTPONED, "judge_down")


@pytest.mark.parametrize("mode", ["broken", "silent"])
async def test_a_judge_that_answers_nonsense_is_down(
    mode: str, judged: Settings, judge: Judge
) -> None:
    judge.mode = mode
    watch = JudgeWatch(judged)
    async with proxies.proxy(proxies.good) as address:
        verdict = await check(address, judged, watch)
    assert verdict.outcome is Outcome.POSTPONED
    assert not watch.up.is_set()


async def test_many_failures_ask_the_judge_once(judged: Settings, judge: Judge) -> None:
    watch = JudgeWatch(judged)
    async with proxies.proxy(proxies.closes_at_once) as address:
        await asyncio.gather(*(check(address, judged, watch) for _ in range(100)))
    print(f"asked {judge.asked} times")
    assert judge.asked <= 5


async def test_the_judges_own_address_in_host_is_no_sign_of_transparency(
    make_settings: MakeSettings, judge: Judge
) -> None:
    # The judge stands at 127.0.0.1, which is our own address too.
    settings = make_settings(JUDGE_URL=judge.url, JUDGE_DIRECT_URL=judge.url)
    verdict = await verdict_on(proxies.good, settings)
    assert verdict.outcome is Outcome.GOOD


async def test_an_address_of_ours_from_the_settings_is_recognised(
    make_settings: MakeSettings, judge: Judge
) -> None:
    settings = make_settings(
        JUDGE_URL=judge.url, JUDGE_DIRECT_URL=judge.url, OWN_ADDRESSES=proxies.EXIT
    )
    verdict = await verdict_on(proxies.good, settings)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "transparent")
