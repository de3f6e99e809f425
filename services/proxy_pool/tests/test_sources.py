from pathlib import Path

import pytest
from proxypool.problems import ConfigurationError
from proxypool.protocol import Protocol
from proxypool.sources import SourceFiles, load_sources, version

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
    parsers = {source.parser.type for source in sources if source.parser}
    assert parsers == {"text", "css", "json", "regex"}


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
        (
            "interval_s: 60",
            "interval_s: 60\ninterval_s: 70",
            "('interval_s') a second time in line 6",
        ),
        ("type: text", "type: text, type: json", "('type') a second time in line 6"),
        ("type: text", "type: text, [a, b]: 1", "line 6"),
        ("type: text", "type: text, me:secret: 1, me:secret: 2", "(not shown) a second time"),
        ("interval_s: 60", "interval_s: 60\ntimeout: 5", "timeout"),
        ("interval_s: 60", "interval_s: 60\nmax_bytes: -1", "max_bytes"),
        ("http://list", "ftp://list", "urls"),
        ("{page}", "", "pages"),
        ("http://list", "http://me:secret@list", "auth_file"),
        ("{page}", "{page}?api_key=secret", "auth_file"),
        ("{page}", "{page}?key={auth}", "give auth_file"),
        ("interval_s: 60", "interval_s: 60\nauth_file: nowhere", "No such file"),
        ("interval_s: 60", "interval_s: 60\nheaders: {Authorization: secret}", "auth_file"),
        ("interval_s: 60", "interval_s: 60\nheaders: {'a b': secret}", "header"),
        ("interval_s: 60", 'interval_s: 60\nheaders: {A: "secret\\r\\nB: 1"}', "control"),
        ("interval_s: 60", "interval_s: 60\nprotocol: gopher", "socks4a, socks5"),
        ("interval_s: 60", "interval_s: 60\nport: 99999", "1 and 65535"),
        ("interval_s: 60", "interval_s: 60\nexpires: soon", "2026-12-31T00:00:00Z"),
        ("interval_s: 60", "interval_s: 60\nproxies: ['me:secret@gate.example:1']", "exactly one"),
        ("parser: {type: text}", "", "parser"),
        ("type: text", "type: text, decode: rot13", "decode"),
        ("type: text", "type: regex, pattern: '(?P<host>a)'", "host and port"),
        ("type: text", "type: regex, pattern: '(?P<address>a)(?P<user>b)'", "user"),
        ("type: text", "type: css, rows: tr, port: td", "host and port"),
        ("type: text", "type: css, rows: tr, host: td, port: td, address: td", "not both"),
        ("type: text", "type: json, path: '@', protocol: '[['", "protocol"),
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
    assert "one.yaml" in message or "one." in message
    assert named in message
    assert "secret" not in message


OWN = """
name: mine
proxies:
  - socks5://me:pass@gate.example:7000
  - {proxy: "192.0.2.1:80", expires: 2026-12-31T00:00:00Z}
"""


def test_own_proxies_are_read_when_the_file_is(tmp_path: Path) -> None:
    (source,) = load_sources(write(tmp_path, OWN))
    first, second = source.own_candidates()
    assert (str(first.upstream), first.protocol) == ("me:pass@gate.example:7000", Protocol.SOCKS5)
    assert second.expires == 1798675200
    assert source.private
    assert "pass" not in repr(source)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("gate.example:7000", "gate.example", "proxies.0"),
        ("socks5://me:pass@", "ftp://me:secret@", "proxies.0"),
        ("me:pass@gate.example:7000", "me:secret:gate.example:7000", "proxies.0"),
        ("192.0.2.1:80", "192.0.2.1:secret", "proxies.1"),
        ("2026-12-31T00:00:00Z", "tomorrow", "proxies.1"),
        ("proxy: ", "proxies: ", "proxies.1"),
        ("name: mine", "name: mine\nparser: {type: text}", "parser"),
        ("name: mine", "name: mine\nauth_file: x", "urls"),
        ("  - socks5://me:pass@gate.example:7000", "  - socks5://me:secret@[", "one.yaml"),
        ("name: mine", "name: mine\n- secret", "one.yaml"),
    ],
)
def test_bad_own_proxies_are_refused_and_no_password_told(
    old: str, new: str, named: str, tmp_path: Path
) -> None:
    assert old in OWN
    with pytest.raises(ConfigurationError) as caught:
        load_sources(write(tmp_path, OWN.replace(old, new)))
    message = str(caught.value)
    print(message)
    assert named in message
    assert "secret" not in message


