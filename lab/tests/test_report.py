"""What the page says of its own figures."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime

from lab.concurrency.command import DOCS
from lab.concurrency.report import interpreters, page, services_python


def test_a_lab_on_another_interpreter_than_the_services_says_so() -> None:
    said = interpreters("3.11.2", "3.13").replace("\n", " ")
    assert "The lab ran on CPython 3.11.2, and the bundle's services run on 3.13." in said
    assert "Times, memory and bytecode are those of 3.11.2" in said


def test_a_lab_on_the_services_interpreter_says_so() -> None:
    said = interpreters("3.13.5", "3.13")
    assert said == "The bundle's services run on CPython 3.13, as the lab did."


def test_the_page_says_which_interpreters_there_are() -> None:
    text = page([], DOCS, (0, 0), datetime.now(UTC))
    assert interpreters(platform.python_version(), services_python()) in text


def test_the_page_that_was_measured_says_what_the_services_run_on_now() -> None:
    text = (DOCS / "concurrency.md").read_text()
    (measured_by,) = re.findall(r"from one run\n.*, CPython ([\d.]+)\. Its load", text)
    assert interpreters(measured_by, services_python()) in text, "do: scripts/lab concurrency"
