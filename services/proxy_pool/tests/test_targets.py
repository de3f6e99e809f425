"""The file of targets: what is taken, and what is said of what is not."""

import os
from pathlib import Path

import pytest
from proxypool.problems import ConfigurationError
from proxypool.targets import Target, TargetsFile, load_targets
from pydantic import ValidationError

FILE = """
- name: shop
  url: https://shop.example/robots.txt
  expect_status: [200, 404]
  expect_text: Disallow
  headers: {User-Agent: Mozilla/5.0}
  interval_s: 600
- name: search
  url: http://search.example/
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "targets.yaml"
    path.write_text(text)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    shop, search = load_targets(write(tmp_path, FILE))
    assert shop.statuses == {200, 404}
    assert (shop.expect_text, shop.headers) == ("Disallow", {"User-Agent": "Mozilla/5.0"})
    assert (shop.interval_s, shop.timeout_s, shop.origin) == (600, 10, "file")
    assert search.statuses == {200}
    assert load_targets(write(tmp_path, "")) == []


@pytest.mark.parametrize(
    ("text", "named", "expected"),
    [
        ("- name: [", "targets.yaml", "YAML"),
        ("name: shop", "targets.yaml", "a list of targets"),
        ("- just text", "target 1", "dictionary"),
        ("- name: shop", "target 1: url", "Field required"),
        ("- {name: my-shop, url: 'http://a/'}", "target 1: name", "match pattern"),
        ("- {name: shop, url: 'ftp://a/'}", "target 1: url", "begins with http"),
        ("- {name: shop, url: 'http://u:p@a/'}", "target 1: url", "begins with http"),
        ("- {name: shop, url: 'http://a:port/'}", "target 1: url", "begins with http"),
        ('- {name: shop, url: "http://a/\\r\\nX: y"}', "target 1: url", "without spaces"),
        ("- {name: shop, url: 'http://a/', expect_status: 99}", "expect_status", "greater"),
        ("- {name: shop, url: 'http://a/', expect_status: []}", "expect_status", "at least 1"),
        ("- {name: shop, url: 'http://a/', interval_s: 1}", "target 1: interval_s", "greater"),
        ("- {name: shop, url: 'http://a/', timeout_s: .inf}", "target 1: timeout_s", "finite"),
        ("- {name: shop, url: 'http://a/', headers: {Host: b}}", "target 1: headers", "header"),
        ('- {name: shop, url: "http://a/", headers: {X: "a\\nb"}}', "headers", "printable"),
        ("- {name: shop, url: 'http://a/', colour: red}", "target 1: colour", "not permitted"),
        ("- &a {name: shop, url: 'http://a/'}\n- *a", "targets.yaml", "names that differ"),
    ],
)
def test_what_is_wrong_is_named(text: str, named: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_targets(write(tmp_path, text))
    shown = [str(problem) for problem in caught.value.problems]
    print(shown)
    assert any(named in line and expected in line for line in shown)
    assert all("What to do" in line for line in shown)


def test_a_file_that_is_gone_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a readable file"):
        load_targets(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8 text"):
        load_targets(tmp_path / "binary.yaml")


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = TargetsFile(write(tmp_path, FILE))
    assert [target.name for target in file.changed() or []] == ["shop", "search"]
    assert file.changed() is None
    path = write(tmp_path, "- name: [")
    with pytest.raises(ConfigurationError):
        file.changed()
    assert file.changed() is None, "once for each change"
    path.unlink()
    with pytest.raises(ConfigurationError):
        file.changed()
    path = write(tmp_path, "- {name: shop, url: 'http://a/'}")
    os.utime(path, ns=(1, 1))
    assert [target.url for target in file.changed() or []] == ["http://a/"]


def test_a_target_that_an_api_is_given_may_not_be_wrong_either() -> None:
    for wrong in ({"name": "Shop"}, {"url": "javascript:1"}, {"headers": {"A B": "c"}}):
        with pytest.raises(ValidationError):
            Target.model_validate({"name": "shop", "url": "http://a/", **wrong})
