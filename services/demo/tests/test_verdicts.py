"""A checker that believes nothing, against what the farm says of itself: they must agree."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from tests.clients import (
    MARKER,
    RefusedError,
    Truth,
    ask_judge,
    ask_judge_securely,
    authorization,
    connect,
    credentials_of,
    get,
    headers_of,
    place_of,
    seen,
    trusting,
    tunnel,
)
from tests.conftest import WIDE_PORT

RESET = (ConnectionResetError, BrokenPipeError)
TRACES = {"via", "forwarded", "x-forwarded-for"}


async def truth_of(judging: httpx.AsyncClient, where: str = "/farm/wide/") -> list[Truth]:
    entries: list[Truth] = (await judging.get(where)).json()["proxies"]
    return entries


async def of_kind(judging: httpx.AsyncClient, kind: str) -> Truth:
    return next(entry for entry in await truth_of(judging) if entry["kind"] == kind)


async def found(entry: Truth, context: ssl.SSLContext) -> dict[str, object]:
    """What a checker finds of a proxy that works: protocols, https, exit and anonymity."""
    told = {}
    for protocol in ("http", "connect", "socks4", "socks4a", "socks5"):
        try:
            told[protocol] = seen(await ask_judge(entry, protocol))
        except (OSError, ValueError, RefusedError, asyncio.IncompleteReadError):
            continue
        assert headers_of(told[protocol])["x-marker"] == MARKER
    https = False
    for protocol in set(told) - {"http"}:
        answer = await ask_judge_securely(entry, protocol, context)
        assert headers_of(seen(answer))["x-marker"] == MARKER
        https = True
    names = {name for answer in told.values() for name in headers_of(answer)}
    return {
        "protocols": list(told),
        "https": https,
        "exit_ip": {answer["ip"] for answer in told.values()},
        "anonymity": "anonymous" if names & TRACES else "elite",
    }


async def test_every_steady_usable_proxy_is_what_the_farm_says(
    judging: httpx.AsyncClient, ca: Path
) -> None:
    truth = await truth_of(judging)
    usable = [entry for entry in truth if entry["usable"] and entry["steady"]]
    assert len(usable) > 50
    context = trusting(ca)
    results = await asyncio.gather(*(found(entry, context) for entry in usable))
    for entry, result in zip(usable, results, strict=True):
        assert result == {
            "protocols": entry["protocols"],
            "https": entry["https"],
            "exit_ip": {entry["exit_ip"]},
            "anonymity": entry["anonymity"],
        }, entry


async def test_the_port_farm_tells_the_truth_too(judging: httpx.AsyncClient, ca: Path) -> None:
    context = trusting(ca)
    truth = await truth_of(judging, "/farm/")
    for kind in (
        "good-mixed",
        "good-socks4",
        "good-socks4-locked",
        "good-mixed-locked",
        "no-https",
        "connect-only",
    ):
        entry = next(entry for entry in truth if entry["kind"] == kind)
        result = await found(entry, context)
        assert result["protocols"] == entry["protocols"]
        assert result["https"] == entry["https"]
        assert result["exit_ip"] == {entry["exit_ip"]}


async def test_the_dead_refuse_and_strangers_are_reset(judging: httpx.AsyncClient) -> None:
    with pytest.raises(ConnectionRefusedError):
        await connect(await of_kind(judging, "dead"))
    nobody: Truth = {"proxy": f"127.200.0.1:{WIDE_PORT}"}
    with pytest.raises(RESET):
        await (await connect(nobody)).ask(b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("kind", ["transparent", "transparent-socks5", "transparent-socks4"])
async def test_transparent_ones_show_the_client(kind: str, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, kind)
    for protocol in entry["protocols"]:
        told = seen(await ask_judge(entry, protocol))
        assert told["ip"] == "127.0.0.1"
        if protocol == "http":
            assert headers_of(told)["x-forwarded-for"] == "127.0.0.1"
            assert "via" in headers_of(told)


async def test_anonymous_ones_say_what_they_are_and_not_for_whom(
    judging: httpx.AsyncClient,
) -> None:
    entry = await of_kind(judging, "anonymous")
    told = seen(await ask_judge(entry, "http"))
    assert headers_of(told)["via"] == "1.1 farm"
    assert "127.0.0.1" not in str({**headers_of(told), "host": ""})


@pytest.mark.parametrize("kind", ["tampering", "tampering-socks5"])
async def test_tampering_ones_change_the_marker_alone(
    kind: str, judging: httpx.AsyncClient, ca: Path
) -> None:
    entry = await of_kind(judging, kind)
    for protocol in entry["protocols"]:
        told = seen(await ask_judge(entry, protocol))
        assert told["ip"] == entry["exit_ip"]
        assert headers_of(told)["x-marker"] == MARKER[::-1]
        if protocol != "http":
            secure = seen(await ask_judge_securely(entry, protocol, trusting(ca)))
            assert headers_of(secure)["x-marker"] == MARKER


async def test_injecting_ones_add_an_advertisement(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "injecting")
    for protocol in entry["protocols"]:
        head, _, body = (await ask_judge(entry, protocol)).partition(b"\r\n\r\n")
        assert body.endswith(b"</script>\n")
        assert b"Content-Length: %d" % len(body) in head
        assert MARKER.encode() in body


async def test_captive_ones_answer_200_to_everything(judging: httpx.AsyncClient, ca: Path) -> None:
    entry = await of_kind(judging, "captive")
    for said in (get("http://nowhere.test/", "nowhere.test"), b"\x05\x01\x00", b"\x04\x01"):
        answer = await (await connect(entry)).ask(said)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"Free WiFi" in answer
    line = await tunnel(entry, "connect", "nowhere.test", 443)
    assert b"Free WiFi" in await line.ask(b"anything")
    with pytest.raises(ssl.SSLError):
        await ask_judge_securely(entry, "connect", trusting(ca))


@pytest.mark.parametrize("kind", ["breaks-tls", "breaks-tls-socks5"])
async def test_breakers_of_tls_have_a_certificate_for_the_name_but_not_the_authority(
    kind: str, judging: httpx.AsyncClient, ca: Path
) -> None:
    entry = await of_kind(judging, kind)
    (protocol,) = set(entry["protocols"]) - {"http"}
    with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
        await ask_judge_securely(entry, protocol, trusting(ca))
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    line = await tunnel(entry, protocol, "localhost", 8444)
    await line.secure("localhost", careless)
    certificate = line.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert b"localhost" in certificate
    told = seen(await line.ask(get("/check/?format=json", "localhost")))
    assert told["ip"] == entry["exit_ip"]


async def test_connect_only_and_no_https_refuse_the_other(judging: httpx.AsyncClient) -> None:
    answer = await ask_judge(await of_kind(judging, "connect-only"), "http")
    assert answer.startswith(b"HTTP/1.1 403 ")
    with pytest.raises(RefusedError, match=r"HTTP/1\.1 403 "):
        await ask_judge(await of_kind(judging, "no-https"), "connect")


@pytest.mark.parametrize("kind", ["good-locked", "good-socks5-locked", "good-mixed-locked"])
async def test_wrong_credentials_are_refused(kind: str, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, kind)
    username, password = credentials_of(entry) or ("", "")
    assert (username, password) == (entry["username"], entry["password"])
    for wrong in (None, (username, "no"), ("no", password), (username, f"{password}x")):
        await expect_locked(entry, wrong)


@pytest.mark.parametrize("protocol", ["socks4", "socks4a"])
async def test_a_wrong_user_id_is_refused(protocol: str, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "good-socks4-locked")
    assert credentials_of(entry) == (entry["username"], "")
    assert entry["username"]
    host = "127.0.0.1" if protocol == "socks4" else "localhost"
    for wrong in (None, ("no", ""), (f"{entry['username']}x", "")):
        with pytest.raises(RefusedError) as caught:
            await tunnel(entry, protocol, host, 8001, wrong)
        assert caught.value.args[0][:2] == b"\x00\x5d"
    assert seen(await ask_judge(entry, protocol))["ip"] == entry["exit_ip"]


@pytest.mark.parametrize("kind", ["locked", "locked-socks5"])
async def test_nobody_has_the_credentials_of_locked_ones(
    kind: str, judging: httpx.AsyncClient
) -> None:
    entry = await of_kind(judging, kind)
    for wrong in (None, ("user", "password"), ("u", "")):
        await expect_locked(entry, wrong)


async def expect_locked(entry: Truth, credentials: tuple[str, str] | None) -> None:
    for protocol in entry["protocols"]:
        if protocol == "http":
            extra = authorization(credentials)
            answer = await (await connect(entry)).ask(get("http://localhost:8001/", "x", extra))
        else:
            with pytest.raises(RefusedError) as caught:
                await tunnel(entry, protocol, "localhost", 8001, credentials)
            answer = caught.value.args[0]
        if protocol == "socks5":
            assert answer == (b"\x05\xff" if credentials is None else b"\x01\x01")
        else:
            assert answer.startswith(b"HTTP/1.1 407 ")
            assert b"Proxy-Authenticate: Basic" in answer


async def test_a_flapping_one_is_up_and_down_again(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "flapping")
    states = []

    async def is_up() -> bool:
        try:
            return seen(await ask_judge(entry, "http"))["ip"] == entry["exit_ip"]
        except OSError:
            return False

    while states.count(True) < 2 or states.count(False) < 2:  # the test's own time limit ends it
        if (state := await is_up()) != (states[-1] if states else None):
            states.append(state)
        await asyncio.sleep(0.02)


async def test_a_dying_one_carries_its_requests_and_then_none(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "dying")
    for _ in range(3):
        assert seen(await ask_judge(entry, "http"))["ip"] == entry["exit_ip"]
    for protocol in ("http", "connect", "http"):
        with pytest.raises(RESET):
            await ask_judge(entry, protocol)


@pytest.mark.parametrize("kind", ["hanging", "hanging-socks5", "hanging-socks4"])
async def test_hanging_ones_say_nothing(kind: str, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, kind)
    for protocol in entry["protocols"]:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask_judge(entry, protocol), 1)


async def test_dripping_ones_send_byte_after_byte(judging: httpx.AsyncClient) -> None:
    line = await connect(await of_kind(judging, "dripping"))
    line.writer.write(get("http://localhost:8001/", "x"))
    assert await line.exactly(12) == b"HTTP/1.1 200"
    line.writer.close()


async def test_endless_headers_go_on(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "endless-headers")
    for request in (
        get("http://localhost:8001/", "x"),
        b"CONNECT localhost:8444 HTTP/1.1\r\n\r\n",
    ):
        line = await connect(entry)
        line.writer.write(request)
        received = await line.exactly(200_000)
        assert received.startswith(b"HTTP/1.1 200 OK\r\nX-Header-")
        assert b"\r\n\r\n" not in received
        line.writer.close()


async def test_cut_short_ones_close_in_the_middle(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "cut-short")
    answer = await ask_judge(entry, "http")
    length = int(answer.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert 0 < len(answer.partition(b"\r\n\r\n")[2]) < length
    for kind, protocol in (("cut-short", "connect"), ("cut-short-socks5", "socks5")):
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await ask_judge(await of_kind(judging, kind), protocol)
        assert caught.value.partial


async def test_the_judge_answers_directly_and_repeatedly(
    judging: httpx.AsyncClient, ca: Path
) -> None:
    assert (await judging.get("/farm/ca.pem")).text == ca.read_text()
    async with httpx.AsyncClient(verify=trusting(ca)) as client:
        for url in ("http://localhost:8001/check/", "https://localhost:8444/check/") * 2:
            told = (await client.get(url, params={"format": "json"})).json()
            assert told["ip"] == "127.0.0.1"
            assert ["host", url.split("/")[2]] in told["headers"]
            assert (await client.get(url)).text == "127.0.0.1\n"
        assert (await client.post("http://localhost:8001/check/", content=b"x" * 70_000)).is_success
        assert (await client.get("http://localhost:8001/other")).status_code == 404


async def test_one_connection_serves_several_requests(judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "good")
    host, port = place_of(entry)
    async with httpx.AsyncClient(proxy=f"http://{host}:{port}") as client:
        for content in (None, None, b"y" * 100_000):
            answer = await client.request(
                "POST" if content else "GET", "http://localhost:8001/check/", content=content
            )
            assert answer.text.strip() == entry["exit_ip"]
    line = await connect(entry)
    twice = get("http://localhost:8001/check/", "x").replace(b"close", b"keep-alive")
    answer = await line.ask(twice + get("http://localhost:8001/check/", "x"))
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("kind", ["slow", "slow-socks5"])
async def test_what_comes_while_a_slow_one_waits_is_not_lost(
    kind: str, judging: httpx.AsyncClient
) -> None:
    entry = await of_kind(judging, kind)
    body = b"z" * 900_000  # more than it holds back for its destination
    head = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    if kind == "slow":
        line = await connect(entry)
        target = "http://localhost:8001/check/"
    else:
        line = await connect(entry)
        line.writer.write(b"\x05\x01\x00")
        assert await line.exactly(2) == b"\x05\x00"
        line.writer.write(b"\x05\x01\x00\x03\x09localhost" + (8001).to_bytes(2, "big"))
        target = "/check/"
    answer = await line.ask(f"POST {target} HTTP/1.1\r\nHost: x\r\n".encode() + head + body)
    assert answer.endswith(f"{entry['exit_ip']}\n".encode())


BAD: list[bytes] = [
    b"\x05",
    b"\x05\x00",
    b"\x05\x01\x09",
    b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x1f\x41",  # BIND
    b"\x05\x01\x00\x05\x01\x00\x09\x7f\x00\x00\x01\x1f\x41",
    b"\x05\x01\x00\x05\x01\x00\x03\x00\x1f\x41",
    b"\x05\x01\x00\x05\x01\x00\x03\x03\xff\xfe\xfd\x1f\x41",
    b"\x05\x01\x00\x06\x01\x00\x01\x7f\x00\x00\x01\x1f\x41",
    b"\x04\x02\x1f\x41\x7f\x00\x00\x01\x00",
    b"\x04\x01\x1f\x41\x7f\x00\x00\x01" + b"u" * 3000,
    b"\x04\x01\x1f\x41\x00\x00\x00\x01\x00" + b"n" * 3000,
    b"\x00",
    b"\xff" * 100,
]


@pytest.mark.parametrize("said", BAD)
async def test_bad_handshakes_end_and_harm_no_one(said: bytes, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "good-mixed")
    line = await connect(entry)
    line.writer.write(said)
    line.writer.write_eof()
    answer = await asyncio.wait_for(line.reader.read(), 15)
    line.writer.close()
    assert b"\x05\x00\x00\x01" not in answer
    assert b"\x00\x5a" not in answer
    assert seen(await ask_judge(entry, "socks5"))["ip"] == entry["exit_ip"]


@pytest.mark.parametrize("protocol", ["http", "connect", "socks4a", "socks5"])
async def test_requests_may_come_in_pieces(protocol: str, judging: httpx.AsyncClient) -> None:
    entry = await of_kind(judging, "good-mixed")
    name, port = b"localhost", (8001).to_bytes(2, "big")
    inside = get("/check/?format=json", "x")
    said = {
        "http": get("http://localhost:8001/check/?format=json", "x"),
        "connect": b"CONNECT localhost:8001 HTTP/1.1\r\n\r\n" + inside,
        "socks4a": b"\x04\x01" + port + b"\x00\x00\x00\x09\x00" + name + b"\x00" + inside,
        "socks5": b"\x05\x01\x00\x05\x01\x00\x03\x09" + name + port + inside,
    }[protocol]
    line = await connect(entry)
    for start in range(0, len(said), 7):
        line.writer.write(said[start : start + 7])
        await line.writer.drain()
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(line.reader.read(), 15)
    line.writer.close()
    assert f'"ip": "{entry["exit_ip"]}"'.encode() in answer
