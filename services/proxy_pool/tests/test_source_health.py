import pytest
from proxypool.source_health import CRAWLS_UNTIL_DEAD, FAILURES_UNTIL_DEAD, State, health_after


@pytest.mark.parametrize(
    ("before", "succeeded", "state"),
    [
        ({}, True, State.OK),
        ({}, False, State.FAILING),
        ({"failures": FAILURES_UNTIL_DEAD - 2}, False, State.FAILING),
        ({"failures": FAILURES_UNTIL_DEAD - 1}, False, State.DEAD),
        ({"failures": FAILURES_UNTIL_DEAD + 5, "finished": "x"}, True, State.OK),
        ({"crawls_without_alive": CRAWLS_UNTIL_DEAD - 2, "finished": "x"}, True, State.OK),
        ({"crawls_without_alive": CRAWLS_UNTIL_DEAD - 1, "finished": "x"}, True, State.DEAD),
        ({"crawls_without_alive": CRAWLS_UNTIL_DEAD + 5, "finished": "x"}, True, State.DEAD),
        ({"crawls_without_alive": 99, "finished": "x", "alive": 1}, True, State.OK),
    ],
)
def test_a_source_that_goes_dead_shows_itself(
    before: dict[str, object], succeeded: bool, state: State
) -> None:
    health = health_after(before, succeeded=succeeded)
    assert health.state is state
    assert bool(health.reason) == (state is not State.OK)


def test_nothing_is_held_against_the_first_crawl() -> None:
    assert health_after({}, succeeded=True).crawls_without_alive == 0