def test_a_bad_own_proxy_is_named_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_sources(write(tmp_path, OWN.replace("192.0.2.1:80", "192.0.2.1:99999")))
    message = str(caught.value)
    assert message.startswith("one.yaml[0] (mine).proxies.1: expected [scheme://]"), message
    assert "not shown: it may hold a password" in message


def test_a_problem_names_the_source_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_sources(write(tmp_path, GOOD.replace("interval_s: 60", "interval_s: soon")))
    (problem,) = caught.value.problems
    assert problem.name == "one.yaml[0] (one).interval_s"
    assert problem.found == "'soon'"
    assert "README.md" in problem.advice


def test_those_that_are_chosen_are_used_also_disabled_ones(tmp_path: Path) -> None:
    entry = "- {name: %s, url: 'http://a/', enabled: %s, parser: {type: text}}\n"
    write(tmp_path, "".join(entry % (name, on) for name, on in [("a", "no"), ("b", "yes")]))
    assert [source.name for source in load_sources(tmp_path)] == ["b"]
    assert [source.name for source in load_sources(tmp_path, ["a"])] == ["a"]
    with pytest.raises(ConfigurationError, match=r"PROXY_FETCHER.*names of sources: a, b; found c"):
        load_sources(tmp_path, ["a", "c"])


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("192.0.2.1:80")
    (source,) = load_sources(write(tmp_path, "{name: mine, file: mine.txt}"))
    assert source.file == tmp_path / "mine.txt"


@pytest.mark.parametrize("name", ["../mine.py", "/mine.py", "mine.txt", "a/mine.py"])
def test_a_plug_in_lies_beside_the_file_that_names_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.py file beside"):
        load_sources(write(tmp_path, f"{{name: mine, plugin: {name}}}"))


def test_a_bad_plug_in_is_refused_when_the_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class Mine:\n    def fetch(self, url): yield url\n")
    with pytest.raises(ConfigurationError, match=r"mine.plugin: .*found mine.py: .*\['url'\]"):
        load_sources(write(tmp_path, "{name: mine, plugin: mine.py}"))


def test_a_crawl_has_a_deadline_of_all_its_pages(tmp_path: Path) -> None:
    (source,) = load_sources(write(tmp_path, GOOD + "timeout_s: 30\n"))
    assert 90 < source.crawl_deadline_s < 120
    (source,) = load_sources(write(tmp_path, GOOD + "deadline_s: 5\n"))
    assert source.crawl_deadline_s == 5


def test_every_change_of_a_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("192.0.2.1:80")
    files = SourceFiles(write(tmp_path, "{name: mine, file: mine.txt}"))
    (first,) = files.load()
    before = version(first)
    assert not files.changed()
    for change in ("mine.txt", "one.yaml", "another.yaml"):
        name = change.partition(".")[0]
        entry = f"{{name: {name}, file: mine.txt}}"
        (tmp_path / change).write_text("192.0.2.1:81" if name == "mine" else entry)
        assert files.changed(), change
        files.load()
        assert not files.changed(), change
    assert version(first) != before
    (tmp_path / "another.yaml").unlink()
    assert files.changed()


def test_a_refused_change_is_not_noticed_twice(tmp_path: Path) -> None:
    files = SourceFiles(write(tmp_path, GOOD))
    files.load()
    write(tmp_path, "]")
    assert files.changed()
    with pytest.raises(ConfigurationError):
        files.load()
    assert not files.changed()


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
