"""Reports never make a caller wait, and never take more memory than their queue."""

import threading

from proxypool.client.feedback import Feedback, Report
from requests.exceptions import ConnectionError as RequestsConnectionError

REPORT = Report("203.0.113.1:80", ok=True)


def test_a_pool_that_hangs_neither_stops_the_caller_nor_takes_its_memory() -> None:
    asked, released = threading.Event(), threading.Event()

    def hang(_: Report) -> None:
        asked.set()
        released.wait(60)

    feedback = Feedback(hang)
    feedback.put(REPORT)
    assert asked.wait(30)
    for _ in range(1500):
        feedback.put(REPORT)
    assert feedback.dropped == 500
    released.set()
    feedback.close(30)
    assert feedback.sent == 1001


def test_closing_waits_no_longer_than_its_limit() -> None:
    released = threading.Event()

    def hang(_: Report) -> None:
        released.wait(60)

    feedback = Feedback(hang)
    for _ in range(3):
        feedback.put(REPORT)
    feedback.close(0.1)
    assert feedback.sent == 0
    feedback.put(REPORT)
    assert feedback.dropped == 1, "after the end"
    released.set()


def test_an_outage_is_counted_and_does_not_end_the_reports() -> None:
    answers = iter([RequestsConnectionError("away"), RequestsConnectionError("away"), None])

    def send(_: Report) -> None:
        error = next(answers)
        if error is not None:
            raise error

    feedback = Feedback(send)
    for _ in range(3):
        feedback.put(REPORT)
    feedback.close(30)
    assert (feedback.sent, feedback.dropped) == (1, 2)


def test_a_session_that_reports_nothing_starts_no_thread() -> None:
    before = threading.active_count()
    feedback = Feedback(lambda _: None)
    feedback.close()
    assert threading.active_count() == before
