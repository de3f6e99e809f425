from collections import Counter

import pytest
from shortlink.codes import ALPHABET, RESERVED, draw, is_code, is_name


def test_no_letter_of_a_code_is_taken_for_another() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 57
    assert not set("0O1lI") & set(ALPHABET)


def test_codes_are_drawn_evenly_and_never_in_sequence() -> None:
    codes = [draw(7) for _ in range(20_000)]
    assert len(set(codes)) == len(codes)
    assert all(is_code(code) for code in codes)
    assert codes != sorted(codes)
    counted = Counter("".join(codes))
    assert set(counted) == set(ALPHABET)
    # 2456 of each are expected; seven standard deviations off is not chance.
    assert all(abs(count - 2456) < 350 for count in counted.values())


@pytest.mark.parametrize("name", ["abc", "summer-school", "a_b", "2026", "x" * 32])
def test_names_that_may_be_chosen(name: str) -> None:
    assert is_name(name)
    assert is_code(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "ab", "x" * 33, "Summer", "-abc", "abc-", "a b", "a.b", "a/b", "课程", "abc\n"),
        *("api", "health", "healthz", "metrics", "docs", "admin", "login", "robots"),
    ],
)
def test_names_that_may_not(name: str) -> None:
    assert not is_name(name)


def test_every_route_of_its_own_is_reserved() -> None:
    assert {"api", "docs", "docs-assets", "healthz", "readyz", "metrics"} <= RESERVED


@pytest.mark.parametrize(
    "text", ["", "ab", "a.b", "-abc", "x" * 33, "a/b", "a b", "课程码", "abc\n"]
)
def test_what_cannot_be_a_code(text: str) -> None:
    assert not is_code(text)
