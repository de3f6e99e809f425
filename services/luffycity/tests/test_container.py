"""What the running container answers, and when it refuses to start."""

import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from container import Site, StartSite, docker, run_to_end

OWN_ORIGIN_SETTINGS = 'globalThis.luffySettings = Object.freeze({ base_url: "/api/v1/" })\n'


def assets(site: Site) -> list[str]:
    found = re.findall(r'(?:src|href)="(/assets/[^"]+)"', site.get("/").text)
    assert found, "index.html names no assets"
    return found


# --- pages and files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/courses", "/courses/3", "/no/such/page", "/courses?page=2"]
)
def test_every_page_is_the_app_and_asked_for_anew(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<div id="app">' in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"


def test_an_unchanged_page_is_not_sent_again(site: Site) -> None:
    tag = site.get("/").headers["ETag"]
    assert site.get("/", If_None_Match=tag).status_code == 304


def test_assets_are_kept_for_a_year(site: Site) -> None:
    for path in assets(site):
        answer = site.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_assets_are_served_compressed(site: Site, encoding: str) -> None:
    script = next(path for path in assets(site) if path.endswith(".js"))
    plain = site.get(script)
    packed = site.get(script, Accept_Encoding=encoding)
    assert packed.headers["Content-Encoding"] == encoding
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-gone.js",
        "/assets/",
        "/favicon.ico",
        "/.vite/manifest.json",
        "/.env",
        "/index.php",
        "/media/none.webp",
        "/api/v1/course/actual/",
        "/error.html",
        "/settings.js/x.js",
    ],
)
def test_what_is_missing_is_missing(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert "nginx" not in answer.text


def test_uploads_are_shown_and_never_run(site: Site) -> None:
    picture = site.get("/media/course.svg")
    assert picture.status_code == 200
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    page = site.get("/media/upload.html")
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_links_out_of_the_uploads_lead_nowhere(site: Site) -> None:
    answer = site.get("/media/outside.txt")
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/media/../../etc/passwd", "/media/%2e%2e/%2e%2e/etc/passwd"])
def test_no_path_leads_out_of_the_site(site: Site, path: str) -> None:
    address = urlsplit(site.address)
    with socket.create_connection((address.hostname, address.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_nothing_can_be_written(site: Site, method: str) -> None:
    answer = requests.request(method, site.address + "/", timeout=10)
    assert answer.status_code == 405
    assert "nginx" not in answer.text


def test_a_body_is_refused(site: Site) -> None:
    assert requests.post(site.address + "/", data=b"x" * 4096, timeout=10).status_code == 413


# --- headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/settings.js", "/healthz", "/robots.txt", "/gone.js"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; connect-src 'self'; img-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Server"] == "nginx", "the version is nobody's business"


def test_the_page_needs_nothing_that_the_policy_forbids(site: Site) -> None:
    own = f'<link rel="canonical" href="{site.address}/">'
    page = site.get("/").text
    assert page.count(own) == 1
    page = page.replace(own, "")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page), "an inline script"
    assert not re.search(r"<style|\sstyle=|\son\w+=", page), "an inline style or handler"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page), "another host"


def test_the_built_files_name_no_other_host(site: Site) -> None:
    # Namespaces of XML, and pages that the libraries' messages point at: never fetched.
    known = {"www.w3.org", "vuejs.org", "pinia.vuejs.org", "router.vuejs.org", "github.com"}
    for path in assets(site):
        hosts = set(re.findall(r"https?://([A-Za-z0-9.-]+\.[a-z]{2,})", site.get(path).text))
        assert hosts <= known, path


# --- settings ----------------------------------------------------------------------------------


def test_by_default_the_api_is_at_the_same_origin(site: Site) -> None:
    answer = site.get("/settings.js")
    assert answer.text == OWN_ORIGIN_SETTINGS
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/javascript")


@pytest.mark.parametrize(
    ("base_url", "root", "origin"),
    [
        ("https://api.example.com", "https://api.example.com/api/v1/", "https://api.example.com"),
        ("http://192.0.2.7:8000/", "http://192.0.2.7:8000/api/v1/", "http://192.0.2.7:8000"),
        ("http://a.test/api/v1/", "http://a.test/api/v1/", "http://a.test"),
        ("https://a.test/luffy", "https://a.test/luffy/api/v1/", "https://a.test"),
        (
            "http://[2001:db8::1]:8000",
            "http://[2001:db8::1]:8000/api/v1/",
            "http://[2001:db8::1]:8000",
        ),
    ],
)
def test_another_address_reaches_the_browser_and_the_policy(
    start: StartSite, base_url: str, root: str, origin: str
) -> None:
    site = start(base_url)
    assert json.dumps(root) in site.get("/settings.js").text
    policy = site.get("/").headers["Content-Security-Policy"]
    assert f"connect-src 'self' {origin};" in policy
    assert f"img-src 'self' {origin};" in policy
    assert policy.startswith("default-src 'self';")


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com/",
        "javascript:alert(1)",
        "//api.example.com/",
        "/api/v1/",
        "http://",
        "http://a b/",
        "http://-a.test/",
        "http://a.test:0/",
        "http://a.test:65536/",
        "http://a.test/?q=1",
        "http://a.test/#x",
        'http://a.test/"});alert(1)//',
        "http://a.test/; script-src *",
        "http://a.test/\n/",
        "http://a.test/\u8def",
    ],
)
def test_a_bad_address_is_refused_by_name(image: str, secrets: Path, base_url: str) -> None:
    refused = run_to_end(image, secrets, base_url)
    assert refused.returncode == 78
    message = json.loads(refused.stderr)["message"]
    assert re.match(r"BASE_URL: expected .*, found '.*'; set BASE_URL .* start it again", message)


