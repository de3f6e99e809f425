"""A verdict follows from the figures, and can go either way."""

from __future__ import annotations

import pytest

from lab.concurrency.experiment import Figures, Prediction

FIGURES: Figures = {"s": {"slow": [9.0, 4.0, 100.0], "fast": [3.0, 2.0, 10.0]}}
"""The ratios are 3, 2 and 10: their median is 3."""


@pytest.mark.parametrize(
    ("prediction", "as_predicted"),
    [
        (Prediction("", "s", "slow", "fast", at_least=3), True),
        (Prediction("", "s", "slow", "fast", at_least=3.1), False),
        (Prediction("", "s", "slow", "fast", at_most=3), True),
        (Prediction("", "s", "slow", "fast", at_most=2.9), False),
        (Prediction("", "s", "fast", at_most=10), True),
        (Prediction("", "s", "fast", at_most=9), False),
        (Prediction("", "s", "fast", at_least=2), True),
        (Prediction("", "s", "fast", at_least=2.5), False),
        (Prediction("", "s", "fast", at_least=3, by_median=True), True),
        (Prediction("", "s", "fast", at_least=3.5, by_median=True), False),
    ],
)
def test_it_holds_within_its_bounds_alone(prediction: Prediction, as_predicted: bool) -> None:
    assert prediction.verdict(FIGURES).as_predicted is as_predicted


def test_the_spread_is_shown() -> None:
    assert Prediction("", "s", "slow", "fast").verdict(FIGURES).measured == "3 (2 to 10) times"


@pytest.mark.parametrize(("unit", "of"), [("ms", "slow"), ("s", "unheard-of")])
def test_what_was_not_measured_has_no_verdict(unit: str, of: str) -> None:
    with pytest.raises(KeyError):
        Prediction("", unit, of, at_least=0).verdict(FIGURES)
