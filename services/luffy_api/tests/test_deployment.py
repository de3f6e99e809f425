"""What Django itself, the schema and the texts say about a deployment."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stand import luffy

ROOT = Path(__file__).parent.parent


def test_djangos_deployment_check_is_clean_with_https() -> None:
    done = luffy(
        "manage", "check", "--deploy", "--fail-level", "INFO", variables={"PUBLIC_SCHEME": "https"}
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_the_models_and_the_migrations_agree() -> None:
    done = luffy("manage", "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_https_redirects_and_marks_cookies() -> None:
    code = (
        "from django.test import Client\n"
        "plain, edge = Client(), Client(headers={'X-Forwarded-Proto': 'https'})\n"
        "print(plain.get('/admin/login/', headers={'Host': 'localhost'}).headers['Location'])\n"
        "answer = edge.get('/admin/login/', headers={'Host': 'localhost'})\n"
        "print(answer.status_code, answer.headers['Strict-Transport-Security'])\n"
        "print(answer.cookies['csrftoken']['secure'])\n"
        "print(plain.get('/healthz').status_code)\n"
    )
    done = luffy("manage", "shell", "--command", code, variables={"PUBLIC_SCHEME": "https"})
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert lines[-4:] == [
        "https://localhost/admin/login/",
        "200 max-age=31536000",
        "True",
        "200",
    ], done.stdout + done.stderr


def test_every_text_has_a_chinese_one() -> None:
    catalogue = (ROOT / "locale/zh_Hans/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    entries = re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"', catalogue, re.MULTILINE)
    assert len(entries) > 50
    assert [text for text, chinese in entries if not chinese] == []
    assert "#, fuzzy" not in catalogue
    assert "#~" not in catalogue


def test_every_text_in_the_code_is_in_the_catalogue() -> None:
    catalogue = (ROOT / "locale/zh_Hans/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    joined = re.sub(r'"\n"', "", catalogue)
    known = set(re.findall(r'^msgid "(.+)"$', joined, re.MULTILINE))
    used = {
        text
        for path in ROOT.glob("*/**/*.py")
        if not {"tests", "migrations"} & set(path.parts)
        for text in re.findall(
            r'(?<![\w.])(?:_|gettext)\(\s*"([^"]+)"', path.read_text(encoding="utf-8")
        )
    }
    assert used - known == set()


@pytest.mark.parametrize("script", ["luffy", "luffy-health"])
def test_the_images_scripts_are_valid_bash(script: str) -> None:
    assert subprocess.run(["bash", "-n", f"/usr/local/bin/{script}"], check=False).returncode == 0


def test_what_a_worker_is_born_with_is_not_looked_through_for_garbage() -> None:
    script = "import gc, luffy.wsgi; print(gc.get_freeze_count(), len(gc.get_objects()))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    kept, looked_through = map(int, done.stdout.splitlines()[-1].split())
    assert kept > 50_000
    assert looked_through < kept / 100