def test_a_password_in_the_address_is_refused_and_not_logged(image: str, secrets: Path) -> None:
    refused = run_to_end(image, secrets, "http://user:hunter2@a.test/")
    assert refused.returncode == 78
    assert "hunter2" not in refused.stderr + refused.stdout


def test_pictures_of_the_short_link_service_may_be_shown_and_nothing_else_of_it(
    start: StartSite,
) -> None:
    site = start("https://api.example.com", short_links="http://s.example.com:8002")
    policy = site.get("/").headers["Content-Security-Policy"]
    assert "img-src 'self' https://api.example.com http://s.example.com:8002;" in policy
    assert policy.count("s.example.com") == 1


@pytest.mark.parametrize("address", ["s.example.com", "http://a.test:0", "http://a.test/; x"])
def test_a_bad_address_of_short_links_is_refused_by_name(
    image: str, secrets: Path, address: str
) -> None:
    refused = run_to_end(image, secrets, "/", short_links=address)
    assert refused.returncode == 78
    assert json.loads(refused.stderr)["message"].startswith("SHORT_LINKS_URL: expected nothing, or")


# --- the container -----------------------------------------------------------------------------


def test_the_health_check_tells_a_site_without_settings(start: StartSite) -> None:
    site = start()
    assert site.health().returncode == 0
    docker("exec", site.container, "rm", "/run/luffycity/settings.js")
    check = site.health()
    assert check.returncode == 1
    assert "HTTP 503" in check.stderr


def test_it_runs_as_its_own_user_and_writes_nothing_outside_of_its_tmpfs(site: Site) -> None:
    who = docker("exec", site.container, "id").stdout
    assert "uid=10005(luffycity) gid=10005(luffycity)" in who
    # What was added to the container's own layer: the engine's init, and nothing of ours.
    changed = docker("diff", site.container).stdout.splitlines()
    added = [line for line in changed if line.startswith("A ")]
    assert added == ["A /usr/sbin/docker-init"]
    tried = docker("exec", site.container, "touch", "/srv/site/x", check=False)
    assert "Read-only file system" in tried.stderr


def test_the_image_holds_no_node_and_no_compiler(site: Site) -> None:
    found = docker("exec", site.container, "bash", "-c", "type -P node npm gcc cc; true").stdout
    assert found == ""


def test_requests_are_logged_as_json_with_the_caller_and_health_checks_are_not(
    start: StartSite,
) -> None:
    site = start()
    site.get('/courses?q="\\', X_Forwarded_For="192.0.2.9")
    site.get("/media/none.webp", X_Request_ID="a-request-of-tests")
    site.get("/healthz")
    lines = site.log_lines()
    assert [(line["path"], line["status"]) for line in lines if "path" in line] == [
        ("/courses?q=%22%5C", 200),
        ("/media/none.webp", 404),
    ]
    assert lines[0]["caller"] == "192.0.2.9"
    assert [line["request_id"] for line in lines if "path" in line] == ["", "a-request-of-tests"]
    assert all({"time", "level", "message"} <= set(line) for line in lines)


def test_errors_of_the_server_are_json_too(start: StartSite, media: Path) -> None:
    site = start()
    secret = media / "unreadable.svg"
    secret.write_text("<svg/>")
    secret.chmod(0)
    try:
        assert site.get("/media/unreadable.svg").status_code in (403, 404)
    finally:
        secret.unlink()
    errors = [line for line in site.log_lines() if line["level"] != "info"]
    assert len(errors) == 1
    assert "Permission denied" in errors[0]["message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", errors[0]["time"])


def test_many_requests_at_once_are_all_answered(site: Site) -> None:
    with requests.Session() as session:
        for path in assets(site) * 20:
            assert session.get(site.address + path, timeout=10).status_code == 200


@pytest.mark.parametrize("signal", ["QUIT", "TERM"])
def test_it_stops_when_told(start: StartSite, signal: str) -> None:
    site = start()
    docker("kill", f"--signal={signal}", site.container)
    assert docker("wait", site.container).stdout.strip() == "0"


def test_it_starts_again_after_a_stop(start: StartSite) -> None:
    site = start()
    docker("restart", "--time=5", site.container)
    site.wait_until_healthy()
