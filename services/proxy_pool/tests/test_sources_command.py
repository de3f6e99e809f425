from pathlib import Path

import pytest
from proxypool.command import main
from proxypool.own_machine import shipped_sources
from proxypool.problems import EX_CONFIG
from proxypool.sources import read_all

OWN = """
- name: mine
  proxies:
    - socks5://me:secret@gate.example:7000
    - 192.0.2.1:80
    - 192.0.2.2:80
- name: old
  enabled: false
  expires: 2001-01-01
  proxies: ["192.0.2.3:80"]
- name: site
  urls: ["http://127.0.0.1:1/list"]
  parser: {type: text}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DB_CONN", "DB_CONN_FILE", "SOURCES_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALLOWED_UPSTREAM_NETWORKS", "192.0.2.1")
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path


def test_a_source_is_tried_without_a_store(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "test", "mine", "--dir", str(folder), "--limit", "2"]) == 0
    shown = capsys.readouterr()
    print(shown.out)
    assert "3 proxies in" in shown.out
    assert "1 at addresses not allowed" in shown.out
    assert "socks5: 1" in shown.out
    assert "socks5://***:***@gate.example:7000" in shown.out
    assert "192.0.2.1:80" in shown.out
    assert "192.0.2.2:80" not in shown.out
    assert "… and 1 more" in shown.out
    assert "secret" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("name", "error", "advice"),
    [
        ("old", "1 expired ones found", "renew the proxies"),
        ("site", "127.0.0.1 is not a public address", "set ALLOWED_SOURCE_NETWORKS"),
    ],
)
def test_one_that_brings_nothing_ends_with_1_and_what_to_do(
    name: str, error: str, advice: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "test", name, "--dir", str(folder)]) == 1
    shown = capsys.readouterr().err
    assert error in shown
    assert advice in shown


def test_the_sources_are_listed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES_DIR", str(folder))
    assert main(["sources", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    print("\n".join(lines))
    assert [line.split()[:3] for line in lines] == [
        ["NAME", "USED", "KIND"],
        ["mine", "yes", "proxies"],
        ["old", "no", "proxies"],
        ["site", "yes", "urls"],
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["test", "nobody"], "one of mine, old, site"),
        (["list", "--dir", "/nowhere"], "an existing directory"),
    ],
)
def test_what_is_not_there_is_told(
    arguments: list[str], named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = [] if "--dir" in arguments else ["--dir", str(folder)]
    assert main(["sources", *arguments, *extra]) == EX_CONFIG
    assert named in capsys.readouterr().err


def test_a_bad_file_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("{name: bad, urls: []}")
    assert main(["sources", "list", "--dir", str(folder)]) == EX_CONFIG
    assert "bad.yaml[0] (bad)" in capsys.readouterr().err


def test_without_a_folder_the_shipped_sources_are_used(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [one.name for one in read_all(shipped_sources())]
    assert main(["sources", "test", "nobody"]) == EX_CONFIG
    assert f"NAME: expected one of {lines[0].split()[0]}" in capsys.readouterr().err
