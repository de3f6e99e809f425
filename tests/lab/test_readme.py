"""The page of lab/requests is what its writer makes of the programs."""

from __future__ import annotations

import re

import pytest
from write_readme import FOLDER, PROGRAMS, README, page, printed_in, taught

NO_PROGRAMS = {"addresses", "write_readme"}


def test_every_program_has_its_part_and_every_part_what_was_printed() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(PROGRAMS) | NO_PROGRAMS
    text = README.read_text()
    assert text == page({name: printed_in(text, name) for name in PROGRAMS}), (
        "do: python lab/requests/write_readme.py against a running bundle"
    )
    assert [name for name in PROGRAMS if not printed_in(text, name).strip()] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_one_learns_is_a_line_in_either_language(name: str) -> None:
    english, chinese = taught(name)
    assert english.isascii()
    assert "\n" not in english + chinese
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 10
