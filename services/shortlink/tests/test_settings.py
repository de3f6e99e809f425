import os
import subprocess
import sys
from pathlib import Path

import pytest
from shortlink import settings as settings_module
from shortlink.problems import EX_CONFIG, ConfigurationError
from shortlink.settings import SETTINGS, load

README = Path(__file__).parent.parent / "README.md"
ENOUGH = {
    "PUBLIC_URL": "https://s.example.org",
    "DB_HOST": "mariadb",
    "DB_NAME": "shortlink",
    "DB_USER": "shortlink",
    "DB_PASSWORD": "hidden-one",
    "REDIS_URL": "redis://u:hidden-two@redis:6379/0",
    "ACCOUNTS_FILE": "/run/secrets/accounts",
}


def test_defaults_are_enough_with_what_only_an_operator_knows() -> None:
    settings = load("serve", ENOUGH)
    assert settings.port == 8002
    assert settings.workers >= 1
    assert settings.code_length == 7
    assert settings.url_rule.accept("https://example.org/") == "https://example.org/"


def test_secrets_are_read_from_files_and_not_shown(tmp_path: Path) -> None:
    given = dict(ENOUGH)
    for name in ("DB_PASSWORD", "REDIS_URL"):
        path = tmp_path / name
        path.write_text(given.pop(name) + "\n")
        given[f"{name}_FILE"] = str(path)
    settings = load("serve", given)
    assert settings.db_password == "hidden-one"
    assert settings.redis_url.endswith("hidden-two@redis:6379/0")
    assert "hidden" not in repr(settings)


def test_migrations_need_the_database_alone() -> None:
    given = {name: value for name, value in ENOUGH.items() if name.startswith("DB_")}
    assert load("migrate", given).db_host == "mariadb"
    with pytest.raises(ConfigurationError) as refused:
        load("migrate", {})
    named = {problem.name for problem in refused.value.problems}
    assert named == {"DB_HOST", "DB_NAME", "DB_USER", "DB_PASSWORD_FILE"}


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load("serve", {})
    named = {problem.name for problem in refused.value.problems}
    assert {"PUBLIC_URL", "DB_HOST", "REDIS_URL_FILE", "ACCOUNTS_FILE"} <= named


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("HOST", "localhost"), ("PORT", "0"), ("PORT", "http"), ("WORKERS", "0")),
        *(("WORKERS", "many"), ("PUBLIC_URL", "s.example.org"), ("PUBLIC_URL", "ftp://s.org")),
        *(("PUBLIC_URL", "http://s.org/path"), ("PUBLIC_URL", "http://u@s.org")),
        *(("PUBLIC_URL", "http://s.org:x"), ("PUBLIC_URL", "http://s.org/?q"), ("DB_PORT", "-1")),
        *(("DB_NAME", "short link"), ("DB_NAME", "a`b"), ("DB_USER", "a-b"), ("DB_HOST", "a b")),
        *(("DB_PASSWORD", "hidden with space"), ("DB_CONNECTIONS", "1"), ("CODE_LENGTH", "5")),
        *(("REDIS_URL", "http://u:hidden@r"), ("REDIS_URL", "redis://h:port/0")),
        *(
            ("REDIS_URL", "redis://h/zero"),
            ("EDGE_NETWORKS", "edge"),
            ("EDGE_NETWORKS", "10.0.0.1/8"),
        ),
        *(("ALLOWED_LINK_HOSTS", "http://a.org"), ("PRIVATE_LINK_HOSTS", "a.org:0")),
        ("OWN_HOSTS", "http://a.org"),
        *(("MAX_URL_LENGTH", "4096"), ("CACHE_SECONDS", "0"), ("UNKNOWN_SECONDS", "x")),
        *(
            ("RATE_LIMIT", "0"),
            ("UNKNOWN_LIMIT", "0"),
            ("FLUSH_INTERVAL", "0"),
            ("LOG_LEVEL", "loud"),
        ),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load("serve", {**ENOUGH, name: value})
    (problem,) = refused.value.problems
    assert problem.name == name
    assert problem.advice
    assert "hidden" not in str(problem)


@pytest.mark.parametrize("content", [None, "", b"\xff\xfe"])
def test_a_secret_s_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | bytes | None
) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    given = {**ENOUGH, "DB_PASSWORD": "", "DB_PASSWORD_FILE": str(path)}
    with pytest.raises(ConfigurationError, match=r"DB_PASSWORD_FILE.*password"):
        load("serve", given)


def test_a_secret_comes_from_one_place() -> None:
    with pytest.raises(ConfigurationError, match="both"):
        load("serve", {**ENOUGH, "DB_PASSWORD_FILE": "/run/secrets/x"})


@pytest.mark.parametrize("command", ["serve", "migrate", "doctor"])
def test_each_command_ends_with_78_and_says_why(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "shortlink", command],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == EX_CONFIG
    assert f"shortlink {command} does not start: DB_HOST: expected" in ended.stderr
    assert ended.stdout == ""


def test_the_readme_has_the_table() -> None:
    assert settings_module.table() in README.read_text()
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
