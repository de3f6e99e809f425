"""What is found out about proxies that speak one or several protocols, with and without faults."""

import asyncio
import gc
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
import trustme
from proxypool.attempt import Attempt
from proxypool.check import Checks, check
from proxypool.detection import Check
from proxypool.exchange import Exchange
from proxypool.findings import Findings
from proxypool.http1 import AnswerReader
from proxypool.judge import JudgeWatch
from proxypool.protocol import Protocol
from proxypool.route import Route
from proxypool.settings import Settings
from proxypool.transport import Transport
from proxypool.tunnel import Handshake
from proxypool.verdict import Outcome, Verdict

from tests import proxies, tunnels
from tests.conftest import MakeSettings, tls_server
from tests.judge import Judge
from tests.tunnels import Proxy

HTTP, CONNECT, SOCKS4, SOCKS4A, SOCKS5 = Protocol
LOCKED = {"username": "ann", "password": "p@ss"}


async def verdict_on(
    proxy: Proxy,
    settings: Settings,
    *hint: Protocol,
    full: bool = True,
    address: str = "",
    watch: JudgeWatch | None = None,
) -> Verdict:
    if watch is None:
        watch = JudgeWatch(settings)
        await watch.probe()
    async with tunnels.running(proxy):
        place = address.format(port=proxy.port) or proxy.address
        return await check(place, settings, watch, hint=hint, full=full)


@pytest.mark.parametrize(
    ("speaks", "https"),
    [
        ({HTTP}, False),
        ({HTTP, CONNECT}, True),
        ({CONNECT}, True),
        ({SOCKS5}, True),
        ({SOCKS4}, True),
        ({SOCKS4, SOCKS4A}, True),
        ({HTTP, SOCKS5}, True),
        (set(Protocol), True),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
async def test_a_full_check_finds_every_protocol(
    speaks: set[Protocol], https: bool, judged_with_tls: Settings
) -> None:
    verdict = await verdict_on(Proxy(frozenset(speaks)), judged_with_tls)
    # What an address needs to be sent for is sent for by SOCKS4a servers as SOCKS4 has it.
    asked_by_address = {SOCKS4A} if SOCKS4 in speaks else set()
    assert verdict.outcome is Outcome.GOOD
    assert set(verdict.protocols) in (speaks, speaks | asked_by_address)
    assert set(verdict.tried) == set(Protocol)
    assert set(verdict.failures) == set(Protocol) - set(verdict.protocols)
    assert (verdict.https, verdict.exit_ip) == (https, proxies.EXIT)
    assert verdict.https_reason == ("" if https else "tunnel_unsupported")
    assert verdict.anonymous == "elite"


@pytest.mark.parametrize("protocol", list(Protocol))
async def test_a_quick_check_tries_what_is_known(
    protocol: Protocol, judged_with_tls: Settings
) -> None:
    proxy = Proxy()
    verdict = await verdict_on(proxy, judged_with_tls, protocol, full=False)
    assert (verdict.outcome, verdict.protocols) == (Outcome.GOOD, (protocol,))
    assert verdict.tried == (protocol,)
    assert verdict.https is (protocol is not HTTP)
    assert verdict.https_checked is (protocol is not HTTP)


async def test_all_that_is_known_is_tried(judged_with_tls: Settings) -> None:
    verdict = await verdict_on(Proxy(), judged_with_tls, HTTP, CONNECT, full=False)
    assert verdict.protocols == (HTTP, CONNECT)
    assert verdict.https


async def test_what_was_known_and_is_gone_is_told(judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({HTTP}))
    verdict = await verdict_on(proxy, judged_with_tls, HTTP, CONNECT, full=False)
    assert (verdict.outcome, verdict.protocols) == (Outcome.GOOD, (HTTP,))
    assert verdict.failures == {"connect": "tunnel_unsupported"}
    assert (verdict.https, verdict.https_reason) == (False, "tunnel_unsupported")


@pytest.mark.parametrize(
    ("hint", "speaks"),
    [(HTTP, SOCKS5), (SOCKS5, HTTP), (SOCKS4, SOCKS5), (HTTP, CONNECT), (CONNECT, SOCKS4)],
)
async def test_a_wrong_hint_is_no_hindrance(
    hint: Protocol, speaks: Protocol, judged_with_tls: Settings
) -> None:
    verdict = await verdict_on(Proxy(frozenset({speaks})), judged_with_tls, hint, full=False)
    assert (verdict.outcome, verdict.failures[hint.value]) != (Outcome.GOOD, "")
    assert speaks in verdict.protocols


async def test_a_proxy_that_is_silent_in_one_protocol_does_not_cost_its_whole_timeout(
    judged_with_tls: Settings,
) -> None:
    # Without trying others meanwhile it would take VERIFY_TIMEOUT before the next.
    settings = replace(judged_with_tls, verify_timeout_s=30.0, claim_idle_s=100.0)
    proxy = Proxy(frozenset({SOCKS5}), silent=frozenset({HTTP}))
    async with asyncio.timeout(25):
        verdict = await verdict_on(proxy, settings)
    assert verdict.outcome is Outcome.GOOD
    assert SOCKS5 in verdict.protocols
    assert verdict.failures["http"] == "timeout"


async def test_a_hanging_proxy_costs_one_timeout(judged_with_tls: Settings) -> None:
    settings = replace(judged_with_tls, verify_timeout_s=2.0)
    loop = asyncio.get_running_loop()
    watch = JudgeWatch(settings)
    await watch.probe()
    started = loop.time()
    verdict = await verdict_on(Proxy(silent=tunnels.ALL), settings, watch=watch)
    print(f"took {loop.time() - started:.2f} s")
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "timeout")
    assert set(verdict.tried) == set(Protocol)


async def test_a_refused_connection_is_tried_once(judged_with_tls: Settings) -> None:
    watch = JudgeWatch(judged_with_tls)
    verdict = await check("127.0.0.1:1", judged_with_tls, watch)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "connect_refused")
    assert verdict.tried == (HTTP,)


