"""The lab misbehaves as it says, ends by itself, and survives what is sent to it."""

import asyncio
import hashlib
import ssl
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from demo.lab import silence
from demo.lab.server import MAX_CONNECTIONS
from demo.lab.uploads import MAX_FORM_BYTES, MAX_STREAM_BYTES

from tests.conftest import pages, running

PORT, TLS_PORT = 8010, 8011
URL = f"http://127.0.0.1:{PORT}"
CREDENTIALS = ("learner", "open sesame")


@pytest.fixture(scope="module")
def lab_process() -> Iterator[None]:
    with running():
        yield


@pytest.fixture
async def lab(lab_process: None) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=URL, timeout=10) as client:
        yield client


async def said(request: bytes) -> bytes:
    """All that the lab says to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode()


async def test_it_says_what_there_is_and_so_does_the_demo_worlds_page(
    lab: httpx.AsyncClient,
) -> None:
    found = (await lab.get("/")).json()["lab"]
    assert {"/silence/never", "/broken/chunk", "/uploads/stream", "/downloads/file"} <= set(found)
    assert all(line.partition(": ")[2] for line in found.values())
    async with pages() as client:
        page = (await client.get("/")).text
    assert f"At port {PORT}, and over TLS at {TLS_PORT}" in page


@pytest.mark.parametrize("path", ["/silence/never", "/silence/dripping-head"])
async def test_silence_gives_no_answer(lab: httpx.AsyncClient, path: str) -> None:
    started = time.monotonic()
    with pytest.raises((TimeoutError, httpx.ReadTimeout)):
        async with asyncio.timeout(0.6):
            await lab.get(path, timeout=0.5)
    assert time.monotonic() - started >= 0.45


async def test_half_an_answer_begins_at_once_and_does_not_go_on(lab: httpx.AsyncClient) -> None:
    async with lab.stream("GET", "/silence/half", timeout=0.3) as answer:
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"hello"
        with pytest.raises(httpx.ReadTimeout):
            await anext(pieces)


async def test_a_dripping_body_begins_at_once_and_goes_on(lab: httpx.AsyncClient) -> None:
    async with lab.stream("GET", "/silence/dripping-body") as answer:
        pieces = answer.aiter_raw()
        assert [len(await anext(pieces)) for _ in range(3)] == [1, 1, 1]


async def test_silence_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "LONGEST_S", 0.3)

    class Waiting:
        async def client_leaves(self, within_s: float) -> bool:
            await asyncio.sleep(within_s)
            return False

    async with asyncio.timeout(1):
        await silence.never(Waiting())  # type: ignore[arg-type]


async def test_late_answers_come_when_they_are_asked_for(lab: httpx.AsyncClient) -> None:
    started = time.monotonic()
    assert (await lab.get("/silence/late?ms=200")).status_code == 200
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(
    ("path", "ends_with"),
    [
        ("/broken/hang-up", b""),
        ("/broken/chunk", b"5\r\nhello\r\nfive\r\nworld\r\n0\r\n\r\n"),
        ("/broken/short", b"Content-Length: 1000\r\n\r\n0123456789"),
        ("/broken/status-line", b"220 mail.example ESMTP\r\n"),
        ("/broken/many-headers", b"X-Header-199: x\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_what_is_broken_is_sent_as_it_is(
    lab_process: None, path: str, ends_with: bytes
) -> None:
    answer = await said(get(path))
    assert answer.endswith(ends_with)
    assert bool(answer) == bool(ends_with)


async def test_encodings_are_not_what_they_are_said_to_be(lab: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.DecodingError):
        await lab.get("/broken/compression")
    answer = await lab.get("/broken/charset")
    assert answer.charset_encoding == "iso-8859-1"
    assert "代理" in answer.content.decode("gb18030")
    with pytest.raises(ValueError, match="Expecting"):
        (await lab.get("/broken/json")).json()


@pytest.mark.parametrize(
    ("name", "status", "location"),
    [
        ("loop", 302, "/redirects/loop"),
        ("other-scheme", 302, "ftp://ftp.example/"),
        ("same-again", 307, "/uploads/stream"),
    ],
)
async def test_redirects(lab: httpx.AsyncClient, name: str, status: int, location: str) -> None:
    answer = await lab.get(f"/redirects/{name}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (status, location)


async def test_a_flaky_one_works_after_so_many_failures(lab: httpx.AsyncClient) -> None:
    path = "/flaky?key=a&failures=2"
    answers = [await lab.get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[2].json() == {"attempt": 3}
    other = await lab.post("/flaky?key=b&failures=1&retry_after=2")
    assert (other.status_code, other.headers["retry-after"]) == (429, "2")


async def test_basic_credentials_are_asked_for(lab: httpx.AsyncClient) -> None:
    without = await lab.get("/auth/basic")
    assert without.status_code == 401
    assert without.headers["www-authenticate"].startswith("Basic realm=")
    assert (await lab.get("/auth/basic", auth=("learner", "wrong"))).status_code == 401
    assert (await lab.get("/auth/basic", auth=CREDENTIALS)).json() == {"user": "learner"}


async def test_a_token_is_good_for_two_requests(lab: httpx.AsyncClient) -> None:
    assert (await lab.post("/auth/token")).status_code == 401
    token = (await lab.post("/auth/token", auth=CREDENTIALS)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answers = [await lab.get("/auth/private", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert 'error="invalid_token"' in answers[2].headers["www-authenticate"]
    assert (await lab.get("/auth/private")).status_code == 401
    headers = {"Authorization": "Bearer made-up"}
    assert (await lab.get("/auth/private", headers=headers)).status_code == 401


async def test_a_body_is_counted_and_hashed_however_it_comes(lab: httpx.AsyncClient) -> None:
    body = b"0123456789" * 100_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 70_000):
            yield body[start : start + 70_000]

    whole = (await lab.post("/uploads/stream", content=body)).json()
    assert (whole["bytes"], whole["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert whole["headers"] == {"content-length": str(len(body))}
    streamed = (await lab.put("/uploads/stream", content=pieces())).json()
    assert {**streamed, "headers": whole["headers"]} == whole
    assert streamed["headers"] == {"transfer-encoding": "chunked"}


async def test_a_body_that_is_too_long_is_refused_before_it_is_sent(lab_process: None) -> None:
    announced = f"Content-Length: {MAX_STREAM_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n"
    answer = await said(b"POST /uploads/stream HTTP/1.1\r\nHost: lab\r\n" + announced.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_form_is_told_part_by_part(lab: httpx.AsyncClient) -> None:
    files = {"homework": ("作业.txt", b"one\r\n--two", "text/plain")}
    answer = await lab.post("/uploads/form", data={"name": "路飞"}, files=files)
    name, homework = answer.json()["parts"]
    assert (name["name"], name["filename"], name["bytes"]) == ("name", None, 6)
    assert (homework["filename"], homework["type"]) == ("作业.txt", "text/plain")
    assert homework["sha256"] == hashlib.sha256(b"one\r\n--two").hexdigest()


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("multipart/form-data", b"x", 415),
        ("multipart/form-data; boundary=b", b"no part", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno name\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nnot ended", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 60 + b"--b--", 400),
        ("multipart/form-data; boundary=b", b"x" * (MAX_FORM_BYTES + 1), 413),
    ],
)
async def test_a_form_that_is_none_is_refused(
    lab: httpx.AsyncClient, media_type: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": media_type}
    answer = await lab.post("/uploads/form", content=body, headers=headers)
    assert answer.status_code == status
    assert "expected" in answer.text


async def test_a_file_is_had_in_parts_that_fit_together(lab: httpx.AsyncClient) -> None:
    path = "/downloads/file?bytes=300000"
    whole = await lab.get(path)
    digest = hashlib.sha256(whole.content).digest()
    assert b64decode(whole.headers["repr-digest"].removeprefix("sha-256=:")[:-1]) == digest
    assert len(whole.content) == 300_000
    part = await lab.get(path, headers={"Range": "bytes=100000-199999"})
    assert (part.status_code, part.content) == (206, whole.content[100_000:200_000])
    assert part.headers["content-range"] == "bytes 100000-199999/300000"
    headers = {"Range": "bytes=299990-", "If-Range": whole.headers["etag"]}
    assert (await lab.get(path, headers=headers)).content == whole.content[-10:]
    other = await lab.get(path + "&version=2", headers=headers)
    assert (other.status_code, len(other.content)) == (200, 300_000)
    assert other.content != whole.content


async def test_a_file_breaks_off_where_it_is_told_to(lab: httpx.AsyncClient) -> None:
    received = b""

    async def receive(answer: httpx.Response) -> None:
        nonlocal received
        async for piece in answer.aiter_raw():
            received += piece

    async with lab.stream("GET", "/downloads/file?bytes=200000&breaks_after=90000") as answer:
        assert answer.headers["content-length"] == "200000"
        with pytest.raises(httpx.RemoteProtocolError):
            await receive(answer)
    assert len(received) == 90_000


@pytest.mark.parametrize("text", ["bytes=300000-", "bytes=5-2", "bytes=-5", "lines=1-2", "x"])
async def test_a_range_that_is_none_is_refused(lab: httpx.AsyncClient, text: str) -> None:
    answer = await lab.get("/downloads/file?bytes=300000", headers={"Range": text})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */300000")


async def test_it_tells_connections_apart(lab: httpx.AsyncClient) -> None:
    first, second = [(await lab.get("/seen/connection")).json() for _ in range(2)]
    assert first["connection"] == second["connection"]
    assert (first["request"], second["request"]) == (1, 2)
    async with httpx.AsyncClient(base_url=URL) as other:
        assert (await other.get("/seen/connection")).json()["connection"] != first["connection"]


async def test_it_tells_headers_and_sets_a_cookie(lab: httpx.AsyncClient) -> None:
    await lab.get("/seen/cookie?value=abc")
    seen = (await lab.get("/seen/headers", headers={b"X-Mine": b"\xe4"})).json()
    assert (seen["cookie"], seen["x-mine"]) == ("lab=abc", "ä")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("//[", 404),
        ("/uploads/stream", 405),
        ("/silence/late?ms=10001", 400),
        ("/silence/late?ms=-1", 400),
        ("/silence/late?ms=1e3", 400),
        ("/silence/late?ms=%D9%A1", 400),
        ("/flaky", 400),
        ("/flaky?key=" + "x" * 65, 400),
        ("/flaky?key=c&failures=101", 400),
        ("/downloads/file?bytes=99999999", 400),
        ("/seen/cookie?value=a%0d%0ab", 400),
    ],
)
async def test_a_bad_request_is_told_why(lab: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await said(get(path))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert (await lab.head("/")).status_code == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"POST /uploads/stream HTTP/1.1\r\nHost: lab\r\nContent-Length: x\r\n\r\n",
        b"POST /uploads/stream HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_request_gets_a_400_or_431(
    lab_process: None, request_bytes: bytes
) -> None:
    answer = await said(request_bytes.replace(b"\r\nHost:", b"\r\nConnection: close\r\nHost:"))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), answer


async def test_an_answer_arrives_though_the_body_was_not_wanted(lab: httpx.AsyncClient) -> None:
    answer = await lab.post("/auth/token", content=b"x" * 4_000_000)
    assert answer.status_code == 401


async def test_only_so_many_are_served_at_once(lab: httpx.AsyncClient) -> None:
    waiting = []
    for _ in range(MAX_CONNECTIONS):
        _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(get("/silence/never"))
        waiting.append(writer)
    # One of them may be another test's that the server has not yet seen leave.
    answers = [await said(get("/seen/connection")) for _ in range(2)]
    assert answers[-1] == b""
    for writer in waiting:
        writer.close()
    async with asyncio.timeout(5):
        while not await said(get("/seen/connection")):
            await asyncio.sleep(0.05)


async def ask_over_tls(context: ssl.SSLContext, name: str) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", TLS_PORT, ssl=context, server_hostname=name
    )
    writer.write(get("/seen/connection"))
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_certificates_are_wrong_but_for_one_name(lab: httpx.AsyncClient) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        await ask_over_tls(ssl.create_default_context(), "lab.test")
    trusting = ssl.create_default_context(cadata=(await lab.get("/ca.pem")).text)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'other\.test'"):
        await ask_over_tls(trusting, "other.test")
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        await ask_over_tls(trusting, "expired.test")
    assert (await ask_over_tls(trusting, "lab.test")).startswith(b"HTTP/1.1 200 ")


async def test_plain_text_at_the_port_with_tls_does_no_harm(lab: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", TLS_PORT)
    writer.write(get("/"))
    assert b"HTTP/1.1 200" not in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert (await lab.get("/")).status_code == 200
