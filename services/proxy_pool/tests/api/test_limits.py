import pytest
from proxypool.api.limits import Buckets


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_then_the_rate(clock: Clock) -> None:
    buckets = Buckets(10, 60, clock=clock)
    assert [buckets.take("a") for _ in range(10)] == [0] * 10
    assert buckets.take("a") == 6
    clock.now += 6
    assert buckets.take("a") == 0
    assert buckets.take("a") == 6
    clock.now += 3600
    assert [buckets.take("a") for _ in range(11)] == [0] * 10 + [6]


def test_each_caller_has_its_own(clock: Clock) -> None:
    buckets = Buckets(1, 10, clock=clock)
    assert buckets.take("a") == 0
    assert buckets.take("a") == 10
    assert buckets.take("b") == 0


def test_asking_takes_nothing(clock: Clock) -> None:
    buckets = Buckets(1, 10, clock=clock)
    assert [buckets.wait_s("a") for _ in range(3)] == [0, 0, 0]
    buckets.take("a")
    assert buckets.wait_s("a") == 10
    assert len(buckets) == 1


def test_any_number_of_callers_takes_bounded_memory(clock: Clock) -> None:
    buckets = Buckets(1, 10, kept=100, clock=clock)
    for number in range(1000):
        buckets.take(str(number))
        buckets.wait_s(f"asked {number}")
    assert len(buckets) == 100
    assert buckets.wait_s("999") == 10, "the last one is still known"