@pytest.mark.parametrize("protocol", [HTTP, CONNECT, SOCKS5])
async def test_credentials_are_given_where_there_are_any(
    protocol: Protocol, judged_with_tls: Settings
) -> None:
    proxy = Proxy(frozenset({protocol}), **LOCKED)
    address = "ann:p%40ss@127.0.0.1:{port}"
    verdict = await verdict_on(proxy, judged_with_tls, address=address)
    assert (verdict.outcome, verdict.protocols) == (Outcome.GOOD, (protocol,))


@pytest.mark.parametrize(
    ("address", "reason"),
    [("127.0.0.1:{port}", "auth_required"), ("ann:wrong@127.0.0.1:{port}", "auth_failed")],
)
@pytest.mark.parametrize("protocol", [HTTP, CONNECT, SOCKS5])
async def test_wrong_credentials_are_told_apart(
    protocol: Protocol, address: str, reason: str, judged_with_tls: Settings
) -> None:
    proxy = Proxy(frozenset({protocol}), **LOCKED)
    verdict = await verdict_on(proxy, judged_with_tls, address=address)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, reason)
    assert "wrong" not in repr(verdict)


async def test_one_tls_context_serves_all_checks_of_a_process(
    judged_with_tls: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []

    def make(*, cafile: str | None = None) -> ssl.SSLContext:
        made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return made[-1]

    monkeypatch.setattr("proxypool.tls.ssl.create_default_context", make)
    watch = JudgeWatch(judged_with_tls)
    await watch.probe()
    for protocol in (CONNECT, SOCKS5, CONNECT):
        verdict = await verdict_on(Proxy(frozenset({protocol})), judged_with_tls, watch=watch)
        assert verdict.https
    assert len(made) == 1


@pytest.mark.parametrize("speaks", [{CONNECT}, {SOCKS5}, {HTTP, CONNECT}])
async def test_a_man_in_the_middle_is_refused(
    speaks: set[Protocol], judged_with_tls: Settings
) -> None:
    someone_else = tls_server(trustme.CA())
    if SOCKS5 in speaks:
        proxy: Proxy = _BreaksTlsAlone(speaks, someone_else)
    else:
        proxy = Proxy(frozenset(speaks), man_in_the_middle=someone_else)
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "tls_broken")
    assert not verdict.https


class _BreaksTlsAlone(Proxy):
    """Lets plain requests pass, as such proxies do: its first tunnel is the plain judge's."""

    def __init__(self, speaks: set[Protocol], context: ssl.SSLContext) -> None:
        super().__init__(frozenset(speaks))
        self._context = context

    async def tunnel(
        self, host: str, port: int, granted: bytes, reader: proxies.Reader, writer: proxies.Writer
    ) -> None:
        self.man_in_the_middle = self._context if self.destinations[1:] else None
        await super().tunnel(host, port, granted, reader, writer)


