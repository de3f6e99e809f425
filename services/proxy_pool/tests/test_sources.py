from pathlib import Path

import pytest
from proxypool.problems import ConfigurationError
from proxypool.sources import load_sources

SHIPPED = Path(__file__).parent.parent / "sources"
GOOD = """
name: one
urls: ["http://list.invalid/{page}"]
pages: {first: 1, last: 3}
interval_s: 60
parser: {type: text}
"""


def write(folder: Path, text: str, name: str = "one.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_sources_are_valid() -> None:
    sources = load_sources(SHIPPED)
    assert len(sources) >= 5
    assert {source.parser.type for source in sources} >= {"text", "css", "json", "regex"}


def test_pages_stand_for_urls(tmp_path: Path) -> None:
    (source,) = load_sources(write(tmp_path, GOOD))
    assert source.page_urls() == [f"http://list.invalid/{page}" for page in (1, 2, 3)]


def test_a_file_may_hold_many(tmp_path: Path) -> None:
    entry = "- {name: %s, urls: ['http://a/'], interval_s: 5, parser: {type: text}}\n"
    write(tmp_path, entry % "a" + entry % "b")
    assert [source.name for source in load_sources(tmp_path)] == ["a", "b"]


def test_a_disabled_one_is_left_out(tmp_path: Path) -> None:
    assert load_sources(write(tmp_path, GOOD + "enabled: false\n")) == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: one", "name: a/b", "name"),
        ("name: one", "", "name"),
        ("interval_s: 60", "interval_s: soon", "interval_s"),
        ("interval_s: 60", "interval_s: 0", "interval_s"),
        ("interval_s: 60", "interval_s: 60\ntimeout: 5", "timeout"),
        ("interval_s: 60", "interval_s: 60\nmax_bytes: -1", "max_bytes"),
        ("http://list", "ftp://list", "urls"),
        ("{page}", "", "pages"),
        ("first: 1, last: 3", "first: 3, last: 1", "pages"),
        ("first: 1, last: 3", "first: 1, last: 3000", "pages"),
        ("type: text", "type: magic", "parser"),
        ("type: text", "type: regex, pattern: '('", "pattern"),
        ("type: text", "type: regex, pattern: 'no groups'", "groups"),
        ("type: text", "type: regex, pattern: '(?P<host>a)(?=b)'", "pattern"),
        ("type: text", "type: css, rows: 'a[['", "rows"),
        ("type: text", "type: css, rows: tr, host: td", "host and port"),
        ("type: text", "type: json, path: '[['", "path"),
        ("name: one", "name: [", "one.yaml"),
        (GOOD, "just a text", "one.yaml"),
        (GOOD, "", "one.yaml"),
    ],
)
def test_a_bad_file_is_refused_and_the_field_named(
    old: str, new: str, named: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load_sources(write(tmp_path, GOOD.replace(old, new)))
    message = str(caught.value)
    print(message)
    assert "one.yaml" in message
    assert named in message


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "two.yaml")
    with pytest.raises(ConfigurationError, match="a name of its own"):
        load_sources(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        load_sources(tmp_path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("interval_s: 60", "interval_s: x").replace("text", "magic"))
    write(tmp_path, "]", "two.yaml")
    with pytest.raises(ConfigurationError) as caught:
        load_sources(tmp_path)
    assert len(caught.value.problems) == 3
