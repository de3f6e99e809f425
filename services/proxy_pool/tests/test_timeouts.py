import pytest
from proxypool.timeouts import AdaptiveTimeout


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def usual(timeout: AdaptiveTimeout) -> float:
    """What most uses are given; each 16th is given the ceiling."""
    values = sorted(timeout.next() for _ in range(16))
    assert values[0] == values[14]
    return values[0]


def observing(seconds: list[float], **changes: object) -> AdaptiveTimeout:
    timeout = AdaptiveTimeout(10.0, 2.0, clock=Clock(), **changes)  # type: ignore[arg-type]
    for second in seconds:
        timeout.note(second)
    return timeout


def test_it_is_the_ceiling_before_anything_was_observed() -> None:
    assert usual(observing([])) == 10.0
    assert usual(observing([0.1] * 20)) == 10.0, "so few say nothing about a 95th percentile"


def test_it_is_three_times_the_95th_percentile() -> None:
    assert usual(observing([1.0] * 80 + [0.5] * 48)) == pytest.approx(3.0)
    assert usual(observing([0.1] * 100 + [1.0] * 28)) == pytest.approx(3.0)


@pytest.mark.parametrize(("observed", "expected"), [(0.01, 2.0), (9.0, 10.0)])
def test_it_stays_within_its_bounds(observed: float, expected: float) -> None:
    assert usual(observing([observed] * 128)) == expected


def test_each_sixteenth_use_is_given_the_ceiling() -> None:
    timeout = observing([0.01] * 128)
    assert [timeout.next() for _ in range(32)].count(10.0) == 2


def test_it_follows_slower_times() -> None:
    timeout = observing([0.1] * 1280)
    for _ in range(512):
        timeout.note(1.5)
    assert usual(timeout) == pytest.approx(4.5)


def test_it_is_the_ceiling_again_after_five_minutes_without_a_success() -> None:
    clock = Clock()
    timeout = AdaptiveTimeout(10.0, 2.0, clock=clock)
    for _ in range(128):
        timeout.note(0.1)
    clock.now += 299
    assert usual(timeout) == 2.0
    clock.now += 2
    assert usual(timeout) == 10.0


def test_it_can_be_turned_off() -> None:
    assert usual(observing([0.1] * 128, adapts=False)) == 10.0