async def test_a_certificate_for_another_name_is_refused(
    authority: trustme.CA, judged_with_tls: Settings
) -> None:
    proxy = Proxy(frozenset({CONNECT}), man_in_the_middle=tls_server(authority, "other.test"))
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "tls_broken")


async def test_a_page_at_the_end_of_a_tunnel_is_no_https(judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({CONNECT}), page=proxies.respond(b"<html>Log in</html>"))
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.https) == (Outcome.FAILED, False)
    assert verdict.failures["connect"] == "tls_failed"


async def test_a_page_at_the_end_of_a_socks_tunnel_is_refused(judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({SOCKS5}), page=proxies.respond(b"<html>Log in</html>"))
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "not_the_judge")


@pytest.mark.parametrize("protocol", [HTTP, SOCKS5])
async def test_tampering_is_refused(protocol: Protocol, judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({protocol}), swaps=(b"X-Check", b"X-Chick"))
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "marker_lost")


async def test_a_transparent_tunnel_is_refused(judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({SOCKS5}), exit_ip=proxies.OWN)
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "transparent")


async def test_a_proxy_that_opens_no_tunnel_says_why(judged_with_tls: Settings) -> None:
    proxy = Proxy(frozenset({SOCKS5}), refuses=True)
    verdict = await verdict_on(proxy, judged_with_tls)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "destination_refused")


@pytest.mark.parametrize(
    ("protocol", "asked"),
    [(CONNECT, 0), (SOCKS5, 0), (SOCKS4, 1)],  # SOCKS4 has one answer for "will not" and "cannot"
)
async def test_what_a_proxy_will_not_do_is_not_blamed_on_a_judge(
    protocol: Protocol, asked: int, judged_with_tls: Settings, tls_judge: Judge
) -> None:
    watch = JudgeWatch(judged_with_tls)
    await watch.probe()
    before = tls_judge.asked
    proxy = Proxy(frozenset({HTTP, protocol}), forbidden_port=tls_judge.port)
    verdict = await verdict_on(proxy, judged_with_tls, HTTP, protocol, full=False, watch=watch)
    assert (verdict.outcome, verdict.https) == (Outcome.GOOD, False)
    assert verdict.https_reason == "tunnel_refused"
    assert tls_judge.asked - before == asked


@pytest.mark.parametrize(
    ("least", "behave", "outcome", "reason"),
    [
        ("transparent", proxies.transparent_via, Outcome.GOOD, ""),
        ("anonymous", proxies.anonymous, Outcome.GOOD, ""),
        ("elite", proxies.anonymous, Outcome.REFUSED, "anonymous"),
        ("elite", proxies.good, Outcome.GOOD, ""),
    ],
)
async def test_the_least_anonymity_is_a_setting(
    least: str,
    behave: proxies.Behave,
    outcome: Outcome,
    reason: str,
    make_settings: MakeSettings,
    judge: Judge,
) -> None:
    settings = make_settings(JUDGE_URL=judge.url, MIN_ANONYMITY=least)
    watch = JudgeWatch(settings)
    await watch.probe()
    async with proxies.proxy(behave) as address:
        verdict = await check(address, settings, watch, hint=(HTTP,), full=False)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


async def test_headers_of_the_judges_own_front_are_no_sign_of_a_proxy(
    make_settings: MakeSettings, judge: Judge
) -> None:
    judge.adds = [("Via", "1.1 front")]
    settings = make_settings(JUDGE_URL=judge.url)
    verdict = await verdict_on(Proxy(frozenset({HTTP})), settings)
    assert verdict.anonymous == "elite"


async def test_a_proxy_with_a_host_name_is_checked_at_its_address(judged: Settings) -> None:
    verdict = await verdict_on(Proxy(), judged, HTTP, full=False, address="localhost:{port}")
    assert verdict.outcome is Outcome.GOOD


