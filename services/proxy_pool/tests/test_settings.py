import subprocess
import sys
from pathlib import Path

import pytest
from proxypool import settings as settings_module
from proxypool.problems import EX_CONFIG, ConfigurationError
from proxypool.settings import SETTINGS, load

README = Path(__file__).parent.parent / "README.md"


def test_defaults_are_enough_for_the_server() -> None:
    settings = load("server", {"DB_CONN": "redis://u:p@redis:6379/0"})
    assert settings.port == 5010
    assert settings.table_name == "proxy_pool:use_proxy"
    assert [str(network) for network in settings.trusted_callers] == ["127.0.0.1/32", "::1/128"]


def test_the_connection_is_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "db_conn"
    secret.write_text("redis://u:p@redis:6379/0\n")
    assert load("server", {"DB_CONN_FILE": str(secret)}).db_conn == "redis://u:p@redis:6379/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_CONN", "mysql://u:secret@h/0"),
        ("DB_CONN", "redis://"),
        ("DB_CONN", "redis://h:port/0"),
        ("DB_CONN", "redis://h:6379/zero"),
        ("DB_CONN_FILE", "/nonexistent/file"),
        ("TABLE_NAME", "with space"),
        ("TABLE_NAME", "brace{x}"),
        ("PORT", "0"),
        ("PORT", "http"),
        ("TRUSTED_CALLERS", "everyone"),
        ("TRUSTED_CALLERS", "10.0.0.1/8"),
        ("EDGE_NETWORKS", "edge"),
        ("AUTH_REQUIRED_FOR", "some"),
        ("RATE_LIMIT", "0"),
        ("IMPORT_MAX_BYTES", "1"),
        ("GATEWAY_URL", "https://gateway/"),
        ("SOURCES_DIR", "/nonexistent"),
        ("JUDGE_URL", "https://judge/"),
        ("JUDGE_URL", "judge:8001"),
        ("JUDGE_URL", "http://judge:port/"),
        ("JUDGE_URL", "http://user@judge/"),
        ("JUDGE_URL", "http://judge/?x=y"),
        ("JUDGE_URL", "http://judge/\r\nX: y"),
        ("JUDGE_URL", ","),
        ("JUDGE_URL", "http://judge/,https://judge/"),
        ("JUDGE_HTTPS_URL", "http://judge/"),
        ("JUDGE_HTTPS_DIRECT_URL", "https://a.test/"),
        ("JUDGE_DIRECT_URL", "http://"),
        ("JUDGE_DIRECT_URL", "http://a/,http://b/"),
        ("JUDGE_CA_FILE", "/nonexistent"),
        ("JUDGE_CA_FILE", "/etc/passwd"),
        ("MIN_ANONYMITY", "high"),
        ("ADAPT_TIMEOUTS", "maybe"),
        ("CHECK_PROCESSES", "-1"),
        ("PROXY_REGION", "true"),
        ("GEO_FILE", "/nonexistent"),
        ("GEO_DATABASE", "/nonexistent"),
        ("OWN_ADDRESSES", "10.0.0.0/8"),
        ("ALLOWED_UPSTREAM_NETWORKS", "172.16.0.0/33"),
        ("CONNECT_TIMEOUT", "fast"),
        ("CONNECT_TIMEOUT", "nan"),
        ("CONNECT_TIMEOUT", "30"),
        ("VERIFY_TIMEOUT", "-1"),
        ("VERIFY_TIMEOUT", "inf"),
        ("VERIFY_TIMEOUT", "90"),
        ("CHECK_CONCURRENCY", "0"),
        ("CHECK_CONCURRENCY", "1.5"),
        ("MAX_FAIL_COUNT", "-1"),
        ("EVICT_BELOW", "101"),
        ("SCORE_MEMORY", "0"),
        ("POOL_SIZE_MAX", "0"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TARGETS_FILE", "/nonexistent"),
        ("NEGATIVE_INTERVAL", "30000"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected_and_found(
    name: str, value: str, environment: dict[str, str]
) -> None:
    changed = {**environment, name: value}
    if name == "DB_CONN_FILE":
        del changed["DB_CONN"]
    if name != "CONNECT_TIMEOUT":
        changed.pop("CONNECT_TIMEOUT")
    if name not in ("VERIFY_TIMEOUT", "CONNECT_TIMEOUT"):
        changed.pop("VERIFY_TIMEOUT")
        changed["CLAIM_IDLE"] = "60"
    with pytest.raises(ConfigurationError) as caught:
        load("checker", changed)
    problems = caught.value.problems
    assert [problem.name for problem in problems] == [name]
    assert problems[0].expected
    assert problems[0].advice


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("schedule", {"SOURCES_DIR"}),
        ("checker", {"JUDGE_URL"}),
    ],
)
def test_what_a_command_needs_is_asked_for_at_once(command: str, missing: set[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(command, {})
    assert {problem.name for problem in caught.value.problems} <= missing


def test_without_a_connection_the_store_lies_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load("server", {"DB_CONN": ""})
    assert settings.db_conn == ""
    assert settings.data_dir == tmp_path / ".local" / "share" / "proxypool"
    assert load("server", {"DATA_DIR": "/data"}).data_dir == Path("/data")


def test_an_empty_file_of_the_connection_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db_conn").write_text("\n")
    with pytest.raises(ConfigurationError, match="an empty file"):
        load("server", {"DB_CONN_FILE": str(tmp_path / "db_conn")})


def test_the_references_names_of_the_judges_are_taken(environment: dict[str, str]) -> None:
    del environment["JUDGE_URL"]
    urls = {"HTTP_URL": "http://a.test/,http://b.test/", "HTTPS_URL": "https://c.test/"}
    settings = load("checker", {**environment, **urls})
    assert settings.judge_urls == ("http://a.test/", "http://b.test/")
    assert settings.judge_https_urls == ("https://c.test/",)
    assert settings.judge_direct_urls == settings.judge_urls
    settings = load("checker", {**environment, "HTTP_URL": "http://httpbin.org"})
    assert settings.judge_urls == ("http://httpbin.org/get",), "its front page is no judge"
    settings = load("checker", {**environment, **urls, "JUDGE_URL": "http://ours.test/"})
    assert settings.judge_urls == ("http://ours.test/",)


def test_both_forms_of_the_connection_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="both"):
        load("server", {"DB_CONN": "redis://a/0", "DB_CONN_FILE": str(tmp_path)})


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "db_conn"
    secret.write_text("rediss//user:hunter2@h")
    for environ in ({"DB_CONN": "http://user:hunter2@h"}, {"DB_CONN_FILE": str(secret)}):
        with pytest.raises(ConfigurationError) as caught:
            load("server", environ)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("command", ["server", "schedule", "checker", "stats"])
def test_a_process_with_a_bad_setting_exits_with_78(
    command: str, environment: dict[str, str]
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "proxypool", command],
        env={**environment, "PORT": "many"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    print(ended.stderr)
    assert ended.returncode == EX_CONFIG
    assert f"proxypool {command} does not start: PORT: expected a port" in ended.stderr
    assert "found 'many'. What to do:" in ended.stderr


def test_a_heartbeat_that_cannot_be_written_is_refused(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "proxypool", "checker"],
        env={**environment, "HEARTBEAT_FILE": "/nonexistent/heartbeat"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == EX_CONFIG
    assert "HEARTBEAT_FILE" in ended.stderr


def test_the_readme_holds_the_table_of_settings() -> None:
    assert settings_module.table() in README.read_text(encoding="utf-8")


def test_each_setting_fills_a_field_of_its_own() -> None:
    assert len({setting.field for setting in SETTINGS}) == len(SETTINGS)
