"""The service as a deployment runs it: real processes, real outages, real signals."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from base64 import b32decode
from functools import partial
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

import MySQLdb
import pytest
import requests

from luffy.cached_reads import PAUSE_AFTER_FAILURE_S
from tests.sms_provider import SmsProvider
from tests.staff import shown_by_phone
from tests.stand import (
    BASE_URL,
    Deployed,
    Process,
    Service,
    fresh_database,
    luffy,
    read_secret,
    run_sql,
    wait_until,
)

REQUEST = "0123456789abcdef0123456789abcdef"


def health_check(name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["luffy-health", name],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def is_healthy(name: str, folder: Path) -> bool:
    return health_check(name, TMPDIR=str(folder)).returncode == 0


def test_the_sample_catalogue_is_served(settled: Service) -> None:
    assert len(settled.get("home/banner/").json()["result"]) >= 4
    assert len(settled.get("course/category/").json()) == 3
    page = settled.get("course/actual/?ordering=-price&page_size=4").json()
    assert (page["count"], len(page["results"])) == (6, 4)
    assert page["results"][0]["price"] == "299.00"
    assert page["next"].startswith(f"{BASE_URL}/api/v1/course/actual/?")
    course = page["results"][0]["id"]
    assert len(settled.get(f"course/chapter/?course_id={course}").json()) == 2


def test_the_administration_and_its_static_files_are_served(settled: Service) -> None:
    session = requests.Session()
    page = session.get(f"{BASE_URL}/admin/login/", timeout=10).text
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {
        "csrfmiddlewaretoken": token,
        "username": "admin",
        "password": Path(os.environ["ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8"),
        "next": "/admin/course/course/",
    }
    answer = session.post(f"{BASE_URL}/admin/login/", form, timeout=10)
    assert answer.url.startswith(f"{BASE_URL}/admin/second-factor/phone/?next=")
    letters = re.findall(r"<code>([A-Z2-7 ]{39})</code>", answer.text)[0]
    secret = b32decode(letters.replace(" ", "")).hex()
    form = {
        "csrfmiddlewaretoken": answer.text.split('name="csrfmiddlewaretoken" value="')[1][:64],
        "code": shown_by_phone(secret),
    }
    answer = session.post(answer.url, form, timeout=10)
    assert len(re.findall(r"<code>[a-z]{5}-[a-z]{5}</code>", answer.text)) == 10
    assert 'href="/admin/course/course/"' in answer.text
    assert "容器编排" in session.get(f"{BASE_URL}/admin/course/course/", timeout=10).text
    for secret_text in (secret, letters, form["code"]):
        assert secret_text not in settled.log
    (style,) = re.findall(r'<link href="(/static/unfold/css/styles[^"]+)"', page)
    answer = settled.get(style)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_every_file_that_the_login_page_asks_for_is_served(settled: Service) -> None:
    page = settled.get("/admin/login/").text
    asked = re.findall(r"<(?:link|script)[^>]+?(?:src|href)=\"(/static/[^\"]+)\"", page)
    assert len(asked) > 5
    for address in asked:
        assert settled.get(address).status_code == 200, address
    assert BASE_URL not in page


def test_without_redis_the_catalogue_is_served_from_the_database(settled: Service) -> None:
    expected = settled.get("course/actual/").json()
    settled.redis_relay.cut()
    for _attempt in range(5):
        answer = settled.get("course/actual/")
        assert answer.status_code == 200
        assert answer.json() == expected
    assert settled.readiness()["status"] == "degraded"
    assert health_check("serve").returncode == 0
    assert "Redis did not answer" in settled.log
    settled.redis_relay.open()
    wait_until(lambda: settled.readiness()["status"] == "ready", "Redis is used again")


def test_a_login_lasts_until_it_is_ended(settled: Service) -> None:
    session = requests.Session()
    user = f"{BASE_URL}/api/v1/user/"
    form = {"username": "admin", "password": read_secret("ADMIN_PASSWORD")}
    answer = session.post(f"{user}login/mul_login/", json=form, timeout=10)
    assert answer.status_code == 200, answer.text
    cookie = next(iter(session.cookies))
    assert isinstance(cookie, Cookie)
    assert (cookie.name, cookie.path) == ("luffy_refresh", "/api/v1/user/")
    assert cookie.has_nonstandard_attr("HttpOnly")
    stolen = cookie.value
    answer = session.post(f"{user}token/refresh/", timeout=10)
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    profile = session.get(f"{user}profile/", headers=headers, timeout=10).json()
    assert profile["result"]["username"] == "admin"
    assert session.post(f"{user}logout/", timeout=10).status_code == 200
    assert not session.cookies
    cookies = {"luffy_refresh": stolen or ""}
    assert requests.post(f"{user}token/refresh/", cookies=cookies, timeout=10).status_code == 401
    for secret in (form["password"], stolen or "", answer.json()["token"]):
        assert secret not in settled.log


def test_without_redis_nobody_is_let_in_and_told_so_cleanly(settled: Service) -> None:
    settled.redis_relay.cut()
    form = {"username": "admin", "password": read_secret("ADMIN_PASSWORD")}
    address = f"{BASE_URL}/api/v1/user/login/mul_login/"
    answer = requests.post(address, json=form, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (503, "redis_unavailable")
    settled.redis_relay.open()
    assert requests.post(address, json=form, timeout=10).status_code == 200


def test_orders_need_no_redis_but_guesses_at_coupons_do(settled: Service) -> None:
    form = {"username": "admin", "password": read_secret("ADMIN_PASSWORD")}
    login = requests.post(f"{BASE_URL}/api/v1/user/login/mul_login/", json=form, timeout=10)
    headers = {"Authorization": f"Bearer {login.json()['token']}"}
    course = settled.get("course/actual/?ordering=price&free=false").json()["results"][0]

    def ask(path: str, **body: Any) -> tuple[int, str]:
        body = {"courses": [course["id"]]} | body
        answer = requests.post(f"{BASE_URL}/api/v1/{path}", json=body, headers=headers, timeout=20)
        return answer.status_code, answer.json().get("error", "")

    settled.redis_relay.cut()
    assert ask("order/quote/") == (200, "")
    assert ask("order/quote/", coupon="SAMPLE-10") == (503, "redis_unavailable")
    # This far an order comes: the running service has no payment gateway.
    total = course["price"]
    assert ask("order/pay/", total_amount=total) == (503, "payment_not_configured")
    settled.redis_relay.open()
    assert ask("order/quote/", coupon="SAMPLE-10") == (200, "")
    settled.database_relay.cut()
    assert ask("order/pay/", total_amount=total) == (503, "database_unavailable")


def test_a_code_is_texted_by_the_provider_that_is_set(settled: Service, sms: SmsProvider) -> None:
    answer = settled.get("user/send/send_message/?phone=13900000042&purpose=register")
    assert (answer.status_code, answer.json()["code"]) == (200, 100), answer.text
    assert re.fullmatch("[0-9]{6}", sms.code("13900000042"))


def test_without_the_database_answers_are_clean_503s_and_then_work_again(
    settled: Service,
) -> None:
    # Whichever worker answers shall ask Redis again, after a test that took it away.
    time.sleep(PAUSE_AFTER_FAILURE_S)
    settled.get("course/category/")
    settled.database_relay.cut()
    uncached = f"course/actual/?page_size={int(time.time()) % 40 + 1}&ordering=students"
    answer = settled.get(uncached, headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    body = answer.json()
    assert (body["code"], body["error"]) == (503, "database_unavailable")
    assert body["msg"] == (
        "The service cannot reach its database just now. Please try again shortly."
    )
    # What Redis still knows is shown all the same.
    assert settled.get("course/category/").status_code == 200
    admin = settled.get("/admin/", cookies={"sessionid": "x" * 32})
    assert admin.status_code == 503
    assert "Traceback" not in admin.text
    readiness = settled.get("/readyz")
    assert readiness.status_code == 503
    assert readiness.json()["checks"]["database"] == "unavailable (OperationalError)"
    check = health_check("serve")
    assert check.returncode == 1
    assert "503" in check.stdout
    assert settled.get("/healthz").status_code == 200
    settled.database_relay.open()
    wait_until(lambda: settled.get(uncached).status_code == 200, "the database is used again")


def test_without_both_answers_are_503s_still(settled: Service) -> None:
    settled.redis_relay.cut()
    settled.database_relay.cut()
    began = time.monotonic()
    assert settled.get("course/category/").status_code == 503
    assert time.monotonic() - began < 5


def test_the_health_check_shows_what_it_saw(settled: Service) -> None:
    check = health_check("serve")
    assert check.returncode == 0
    assert check.stdout.startswith("HTTP/1.0 200 OK {")
    assert '"database": "ok"' in check.stdout


def test_the_log_is_json_without_health_checks(settled: Service) -> None:
    settled.get("course/category/")
    lines = [json.loads(line) for line in settled.log.splitlines()]
    assert {"time", "level", "logger", "message", "request_id"} <= set(lines[0])
    access = [line for line in lines if line["logger"] == "luffy.access"]
    assert access
    assert not [line for line in access if line["path"] == "/readyz" and line["status"] == 200]


def test_a_request_that_runs_is_answered_before_the_service_ends(settled: Service) -> None:
    lock = threading.Event()
    answers: list[int] = []
    # A lock on the table keeps the request waiting while the service is told to end.
    blocker = threading.Thread(target=_hold_table, args=(settled.database, lock))
    blocker.start()
    try:
        time.sleep(0.5)
        path = "course/actual/?page_size=47&ordering=-students"
        request = threading.Thread(target=lambda: answers.append(settled.get(path).status_code))
        request.start()
        time.sleep(0.5)
        threading.Timer(2, lock.set).start()
        began = time.monotonic()
        code = settled.stop()
        request.join(20)
    finally:
        lock.set()
        blocker.join(20)
        settled.start()
    assert answers == [200]
    assert code == 0
    assert time.monotonic() - began < 20


def _hold_table(database: str, release: threading.Event) -> None:
    connection = MySQLdb.connect(
        host=os.environ["DB_HOST"],
        user=os.environ["DB_USER"],
        password=read_secret("DB_PASSWORD"),
        database=database,
    )
    connection.cursor().execute("LOCK TABLES luffy_course WRITE")
    release.wait(20)
    connection.close()  # type: ignore[no-untyped-call]


# --- uploads --------------------------------------------------------------------------------------


def test_an_upload_as_requests_sends_it_and_one_whose_connection_breaks(
    settled: Service, deployed: Deployed, tmp_path: Path
) -> None:
    form = {"username": "admin", "password": read_secret("ADMIN_PASSWORD")}
    login = requests.post(f"{BASE_URL}/api/v1/user/login/mul_login/", json=form, timeout=10)
    headers = {"Authorization": f"jwt {login.json()['token']}"}
    section = run_sql("SELECT MAX(id) FROM luffy_course_section", settled.database)[0][0]
    address = f"{BASE_URL}/api/v1/learning/section/{section}/attachment/"
    stored = deployed.media / "protected" / "attachment"
    incoming = deployed.media / "incoming"
    file = tmp_path / "notes.txt"
    file.write_text("Knots and sails.\n" * 300_000, encoding="utf-8")

    with file.open("rb") as opened:
        answer = requests.post(address, files={"file": opened}, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    (path,) = stored.iterdir()
    assert path.read_bytes() == file.read_bytes()

    head = "\r\n".join(
        [
            f"POST /api/v1/learning/section/{section}/attachment/ HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: {headers['Authorization']}",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Length: 6000000",
            "",
            '--x\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n',
        ]
    )
    with socket.create_connection(("127.0.0.1", 8000), timeout=10) as broken:
        broken.sendall(head.encode() + b"Knots and sails.\n" * 180_000)
        wait_until(lambda: any(incoming.iterdir()), "the file arrives")
    wait_until(lambda: not any(incoming.iterdir()), "what arrived is gone")
    assert list(stored.iterdir()) == [path]
    rows = "SELECT COUNT(*) FROM luffy_section_attachment WHERE name LIKE 'half%'"
    assert run_sql(rows, settled.database) == [(0,)]
    assert "Traceback" not in settled.log

    number = answer.json()["result"]["id"]
    deleted = requests.delete(
        f"{BASE_URL}/api/v1/learning/attachment/{number}/", headers=headers, timeout=10
    )
    assert deleted.status_code == 200
    assert list(stored.iterdir()) == []


# --- worker and beat ------------------------------------------------------------------------------


@pytest.fixture
def background(settled: Service, tmp_path: Path) -> Any:
    """Worker and beat with a temporary folder of their own."""
    variables = settled.variables | {"TMPDIR": str(tmp_path)}
    processes = {
        name: Process(name, variables, tmp_path / f"{name}.log") for name in ("worker", "beat")
    }
    yield processes, tmp_path
    for process in processes.values():
        if process.is_running():
            process.stop()


def test_worker_and_beat_refresh_the_banners_and_tell_their_health(
    settled: Service, background: Any
) -> None:
    processes, folder = background
    for name, process in processes.items():
        wait_until(partial(is_healthy, name, folder), f"the heartbeat of {name}")
        assert process.is_running()
    worker_log: Path = processes["worker"].log
    due = luffy(
        "manage",
        "shell",
        "--command",
        "import django_guid; from home.tasks import refresh_banners; refresh_banners.delay(); "
        f"django_guid.set_guid({REQUEST!r}); refresh_banners.delay()",
        variables=settled.variables,
    )
    assert due.returncode == 0, due.stderr

    def refreshed() -> list[str]:
        """The request ids of the tasks that are done."""
        lines = worker_log.read_text(encoding="utf-8").splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [line["request_id"] for line in told if line["message"].startswith("the banners")]

    wait_until(lambda: len(refreshed()) > 1, "the tasks are done")
    assert REQUEST in refreshed(), "what a request sends has its id"
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in refreshed())
    for name, process in processes.items():
        began = time.monotonic()
        assert process.stop() == 0, process.log.read_text(encoding="utf-8")
        assert time.monotonic() - began < 15, name


def test_a_worker_that_lost_its_broker_stops_its_heartbeat_and_starts_it_again(
    settled: Service, background: Any
) -> None:
    processes, folder = background
    heartbeat = folder / "luffy-worker.heartbeat"
    wait_until(heartbeat.exists, "the first heartbeat")
    settled.redis_relay.cut()
    time.sleep(1)
    last = heartbeat.stat().st_mtime
    os.utime(heartbeat, (last - 60, last - 60))
    time.sleep(11)
    check = health_check("worker", TMPDIR=str(folder))
    assert check.returncode == 1
    assert "expected a heartbeat in the last 35 s" in check.stderr
    assert processes["worker"].is_running()
    settled.redis_relay.open()
    wait_until(partial(is_healthy, "worker", folder), "the heartbeat comes back", limit_s=60)


def test_a_health_check_without_a_heartbeat_says_what_it_expected(tmp_path: Path) -> None:
    check = health_check("beat", TMPDIR=str(tmp_path))
    assert check.returncode == 1
    assert f"expected {tmp_path}/luffy-beat.heartbeat, found none" in check.stderr


# --- migrations -----------------------------------------------------------------------------------


def test_two_migrations_at_once_take_turns(tmp_path: Path) -> None:
    with fresh_database("luffy_twice") as name:
        done: list[subprocess.CompletedProcess[str]] = []
        variables = {"DB_NAME": name, "MEDIA_ROOT": str(tmp_path)}
        threads = [
            threading.Thread(target=lambda: done.append(luffy("migrate", variables=variables)))
            for _number in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [run.returncode for run in done] == [0, 0], [run.stderr for run in done]
        assert sum("No migrations to apply" in run.stdout for run in done) == 1
        twice = "SELECT app, name FROM django_migrations GROUP BY app, name HAVING COUNT(*) > 1"
        assert run_sql(twice, name) == []


@pytest.mark.parametrize("command", ["migrate", "sample_data"])
def test_a_step_without_its_database_says_so_in_one_line(command: str) -> None:
    done = luffy(command, variables={"DB_HOST": "127.0.0.1", "DB_PORT": "9"})
    assert done.returncode == 1
    assert "expected MariaDB to answer at 127.0.0.1:9, found: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_request_of_a_worker_finds_all_views_there() -> None:
    code = "import sys, luffy.wsgi; print({'home.views', 'shop.views'} <= set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n", done.stdout