@pytest.mark.parametrize(
    ("proxy", "outcome", "reason"),
    [
        ("nowhere.invalid:80", Outcome.FAILED, "name_unknown"),
        ("localhost:80", Outcome.REFUSED, "address_not_allowed"),
    ],
)
async def test_a_name_that_leads_nowhere_or_to_a_private_address_is_told(
    proxy: str, outcome: Outcome, reason: str, make_settings: MakeSettings
) -> None:
    settings = make_settings(ALLOWED_UPSTREAM_NETWORKS="192.0.2.0/24", CONNECT_TIMEOUT="2")
    verdict = await check(proxy, settings, JudgeWatch(settings))
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


async def test_nothing_is_said_while_our_own_address_is_unknown(judged: Settings) -> None:
    # The judge was never asked directly.
    verdict = await verdict_on(Proxy(), judged, HTTP, full=False, watch=JudgeWatch(judged))
    assert (verdict.outcome, verdict.reason) == (Outcome.POSTPONED, "own_address_unknown")


async def test_another_judge_takes_over(make_settings: MakeSettings, judge: Judge) -> None:
    settings = make_settings(JUDGE_URL=f"http://127.0.0.1:1/check/,{judge.url}")
    verdict = await verdict_on(Proxy(), settings, HTTP, full=False)
    assert verdict.outcome is Outcome.GOOD


async def test_a_judge_that_goes_down_is_replaced_at_once(
    make_settings: MakeSettings, judge: Judge
) -> None:
    first = Judge()
    await first.start()
    settings = make_settings(JUDGE_URL=f"{first.url},{judge.url}")
    watch = JudgeWatch(settings)
    await watch.probe()
    await first.stop()
    proxy = Proxy()
    verdict = await verdict_on(proxy, settings, HTTP, full=False, watch=watch)
    assert (verdict.outcome, verdict.reason, verdict.at_once) == (
        Outcome.POSTPONED,
        "judge_down",
        True,
    )
    assert watch.up.is_set()
    verdict = await verdict_on(proxy, settings, HTTP, full=False, watch=watch)
    assert verdict.outcome is Outcome.GOOD


def unreached(judge: Judge) -> str:
    """A place for the judge at which no proxy finds it, though it answers us."""
    return judge.url.replace(str(judge.port), "1")


async def test_a_judge_that_no_proxy_reaches_is_not_held_against_good_ones(
    make_settings: MakeSettings, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings(JUDGE_URL=unreached(judge), JUDGE_DIRECT_URL=judge.url)
    watch = JudgeWatch(settings)
    await watch.probe()
    proxy = Proxy(frozenset({HTTP}))
    checks = Checks(settings, watch)
    async with tunnels.running(proxy):

        async def outcome(*, was_good: bool) -> str:
            verdict = await checks.check(proxy.address, hint=(HTTP,), full=False, was_good=was_good)
            return verdict.reason if verdict.outcome is Outcome.POSTPONED else "failed"

        assert [await outcome(was_good=False) for _ in range(20)] == ["failed"] * 20
        assert [await outcome(was_good=True) for _ in range(9)] == ["failed"] * 9
        assert await outcome(was_good=True) == "judge_unreached"
        seen = watch.seen()[unreached(judge)]
        assert (seen["up"], seen["error"]) == (
            False,
            "no proxy reaches it, of 10 good ones in a row",
        )
        assert caplog.text.count("see that it can be reached from outside") == 1
        await watch.probe()
        assert await outcome(was_good=True) == "judge_unreached"
        # One that reaches it ends all doubt.
        watch.plain[0].note_reached()
        assert await outcome(was_good=True) == "failed"


async def test_another_judge_is_asked_where_no_proxy_reaches_the_first(
    make_settings: MakeSettings, judge: Judge
) -> None:
    settings = make_settings(
        JUDGE_URL=f"{unreached(judge)},{judge.url}", JUDGE_DIRECT_URL=f"{judge.url},{judge.url}"
    )
    watch = JudgeWatch(settings)
    await watch.probe()
    checks = Checks(settings, watch)
    proxy = Proxy(frozenset({HTTP}))
    async with tunnels.running(proxy):
        found = [
            (await checks.check(proxy.address, hint=(HTTP,), full=False, was_good=True)).outcome
            for _ in range(11)
        ]
    assert found[-1] is Outcome.GOOD


async def test_https_stands_while_no_proxy_reaches_the_tls_judge(
    make_settings: MakeSettings, judge: Judge, tls_judge: Judge, judged_with_tls: Settings
) -> None:
    settings = make_settings(
        JUDGE_URL=judge.url,
        JUDGE_HTTPS_URL=unreached(tls_judge),
        JUDGE_HTTPS_DIRECT_URL=tls_judge.url,
        JUDGE_CA_FILE=str(judged_with_tls.judge_ca_file),
    )
    watch = JudgeWatch(settings)
    await watch.probe()
    checks = Checks(settings, watch)
    proxy = Proxy(frozenset({HTTP, CONNECT}))
    async with tunnels.running(proxy):
        verdicts = [
            await checks.check(proxy.address, hint=(HTTP, CONNECT), full=False, was_good=True)
            for _ in range(10)
        ]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.GOOD}
    assert (verdicts[0].https, verdicts[0].https_checked) == (False, True)
    assert not verdicts[9].https_checked


