import hmac
import os
import traceback
from pathlib import Path
from unittest.mock import patch

import pytest
from proxypool.accounts import Accounts
from proxypool.problems import ConfigurationError


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "accounts"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_without_a_file_there_are_no_accounts() -> None:
    accounts = Accounts.load(None)
    assert not accounts
    assert not accounts.verify("", "")
    assert accounts.name_of("") is None


def test_an_account_is_known_by_name_and_secret_and_by_its_key(tmp_path: Path) -> None:
    accounts = Accounts.load(written(tmp_path, "# crawlers\n\npool:s3cret:x\r\nteam_2:päss#1\n"))
    assert accounts
    assert accounts.verify("pool", "s3cret:x")
    assert accounts.verify("team_2", "päss#1")
    assert accounts.name_of("s3cret:x") == "pool"
    assert accounts.name_of("päss#1") == "team_2"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("pool", "two"),
        ("two", "one"),
        ("pool", ""),
        ("", "one"),
        ("Pool", "one"),
        ("pool", "one "),
        ("pool", "ONE"),
        ("pool", "o"),
        ("pool", "one\x00"),
        ("nobody", "one"),
        ("pool", "\udcff"),
        ("pool", "x" * 1_000_000),
    ],
)
def test_what_is_wrong_in_either_is_refused(name: str, secret: str, tmp_path: Path) -> None:
    accounts = Accounts.load(written(tmp_path, "pool:one\nother:two"))
    assert not accounts.verify(name, secret)


def test_a_wrong_key_is_nobodys(tmp_path: Path) -> None:
    accounts = Accounts.load(written(tmp_path, "pool:one\nother:two"))
    for key in ("", "on", "pool", "pool:one", "\udcff"):
        assert accounts.name_of(key) is None


@pytest.mark.parametrize(("name", "secret"), [("a", "1"), ("c", "3"), ("d", "9"), ("a", "9")])
def test_every_account_is_compared_whatever_is_asked(
    name: str, secret: str, tmp_path: Path
) -> None:
    accounts = Accounts.load(written(tmp_path, "a:1\nb:2\nc:3\n"))
    with patch("proxypool.accounts.hmac.compare_digest", wraps=hmac.compare_digest) as compare:
        accounts.verify(name, secret)
        assert compare.call_count == 6
        accounts.name_of(secret)
        assert compare.call_count == 9
    assert all(len(text) == 32 for call in compare.call_args_list for text in call.args)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hunter2", "name:secret"),
        ("po-ol:hunter2", "a name of"),
        ("Pool:hunter2", "a name of"),
        ("2pool:hunter2", "a name of"),
        (":hunter2", "a name of"),
        ("pööl:hunter2", "a name of"),
        (f"{'p' * 64}:hunter2", "a name of"),
        ("country:hunter2", "filter"),
        ("pool:", "a secret of"),
        ("pool:hunter2 x", "a secret of"),
        ("pool:hunter2\tx", "a secret of"),
        ("pool:hunter2\x00", "a secret of"),
        ("pool:" + "hunter2" * 40, "a secret of"),
        ("first:hunter2", "'first' once"),
        ("pool:of_the_first", "a secret that no other account has"),
    ],
)
def test_a_bad_line_is_named_and_its_secret_is_not(
    line: str, expected: str, tmp_path: Path
) -> None:
    path = written(tmp_path, f"first:of_the_first\n\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        Accounts.load(path)
    [problem] = caught.value.problems
    assert "line 3" in problem.name
    assert expected in problem.expected
    assert problem.found
    assert problem.advice
    shown = "".join(traceback.format_exception(caught.value))
    for secret in ("hunter2", "of_the_first"):
        assert secret not in shown


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Accounts.load(written(tmp_path, "a\nb:1\nc\n"))
    assert [problem.name[-6:] for problem in caught.value.problems] == ["line 1", "line 3"]


@pytest.mark.parametrize("content", [b"pool:hunt\xffer2", b"pool:hunter2\n" * 100_000])
def test_what_is_not_such_a_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Accounts.load(written(tmp_path, content))
    assert "hunt" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Accounts.load(tmp_path / name)
    [problem] = caught.value.problems
    assert str(tmp_path) in problem.found
    assert str(os.getuid()) in problem.advice


def test_what_is_printed_of_accounts_holds_no_secret(tmp_path: Path) -> None:
    accounts = Accounts.load(written(tmp_path, "pool:hunter2"))
    assert repr(accounts) == "Accounts(pool)"
