from pathlib import Path

import pytest
from shortlink.accounts import Accounts
from shortlink.problems import ConfigurationError


def load(tmp_path: Path, text: str | bytes) -> Accounts:
    path = tmp_path / "accounts"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Accounts.load(path)


def test_an_account_has_its_own_password_alone(tmp_path: Path) -> None:
    accounts = load(tmp_path, "# who may\n\nluffy:one:with:colons\nalice:two\n")
    assert accounts.verify("luffy", "one:with:colons")
    assert accounts.verify("alice", "two")
    for name, password in (
        *(
            ("luffy", "two"),
            ("alice", ""),
            ("nobody", "two"),
            ("", ""),
            ("Luffy", "one:with:colons"),
        ),
        ("alice", "\ud800"),
    ):
        assert not accounts.verify(name, password)


@pytest.mark.parametrize(
    "text",
    [
        *("", "# nobody\n", "no colon", "Alice:secret-x", "1a:secret-x", "a b:secret-x"),
        *("alice:", "alice:with space-x", "alice:one\nalice:two", f"alice:{'x' * 256}"),
        b"alice:\xff\xfe",
    ],
)
def test_a_bad_file_is_refused_without_showing_a_password(
    tmp_path: Path, text: str | bytes
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)
    said = str(refused.value)
    assert "ACCOUNTS_FILE" in said
    assert "What to do" in said
    for password in ("secret-x", "with space-x", "no colon\n", "x" * 20):
        assert password not in said


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        Accounts.load(tmp_path / "none")


def test_passwords_are_not_kept(tmp_path: Path) -> None:
    accounts = load(tmp_path, "alice:hidden-one\n")
    assert repr(accounts) == "Accounts(alice)"
    assert "hidden-one" not in repr(vars(accounts))


def test_a_file_that_cannot_be_one_is_not_read_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="more than 1000000 bytes"):
        load(tmp_path, "x" * 1_000_001)