async def test_a_tls_judge_that_is_down_says_nothing_about_https(
    judged_with_tls: Settings, tls_judge: Judge
) -> None:
    watch = JudgeWatch(judged_with_tls)
    await watch.probe()
    await tls_judge.stop()
    verdict = await verdict_on(Proxy(), judged_with_tls, HTTP, CONNECT, full=False, watch=watch)
    assert (verdict.outcome, verdict.protocols) == (Outcome.GOOD, (HTTP,))
    assert CONNECT not in verdict.tried
    assert not verdict.https_checked
    # Known to be down now: nothing is tried with it, and nothing held against a tunnel.
    verdict = await verdict_on(Proxy(), judged_with_tls, CONNECT, full=False, watch=watch)
    assert (verdict.outcome, verdict.reason) == (Outcome.POSTPONED, "judge_down")


async def test_a_tls_judge_with_a_bad_certificate_refuses_no_proxy(
    make_settings: MakeSettings, judge: Judge, tls_judge: Judge
) -> None:
    # Its authority is not known here: that is our fault.
    settings = make_settings(JUDGE_URL=judge.url, JUDGE_HTTPS_URL=tls_judge.url)
    verdict = await verdict_on(Proxy(), settings)
    assert (verdict.outcome, verdict.https, verdict.https_checked) == (Outcome.GOOD, False, False)


async def test_without_a_tls_judge_connect_is_tried_with_the_plain_one(judged: Settings) -> None:
    verdict = await verdict_on(Proxy(frozenset({CONNECT})), judged)
    assert (verdict.outcome, verdict.protocols) == (Outcome.GOOD, (CONNECT,))
    assert (verdict.https, verdict.https_reason) == (False, "no_judge")


@pytest.mark.parametrize("form", ["httpbin", "azenv"])
async def test_other_judges_forms_are_read(form: str, judged: Settings, judge: Judge) -> None:
    judge.form = form
    verdict = await verdict_on(Proxy(frozenset({HTTP})), judged)
    assert (verdict.outcome, verdict.exit_ip) == (Outcome.GOOD, proxies.EXIT)
    assert verdict.anonymous == "elite"


@pytest.mark.parametrize("form", ["httpbin", "azenv"])
async def test_injection_into_other_judges_forms_is_refused(
    form: str, judged: Settings, judge: Judge
) -> None:
    judge.form = form
    watch = JudgeWatch(judged)
    await watch.probe()
    async with proxies.proxy(proxies.injects) as address:
        verdict = await check(address, judged, watch)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "tampered")


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_a_check_leaves_no_cycles(judged_with_tls: Settings) -> None:
    """The collector looks for some seldom: see checker_processes."""
    watch = JudgeWatch(judged_with_tls)
    await watch.probe()
    verdicts = [
        await verdict_on(Proxy(frozenset({HTTP, SOCKS5})), judged_with_tls, watch=watch),
        await verdict_on(Proxy(frozenset({SOCKS4}), refuses=True), judged_with_tls, watch=watch),
        await verdict_on(Proxy(page=b"HTTP/1.1 200 OK\r\n\r\n"), judged_with_tls, watch=watch),
        await check("127.0.0.1:1", judged_with_tls, watch),
    ]
    async with proxies.proxy(proxies.chunked) as address:
        verdicts.append(await check(address, judged_with_tls, watch))
    outcomes = [verdict.outcome.value for verdict in verdicts]
    assert outcomes == ["good", "failed", "refused", "failed", "good"]
    parts = (Check, Findings, Attempt, Exchange, Transport, AnswerReader, Handshake, Route)
    assert [one for one in gc.get_objects() if isinstance(one, parts)] == []
