import logging
from dataclasses import replace

import pytest
from proxypool.judge import JudgeWatch, Place
from proxypool.settings import Settings

from tests.conftest import MakeSettings
from tests.judge import Judge


def test_a_question_carries_its_marker_twice_and_no_two_are_alike() -> None:
    place = Place.of("http://judge.test:8001/check/")
    marker, request = place.question()
    assert request.startswith(
        b"GET /check/?format=json&marker=" + marker.encode() + b" HTTP/1.1\r\n"
    )
    assert b"\r\nHost: judge.test:8001\r\n" in request
    assert b"\r\nX-Check-Marker: " + marker.encode() + b"\r\n" in request
    assert request.endswith(b"\r\n\r\n")
    assert place.question()[0] != marker


def test_through_a_proxy_without_a_tunnel_the_whole_url_is_asked_for() -> None:
    _, request = Place.of("http://judge.test").question(absolute=True, extra=b"A: b\r\n")
    assert request.startswith(b"GET http://judge.test/?format=json&marker=")
    assert request.endswith(b"\r\nA: b\r\n\r\n")


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls"),
    [
        ("http://judge.test/", "judge.test", 80, False),
        ("https://judge.test/", "judge.test", 443, True),
        ("https://[2001:db8::1]:8444/x", "2001:db8::1", 8444, True),
    ],
)
def test_a_judges_url_is_read(url: str, host: str, port: int, is_tls: bool) -> None:
    place = Place.of(url)
    assert (place.host, place.port, place.is_tls) == (host, port, is_tls)


async def test_each_judge_is_watched_and_the_first_that_is_up_is_asked(
    make_settings: MakeSettings, judge: Judge
) -> None:
    first = Judge()
    await first.start()
    watch = JudgeWatch(make_settings(JUDGE_URL=f"{first.url},{judge.url}"))
    await watch.probe()
    assert watch.plain_judge().place.url == first.url
    await first.stop()
    await watch.probe()
    assert watch.plain_judge().place.url == judge.url
    assert watch.up.is_set()
    await judge.stop()
    await watch.probe()
    assert not watch.up.is_set()
    await first.start()
    await watch.probe()
    assert watch.plain_judge().place.url == first.url


async def test_direct_addresses_stand_for_those_that_proxies_reach(
    make_settings: MakeSettings, judge: Judge
) -> None:
    settings = make_settings(JUDGE_URL="http://judge.invalid/", JUDGE_DIRECT_URL=judge.url)
    watch = JudgeWatch(settings)
    await watch.probe()
    assert watch.up.is_set()
    assert watch.plain_judge().place.host == "judge.invalid"
    assert watch.own_addresses == {"127.0.0.1"}


async def test_a_tls_judge_is_one_only_while_its_certificate_is_verified(
    judged_with_tls: Settings, make_settings: MakeSettings, tls_judge: Judge
) -> None:
    watch = JudgeWatch(judged_with_tls)
    await watch.probe()
    assert watch.tls_judge() is not None
    stranger = JudgeWatch(
        make_settings(JUDGE_URL=judged_with_tls.judge_urls[0], JUDGE_HTTPS_URL=tls_judge.url)
    )
    await stranger.probe()
    assert stranger.tls_judge() is None
    assert stranger.up.is_set()


async def test_no_check_begins_before_tls_judges_have_been_asked(
    judged_with_tls: Settings, judge: Judge, tls_judge: Judge
) -> None:
    watch = JudgeWatch(judged_with_tls)
    (plain,) = watch.plain
    await plain.probe()
    assert watch.up.is_set()
    assert watch.tls_judge() is not None
    await judge.stop()
    await plain.probe()
    assert not watch.up.is_set()
    await tls_judge.stop()  # one that is gone does not keep checks waiting
    await judge.start()
    await watch.tls[0].probe()
    await plain.probe()
    assert watch.up.is_set()
    assert watch.tls_judge() is None


async def test_a_tls_judge_may_be_asked_at_another_place_than_proxies_reach_it(
    judged_with_tls: Settings, tls_judge: Judge
) -> None:
    """A container does not reach the ports that its own host publishes."""
    elsewhere = "https://192.0.2.1:8444/check/"
    settings = replace(
        judged_with_tls,
        judge_https_urls=(elsewhere,),
        judge_https_direct_urls=(tls_judge.url,),
    )
    watch = JudgeWatch(settings)
    await watch.probe()
    found = watch.tls_judge()
    assert found is not None
    assert found.place.url == elsewhere


async def test_a_judge_that_is_down_is_told_once_with_what_to_do(
    make_settings: MakeSettings, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    watch = JudgeWatch(make_settings(JUDGE_URL=f"http://127.0.0.1:1/check/,{judge.url}"))
    with caplog.at_level(logging.INFO):
        await watch.probe()
        await watch.probe()
        await watch.probe()
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "http://127.0.0.1:1/check/; found connect_refused" in warnings[0]
    assert "What to do:" in warnings[0]
    await watch.probe()
    assert f"{judge.url} is asked meanwhile" in (watch.what_a_judge_down_means(watch.plain[0]))
